/*
 * A statement of a dump (restore/insert.h). What is accepted is to SQLite a
 * statement as well, of as many rows, and each value is the one SQLite reads: but
 * for the last bits of a REAL, which SQLite itself may miss.
 */
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "restore/insert.h"
#include "tests/fuzz/fuzz.h"

#define TABLE "CREATE TABLE t(a, b)"
#define HEAD "INSERT INTO \"t\"(\"a\",\"b\") VALUES\n"

static void same_value(const struct db_value *value, sqlite3_stmt *stmt, int column)
{
	static const int types[] = {
		[DB_NULL] = SQLITE_NULL, [DB_INTEGER] = SQLITE_INTEGER, [DB_REAL] = SQLITE_FLOAT,
		[DB_TEXT] = SQLITE_TEXT, [DB_BLOB] = SQLITE_BLOB,
	};
	double real;

	REQUIRE(sqlite3_column_type(stmt, column) == types[value->type]);
	switch (value->type) {
	case DB_NULL:
		break;
	case DB_INTEGER:
		REQUIRE(sqlite3_column_int64(stmt, column) == value->integer);
		break;
	case DB_REAL:
		real = sqlite3_column_double(stmt, column);
		REQUIRE(isinf(real) ? real == value->real :
		    fabs(real - value->real) <= fabs(real) * 1e-14);
		break;
	case DB_TEXT:
	case DB_BLOB:
		REQUIRE((size_t)sqlite3_column_bytes(stmt, column) == value->len);
		REQUIRE(value->len == 0 ||
		    memcmp(sqlite3_column_blob(stmt, column), value->bytes, value->len) == 0);
		break;
	}
}

static void same_rows(const struct insert *insert, const char *sql)
{
	sqlite3_stmt *stmt;
	size_t i = 0;
	sqlite3 *db;

	REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db, TABLE, NULL, NULL, NULL) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	REQUIRE(sqlite3_prepare_v2(db, "SELECT a, b FROM t ORDER BY rowid", -1, &stmt, NULL) == SQLITE_OK);
	for (; sqlite3_step(stmt) == SQLITE_ROW; i += 2) {
		REQUIRE(i + 2 <= insert->count);
		same_value(&insert->values[i], stmt, 0);
		same_value(&insert->values[i + 1], stmt, 1);
	}
	REQUIRE(i == insert->count);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct insert insert = { 0 };
	size_t used;
	char *text;

	if (memchr(data, '\0', size) != NULL)
		return 0;
	text = mem_strndup((const char *)data, size);
	used = insert_read(&insert, text, text + size);
	REQUIRE(used <= size);
	if (used > 0) {
		REQUIRE(insert.columns > 0 && insert.count % insert.columns == 0 && insert.count > 0);
		text[used] = '\0';
		if (insert.head_len == strlen(HEAD) && memcmp(insert.head, HEAD, insert.head_len) == 0)
			same_rows(&insert, text);
	}
	insert_release(&insert);
	free(text);
	return 0;
}

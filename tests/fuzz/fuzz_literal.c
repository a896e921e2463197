/*
 * Bytes of a value or a name become a literal (tables/literal.h): it is one
 * literal, reads back as those bytes, and says the same to SQLite.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "tables/literal.h"
#include "tests/fuzz/fuzz.h"

static sqlite3_stmt *select_one(const char *before, const struct buf *literal)
{
	static sqlite3 *db;
	AUTO_BUF sql = BUF_INIT(FUZZ_MAX_BYTES);
	sqlite3_stmt *stmt = NULL;
	const char *tail;

	REQUIRE(db != NULL || sqlite3_open(":memory:", &db) == SQLITE_OK);
	REQUIRE(buf_adds(&sql, before, NULL) == 0);
	REQUIRE(buf_add(&sql, literal->data, literal->len, NULL) == 0);
	REQUIRE(sqlite3_prepare_v2(db, buf_str(&sql), (int)sql.len + 1, &stmt, &tail) == SQLITE_OK);
	REQUIRE(tail == buf_str(&sql) + sql.len && sqlite3_column_count(stmt) == 1);
	REQUIRE(sqlite3_step(stmt) == SQLITE_ROW);
	return stmt;
}

static void check_value(const char *bytes, size_t len, bool as_text)
{
	AUTO_BUF literal = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_BUF again = BUF_INIT(FUZZ_MAX_BYTES);
	sqlite3_stmt *stmt;
	bool is_text;

	REQUIRE((as_text ? literal_add_text : literal_add_blob)(&literal, bytes, len, NULL) == 0);
	REQUIRE(literal_length(literal.data, literal.data + literal.len) == literal.len);
	REQUIRE(memchr(literal.data, '\0', literal.len) == NULL);
	REQUIRE(literal_bytes(literal.data, literal.len, &again, &is_text) && is_text == as_text);
	REQUIRE(again.len == len && (len == 0 || memcmp(again.data, bytes, len) == 0));
	stmt = select_one("SELECT ", &literal);
	REQUIRE(sqlite3_column_type(stmt, 0) == (as_text ? SQLITE_TEXT : SQLITE_BLOB));
	REQUIRE((size_t)sqlite3_column_bytes(stmt, 0) == len);
	REQUIRE(len == 0 || memcmp(sqlite3_column_blob(stmt, 0), bytes, len) == 0);
	(void)sqlite3_finalize(stmt);
	buf_reset(&again);
	REQUIRE(literal_add_canonical(&again, literal.data, literal.len, NULL) == 0);
	REQUIRE(again.len == literal.len && memcmp(again.data, literal.data, again.len) == 0);
}

static void check_name(const char *bytes, size_t len)
{
	AUTO_BUF name = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_BUF quoted = BUF_INIT(FUZZ_MAX_BYTES);
	sqlite3_stmt *stmt;

	REQUIRE(buf_add(&name, bytes, strnlen(bytes, len), NULL) == 0);
	REQUIRE(literal_add_name(&quoted, buf_str(&name), NULL) == 0);
	stmt = select_one("SELECT 1 AS ", &quoted);
	REQUIRE(strcmp(sqlite3_column_name(stmt, 0), buf_str(&name)) == 0);
	(void)sqlite3_finalize(stmt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = size > 0 ? (const char *)data : "";

	check_value(bytes, size, true);
	check_value(bytes, size, false);
	check_name(bytes, size);
	return 0;
}

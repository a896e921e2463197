/*
 * A chunk of rows that may go to a D1 (restore/rows.h), of as many rows as the first
 * byte says: SQLite, asked what it would do, names nothing but the chunk's own
 * table "t" and the side table of long rows.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "restore/rows.h"
#include "tests/fuzz/fuzz.h"

static int is_ours(const char *table)
{
	return strcmp(table, "t") == 0 || strcmp(table, "_d1keep_long") == 0 ||
	    strcmp(table, "sqlite_master") == 0;
}

static int watch(void *ctx, int action, const char *a, const char *b, const char *c, const char *d)
{
	(void)ctx, (void)b, (void)d;
	switch (action) {
	case SQLITE_SELECT:
		break;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
	case SQLITE_READ:
		REQUIRE(is_ours(a));
		REQUIRE(c == NULL || strcmp(c, "main") == 0);
		break;
	case SQLITE_CREATE_TABLE:
	case SQLITE_DROP_TABLE:
		REQUIRE(strcmp(a, "_d1keep_long") == 0);
		break;
	default:
		REQUIRE(false);   /* an action that no row needs */
	}
	return SQLITE_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF sql = BUF_INIT(FUZZ_MAX_BYTES);
	sqlite3 *db;

	if (size == 0)
		return 0;
	REQUIRE(buf_add(&sql, data + 1, size - 1, NULL) == 0);
	if (rows_check(&sql, "t", data[0], NULL) != 0)
		return 0;
	REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db, "CREATE TABLE t(a, b)", NULL, NULL, NULL) == SQLITE_OK);
	(void)sqlite3_set_authorizer(db, watch, NULL);
	(void)sqlite3_exec(db, buf_str(&sql), NULL, NULL, NULL);
	(void)sqlite3_close(db);
	return 0;
}

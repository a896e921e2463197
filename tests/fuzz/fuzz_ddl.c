/*
 * The text of a table, an index, a view or a trigger, as sqlite_schema keeps it,
 * goes into a dump with what ddl_comment_end (tables/ddl.h) says and a semicolon.
 * The statement behind it must still run. The first byte chooses the kind.
 */
#include <sqlite3.h>
#include <string.h>

#include "base/buf.h"
#include "tables/ddl.h"
#include "tests/fuzz/fuzz.h"

static const char *const heads[] = {
	"CREATE TABLE x(", "CREATE INDEX x ON t(", "CREATE VIEW x AS ",
	"CREATE TRIGGER x AFTER INSERT ON t BEGIN ",
};

/* Nothing outside the database, and nothing that runs for long. */
static int narrow(void *ctx, int action, const char *a, const char *b, const char *c,
    const char *d)
{
	(void)ctx, (void)a, (void)b, (void)c, (void)d;
	return action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_PRAGMA ?
	    SQLITE_DENY : SQLITE_OK;
}

static sqlite3 *new_database(void)
{
	sqlite3 *db;

	REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db, "CREATE TABLE t(a, b)", NULL, NULL, NULL) == SQLITE_OK);
	(void)sqlite3_set_authorizer(db, narrow, NULL);
	return db;
}

/* Runs the first statement; the text that was kept of it, or nothing. */
static void create(const char *sql, struct buf *ret_kept)
{
	sqlite3 *db = new_database();
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_DONE) {
		(void)sqlite3_finalize(stmt);
		REQUIRE(sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema WHERE name = 'x'", -1,
		    &stmt, NULL) == SQLITE_OK);
		if (sqlite3_step(stmt) == SQLITE_ROW)
			REQUIRE(buf_adds(ret_kept, (const char *)sqlite3_column_text(stmt, 0), NULL) == 0);
	}
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
}

static void check_replay(const char *sql)
{
	sqlite3 *db = new_database();
	AUTO_BUF dump = BUF_INIT(FUZZ_MAX_BYTES);

	REQUIRE(buf_addf(&dump, NULL, "%s%s;\nCREATE TABLE behind(a);\n", sql,
	    ddl_comment_end(sql)) == 0);
	REQUIRE(sqlite3_exec(db, buf_str(&dump), NULL, NULL, NULL) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db, "SELECT * FROM behind", NULL, NULL, NULL) == SQLITE_OK);
	(void)sqlite3_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF sql = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_BUF kept = BUF_INIT(FUZZ_MAX_BYTES);

	if (size == 0)
		return 0;
	REQUIRE(buf_adds(&sql, heads[data[0] % 4], NULL) == 0);
	REQUIRE(buf_add(&sql, data + 1, size - 1, NULL) == 0);
	(void)ddl_comment_end(buf_str(&sql));
	create(buf_str(&sql), &kept);
	if (kept.len > 0)
		check_replay(buf_str(&kept));
	return 0;
}

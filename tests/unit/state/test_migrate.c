/* A file that d1keep 0.1.0 wrote (format 1) becomes one of today. */
#include "state/state.h"

#include <sqlite3.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

static const char format_1[] =
    "CREATE TABLE databases(  name TEXT PRIMARY KEY NOT NULL,"
    "  next_at INTEGER NOT NULL DEFAULT 0,  last_success_at INTEGER NOT NULL DEFAULT 0"
    ") WITHOUT ROWID;"
    "CREATE TABLE runs(  id INTEGER PRIMARY KEY,  database TEXT NOT NULL,"
    "  slot_at INTEGER NOT NULL,  started_at INTEGER NOT NULL,"
    "  finished_at INTEGER NOT NULL DEFAULT 0,  exit_code INTEGER NOT NULL DEFAULT 0,"
    "  rows INTEGER NOT NULL DEFAULT 0,  sql_bytes INTEGER NOT NULL DEFAULT 0,"
    "  stored_bytes INTEGER NOT NULL DEFAULT 0,  new_bytes INTEGER NOT NULL DEFAULT 0,"
    "  snapshot TEXT NOT NULL DEFAULT '',  message TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX runs_database ON runs(database, id);"
    "CREATE INDEX runs_unfinished ON runs(database) WHERE finished_at = 0;"
    "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;"
    "INSERT INTO databases VALUES('a/b', 900, 110), ('a/c', 800, 0);"
    "INSERT INTO runs VALUES(1, 'a/b', 100, 100, 110, 0, 5, 6, 7, 8, '20261122T021700Z', ''),"
    " (2, 'a/b', 200, 200, 210, 1, 0, 0, 0, 0, '', 'broken'),"
    " (3, 'a/b', 300, 300, 310, 75, 0, 0, 0, 0, '', 'busy'),"
    " (4, 'a/c', 300, 300, 0, 0, 0, 0, 0, 0, '', '');";

static void run_sql(const char *dir, const char *sql)
{
	AUTO_STR path = mem_printf("%s/state.db", dir);
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static struct state_database get(struct state *state, const char *name)
{
	struct state_database db;

	ck_assert_int_eq(state_get(state, name, &db, NULL), 0);
	return db;
}

START_TEST(what_was_known_is_still_known)
{
	const char *dir = unit_folder();
	struct state_database db;
	struct err err = ERR_INIT;
	struct state *state;
	int64_t id;

	run_sql(dir, format_1);
	state = state_open(dir, true, &err);
	ck_assert_msg(state != NULL, "%s", err.msg);
	db = get(state, "a/b");
	ck_assert_int_eq(db.next_at, 900);
	ck_assert_int_eq(db.last_success_at, 110);
	ck_assert_int_eq(db.last_verified_at, 0);
	ck_assert_int_eq(db.failures, 2);
	ck_assert_int_eq(db.last.id, 3);
	ck_assert_int_eq(db.last.attempt, 1);
	ck_assert_int_eq(db.last.cause, STATE_CAUSE_SCHEDULE);
	ck_assert_str_eq(db.last.message, "busy");
	ck_assert(get(state, "a/c").running);
	ck_assert_int_eq(state_recover(state, 400, &err), 0);
	ck_assert_int_eq(get(state, "a/c").next_at, 300);
	ck_assert_int_eq(state_last_run_id(state, &id, &err), 0);
	ck_assert_int_eq(id, 4);
	state_close(state);
	/* Once is enough. */
	state = state_open(dir, true, &err);
	ck_assert_msg(state != NULL, "%s", err.msg);
	ck_assert_int_eq(get(state, "a/b").failures, 2);
	state_close(state);
}
END_TEST

START_TEST(a_reader_says_that_the_daemon_must_be_restarted)
{
	const char *dir = unit_folder();
	struct err err = ERR_INIT;

	run_sql(dir, format_1);
	ck_assert_ptr_null(state_open(dir, false, &err));
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.hint, "restart d1keepd"));
}
END_TEST

/* It fails halfway: nothing has happened. */
START_TEST(half_a_migration_is_none)
{
	const char *dir = unit_folder();
	struct err err = ERR_INIT;
	struct state *state;

	run_sql(dir, format_1);
	run_sql(dir, "ALTER TABLE runs ADD COLUMN code TEXT");
	ck_assert_ptr_null(state_open(dir, true, &err));
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	run_sql(dir, "ALTER TABLE runs DROP COLUMN code");
	state = state_open(dir, true, &err);
	ck_assert_msg(state != NULL, "%s", err.msg);
	state_close(state);
}
END_TEST

UNIT_CASE(migrate)
{
	tcase_add_test(tc, what_was_known_is_still_known);
	tcase_add_test(tc, a_reader_says_that_the_daemon_must_be_restarted);
	tcase_add_test(tc, half_a_migration_is_none);
}

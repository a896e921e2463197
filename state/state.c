#include "state/state.h"

#include <limits.h>
#include <string.h>

#include "state/internal.h"

const char state_schema[] =
    "CREATE TABLE databases("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  next_at INTEGER NOT NULL DEFAULT 0,"
    "  last_success_at INTEGER NOT NULL DEFAULT 0"
    ") WITHOUT ROWID;"
    "CREATE TABLE runs("
    "  id INTEGER PRIMARY KEY,"
    "  database TEXT NOT NULL,"
    "  slot_at INTEGER NOT NULL,"
    "  started_at INTEGER NOT NULL,"
    "  finished_at INTEGER NOT NULL DEFAULT 0,"
    "  exit_code INTEGER NOT NULL DEFAULT 0,"
    "  rows INTEGER NOT NULL DEFAULT 0,"
    "  sql_bytes INTEGER NOT NULL DEFAULT 0,"
    "  stored_bytes INTEGER NOT NULL DEFAULT 0,"
    "  new_bytes INTEGER NOT NULL DEFAULT 0,"
    "  snapshot TEXT NOT NULL DEFAULT '',"
    "  message TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX runs_database ON runs(database, id);"
    "CREATE INDEX runs_unfinished ON runs(database) WHERE finished_at = 0;";

#define RUN_COLUMNS                                                           \
	"r.slot_at, r.started_at, r.finished_at, r.exit_code, r.rows,"        \
	" r.sql_bytes, r.stored_bytes, r.new_bytes, r.snapshot, r.message"
#define SELECT_DATABASES                                                      \
	"SELECT " RUN_COLUMNS ", d.name, d.next_at, d.last_success_at"        \
	" FROM databases d LEFT JOIN runs r"                                  \
	" ON r.id = (SELECT max(id) FROM runs WHERE database = d.name)"
#define CUT_OFF_EXIT "130"

const char *const state_sql_text[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SET_NEXT] = "INSERT INTO databases(name, next_at) VALUES(?1, ?2)"
	    " ON CONFLICT(name) DO UPDATE SET next_at = excluded.next_at"
	    " WHERE next_at <> excluded.next_at",
	[SQL_KNOW] = "INSERT INTO databases(name) VALUES(?1) ON CONFLICT(name) DO NOTHING",
	/* The parameters of these two are those of bind_run. */
	[SQL_RUN_INSERT] = "INSERT INTO runs(database, slot_at, started_at, finished_at,"
	    " exit_code, rows, sql_bytes, stored_bytes, new_bytes, snapshot, message)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[SQL_RUN_UPDATE] = "UPDATE runs SET slot_at = ?2, started_at = ?3, finished_at = ?4,"
	    " exit_code = ?5, rows = ?6, sql_bytes = ?7, stored_bytes = ?8, new_bytes = ?9,"
	    " snapshot = ?10, message = ?11"
	    " WHERE id = (SELECT max(id) FROM runs WHERE database = ?1 AND finished_at = 0)",
	[SQL_RUN_TRIM] = "DELETE FROM runs WHERE database = ?1 AND id <="
	    " (SELECT id FROM runs WHERE database = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[SQL_SUCCESS] = "UPDATE databases SET last_success_at = ?2 WHERE name = ?1",
	[SQL_RECOVER_NEXT] = "UPDATE databases SET next_at ="
	    " (SELECT max(slot_at) FROM runs WHERE database = name AND finished_at = 0)"
	    " WHERE EXISTS (SELECT 1 FROM runs r WHERE r.database = name"
	    "  AND r.finished_at = 0 AND r.slot_at > 0"
	    "  AND 3 > (SELECT count(*) FROM runs s WHERE s.database = name AND s.slot_at = r.slot_at))",
	[SQL_RECOVER_RUNS] = "UPDATE runs SET finished_at = ?1, exit_code = " CUT_OFF_EXIT ","
	    " message = 'cut off: d1keepd ended while it ran' WHERE finished_at = 0",
	[SQL_GET] = SELECT_DATABASES " WHERE d.name = ?1",
	[SQL_EACH] = SELECT_DATABASES " ORDER BY d.name",
	[SQL_EACH_RUN] = "SELECT " RUN_COLUMNS " FROM runs r WHERE r.database = ?1"
	    " ORDER BY r.id DESC LIMIT ?2",
};

bool state_run_succeeded(const struct state_run *run)
{
	return run->finished_at != 0 && (run->exit_code == 0 || run->exit_code == 5);
}

/* Run a statement that gives no rows, and make it ready for the next time. */
static int step(struct state *state, enum state_sql which, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[which];
	int rc = sqlite3_step(stmt) == SQLITE_DONE ? 0 : state_error(state, err);

	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return rc;
}

/* With the database as ?1 and a number as ?2. */
static int step_with(struct state *state, enum state_sql which, const char *database,
    int64_t number, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[which];

	(void)sqlite3_bind_text(stmt, 1, database, -1, SQLITE_STATIC);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		(void)sqlite3_bind_int64(stmt, 2, number);
	return step(state, which, err);
}

static int step_run(struct state *state, enum state_sql which, const char *database,
    const struct state_run *run, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[which];

	(void)sqlite3_bind_text(stmt, 1, database, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 2, run->slot_at);
	(void)sqlite3_bind_int64(stmt, 3, run->started_at);
	(void)sqlite3_bind_int64(stmt, 4, run->finished_at);
	(void)sqlite3_bind_int(stmt, 5, run->exit_code);
	(void)sqlite3_bind_int64(stmt, 6, run->rows);
	(void)sqlite3_bind_int64(stmt, 7, run->sql_bytes);
	(void)sqlite3_bind_int64(stmt, 8, run->stored_bytes);
	(void)sqlite3_bind_int64(stmt, 9, run->new_bytes);
	(void)sqlite3_bind_text(stmt, 10, run->snapshot, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 11, run->message, -1, SQLITE_STATIC);
	return step(state, which, err);
}

/* Close the transaction that SQL_BEGIN opened: COMMIT when all went well. */
static int end(struct state *state, int rc, struct err *err)
{
	if (rc == 0)
		rc = step(state, SQL_COMMIT, err);
	/* Some failures, a full disk among them, have rolled back already. */
	if (rc != 0 && sqlite3_get_autocommit(state->db) == 0)
		(void)step(state, SQL_ROLLBACK, NULL);
	return rc;
}

int state_set_next(struct state *state, const char *database, int64_t next_at, struct err *err)
{
	return step_with(state, SQL_SET_NEXT, database, next_at, err);
}

/* A new row of the history, in its ration. */
static int add_run(struct state *state, const char *database, const struct state_run *run,
    struct err *err)
{
	if (step_with(state, SQL_KNOW, database, 0, err) != 0 ||
	    step_run(state, SQL_RUN_INSERT, database, run, err) != 0)
		return -1;
	return step_with(state, SQL_RUN_TRIM, database, STATE_RUNS_KEPT, err);
}

int state_run_begin(struct state *state, const char *database, int64_t slot_at,
    int64_t now, struct err *err)
{
	struct state_run run = { .slot_at = slot_at, .started_at = now };

	if (step(state, SQL_BEGIN, err) != 0)
		return -1;
	return end(state, add_run(state, database, &run, err), err);
}

int state_run_end(struct state *state, const char *database, const struct state_run *run,
    struct err *err)
{
	int rc;

	if (step(state, SQL_BEGIN, err) != 0)
		return -1;
	rc = step_run(state, SQL_RUN_UPDATE, database, run, err);
	if (rc == 0 && sqlite3_changes(state->db) == 0)
		rc = add_run(state, database, run, err);
	if (rc == 0 && state_run_succeeded(run))
		rc = step_with(state, SQL_SUCCESS, database, run->finished_at, err);
	return end(state, rc, err);
}

int state_recover(struct state *state, int64_t now, struct err *err)
{
	int rc;

	if (step(state, SQL_BEGIN, err) != 0)
		return -1;
	rc = step(state, SQL_RECOVER_NEXT, err);
	if (rc == 0) {
		(void)sqlite3_bind_int64(state->sql[SQL_RECOVER_RUNS], 1, now);
		rc = step(state, SQL_RECOVER_RUNS, err);
	}
	return end(state, rc, err);
}

static void copy_text(char *ret, size_t size, sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (text == NULL)
		len = 0;
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(ret, text, len);
	ret[len] = '\0';
}

/* The ten RUN_COLUMNS; all NULL, so zero and empty, where nothing ran. */
static void read_run(sqlite3_stmt *stmt, struct state_run *ret)
{
	*ret = (struct state_run){
		.slot_at = sqlite3_column_int64(stmt, 0),
		.started_at = sqlite3_column_int64(stmt, 1),
		.finished_at = sqlite3_column_int64(stmt, 2),
		.exit_code = sqlite3_column_int(stmt, 3),
		.rows = sqlite3_column_int64(stmt, 4),
		.sql_bytes = sqlite3_column_int64(stmt, 5),
		.stored_bytes = sqlite3_column_int64(stmt, 6),
		.new_bytes = sqlite3_column_int64(stmt, 7),
	};
	copy_text(ret->snapshot, sizeof(ret->snapshot), stmt, 8);
	copy_text(ret->message, sizeof(ret->message), stmt, 9);
}

static void read_database(sqlite3_stmt *stmt, struct state_database *ret)
{
	*ret = (struct state_database){
		.next_at = sqlite3_column_int64(stmt, 11),
		.last_success_at = sqlite3_column_int64(stmt, 12),
	};
	read_run(stmt, &ret->last);
	copy_text(ret->name, sizeof(ret->name), stmt, 10);
	ret->running = ret->last.started_at != 0 && ret->last.finished_at == 0;
}

int state_get(struct state *state, const char *database, struct state_database *ret,
    struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_GET];
	int rc;

	(void)sqlite3_bind_text(stmt, 1, database, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		read_database(stmt, ret);
	else if (rc == SQLITE_DONE)
		(void)err_set(err, ERR_NOT_FOUND, "nothing is known of %s", database);
	else
		(void)state_error(state, err);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

int state_each(struct state *state,
    int (*visit)(void *ctx, const struct state_database *db, struct err *err),
    void *ctx, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_EACH];
	struct state_database db;
	int rc, result = 0;

	while (result == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW) {
			result = state_error(state, err);
			break;
		}
		read_database(stmt, &db);
		result = visit(ctx, &db, err);
	}
	(void)sqlite3_reset(stmt);
	return result;
}

int state_each_run(struct state *state, const char *database, size_t limit,
    int (*visit)(void *ctx, const struct state_run *run, struct err *err),
    void *ctx, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_EACH_RUN];
	struct state_run run;
	int rc, result = 0;

	(void)sqlite3_bind_text(stmt, 1, database, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 2, limit > INT_MAX ? INT_MAX : (int64_t)limit);
	while (result == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW) {
			result = state_error(state, err);
			break;
		}
		read_run(stmt, &run);
		result = visit(ctx, &run, err);
	}
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return result;
}

#include "state/internal.h"

#include <limits.h>
#include <string.h>

void state_copy_text(char *ret, size_t size, sqlite3_stmt *stmt, int column)
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

static enum state_cause read_cause(sqlite3_stmt *stmt, int column)
{
	const char *word = (const char *)sqlite3_column_text(stmt, column);

	for (int i = 0; word != NULL && i <= STATE_CAUSE_MADE_UP; i++) {
		if (strcmp(word, state_cause_word((enum state_cause)i)) == 0)
			return (enum state_cause)i;
	}
	return STATE_CAUSE_SCHEDULE;
}

enum { COLUMN_DATABASE = 22, COLUMN_NAME };

/* RUN_COLUMNS of schema.c; all NULL, so zero and empty, where nothing ran. */
static void read_run(sqlite3_stmt *stmt, struct state_run *ret)
{
	*ret = (struct state_run){
		.id = sqlite3_column_int64(stmt, 0),
		.slot_at = sqlite3_column_int64(stmt, 1),
		.started_at = sqlite3_column_int64(stmt, 2),
		.finished_at = sqlite3_column_int64(stmt, 3),
		.took_ms = sqlite3_column_int64(stmt, 4),
		.cause = read_cause(stmt, 5),
		.attempt = sqlite3_column_int(stmt, 6),
		.exit_code = sqlite3_column_int(stmt, 7),
		.verified = (enum state_verdict)sqlite3_column_int(stmt, 8),
		.taken = sqlite3_column_int(stmt, 9) != 0,
		.rows = sqlite3_column_int64(stmt, 10),
		.sql_bytes = sqlite3_column_int64(stmt, 11),
		.stored_bytes = sqlite3_column_int64(stmt, 12),
		.new_bytes = sqlite3_column_int64(stmt, 13),
		.freed_bytes = sqlite3_column_int64(stmt, 14),
		.requests = sqlite3_column_int64(stmt, 15),
		.retries = sqlite3_column_int64(stmt, 16),
		.rows_read = sqlite3_column_int64(stmt, 17),
	};
	state_copy_text(ret->label, sizeof(ret->label), stmt, 18);
	state_copy_text(ret->snapshot, sizeof(ret->snapshot), stmt, 19);
	state_copy_text(ret->code, sizeof(ret->code), stmt, 20);
	state_copy_text(ret->message, sizeof(ret->message), stmt, 21);
}

static void read_database(sqlite3_stmt *stmt, struct state_database *ret)
{
	const int at = COLUMN_NAME;

	*ret = (struct state_database){
		.next_at = sqlite3_column_int64(stmt, at + 1),
		.last_success_at = sqlite3_column_int64(stmt, at + 2),
		.last_verified_at = sqlite3_column_int64(stmt, at + 3),
		.failures = sqlite3_column_int(stmt, at + 4),
		.retry_at = sqlite3_column_int64(stmt, at + 5),
		.retry_slot = sqlite3_column_int64(stmt, at + 6),
		.retry_attempt = sqlite3_column_int(stmt, at + 7),
		.asked_id = sqlite3_column_int64(stmt, at + 8),
	};
	read_run(stmt, &ret->last);
	state_copy_text(ret->name, sizeof(ret->name), stmt, at);
	state_copy_text(ret->asked_label, sizeof(ret->asked_label), stmt, at + 9);
	ret->running = ret->last.started_at != 0 && ret->last.finished_at == 0;
}

/* Every row to `row`, until it says -1; then the statement is ready again. */
static int each_row(struct state *state, sqlite3_stmt *stmt,
    int (*row)(void *ctx, sqlite3_stmt *stmt, struct err *err), void *ctx, struct err *err)
{
	int rc, result = 0;

	while (result == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE)
		result = rc == SQLITE_ROW ? row(ctx, stmt, err) : state_error(state, err);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return result;
}

int state_last_run_id(struct state *state, int64_t *ret, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_LAST_ID];
	int rc = sqlite3_step(stmt) == SQLITE_ROW ? 0 : state_error(state, err);

	if (rc == 0)
		*ret = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return rc;
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

struct database_visit {
	int (*visit)(void *ctx, const struct state_database *db, struct err *err);
	void *ctx;
};

static int visit_database(void *ctx, sqlite3_stmt *stmt, struct err *err)
{
	struct database_visit *v = ctx;
	struct state_database db;

	read_database(stmt, &db);
	return v->visit(v->ctx, &db, err);
}

int state_each(struct state *state,
    int (*visit)(void *ctx, const struct state_database *db, struct err *err),
    void *ctx, struct err *err)
{
	struct database_visit v = { visit, ctx };

	return each_row(state, state->sql[SQL_EACH], visit_database, &v, err);
}

struct run_visit {
	int (*visit)(void *ctx, const struct state_run *run, struct err *err);
	int (*visit_named)(void *ctx, const char *database, const struct state_run *run,
	    struct err *err);
	void *ctx;
};

static int visit_run(void *ctx, sqlite3_stmt *stmt, struct err *err)
{
	struct run_visit *v = ctx;
	struct state_run run;

	read_run(stmt, &run);
	if (v->visit != NULL)
		return v->visit(v->ctx, &run, err);
	return v->visit_named(v->ctx, (const char *)sqlite3_column_text(stmt, COLUMN_DATABASE),
	    &run, err);
}

static int64_t at_most(size_t limit)
{
	return limit > INT_MAX ? INT_MAX : (int64_t)limit;
}

int state_each_run(struct state *state, const char *database, size_t limit,
    int (*visit)(void *ctx, const struct state_run *run, struct err *err),
    void *ctx, struct err *err)
{
	struct run_visit v = { .visit = visit, .ctx = ctx };
	sqlite3_stmt *stmt = state->sql[SQL_EACH_RUN];

	(void)sqlite3_bind_text(stmt, 1, database, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 2, at_most(limit));
	return each_row(state, stmt, visit_run, &v, err);
}

int state_each_recent_run(struct state *state, size_t limit,
    int (*visit)(void *ctx, const char *database, const struct state_run *run, struct err *err),
    void *ctx, struct err *err)
{
	struct run_visit v = { .visit_named = visit, .ctx = ctx };
	sqlite3_stmt *stmt = state->sql[SQL_RECENT_RUNS];

	(void)sqlite3_bind_int64(stmt, 1, at_most(limit));
	return each_row(state, stmt, visit_run, &v, err);
}

int state_get_run(struct state *state, int64_t id, char *ret_database, struct state_run *ret,
    struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_GET_RUN];
	int rc;

	(void)sqlite3_bind_int64(stmt, 1, id);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		read_run(stmt, ret);
		state_copy_text(ret_database, sizeof(((struct state_database *)0)->name), stmt, COLUMN_DATABASE);
	} else if (rc == SQLITE_DONE) {
		(void)err_set(err, ERR_NOT_FOUND, "there is no run %lld", (long long)id);
	} else {
		(void)state_error(state, err);
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

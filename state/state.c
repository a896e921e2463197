#include "state/internal.h"

#include <string.h>

#include "base/crash.h"

static const char *const cause_words[] = { "schedule", "retry", "request", "made-up" };

const char *state_cause_word(enum state_cause cause)
{
	return cause_words[cause];
}

bool state_run_succeeded(const struct state_run *run)
{
	return run->finished_at != 0 && (run->exit_code == 0 || run->exit_code == 5);
}

/* With a label that is taken: who asked is told, and the backups that are due
 * are none the worse. */
static bool was_asked_amiss(const struct state_run *run)
{
	return run->cause == STATE_CAUSE_REQUEST && run->label[0] != '\0' &&
	    strcmp(run->code, "refused") == 0;
}

bool state_run_failed(const struct state_run *run)
{
	return run->finished_at != 0 && !state_run_succeeded(run) && !was_asked_amiss(run) &&
	    strcmp(run->code, STATE_CODE_HELD) != 0 && strcmp(run->code, STATE_CODE_CUT_OFF) != 0;
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

/* ?1 the database, ?2 the id, then RUN_FIELDS of schema.c. */
static void bind_run(sqlite3_stmt *stmt, const char *database, const struct state_run *run)
{
	const int64_t numbers[] = {
		run->slot_at, run->started_at, run->finished_at, run->took_ms, 0, run->attempt,
		run->exit_code, run->verified, run->taken, run->rows, run->sql_bytes,
		run->stored_bytes, run->new_bytes, run->freed_bytes, run->requests,
		run->retries, run->rows_read,
	};
	const char *const texts[] = { run->label, run->snapshot, run->code, run->message };
	int at = 3;

	(void)sqlite3_bind_text(stmt, 1, database, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 2, run->id);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sqlite3_bind_int64(stmt, at++, numbers[i]);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		(void)sqlite3_bind_text(stmt, at++, texts[i], -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 7, state_cause_word(run->cause), -1, SQLITE_STATIC);
}

static int step_run(struct state *state, enum state_sql which, const char *database,
    const struct state_run *run, struct err *err)
{
	bind_run(state->sql[which], database, run);
	return step(state, which, err);
}

/* ---- transactions: one a note, or one around many with a savepoint for each */

static int begin(struct state *state, struct err *err)
{
	bool within = state->in_notes && sqlite3_get_autocommit(state->db) == 0;

	return step(state, within ? SQL_SAVEPOINT : SQL_BEGIN, err);
}

static void undo(struct state *state)
{
	/* Some failures, a full disk among them, have rolled back already. */
	if (sqlite3_get_autocommit(state->db) != 0)
		return;
	if (!state->in_notes) {
		(void)step(state, SQL_ROLLBACK, NULL);
	} else {
		(void)step(state, SQL_ROLLBACK_TO, NULL);
		(void)step(state, SQL_RELEASE, NULL);
	}
}

/* Close what begin() opened: `rc` 0 when all went well. Of a transaction that
 * is gone nothing can be released. */
static int end(struct state *state, int rc, struct err *err)
{
	if (rc == 0 && sqlite3_get_autocommit(state->db) != 0)
		rc = err_set(err, ERR_FAILED, "\"%s\": the notes were rolled back", state->path);
	if (rc == 0)
		rc = step(state, state->in_notes ? SQL_RELEASE : SQL_COMMIT, err);
	if (rc != 0)
		undo(state);
	return rc;
}

int state_begin_notes(struct state *state, struct err *err)
{
	if (step(state, SQL_BEGIN, err) != 0)
		return -1;
	state->in_notes = true;
	return 0;
}

int state_end_notes(struct state *state, struct err *err)
{
	state->in_notes = false;
	crash_point("state.before-commit");
	return end(state, 0, err);
}

/* ---- notes */

/* Where tests have the daemon die: before a note, and when it is made. */
static int noted(const char *point, int rc)
{
	if (rc == 0)
		crash_point(point);
	return rc;
}

int state_set_next(struct state *state, const char *database, int64_t next_at, struct err *err)
{
	crash_point("state.before-next");
	return noted("state.after-next", step_with(state, SQL_SET_NEXT, database, next_at, err));
}

int state_set_retry(struct state *state, const char *database, int64_t at, int64_t slot_at,
    int attempt, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_SET_RETRY];

	(void)sqlite3_bind_int64(stmt, 3, slot_at);
	(void)sqlite3_bind_int(stmt, 4, attempt);
	crash_point("state.before-retry");
	return noted("state.after-retry", step_with(state, SQL_SET_RETRY, database, at, err));
}

int state_set_asked(struct state *state, const char *database, int64_t run_id,
    const char *label, struct err *err)
{
	(void)sqlite3_bind_text(state->sql[SQL_SET_ASKED], 3, label, -1, SQLITE_STATIC);
	return step_with(state, SQL_SET_ASKED, database, run_id, err);
}

/* The run as it is now: over its row, or as a new one of the history, in its
 * ration. */
static int put_run(struct state *state, const char *database, const struct state_run *run,
    struct err *err)
{
	if (step_with(state, SQL_KNOW, database, 0, err) != 0 ||
	    step_run(state, SQL_RUN_UPDATE, database, run, err) != 0)
		return -1;
	if (sqlite3_changes(state->db) > 0)
		return 0;
	if (step_run(state, SQL_RUN_INSERT, database, run, err) != 0)
		return -1;
	return step_with(state, SQL_RUN_TRIM, database, STATE_RUNS_KEPT, err);
}

int state_run_begin(struct state *state, const char *database, const struct state_run *run,
    struct err *err)
{
	int rc;

	crash_point("state.before-begin");
	if (begin(state, err) != 0)
		return -1;
	rc = put_run(state, database, run, err);
	if (rc == 0)
		rc = step_with(state, SQL_BEGUN, database, run->id, err);
	return noted("state.after-begin", end(state, rc, err));
}

static int note_end(struct state *state, const char *database, const struct state_run *run,
    struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_ENDED];

	(void)sqlite3_bind_int(stmt, 3, state_run_succeeded(run));
	(void)sqlite3_bind_int(stmt, 4, state_run_failed(run));
	(void)sqlite3_bind_int(stmt, 5, run->verified == STATE_VERIFIED_GOOD);
	return step_with(state, SQL_ENDED, database, run->finished_at, err);
}

int state_run_end(struct state *state, const char *database, const struct state_run *run,
    struct err *err)
{
	int rc;

	crash_point("state.before-end");
	if (begin(state, err) != 0)
		return -1;
	rc = put_run(state, database, run, err);
	if (rc == 0)
		rc = note_end(state, database, run, err);
	return noted("state.after-end", end(state, rc, err));
}

int state_recover(struct state *state, int64_t now, struct err *err)
{
	int rc;

	crash_point("state.before-recover");
	if (begin(state, err) != 0)
		return -1;
	rc = step(state, SQL_RECOVER_NEXT, err);
	if (rc == 0)
		rc = step(state, SQL_RECOVER_ASKED, err);
	if (rc == 0) {
		(void)sqlite3_bind_int64(state->sql[SQL_RECOVER_RUNS], 1, now);
		rc = step(state, SQL_RECOVER_RUNS, err);
	}
	return noted("state.after-recover", end(state, rc, err));
}

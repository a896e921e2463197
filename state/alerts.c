#include "state/alerts.h"

#include "state/internal.h"

static int finish(struct state *state, sqlite3_stmt *stmt, struct err *err)
{
	int rc = sqlite3_step(stmt) == SQLITE_DONE ? 0 : state_error(state, err);

	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return rc;
}

static void bind_key(sqlite3_stmt *stmt, const char *database, const char *target,
    const char *kind)
{
	(void)sqlite3_bind_text(stmt, 1, database, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, target, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 3, kind, -1, SQLITE_STATIC);
}

int state_alert_set(struct state *state, const struct state_alert *alert, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_ALERT_SET];

	bind_key(stmt, alert->database, alert->target, alert->kind);
	(void)sqlite3_bind_int64(stmt, 4, alert->since_at);
	(void)sqlite3_bind_int64(stmt, 5, alert->told_at);
	(void)sqlite3_bind_int64(stmt, 6, alert->gravity);
	return finish(state, stmt, err);
}

int state_alert_clear(struct state *state, const char *database, const char *target,
    const char *kind, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_ALERT_CLEAR];

	bind_key(stmt, database, target, kind);
	return finish(state, stmt, err);
}

int state_each_alert(struct state *state,
    int (*visit)(void *ctx, const struct state_alert *alert, struct err *err),
    void *ctx, struct err *err)
{
	sqlite3_stmt *stmt = state->sql[SQL_EACH_ALERT];
	struct state_alert alert;
	int rc, result = 0;

	while (result == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW) {
			result = state_error(state, err);
			break;
		}
		state_copy_text(alert.database, sizeof(alert.database), stmt, 0);
		state_copy_text(alert.target, sizeof(alert.target), stmt, 1);
		state_copy_text(alert.kind, sizeof(alert.kind), stmt, 2);
		alert.since_at = sqlite3_column_int64(stmt, 3);
		alert.told_at = sqlite3_column_int64(stmt, 4);
		alert.gravity = sqlite3_column_int64(stmt, 5);
		result = visit(ctx, &alert, err);
	}
	(void)sqlite3_reset(stmt);
	return result;
}

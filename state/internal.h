/*
 * What state/open.c (the file), state/schema.c (its SQL), state/state.c (the
 * writer's notes), state/read.c and state/alerts.c share.
 */
#ifndef D1KEEP_STATE_INTERNAL_H
#define D1KEEP_STATE_INTERNAL_H

#include <sqlite3.h>

#include "state/state.h"

#define STATE_FORMAT 2

enum state_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_SAVEPOINT,
	SQL_RELEASE,
	SQL_ROLLBACK_TO,
	SQL_SET_NEXT,
	SQL_SET_RETRY,
	SQL_SET_ASKED,
	SQL_KNOW,
	SQL_BEGUN,
	SQL_RUN_INSERT,
	SQL_RUN_TRIM,
	SQL_RUN_UPDATE,
	SQL_ENDED,
	SQL_RECOVER_NEXT,
	SQL_RECOVER_ASKED,
	SQL_RECOVER_RUNS,
	SQL_LAST_ID,
	SQL_GET,
	SQL_EACH,
	SQL_EACH_RUN,
	SQL_RECENT_RUNS,
	SQL_GET_RUN,
	SQL_ALERT_SET,
	SQL_ALERT_CLEAR,
	SQL_EACH_ALERT,
	SQL_COUNT
};

struct state {
	sqlite3 *db;
	char *path;                      /* for messages */
	bool in_notes;                   /* between state_begin_notes and state_end_notes */
	sqlite3_stmt *sql[SQL_COUNT];    /* all prepared at opening */
};

/* The tables of a new file, what makes format 2 of format 1, and the text of
 * each statement. */
extern const char state_schema[];
extern const char state_from_format_1[];
extern const char *const state_sql_text[SQL_COUNT];

/* The connection's last error as ours: ERR_CORRUPT, ERR_AGAIN (locked) or
 * ERR_FAILED; always -1. */
int state_error(struct state *state, struct err *err);

/* A row's text, cut to what fits; NULL is empty. */
void state_copy_text(char *ret, size_t size, sqlite3_stmt *stmt, int column);

#endif

/*
 * What state/open.c (the file) and state/state.c (its contents) share.
 */
#ifndef D1KEEP_STATE_INTERNAL_H
#define D1KEEP_STATE_INTERNAL_H

#include <sqlite3.h>

#include "base/err.h"

enum state_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_SET_NEXT,
	SQL_KNOW,
	SQL_RUN_INSERT,
	SQL_RUN_TRIM,
	SQL_RUN_UPDATE,
	SQL_SUCCESS,
	SQL_RECOVER_NEXT,
	SQL_RECOVER_RUNS,
	SQL_GET,
	SQL_EACH,
	SQL_EACH_RUN,
	SQL_COUNT
};

struct state {
	sqlite3 *db;
	char *path;                      /* for messages */
	sqlite3_stmt *sql[SQL_COUNT];    /* all prepared at opening */
};

/* The tables, and the text of each statement (state.c). */
extern const char state_schema[];
extern const char *const state_sql_text[SQL_COUNT];

/* The connection's last error as ours: ERR_CORRUPT, ERR_AGAIN (locked) or
 * ERR_FAILED; always -1. */
int state_error(struct state *state, struct err *err);

#endif

/*
 * What ran when: one small SQLite file, <state_dir>/state.db, written by
 * d1keepd alone (state/lock.h) and read by `d1keep status` at any moment.
 * Losing it loses no backup.
 */
#ifndef D1KEEP_STATE_STATE_H
#define D1KEEP_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STATE_RUNS_KEPT 200     /* of each database; older runs are forgotten */

struct state;

/* The writer opens with `create`: the folder (mode 0700) and the file are made
 * where missing. A reader opens without and never writes.
 *   ERR_NOT_FOUND  reader: nothing has been recorded yet
 *   ERR_CORRUPT    not a state file, or a damaged one: see state_set_aside
 *   ERR_FAILED     anything else, such as a file of a newer format */
struct state *state_open(const char *state_dir, bool create, struct err *err);

/* A state that lives as long as the process, for when no file can be had. */
struct state *state_open_memory(struct err *err);

void state_close(struct state *state);  /* NULL is fine */

/* Renames a damaged state.db, with its journals, to state.db.corrupt-<now>,
 * for the writer to begin anew. It must not be open here. Returns the new path
 * (a string of its own), or NULL. */
char *state_set_aside(const char *state_dir, int64_t now, struct err *err);

struct state_run {
	int64_t slot_at;         /* the due time it answers, Unix seconds; 0: none */
	int64_t started_at;
	int64_t finished_at;     /* 0: still going (or was cut off) */
	int exit_code;           /* of d1keep; 128 + signal when killed */
	int64_t rows;            /* of the snapshot taken; 0 when there is none */
	int64_t sql_bytes;
	int64_t stored_bytes;
	int64_t new_bytes;
	char snapshot[32];       /* id of the snapshot taken, or empty */
	char message[512];       /* the error, or empty */
};

struct state_database {
	char name[256];          /* environment/database */
	int64_t next_at;         /* 0: no schedule */
	bool running;            /* as far as the file knows: a dead daemon's runs too */
	struct state_run last;   /* last.started_at 0: never ran */
	int64_t last_success_at; /* finished_at of the last run that ended with 0 or 5 */
};

/* Did it take a snapshot? (exit 5: done, but something could not be kept) */
bool state_run_succeeded(const struct state_run *run);

/* All of these return ERR_CORRUPT when the file turns out to be damaged. */

int state_set_next(struct state *state, const char *database, int64_t next_at, struct err *err);
int state_run_begin(struct state *state, const char *database, int64_t slot_at,
    int64_t now, struct err *err);

/* Ends the database's unfinished run; when its beginning could not be recorded
 * (a full disk), records it whole. */
int state_run_end(struct state *state, const char *database, const struct state_run *run,
    struct err *err);

/* For the writer, once at start: runs that a dead daemon left unfinished are
 * ended with exit 130, and their databases become due again (next_at goes back
 * to the slot), unless that slot has been tried three times. */
int state_recover(struct state *state, int64_t now, struct err *err);

/* ERR_NOT_FOUND when nothing is known of it. */
int state_get(struct state *state, const char *database, struct state_database *ret,
    struct err *err);

/* Every database, by name. `visit` may stop with -1 and its own err. */
int state_each(struct state *state,
    int (*visit)(void *ctx, const struct state_database *db, struct err *err),
    void *ctx, struct err *err);

/* The runs of one database, newest first, at most `limit`. */
int state_each_run(struct state *state, const char *database, size_t limit,
    int (*visit)(void *ctx, const struct state_run *run, struct err *err),
    void *ctx, struct err *err);

#endif

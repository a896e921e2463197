/*
 * What ran when: one small SQLite file, <state_dir>/state.db, written by
 * d1keepd and read by `d1keep status`. Losing it loses no backup.
 */
#ifndef D1KEEP_STATE_STATE_H
#define D1KEEP_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct state;

/* Opens, creating it when `create`; a file of a newer format is ERR_FAILED. */
struct state *state_open(const char *state_dir, bool create, struct err *err);
void state_close(struct state *state);

struct state_run {
	int64_t slot_at;         /* the due time it answers, Unix seconds; 0: none */
	int64_t started_at;
	int64_t finished_at;     /* 0: still going (or was cut off) */
	int exit_code;           /* of d1keep; 128 + signal when killed */
	char snapshot[32];       /* id of the snapshot taken, or empty */
	char message[512];       /* the error, or empty */
};

struct state_database {
	char name[256];          /* environment/database */
	int64_t next_at;         /* 0: no schedule */
	bool running;
	struct state_run last;   /* last.started_at 0: never ran */
	int64_t last_success_at; /* finished_at of the last run that ended with 0 or 5 */
};

int state_set_next(struct state *state, const char *database, int64_t next_at, struct err *err);
int state_run_begin(struct state *state, const char *database, int64_t slot_at,
    int64_t now, struct err *err);
int state_run_end(struct state *state, const char *database, const struct state_run *run,
    struct err *err);

/* ERR_NOT_FOUND when nothing is known of it. */
int state_get(struct state *state, const char *database, struct state_database *ret,
    struct err *err);

int state_each(struct state *state,
    int (*visit)(void *ctx, const struct state_database *db, struct err *err),
    void *ctx, struct err *err);

#endif

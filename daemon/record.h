/*
 * The daemon's notes (state/state.h), with one rule over them: nothing that
 * goes wrong with notes may keep a backup from being taken. So these log what
 * fails and return nothing; a damaged file is moved aside and begun anew; where
 * no file can be had at all, the notes are kept in memory.
 */
#ifndef D1KEEP_DAEMON_RECORD_H
#define D1KEEP_DAEMON_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "state/state.h"

struct record {
	struct state *state;         /* NULL: not even memory; nothing is noted */
	const char *state_dir;       /* lent */
	const struct clock *clock;
	bool in_memory;
	bool renewed;                /* begun anew: what it knew has to be told again */
};

void record_open(struct record *record, const char *state_dir, const struct clock *clock);
void record_close(struct record *record);

/* While it is in memory: is there a file to be had now? */
void record_retry(struct record *record);

/* Was it begun anew since the last time this was asked? */
bool record_was_renewed(struct record *record);

void record_next(struct record *record, const char *database, int64_t next_at);
void record_begin(struct record *record, const char *database, int64_t slot_at, int64_t now);
void record_end(struct record *record, const char *database, const struct state_run *run);

/* false when nothing is known of it. */
bool record_get(struct record *record, const char *database, struct state_database *ret);

/* Databases that `is_scheduled` does not want have no next time any more. */
void record_unschedule(struct record *record,
    bool (*is_scheduled)(void *ctx, const char *database), void *ctx);

#endif

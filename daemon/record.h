/*
 * The daemon's notes (state/state.h), with two rules over them.
 *
 * Nothing that goes wrong with notes may keep a backup from being taken. So
 * these log what fails and return nothing; a damaged file is moved aside and
 * begun anew; where no file can be had at all, the notes are kept in memory.
 *
 * No disk may hold up the loop. So notes are collected, and written by another
 * thread, in their order, as many as there are in one transaction. What a kill
 * in between costs is a note that is a moment old, and so at most a run that is
 * started again and finds its slot taken.
 */
#ifndef D1KEEP_DAEMON_RECORD_H
#define D1KEEP_DAEMON_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/clock.h"
#include "state/alerts.h"
#include "state/state.h"

struct note;
STAILQ_HEAD(notes, note);

struct record {
	struct state *state;         /* the writer's; NULL: not even memory */
	struct state *reader;        /* opened when it is first asked for */
	const char *state_dir;       /* lent */
	const struct clock *clock;
	uv_loop_t *loop;             /* NULL: notes are written at once */
	bool in_memory;
	bool renewed;                /* begun anew: what it knew has to be told again */
	void (*on_renewed)(void *ctx);
	void *on_renewed_ctx;
	struct notes pending;        /* wait for the thread */
	size_t pending_bytes;
	size_t lost;                 /* notes that found no room there */
	struct notes writing;        /* the thread has them, and the writer's state */
	bool is_writing;
	uv_work_t work;
	struct err error;            /* the thread's first one … */
	const char *failed;          /* … and the database it concerns */
};

void record_open(struct record *record, const char *state_dir, const struct clock *clock,
    uv_loop_t *loop);

/* Notes that wait are written. The loop must have come to its end. */
void record_close(struct record *record);

/* While it is in memory: is there a file to be had now? */
void record_retry(struct record *record);

/* Have this called whenever it is begun anew, on the loop's thread. */
void record_on_renewed(struct record *record, void (*call)(void *ctx), void *ctx);

/* Was it begun anew since the last time this was asked? */
bool record_was_renewed(struct record *record);

void record_next(struct record *record, const char *database, int64_t next_at);

/* A run will be tried again (state_set_retry); at 0: it won't. */
void record_tries_again(struct record *record, const char *database, int64_t at,
    int64_t slot_at, int attempt);

/* Somebody asked for a run (state_set_asked). */
void record_asked(struct record *record, const char *database, int64_t run_id,
    const char *label);

void record_begin(struct record *record, const char *database, const struct state_run *run);
void record_end(struct record *record, const char *database, const struct state_run *run);

/* state/alerts.h */
void record_alert_set(struct record *record, const struct state_alert *alert);
void record_alert_clear(struct record *record, const char *database, const char *target,
    const char *kind);

/* For reading what was written; NULL: nothing can be had. Ask for it each time:
 * it may be another one. */
struct state *record_reader(struct record *record);

/* false when nothing is known of it. */
bool record_get(struct record *record, const char *database, struct state_database *ret);

/* The highest id of a run; 0: none. */
int64_t record_last_id(struct record *record);

/* Databases that `is_scheduled` does not want have no next time and no retry any
 * more. Reads all: for the start. */
void record_unschedule(struct record *record,
    bool (*is_scheduled)(void *ctx, const char *database), void *ctx);

#endif

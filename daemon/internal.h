/*
 * The daemon's loop as its parts see it: loop.c (time, signals, the
 * configuration), runs.c (what is due, what was asked for, what became of it).
 */
#ifndef D1KEEP_DAEMON_INTERNAL_H
#define D1KEEP_DAEMON_INTERNAL_H

#include <uv.h>

#include "daemon/alarm.h"
#include "daemon/lag.h"
#include "daemon/loop.h"
#include "daemon/record.h"
#include "daemon/reload.h"
#include "daemon/runner.h"
#include "daemon/serve.h"
#include "daemon/teller.h"
#include "daemon/timetable.h"

struct loop {
	const struct loop_options *options;
	struct config *config;
	struct record record;
	struct timetable *table;
	struct runner *runner;
	struct teller *teller;
	struct serve *serve;            /* NULL with --once */
	struct reload reload;
	struct lag lag;
	uv_loop_t uv;
	struct alarm alarm;             /* the next thing to do */
	int64_t looked_at;              /* when the clock was looked at last: what it showed, … */
	int64_t looked_boot_ms;         /* … and by one that nobody sets; 0: never yet */
	uv_timer_t watchdog;
	uv_signal_t hup, term, intr;
	bool stopping;
	int failures;
};

/* ---- runs.c */

/* Find all due times that are still to be found, however long it takes. */
void runs_plan(struct loop *loop, int64_t now);

/* Do what the timetable wants now, for a few milliseconds at most. False when
 * some of it is left. */
bool runs_answer(struct loop *loop, int64_t now);

/* What was asked for of an earlier daemon and had not begun. */
void runs_ask_again(struct loop *loop);

/* Somebody asks for a run now. When the database has one that waits or goes, it
 * is that one, and *ret_is_new is false. ERR_NOT_FOUND: no such database;
 * ERR_AGAIN: not while stopping. `label` may be NULL. */
int runs_ask(struct loop *loop, const char *database, const char *label,
    int64_t *ret_id, bool *ret_is_new, struct err *err);

/* The runner's callbacks; ctx is the loop. */
void runs_began(void *ctx, const char *database, const struct state_run *run);
void runs_ended(void *ctx, const struct runner_end *end);

/* ---- loop.c */

/* Tell the supervisor what goes on. */
void loop_tell_status(const struct loop *loop);

/* Look at the timetable soon: it may have something earlier now. */
void loop_set_alarm(struct loop *loop);

/* Stopping, or --once, and nothing runs or waits any more? */
void loop_leave_if_idle(struct loop *loop);

#endif

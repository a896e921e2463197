/*
 * Jobs in their order, so many at once. What a job's beginning and end mean is
 * the caller's business: it is told.
 */
#ifndef D1KEEP_DAEMON_RUNNER_H
#define D1KEEP_DAEMON_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/clock.h"
#include "state/state.h"

struct runner_end {
	const char *database;
	struct state_run run;    /* started_at 0: it never began */
	bool cut_off;            /* runner_stop ended it before it was done */
};

struct runner_options {
	uv_loop_t *loop;
	const struct clock *clock;
	const char *binary;          /* these two as in daemon/job.h; lent */
	const char *config_path;
	unsigned jobs;               /* at once, at least 1 */
	int64_t kill_after_ms;       /* from a timeout's SIGTERM to SIGKILL */
	void (*began)(void *ctx, const char *database, int64_t slot_at, int64_t now);
	void (*ended)(void *ctx, const struct runner_end *end);
	void *ctx;
};

struct runner;

struct runner *runner_new(const struct runner_options *options);

/* No job may be left: see runner_stop. NULL is fine. */
void runner_free(struct runner *runner);

/* Queue a run, answering the due time `slot_at`; it begins when its turn has
 * come, perhaps within this call. */
void runner_push(struct runner *runner, const char *database, unsigned timeout_s,
    int64_t slot_at);

/* The text of the configuration that jobs work by from now on: the file itself
 * may be broken by then. It reaches them as descriptor 4, named by
 * $D1KEEP_CONFIG_TEXT (cli/session.c). */
void runner_set_config(struct runner *runner, const char *text);

/* That text, for other children's 4; 0: they read the file themselves. */
int runner_config_fd(const struct runner *runner);

void runner_set_jobs(struct runner *runner, unsigned jobs);

/* Start nothing more: what waits is told as ended and cut off, what runs gets
 * SIGTERM, and SIGKILL `kill_after_ms` later. */
void runner_stop(struct runner *runner, int64_t kill_after_ms);

size_t runner_running(const struct runner *runner);
size_t runner_waiting(const struct runner *runner);

#endif

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
#include "daemon/event.h"
#include "state/state.h"

/* A run that is wanted. Strings are copied. */
struct runner_request {
	const char *database;
	const char *label;       /* or NULL */
	int64_t id;              /* of an earlier try that goes on; 0: a new run */
	int64_t slot_at;         /* the scheduled time it answers; 0: asked for */
	enum state_cause cause;
	int attempt;
	unsigned timeout_s;      /* 0: no limit */
	bool expects_verdict;    /* its snapshot is verified (daemon/outcome.h) */
};

/* A run that waits or goes; lent until the runner is called again. */
struct runner_item {
	struct runner_request request;   /* its id is set */
	int64_t asked_at;        /* these two in Unix seconds */
	int64_t started_at;      /* 0: it waits */
	int64_t rows, bytes;     /* read so far */
};

struct runner_end {
	const char *database;
	struct state_run run;    /* started_at 0: it never began */
	bool cut_off;            /* runner_stop ended it before it was done */
	const char *hint;        /* what a person can do about its error; or NULL */
};

struct runner_options {
	uv_loop_t *loop;
	const struct clock *clock;
	const char *binary;          /* these two as in daemon/job.h; lent */
	const char *config_path;
	unsigned jobs;               /* at once, at least 1 */
	int64_t kill_after_ms;       /* from a timeout's SIGTERM to SIGKILL */
	int64_t last_id;             /* runs get the ids after it */
	/* `run` holds what is known at its beginning. */
	void (*began)(void *ctx, const char *database, const struct state_run *run);
	void (*ended)(void *ctx, const struct runner_end *end);
	void *ctx;
};

struct runner;

struct runner *runner_new(const struct runner_options *options);

/* Closes the runner's handle in the loop; nothing is started any more. */
void runner_close(struct runner *runner);

/* After runner_close and the loop's end: no job may be left (runner_stop). NULL
 * is fine. */
void runner_free(struct runner *runner);

/* Queue a run; it begins from the loop when its turn has come. Its id. For one
 * of cause STATE_CAUSE_REQUEST: when the database has a run that waits or goes,
 * that is its run (a run that waits gets its label, if it had none), and
 * *ret_is_new (NULL is fine) is false. Others are the caller's to know of. */
int64_t runner_push(struct runner *runner, const struct runner_request *request,
    bool *ret_is_new);

/* Ids after this one from now on, unless they are higher already. */
void runner_raise_id(struct runner *runner, int64_t last_id);

/* The text of the configuration that jobs work by from now on: the file itself
 * may be broken by then. It reaches them as descriptor 4, named by
 * $D1KEEP_CONFIG_TEXT (cli/session.c). */
void runner_set_config(struct runner *runner, const char *text);

/* That descriptor, for other children; 0: there is none. */
int runner_config_fd(const struct runner *runner);

void runner_set_jobs(struct runner *runner, unsigned jobs);

/* Start nothing more: what waits is told as ended and cut off, what runs gets
 * SIGTERM, and SIGKILL `kill_after_ms` later. */
void runner_stop(struct runner *runner, int64_t kill_after_ms);

size_t runner_running(const struct runner *runner);
size_t runner_waiting(const struct runner *runner);

/* Those that go, in the order they began, then those that wait, in theirs, until
 * `visit` says false. */
void runner_each(const struct runner *runner,
    bool (*visit)(void *ctx, const struct runner_item *item), void *ctx);

#endif

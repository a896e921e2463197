/*
 * One run of `d1keep backup`: a child process, its events (descriptor 3), its
 * standard error (logged line by line), its time limit, its end.
 */
#ifndef D1KEEP_DAEMON_JOB_H
#define D1KEEP_DAEMON_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/event.h"

struct job_options {
	uv_loop_t *loop;
	const char *binary;       /* d1keep: a path, or a name to look for in PATH */
	const char *config_path;
	const char *database;     /* environment/database; copied */
	int64_t number;           /* the run's id: tells jobs apart in the log */
	int64_t slot_at;          /* of a scheduled run (--slot, --prune); 0: asked for */
	const char *label;        /* --label, or NULL */
	int config_fd;            /* the configuration's text, for the child's 4; 0: none */
	unsigned timeout_s;       /* SIGTERM after this; 0: no limit */
	int64_t kill_after_ms;    /* and SIGKILL this much later */
};

struct job_result {
	int exit_code;            /* 128 + signal when killed; 127: could not be started */
	bool stopped;             /* job_stop was called before its end */
	bool timed_out;
	char message[512];        /* why it did not succeed, or empty */
	struct event_sum events;
};

struct job;

/* Start it. `ended` is called once, later and from the loop, also when it could
 * not even be started; the job is freed after that call. */
struct job *job_start(const struct job_options *options,
    void (*ended)(void *ctx, const struct job_result *result), void *ctx);

/* Ask it to end (SIGTERM); make it end (SIGKILL) `kill_after_ms` later. */
void job_stop(struct job *job, int64_t kill_after_ms);

/* 0 when it could not be started. */
int job_pid(const struct job *job);

/* What it has told so far. */
const struct event_sum *job_events(const struct job *job);

#endif

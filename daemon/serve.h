/*
 * The control API (control/) as a part of the daemon: what it may know of
 * configuration, notes and runs, and where it listens.
 */
#ifndef D1KEEP_DAEMON_SERVE_H
#define D1KEEP_DAEMON_SERVE_H

#include <stdbool.h>
#include <uv.h>

#include "base/clock.h"
#include "config/config.h"
#include "control/host.h"
#include "daemon/lag.h"
#include "daemon/record.h"
#include "daemon/runner.h"

struct serve_options {
	uv_loop_t *loop;
	const struct clock *clock;
	const char *binary;
	const char *config_path;
	struct record *record;
	struct runner *runner;
	const struct lag *lag;
	/* See control/host.h. The database is configured. */
	int (*create)(void *ctx, const struct config_database *database, const char *label,
	    int64_t *ret_run, bool *ret_is_new, struct err *err);
	void *ctx;
};

struct serve;

struct serve *serve_start(const struct serve_options *options, const struct config *config);

/* Another configuration from now on; the old one may be freed after this. */
void serve_set_config(struct serve *serve, const struct config *config);

/* A run has ended. */
void serve_ended(struct serve *serve, const struct state_run *run);

/* From now on it answers that it is not ready. */
void serve_set_stopping(struct serve *serve);

/* Closes its handles, so that uv_run can return; serve_free after that. NULL is
 * fine for both. */
void serve_stop(struct serve *serve);
void serve_free(struct serve *serve);

#endif

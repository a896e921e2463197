/*
 * The daemon while it lives: waits for due times, signals and its children.
 */
#ifndef D1KEEP_DAEMON_LOOP_H
#define D1KEEP_DAEMON_LOOP_H

#include <stdbool.h>

#include "base/clock.h"
#include "config/config.h"
#include "daemon/notify.h"

struct loop_options {
	struct config *config;          /* the loop owns it, and those that follow it */
	const char *config_path;        /* read again at SIGHUP */
	const char *binary;             /* d1keep */
	const struct clock *clock;
	const struct notify *notify;
	bool once;                      /* what is due now, and no more */
	/* Told of each new configuration before the loop takes it. */
	void (*on_config)(void *ctx, const struct config *config);
	void *ctx;
};

/* Returns when all is over: how many runs failed, or -1 when it could not even
 * begin. */
int loop_run(const struct loop_options *options, struct err *err);

#endif

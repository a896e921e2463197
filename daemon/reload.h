/*
 * Reading the configuration again, in another thread: thousands of databases
 * take a moment, and their secret files may lie on a disk that sleeps.
 */
#ifndef D1KEEP_DAEMON_RELOAD_H
#define D1KEEP_DAEMON_RELOAD_H

#include <stdbool.h>
#include <uv.h>

#include "config/config.h"

struct reload {
	uv_loop_t *loop;
	const char *path;
	/* What was read, ours no more; NULL when it cannot be used, which has been
	 * told. */
	void (*done)(void *ctx, struct config *config);
	void *ctx;
	uv_work_t work;
	bool is_reading;
	bool again;              /* asked for while it was read */
	struct config *config;
	struct config_problems problems;
};

/* Read it soon. However often this is asked for meanwhile, it is read once more
 * and no oftener. */
void reload_ask(struct reload *reload);

#endif

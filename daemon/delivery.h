/*
 * One notice on its way to one target: a child, `d1keep notify --deliver NAME`,
 * that has the document as its standard input. The network is its business.
 */
#ifndef D1KEEP_DAEMON_DELIVERY_H
#define D1KEEP_DAEMON_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct delivery_options {
	uv_loop_t *loop;
	const char *binary;       /* these two as in daemon/job.h */
	const char *config_path;
	const char *target;       /* copied */
	const char *text;         /* copied */
	int config_fd;            /* as in daemon/job.h */
	int64_t limit_ms;         /* then SIGTERM */
	int64_t kill_after_ms;    /* and SIGKILL */
};

struct delivery;

/* `ended` is called once, later and from the loop; the delivery is freed after
 * that call. What the child says on standard error is logged. */
struct delivery *delivery_start(const struct delivery_options *options,
    void (*ended)(void *ctx, bool delivered), void *ctx);

/* SIGTERM now. */
void delivery_stop(struct delivery *delivery);

#endif

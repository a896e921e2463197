/*
 * A `d1keep` that reads the bucket for us: its output comes in pieces, with
 * back-pressure; why it failed comes as events (cli/events.h) on descriptor 3.
 */
#ifndef D1KEEP_CONTROL_CHILD_H
#define D1KEEP_CONTROL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/host.h"

#define CHILD_ERRORS_MAX 5

struct child_error {
	char code[16];           /* an err_code's name: "not-found", "again", … */
	char message[512];
	char hint[384];
};

/* How it ended. */
struct child_end {
	int exit_code;           /* 128 + signal; 127: could not be started */
	bool timed_out;
	struct child_error errors[CHILD_ERRORS_MAX];     /* the first ones */
	size_t error_count;
};

struct child_options {
	const struct control_host *host;
	const char *const *args; /* after `d1keep -c FILE`; NULL ends them */
	int64_t timeout_ms;      /* until its end */
	/* Output is there: child_read it, now or later. */
	void (*readable)(void *ctx);
	/* All output was handed on and it has ended. The last call. */
	void (*ended)(void *ctx, const struct child_end *end);
	void *ctx;
};

struct child;

/* Calls come later and from the loop, also when it could not be started. It
 * frees itself after `ended`. */
struct child *child_start(const struct child_options *options);

/* Take up to `max` bytes of what is there; 0: nothing now. Not in `ended`. */
size_t child_read(struct child *child, char *ret, size_t max);

/* Nobody listens any more: no call comes, it is ended (SIGTERM, then SIGKILL). */
void child_drop(struct child *child);

#endif

/*
 * How long the loop's turns take: from one wait for events to the next, without
 * the waiting itself. Who waits for the loop waits that long at most.
 */
#ifndef D1KEEP_DAEMON_LAG_H
#define D1KEEP_DAEMON_LAG_H

#include <stdint.h>
#include <uv.h>

struct lag {
	int64_t turns;
	int64_t longest_us;      /* by the clock: a machine that is busy adds to it */
	int64_t longest_cpu_us;  /* of this thread's own computing */
	/* Since when the turn goes. */
	uint64_t began_ns, idle_ns;
	int64_t began_cpu_us;
	uv_prepare_t prepare;
};

/* Measures from now on, without keeping the loop alive. */
void lag_start(struct lag *lag, uv_loop_t *loop);

/* Forget what was: the first turn begins now. */
void lag_reset(struct lag *lag);

/* Closes its handle. */
void lag_stop(struct lag *lag);

#endif

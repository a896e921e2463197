/*
 * Wakes the loop at a moment of the wall clock, and whenever that clock is set:
 * forwards, backwards, by hand or by a machine that slept. Nothing goes between
 * these, however far the moment is.
 */
#ifndef D1KEEP_DAEMON_ALARM_H
#define D1KEEP_DAEMON_ALARM_H

#include <stdint.h>
#include <uv.h>

#include "base/clock.h"

/* Not by itself: only when the clock is set. */
#define ALARM_NEVER INT64_MAX

struct alarm {
	const struct clock *clock;
	void (*ring)(void *ctx);
	void *ctx;
	int fd;                  /* timerfd_create(2); -1: none can be had … */
	uv_poll_t *poll;
	uv_timer_t *timer;       /* … and this goes, and looks once a minute at least */
};

/* Silent until alarm_set. `ring` may come early: look at the clock, and set it anew.
 * Of a clock that is not the machine's own it is not known when it is set: that
 * one is looked at once a minute. */
void alarm_init(struct alarm *alarm, uv_loop_t *loop, const struct clock *clock,
    void (*ring)(void *ctx), void *ctx);

/* In Unix milliseconds; what is past rings at once, though from the loop. */
void alarm_set(struct alarm *alarm, int64_t at_ms);

void alarm_stop(struct alarm *alarm);

/* Closes its handles, which outlive it until the loop has run once more. A second
 * time is fine. */
void alarm_close(struct alarm *alarm);

#endif

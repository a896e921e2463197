/*
 * Times of the week in which nothing is started: "mon-fri 08:00-18:00,
 * 23:30-00:30, sat, sun 00:00-24:00". A window is a set of readings of the
 * local clock, from its first minute up to, without, its last; one that ends
 * no later than it begins goes on into the next day. Pure values, no heap.
 */
#ifndef D1KEEP_SCHEDULE_BLACKOUT_H
#define D1KEEP_SCHEDULE_BLACKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define BLACKOUT_MAX 16          /* windows */

struct blackout {
	struct blackout_window {
		uint8_t days;    /* it begins on these; bit 0: Sunday … bit 6 */
		uint16_t from;   /* minute of the day */
		uint16_t length; /* minutes, 1 to 1440 */
	} windows[BLACKOUT_MAX];
	uint8_t count;           /* 0: none, always open */
};

/* Days (first three letters, in any case; ranges may go round the week, lists
 * are "sat, sun 10:00-12:00") may be left out: every day. ERR_USAGE quotes what
 * is wrong, also windows that leave no minute of the week. "" is none. */
int blackout_parse(const char *text, struct blackout *ret, struct err *err);

/* The first moment from `at` on (Unix seconds) at which the clock of `zone`
 * shows no minute of a window: `at` itself when it is in none, else the end of
 * all windows that follow on one another. Never falls as `at` rises. */
int64_t blackout_end(const struct blackout *blackout, const char *zone, int64_t at);

#endif

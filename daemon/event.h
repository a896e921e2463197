/*
 * What a running `d1keep backup --events-fd 3` tells: one JSON object a line.
 *
 *   {"event":"start","database":"production/auth","id":…}
 *   {"event":"progress","rows":N,"bytes":N}
 *   {"event":"done","snapshot":"20261122T021700Z","rows":N,"sql_bytes":N,
 *    "stored_bytes":N,"new_bytes":N,"exit":0}
 *   {"event":"error","code":"again","message":"…","hint":"…"}
 *
 * Members and events that are not known are passed over: a newer d1keep may
 * say more.
 */
#ifndef D1KEEP_DAEMON_EVENT_H
#define D1KEEP_DAEMON_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define EVENT_MAX_BYTES 65536

/* The sum of a job's events so far; begins as zeroes. */
struct event_sum {
	bool done;               /* a done event came */
	int64_t rows;            /* of the last progress, then of the snapshot */
	int64_t sql_bytes;
	int64_t stored_bytes;
	int64_t new_bytes;
	char snapshot[32];
	char message[512];       /* of the last error */
	char hint[384];
};

/* Add one line. ERR_CORRUPT when it is no event: nothing changed. */
int event_add(struct event_sum *sum, const char *line, size_t len, struct err *err);

/* Copy what fits of `text`, never half a UTF-8 character. */
void event_copy_text(char *ret, size_t size, const char *text);

#endif

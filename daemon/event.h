/*
 * What a running `d1keep backup --events-fd 3` tells: one JSON object a line.
 *
 *   {"event":"start","database":"production/auth"}
 *   {"event":"progress","rows":N,"bytes":N}
 *   {"event":"taken","snapshot":"20261122T021700Z"}      the slot had been answered
 *   {"event":"done","snapshot":"20261122T021700Z","rows":N,"sql_bytes":N,
 *    "stored_bytes":N,"new_bytes":N,"requests":N,"retries":N,"rows_read":N,
 *    "ms":N,"exceptions":N,"exit":0}
 *   {"event":"verified","how":"replay","good":true,"ms":N,"problems":["…"]}
 *   {"event":"pruned","removed":N,"kept":N,"freed_bytes":N,"blocked":"…"}   blocked: why
 *    nothing, or no garbage, was removed; absent when that was not so
 *   {"event":"error","code":"again","message":"…","hint":"…"}
 *
 * Codes are the words of base/err.h's codes (cli/events.c). Members and events
 * that are not known are passed over: a newer d1keep may say more.
 */
#ifndef D1KEEP_DAEMON_EVENT_H
#define D1KEEP_DAEMON_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "state/state.h"

#define EVENT_MAX_BYTES 65536

/* The sum of a job's events so far; begins as zeroes. */
struct event_sum {
	bool done;               /* a done event came */
	bool taken;              /* or this one */
	enum state_verdict verified;
	int64_t rows;            /* of the last progress, then of the snapshot */
	int64_t sql_bytes;
	int64_t stored_bytes;
	int64_t new_bytes;
	int64_t freed_bytes;
	int64_t requests, retries, rows_read;
	int64_t took_ms;
	char snapshot[32];
	char blocked[512];       /* why pruning was, or empty */
	char code[16];           /* of the last error, as are the next two */
	char message[512];
	char hint[384];
};

/* Add one line. ERR_CORRUPT when it is no event: nothing changed. */
int event_add(struct event_sum *sum, const char *line, size_t len, struct err *err);

/* Copy what fits of `text`, never half a UTF-8 character. */
void event_copy_text(char *ret, size_t size, const char *text);

#endif

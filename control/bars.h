/*
 * The last thirty runs of a database as small bars, newest at the right: height
 * by how long it took; colour and form by how it ended; a title each.
 */
#ifndef D1KEEP_CONTROL_BARS_H
#define D1KEEP_CONTROL_BARS_H

#include "base/buf.h"
#include "state/state.h"

#define BARS_COUNT 30

struct bars {
	struct state_run runs[BARS_COUNT];   /* newest first */
	size_t count;
};

/* Reads them; what cannot be read is not shown. */
void bars_read(struct bars *bars, struct state *state, const char *database);

void bars_draw(const struct bars *bars, struct buf *buf, const char *zone);

/* "good, 1.2 s, 12,403 rows, 214 KiB" as text of ours, not escaped. */
#define BARS_WORDS_SIZE 160
char *bars_words(const struct state_run *run, char ret[BARS_WORDS_SIZE]);

#endif

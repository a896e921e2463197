/*
 * Bytes in, lines out; no I/O. A line has a ceiling: what goes past it is
 * dropped up to the next newline.
 */
#ifndef D1KEEP_DAEMON_LINES_H
#define D1KEEP_DAEMON_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* One line without its newline, NUL-terminated, valid during the call. `cut`:
 * it was longer, and these are its first bytes. */
typedef void lines_visit(void *ctx, const char *line, size_t len, bool cut);

struct lines {
	struct buf line;
	bool cut;
	lines_visit *visit;
	void *ctx;
};

void lines_init(struct lines *lines, size_t max_bytes, lines_visit *visit, void *ctx);
void lines_release(struct lines *lines);

void lines_feed(struct lines *lines, const char *data, size_t len);

/* The end: a last line without a newline counts too. */
void lines_finish(struct lines *lines);

#endif

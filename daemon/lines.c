#include "daemon/lines.h"

#include <string.h>

void lines_init(struct lines *lines, size_t max_bytes, lines_visit *visit, void *ctx)
{
	*lines = (struct lines){ .visit = visit, .ctx = ctx };
	buf_init(&lines->line, max_bytes);
}

void lines_release(struct lines *lines)
{
	buf_release(&lines->line);
}

static void keep(struct lines *lines, const char *data, size_t len)
{
	size_t room = lines->line.max - lines->line.len;

	if (len > room) {
		lines->cut = true;
		len = room;
	}
	(void)buf_add(&lines->line, data, len, NULL);
}

static void deliver(struct lines *lines)
{
	lines->visit(lines->ctx, buf_str(&lines->line), lines->line.len, lines->cut);
	buf_reset(&lines->line);
	lines->cut = false;
}

void lines_feed(struct lines *lines, const char *data, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline != NULL ? (size_t)(newline - data) : len;

		keep(lines, data, part);
		if (newline == NULL)
			return;
		deliver(lines);
		data += part + 1;
		len -= part + 1;
	}
}

void lines_finish(struct lines *lines)
{
	if (lines->line.len > 0)
		deliver(lines);
}

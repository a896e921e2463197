#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/format.h"

#define REDRAW_MS 150

void progress_begin(struct progress *p, const char *title, int64_t total_bytes, bool quiet)
{
	*p = (struct progress){
		.shown = !quiet && isatty(STDERR_FILENO),
		.started_ms = clock_monotonic_ms(), .total_bytes = total_bytes,
	};
	(void)snprintf(p->title, sizeof(p->title), "%s", title);
}

void progress_update(struct progress *p, int64_t bytes, int64_t rows)
{
	int64_t now = clock_monotonic_ms(), elapsed = now - p->started_ms;
	char done[FORMAT_SIZE], speed[FORMAT_SIZE], count[FORMAT_SIZE];

	if (!p->shown || now - p->drawn_ms < REDRAW_MS)
		return;
	p->drawn_ms = now;
	p->drawn = true;
	(void)fprintf(stderr, "\r\033[K%s   ", p->title);
	if (p->total_bytes > bytes)
		(void)fprintf(stderr, "%3d %%   ", (int)(bytes * 100 / p->total_bytes));
	if (rows >= 0)
		(void)fprintf(stderr, "%s %s   ", format_count(rows, count), plural(rows, "row", "rows"));
	(void)fprintf(stderr, "%s   %s/s", format_bytes(bytes, done),
	    format_bytes(elapsed > 0 ? bytes * 1000 / elapsed : 0, speed));
	(void)fflush(stderr);
}

void progress_title(struct progress *p, const char *title)
{
	(void)snprintf(p->title, sizeof(p->title), "%s", title);
	p->total_bytes = 0;
	p->started_ms = clock_monotonic_ms();
	p->drawn_ms = 0;
	if (!p->shown)
		return;
	p->drawn = true;
	(void)fprintf(stderr, "\r\033[K%s", p->title);
	(void)fflush(stderr);
}

void progress_say(struct progress *p, const char *what)
{
	if (!p->shown)
		return;
	p->drawn_ms = clock_monotonic_ms();
	p->drawn = true;
	(void)fprintf(stderr, "\r\033[K%s   %s", p->title, what);
	(void)fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (!p->drawn)
		return;
	(void)fprintf(stderr, "\r\033[K");
	(void)fflush(stderr);
	p->drawn = false;
}

void progress_bytes(void *ctx, int64_t bytes)
{
	progress_update(ctx, bytes, -1);
}

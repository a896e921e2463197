/*
 * A progress line on a terminal; nothing elsewhere. It is drawn at most a few
 * times a second and wiped before anything else is printed.
 */
#ifndef D1KEEP_CLI_PROGRESS_H
#define D1KEEP_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	char title[200];
	bool shown;              /* standard error is a terminal and not --quiet */
	bool drawn;
	int64_t started_ms, drawn_ms;
	int64_t total_bytes;     /* 0: not known */
};

void progress_begin(struct progress *p, const char *title, int64_t total_bytes, bool quiet);

/* `rows` -1: not counted. */
void progress_update(struct progress *p, int64_t bytes, int64_t rows);

/* What is being done now. */
void progress_title(struct progress *p, const char *title);

/* Words instead of numbers: what is waited for. */
void progress_say(struct progress *p, const char *what);

/* Wipe the line. */
void progress_end(struct progress *p);

/* A progress callback of restore/: ctx is the struct progress. */
void progress_bytes(void *ctx, int64_t bytes);

#endif

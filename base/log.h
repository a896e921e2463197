/*
 * Talk for the person who runs the program, on standard error. Only the two
 * programs (cli/, daemon/) call this: libraries return errors and keep quiet.
 * The level and the style are set once at start.
 *
 * A line is one fact. What it is about comes first, as `name=value` words up to
 * a colon: "job=3 database=production/auth: done in 2 s".
 */
#ifndef D1KEEP_BASE_LOG_H
#define D1KEEP_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The numbers are syslog's, as in sd-daemon(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

enum log_style {
	LOG_STYLE_PLAIN,    /* "d1keep: error: …": a person's terminal */
	LOG_STYLE_TIMED,    /* with a UTC time: a daemon in the foreground */
	LOG_STYLE_JOURNAL,  /* with a "<N>" priority that journald reads */
	LOG_STYLE_JSON,     /* one object a line (base/log_json.h) */
	LOG_STYLE_JOURNAL_JSON,  /* the same behind a "<N>" */
};

/* `program` is kept by reference. Lines above `level` are dropped. */
void log_setup(const char *program, enum log_style style, enum log_level level);

/* For a program that must not be held up by who reads its log, nor by nobody
 * reading it, nor by a full disk: a line that cannot be written at once is lost,
 * and how many were is the first line that can be written again. */
void log_never_wait(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "error: message" and, when there is one, a "hint:" line of its own. */
void log_err(const struct err *err);

#endif

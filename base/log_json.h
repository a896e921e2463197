/*
 * A line of the log as a JSON object, for machines:
 *
 *   {"time":"2026-11-22T02:17:00Z","level":"info","job":3,
 *    "database":"production/auth","message":"done in 2 s"}
 *
 * The `name=value` words that begin the text (base/log.h) become members; a value
 * that is a whole number is one.
 */
#ifndef D1KEEP_BASE_LOG_JSON_H
#define D1KEEP_BASE_LOG_JSON_H

#include <stddef.h>

/* Writes the object and a newline, without a NUL; returns the length. The
 * message is cut where it does not fit; `size` is at least 1024. Bytes that are
 * no UTF-8 become '?'. */
size_t log_json(char *ret, size_t size, const char *time, const char *level, const char *text);

#endif

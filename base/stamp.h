/*
 * Moments as text, always UTC. Two spellings of one moment:
 *   ISO 8601  2026-11-22T02:17:00Z   what people read and type
 *   compact   20261122T021700Z       in object names; sorts by time
 */
#ifndef D1KEEP_BASE_STAMP_H
#define D1KEEP_BASE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define STAMP_ISO_SIZE 24      /* bytes, with the NUL */
#define STAMP_COMPACT_SIZE 20

/* `at` in Unix seconds, years 0 to 9999; the text goes to `ret`, which is also
 * returned. It is empty for other years. */
char *stamp_iso(int64_t at, char ret[STAMP_ISO_SIZE]);
char *stamp_compact(int64_t at, char ret[STAMP_COMPACT_SIZE]);

/* Reads either spelling, exactly; false when it is neither, or no such date. */
bool stamp_parse(const char *text, int64_t *ret_at);

#endif

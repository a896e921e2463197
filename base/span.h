/*
 * Spans of time as people write them: a number and "h", "d", "w" or "y" (of 365
 * days). config/ has checked their form.
 */
#ifndef D1KEEP_BASE_SPAN_H
#define D1KEEP_BASE_SPAN_H

#include <stdint.h>

/* "30d" in seconds; 0 for NULL and for what is no span. */
int64_t span_seconds(const char *text);

#endif

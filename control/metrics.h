/*
 * Parts of Prometheus' text format, for the tests.
 */
#ifndef D1KEEP_CONTROL_METRICS_H
#define D1KEEP_CONTROL_METRICS_H

#include <stddef.h>

#include "base/buf.h"

/* name="value", with backslash, quote and line feed escaped. */
void metrics_label(struct buf *buf, const char *name, const char *value, size_t len);

#endif

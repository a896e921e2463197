/*
 * Is the file of an export a whole one? Status "complete" does not say so: empty
 * files, files of one line and files that end in the exporter's own error message
 * have been met (TORTURE.md A1 #15, #22).
 */
#ifndef D1KEEP_NET_D1_EXPORT_CHECK_H
#define D1KEEP_NET_D1_EXPORT_CHECK_H

#include <stdint.h>

#include "base/err.h"

/* ERR_CORRUPT says what is wrong with the `bytes` bytes of the file. */
int d1_export_check(int fd, int64_t bytes, struct err *err);

#endif

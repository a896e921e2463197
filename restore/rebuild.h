/*
 * A snapshot rebuilt in a temporary SQLite file, and everything about that file
 * checked that can be.
 */
#ifndef D1KEEP_RESTORE_REBUILD_H
#define D1KEEP_RESTORE_REBUILD_H

#include "base/err.h"
#include "restore/verify.h"

/* Adds what is wrong to the verdict's problems. -1 when it could not be found out,
 * or when the chunks themselves are damaged (ERR_CORRUPT). */
int rebuild_and_check(const struct verify_options *options, struct verdict *verdict,
    struct err *err);

#endif

/*
 * Is a chunk of rows what it says: INSERTs into its own table, of literals, and
 * nothing else? A file replays under an authorizer; a D1 runs whatever it is sent,
 * so what goes there is read first, strictly, by the grammar of docs/format.md.
 */
#ifndef D1KEEP_RESTORE_ROWS_H
#define D1KEEP_RESTORE_ROWS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* ERR_CORRUPT when it is anything else, or has not `rows` rows. */
int rows_check(const struct buf *sql, const char *table, int64_t rows, struct err *err);

#endif

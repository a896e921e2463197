/*
 * Rows whose values are at hand as they are (db_each): their canonical tuples,
 * pure. The same bytes as tuple_next() makes of what a database quoted itself.
 */
#ifndef D1KEEP_TABLES_VALUES_H
#define D1KEEP_TABLES_VALUES_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"

/* A larger value cannot be kept: its literal would not fit a chunk. */
#define VALUE_MAX_BYTES (24 * 1024 * 1024)

/* Append "(literal,…)". ERR_TOO_BIG when `ret` may not grow so far. */
int values_add_tuple(struct buf *ret, const struct db_value *values, size_t count,
    struct err *err);

#endif

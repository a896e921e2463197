/*
 * The rows of a large table in a file, read by several threads: its rowids are cut into
 * ranges, each thread makes the tuples of a range with a connection of its own, and
 * they are passed on in key order.
 */
#ifndef D1KEEP_RESTORE_READBACK_H
#define D1KEEP_RESTORE_READBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"
#include "tables/reader.h"
#include "tables/schema.h"

/* Tuples, an LF behind each; `rows` of them. Called by the thread that reads the table. */
typedef int readback_visit(void *ctx, struct span tuples, int64_t rows, struct err *err);

struct readback_options {
	struct db *db;              /* the file, which nothing writes to meanwhile */
	const char *path;           /* the same file, for more connections */
	const struct table *table;
	unsigned workers;
	/* What it should have as SQL: ranges are cut by it, and nothing depends on its
	 * being right. */
	int64_t sql_bytes;
	readback_visit *visit;
	void *ctx;
};

/* Can it be read so, and is it worth the threads? */
bool readback_is_worth(const struct readback_options *options);

/* Visit every row of the table. */
int readback_table(const struct readback_options *options, struct err *err);

#endif

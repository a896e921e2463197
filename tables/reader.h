/*
 * Reading the rows of a table, every byte of them, in key order, page by page.
 *
 * The size of a page follows what comes back: it grows towards the most the
 * database's kind likes and halves when the engine says "too big", down to one
 * row; a single row that is too big is read value by value, in slices.
 */
#ifndef D1KEEP_TABLES_READER_H
#define D1KEEP_TABLES_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/schema.h"
#include "tables/select.h"
#include "tables/tuple.h"
#include "base/err.h"
#include "db/db.h"

/* Called for each row with its canonical tuple, valid during the call. */
typedef int row_visit(void *ctx, struct span tuple, struct err *err);

struct reader {
	struct db *db;
	row_visit *visit;
	void *ctx;
	/* total_changes() as it was when reading began. When `watch` is set and a
	 * page comes with another number, the reading ends with ERR_CHANGED;
	 * `changed` tells it in any case. */
	bool watch;
	int64_t total_changes;
	bool changed;
	/* Bytes a page aims at now; 0 until the first. */
	size_t page_bytes;
};

/* Visit every row of the table. */
int reader_table(struct reader *reader, const struct table *table, struct err *err);

/* Visit the rows of one answer (a tuple a row). `*ret_replaced` is set, and nothing visited, when the answer shows U+FFFD and
 * the database's kind replaces invalid UTF-8: ask again as hex. */
int reader_rows(const struct db *db, const struct db_rows *rows, const struct table *table,
    enum select_mode mode, row_visit *visit, void *ctx, bool *ret_replaced,
    struct err *err);

/* Does any cell of the first column show U+FFFD? */
bool rows_have_replacement(const struct db_rows *rows);

/* Is any of them NULL? So printf() answers when a row's tuple is longer than the
 * engine's longest string: the same as ERR_TOO_BIG. */
bool rows_have_null(const struct db_rows *rows);

/* Compare an answer to "SELECT total_changes()" with the number at the start. */
int reader_check_changes(struct reader *reader, const struct db_rows *rows, struct err *err);

/* Read the one row behind `after` value by value: appends its tuple to `ret`.
 * Returns 1, or 0 when there is no row. */
int slices_read_row(struct db *db, const struct table *table, struct span after,
    struct buf *ret, struct err *err);

#endif

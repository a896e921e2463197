/*
 * Reading the rows of a table, every byte of them, in key order: of a file as they
 * lie there, else page by page (tables/pages.h), where the next two pages are asked
 * for while the rows of the last one are visited.
 */
#ifndef D1KEEP_TABLES_READER_H
#define D1KEEP_TABLES_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/schema.h"
#include "tables/select.h"
#include "tables/tuple.h"
#include "base/clock.h"
#include "base/err.h"
#include "db/db.h"

/* Called for each row with its canonical tuple, valid during the call. */
typedef int row_visit(void *ctx, struct span tuple, struct err *err);

struct first_pages;

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
	/* For pages that take long to become smaller; may be NULL. */
	const struct clock *clock;
	/* The tables that will be read, in this order: their first pages may then share
	 * calls (tables/first.h). Or none. */
	const struct table *tables;
	size_t table_count;
	struct first_pages *first;   /* the reader's own */
};

/* What it keeps from table to table. */
void reader_release(struct reader *reader);

/* Visit every row of the table; with `tables`, it is one of them. */
int reader_table(struct reader *reader, const struct table *table, struct err *err);

/* Can ranges of its rowids be read alone? Of a file only, and only where the rowid is
 * the key. */
bool reader_has_ranges(const struct db *db, const struct table *table);

/* Visit the rows of such a range. */
int reader_range(struct reader *reader, const struct table *table, const struct rowids *range,
    struct err *err);

/* Visit the rows of one answer (a tuple a row) that was asked for in this mode and
 * that reader_better_mode() is content with. */
int reader_rows(const struct db *db, const struct db_rows *rows, const struct table *table,
    enum select_mode mode, row_visit *visit, void *ctx, struct err *err);

/* The mode in which these rows have to be asked for to be whole: the one they were
 * asked for in, or another. */
int reader_better_mode(const struct db *db, const struct db_rows *rows, const struct table *table,
    enum select_mode mode, enum select_mode *ret, struct err *err);

/* Do cells of the first column show U+FFFD, in a mode and a database that would
 * hide with it what they really hold? */
bool reader_is_replaced(const struct db *db, const struct db_rows *rows, enum select_mode mode);

/* Begin to take a cell apart that was asked for in this mode. */
void reader_scan(struct tuple_scan *ret, const struct db *db, struct db_cell cell,
    const struct table *table, enum select_mode mode);

/* Take the number of rows off the front of a group's cell (tables/select.h). */
bool reader_cut_count(struct db_cell *cell, int64_t *ret);

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

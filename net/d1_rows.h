/*
 * The rows of an answer to /raw, read without a document of objects for each
 * row: they are most of it, and a job must not need memory by their number.
 *
 * First the text is looked at, strictly, and left as it is: where
 * {"result":[{"results":{"columns":…,"rows":[[…],…]},…},…],…} has its rows, and
 * what is left when those are cut out, which json-c then reads. Then the rows'
 * values are decoded where they lie. An answer that is not plainly of this shape
 * is not cut: json-c reads all of it, and says what is wrong with it.
 */
#ifndef D1KEEP_NET_D1_ROWS_H
#define D1KEEP_NET_D1_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct d1_cell {
	const char *text;        /* NULL: null. A number as it was written */
	size_t len;
};

/* One statement's. */
struct d1_rows {
	size_t columns, count;   /* columns: 0 when there are no rows */
	struct d1_cell *cells;   /* count * columns; set by d1_rows_decode */
	size_t begins;           /* where its '[' is in the text */
};

struct d1_cut {
	struct d1_rows *sets;    /* in the order of the text */
	size_t count, cap;
};

/* Find the rows; `ret_rest` gets the text without them. False when it should be
 * read as a whole; `cut` is empty then. */
bool d1_rows_find(struct d1_cut *cut, const char *text, size_t len, struct buf *ret_rest);

/* Decode the rows of the very text they were found in, which ends with a NUL and
 * must live as long as the cells. */
void d1_rows_decode(struct d1_cut *cut, char *text);

void d1_cut_release(struct d1_cut *cut);

#endif

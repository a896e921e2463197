/*
 * The pages of a table, fetched one behind the other. The size of a page follows
 * what comes back: it grows at once to what the database's kind likes, becomes
 * smaller when a page takes long, and halves when the engine says "too big", down
 * to one row; a single row that is too big is read value by value, in slices. Where
 * rowids lie close together, rows are asked for in groups (tables/groups.h).
 */
#ifndef D1KEEP_TABLES_PAGES_H
#define D1KEEP_TABLES_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/groups.h"
#include "tables/page.h"

struct pages {
	struct reader *reader;
	const struct table *table;
	enum select_mode mode;   /* of pages that need no other one */
	int64_t rows;            /* to ask for next */
	struct groups groups;    /* or these */
	bool ended;              /* there is nothing behind `last` */
	struct buf last;         /* the last tuple fetched; empty at the start */
	struct page *first;      /* the first one, when it is here already; or NULL */
};

void pages_init(struct pages *pages, struct reader *reader, const struct table *table);
void pages_release(struct pages *pages);

/* The first page was asked for elsewhere: `page` is moved. */
void pages_have_first(struct pages *pages, struct page *page);

/* Fetch the page behind the last one. `ret` zeroed; release it in any case. */
int pages_next(struct pages *pages, struct page *ret, struct err *err);

/* Go on behind this tuple (text NULL: from the start), whatever was fetched since,
 * and ask for all that follows in this way. */
int pages_resume(struct pages *pages, struct span last, enum select_mode mode, struct err *err);

#endif

/*
 * One page of a table's rows: asked for, and looked at for what decides about the
 * next one. The rows themselves are read by whoever takes it (tables/reader.h).
 */
#ifndef D1KEEP_TABLES_PAGE_H
#define D1KEEP_TABLES_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/reader.h"

struct page {
	struct db_answer answer; /* its first statement's rows, a tuple or a group a row */
	struct buf big;          /* or this one tuple, when there are no statements */
	enum select_mode mode;   /* how they were asked for */
	int64_t behind, next;    /* SELECT_GROUPED: the keys before them and behind */
	bool is_last;
};

/* `page` zeroed; release it in any case. */
void page_release(struct page *page);

/* Ask for up to `rows` rows behind `after` (tables/select.h) in page->mode.
 * ERR_TOO_BIG: ask for fewer; the page is empty as before. */
int page_ask(struct page *page, struct reader *reader, const struct table *table,
    struct span after, int64_t rows, struct err *err);

/* Ask for these groups: page->mode becomes SELECT_GROUPED. */
int page_ask_groups(struct page *page, struct reader *reader, const struct table *table,
    const struct select_groups *groups, struct err *err);

/* How many rows came, and the bytes of their text. */
int page_weigh(const struct page *page, int64_t *ret_rows, int64_t *ret_bytes, struct err *err);

/* Its first row, or its last, which may lie in `spare`: as tuple_next(). */
int page_end(const struct page *page, const struct reader *reader, const struct table *table,
    bool last, struct buf *spare, struct span *ret, struct err *err);

#endif

/*
 * The first pages of many tables, asked for in one call: a database of thousands of
 * small tables would take a request for each otherwise, and a token has 1,200 in five
 * minutes. The call is checked for changes like any page, so what proves that nothing
 * was written meanwhile proves it of these rows too.
 */
#ifndef D1KEEP_TABLES_FIRST_H
#define D1KEEP_TABLES_FIRST_H

#include "base/err.h"
#include "tables/page.h"

struct first_pages;

/* The first page of this table of `reader->tables`, asked for together with those of the
 * tables behind it: 1, and `ret` (release it; its texts live until the next call). 0: this
 * one is better asked for alone. */
int first_page(struct reader *reader, const struct table *table, struct page *ret,
    struct err *err);

void first_pages_free(struct first_pages *first);   /* NULL is fine */

#endif

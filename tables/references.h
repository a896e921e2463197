/*
 * Foreign keys: which table refers to which, and an order in which every table
 * comes behind those it refers to.
 */
#ifndef D1KEEP_TABLES_REFERENCES_H
#define D1KEEP_TABLES_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/db.h"

/* One column of a foreign key; those of one key follow each other. */
struct reference {
	char *child, *parent;    /* names, which SQLite compares without case */
	/* Deleting or dropping the parent changes the child at once: CASCADE, SET NULL,
	 * SET DEFAULT. Else it only has to be right at the commit: RESTRICT too, while
	 * PRAGMA defer_foreign_keys is on (fkActionTrigger() of SQLite's fkey.c). */
	bool acts;
	bool begins;             /* the first column of its key */
	char *parent_column;     /* or NULL: the parent's primary key, column by column */
};

struct references {
	struct reference *items;
	size_t count, cap;
};

int references_read(struct db *db, struct references *ret, struct err *err);
void references_release(struct references *references);

/* Order `count` tables: `ret_order` gets their places, parents first, and
 * `ret_group` (by place in `names`) the same number for tables that refer to each
 * other in a circle, or to themselves; 0 for all others. */
void references_order(const struct references *references, const char *const *names,
    size_t count, size_t *ret_order, size_t *ret_group);

#endif

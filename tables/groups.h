/*
 * When to ask for the rows of a table in groups, by ranges of its rowid
 * (select_groups in tables/select.h), pure: where the last page's rowids lay close
 * together, which those of most tables do, as each new row gets the next one. Rows
 * that lie far apart, and long ones, are asked for by their number.
 */
#ifndef D1KEEP_TABLES_GROUPS_H
#define D1KEEP_TABLES_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/select.h"

struct groups {
	bool never;              /* not of this table */
	int64_t behind;          /* the key that the next page begins behind */
	int64_t rows, span;      /* the last page had so many rows among so many keys */
	int64_t bytes;           /* of all of them */
};

void groups_init(struct groups *groups, const struct table *table);

/* A page had these rows: its first and last key, and the text in all. */
void groups_saw(struct groups *groups, int64_t first, int64_t last, int64_t rows,
    int64_t bytes);

/* What was seen says nothing about the next page: it is not asked for in groups. */
void groups_forget(struct groups *groups);

/* The groups that have about `rows` rows; false when they should not be asked for
 * in groups. */
bool groups_plan(const struct groups *groups, int64_t rows, struct select_groups *ret);

#endif

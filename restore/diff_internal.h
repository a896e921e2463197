/*
 * The steps of a comparison: diff.c is the whole of it, diff_schema.c compares the
 * statements, diff_files.c makes the two files, diff_rows.c compares their rows.
 */
#ifndef D1KEEP_RESTORE_DIFF_INTERNAL_H
#define D1KEEP_RESTORE_DIFF_INTERNAL_H

#include "restore/diff.h"
#include "tables/schema.h"

int diff_schema(const struct inventory *a, const struct inventory *b,
    const struct selection *selection, struct diff *ret, struct err *err);

/* A table that both sides have, and whose rows are to be compared. */
struct diff_pair {
	const struct table *a, *b;
	size_t result;           /* its place among the diff's tables */
};

struct diff_pairs {
	struct diff_pair *items;
	size_t count, cap;
};

enum diff_key_kind {
	DIFF_KEY_PRIMARY,        /* columns with an index of their own */
	DIFF_KEY_ALIAS,          /* the column that is the rowid */
	DIFF_KEY_ROWID,
};

enum diff_key_kind diff_key_kind(const struct table *t);
/* A rowid that no column shows. */
bool diff_has_hidden_rowid(const struct table *t);
/* The column's, or NULL; not of generated ones. */
const struct column *diff_find_column(const struct table *t, const char *name);

/* The file of one side: its tables of `pairs`, without indexes and triggers, with
 * the rows that the other side may not have. */
struct diff_file {
	const struct diff_options *options;
	const struct diff_side *side, *other;
	const struct inventory *inventory;
	const struct diff_pairs *pairs;
	bool is_b;
	const char *path;
};

int diff_make_file(const struct diff_file *file, struct diff *ret, int64_t *bytes, struct err *err);

/* Compare them. */
struct diff_rows;
struct diff_rows *diff_rows_open(const char *path_a, const char *path_b, struct err *err);
void diff_rows_close(struct diff_rows *rows);
int diff_rows_compare(struct diff_rows *rows, const struct diff_pair *pair, size_t keys,
    struct diff_table *ret, struct err *err);

#endif

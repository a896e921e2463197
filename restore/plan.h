/*
 * What a restore into a database that may hold something would do, found out
 * without touching it: what is in the way, what would be dropped, what each table
 * had and would have.
 */
#ifndef D1KEEP_RESTORE_PLAN_H
#define D1KEEP_RESTORE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "restore/inventory.h"
#include "storage/manifest.h"

struct plan_options {
	struct db *target;         /* NULL: there is nothing yet */
	const char *target_name;   /* for errors: "d1:staging/auth" */
	const struct manifest *manifest;
	const struct inventory *inventory;
	const struct selection *selection;
	bool replace;
	bool count_before;         /* count the rows that are there: costs their reading */
	/* The target enforces foreign keys, always: a D1. */
	bool enforces_foreign_keys;
};

struct plan_table {
	char *name;
	int64_t before, after;     /* rows; -1: not there, or (before) not counted */
	bool is_there;             /* in the target now */
};

struct plan {
	struct plan_table *tables;
	size_t table_count, table_cap;
	struct buf drops;          /* statements, each with its ";\n" */
	size_t drop_count;
	struct buf rebuilds;       /* statements to end with, as drops */
	size_t rebuild_count;
	size_t create_count;       /* statements that make something */
	/* Tables that chosen ones speak of and that were not chosen. */
	char **not_chosen;
	size_t not_chosen_count, not_chosen_cap;
	int64_t rows;              /* to insert */
	int64_t sql_bytes;         /* of the chosen rows' chunks and of the rest */
	/* As D1 counts and charges: a row of a table, and one more for each index. */
	int64_t rows_written;
};

/* ERR_REFUSED when something is in the way: tables are there and may not be
 * replaced; a table that stays would lose rows by a foreign key's action; a
 * chosen one refers to a table that will not be there. */
int plan_make(const struct plan_options *options, struct plan *ret, struct err *err);
void plan_release(struct plan *plan);

#endif

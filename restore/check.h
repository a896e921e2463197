/*
 * Is a database what a snapshot says it was? Rows of each table, and a hash of
 * all of them, compared with the manifest; and its foreign keys.
 */
#ifndef D1KEEP_RESTORE_CHECK_H
#define D1KEEP_RESTORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"
#include "restore/inventory.h"
#include "storage/manifest.h"

struct check_options {
	struct db *db;
	const char *path;                    /* where it is a file that nothing writes to: large
	                                      * tables are read by several threads; or NULL */
	unsigned workers;                    /* so many */
	const struct manifest *manifest;
	const struct selection *selection;   /* which tables; NULL: all */
	bool content;                        /* read all rows too, not only count them */
	void (*progress)(void *ctx, int64_t sql_bytes);   /* may be NULL */
	void *progress_ctx;
};

/* A table that is not what it was. */
struct check_difference {
	char *table;
	int64_t rows, expected;              /* -1: it is not there */
};

struct check_violation {
	char *table;
	int64_t rows;                        /* that refer to nothing */
};

struct check_result {
	struct check_difference *differences;
	size_t difference_count, difference_cap;
	size_t tables;                       /* compared */
	bool content;
	/* Whether the foreign keys were checked; else why not, or NULL where a D1
	 * forbids it. */
	bool violations_known;
	char *why_not;
	struct check_violation *violations;
	size_t violation_count, violation_cap;
};

/* 0 whatever is found; -1 when it cannot be found out. */
int check_database(const struct check_options *options, struct check_result *ret, struct err *err);
void check_result_release(struct check_result *result);

/* ERR_CORRUPT naming the tables that differ, or 0. */
int check_verdict(const struct check_result *result, struct err *err);

#endif

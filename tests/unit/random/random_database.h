/*
 * Databases made by chance: tables of every kind, names of any kind, values of
 * every storage class in columns of every type, virtual tables, and all that
 * hangs on them. The same chance makes the same database.
 *
 * Stands alone (no Check): a tool prints them as SQL for D1's engine too.
 */
#ifndef D1KEEP_TESTS_UNIT_RANDOM_DATABASE_H
#define D1KEEP_TESTS_UNIT_RANDOM_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/unit/chance.h"

struct random_options {
	/* Within D1's limits (CLOUDFLARE.md 5): 100 columns, statements of 100,000
	 * bytes, values of 2,000,000, no pragma that it refuses. */
	bool d1;
	bool no_rtree;
	/* Told of every statement that took part; all of them make the same
	 * database elsewhere, as one transaction. May be NULL. */
	void (*ran)(void *ctx, const char *sql);
	void *ctx;
};

#define RANDOM_LOST_MAX 8

/* What of it a backup cannot keep whole: so many exceptions, and these tables
 * have lost their words. */
struct random_facts {
	size_t exceptions;
	char lost[RANDOM_LOST_MAX][64];
	size_t lost_count;
};

/* Into an empty database. `options` and `facts` may be NULL. Ends the process
 * with a message when what it makes is not as it was meant. */
void random_database(sqlite3 *sqlite, struct chance *c, const struct random_options *options,
    struct random_facts *facts);

/* Some rows less. */
void random_changes(sqlite3 *sqlite, struct chance *c);

#endif

/*
 * Are two SQLite files the same database? Definitions, rows (storage class, every
 * bit, hidden rowids), SQLite's own tables, the header's two numbers, and what a
 * full-text search finds. Stands alone (no Check).
 */
#ifndef D1KEEP_TESTS_UNIT_RANDOM_COMPARE_H
#define D1KEEP_TESTS_UNIT_RANDOM_COMPARE_H

#include <stdbool.h>

#include "tests/unit/random/random_database.h"

struct comparison {
	const char *source, *restored;   /* paths */
	/* Tables whose words are lost; may be NULL. */
	const struct random_facts *facts;
	/* The source is a D1's own file: Cloudflare's tables are left out, and shadow
	 * tables are only compared by what they hold. */
	bool of_d1;
};

/* True, or false and what differs. */
bool compare_databases(const struct comparison *comparison, char *ret, size_t size);

#endif

/*
 * Values made by chance: every storage class, and within each what is known to
 * get lost somewhere.
 */
#ifndef D1KEEP_TESTS_UNIT_RANDOM_VALUE_H
#define D1KEEP_TESTS_UNIT_RANDOM_VALUE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "tests/unit/chance.h"

enum value_kind { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT, VALUE_BLOB };

/* Text and blobs are `piece` bytes, `count` times. */
struct value {
	enum value_kind kind;
	sqlite3_int64 integer;
	double real;
	char *bytes;
	size_t piece, count;
};

/* `ceiling`: the most bytes. Release it. */
void value_random(struct value *ret, struct chance *c, size_t ceiling);
/* Of one kind, or of what a column of this STRICT type takes. */
void value_of_kind(struct value *ret, struct chance *c, enum value_kind kind, size_t ceiling);
void value_of_type(struct value *ret, struct chance *c, const char *type, size_t ceiling);
void value_integer(struct value *ret, sqlite3_int64 integer);
/* Exactly so many bytes. */
void value_long(struct value *ret, struct chance *c, enum value_kind kind, size_t bytes);
void value_release(struct value *value);

/* SQLITE_OK or an error. */
int value_bind(sqlite3_stmt *stmt, int at, const struct value *value);
/* As SQL for D1's engine, short however long the value is. */
void value_add_sql(sqlite3_str *ret, const struct value *value);

#endif

/*
 * The SELECT statements of a backup, pure: text in, text out. Every statement
 * stays within D1's limits (CLOUDFLARE.md 5.2): 100 result columns, expressions
 * 100 deep, 32 arguments a function, 100,000 bytes (unless the names of a
 * table's columns take 60,000 of them, or the key of one row does).
 */
#ifndef D1KEEP_TABLES_SELECT_H
#define D1KEEP_TABLES_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "tables/schema.h"
#include "tables/tuple.h"
#include "base/buf.h"
#include "base/err.h"

enum select_mode {
	/* As the engine's own printf('%Q') and quote() write it, which costs it least: a
	 * row with a NUL in a text, or with a blob in a column of texts, comes as
	 * TUPLE_MARK, and a REAL that the engine may misspell is known by its size
	 * (tables/tuple.h). Columns declared as REAL are as in SELECT_QUOTED. */
	SELECT_PLAIN,
	SELECT_GROUPED,  /* the same, many rows in one string: select_groups() */
	SELECT_QUOTED,   /* text as quote() writes it; with a NUL, as hex */
	SELECT_HEX,      /* all text as hex: survives an answer that replaces bytes */
	SELECT_SKETCH,   /* long text and blobs as T<bytes> and B<bytes>; keys in full */
};

/* How to begin: SELECT_PLAIN where that fits a statement and has an advantage. */
enum select_mode select_first_mode(const struct table *table);

/* In a sketch, values of more bytes than this are left out. */
#define SELECT_SKETCH_BYTES 4096

/* Append the statement for the tuples of up to `limit` rows (0: all) behind the
 * key of `after` (a tuple of the same table; text NULL: from the start), in key
 * order. One column: a tuple a row. */
int select_page(struct buf *ret, const struct table *table, enum select_mode mode,
    struct span after, int64_t limit, struct err *err);

/*
 * Rows whose rowids lie close together, by ranges of them: a row of an answer costs
 * the engine as much as the text in it does, whatever its length, so many tuples are
 * joined in one. Only of a table with table_has_rowid_key().
 */
struct select_groups {
	int64_t behind;          /* the first key is one more */
	int64_t keys;            /* of a group */
	int64_t count;           /* of groups; no key may pass INT64_MAX */
};

/* Append the statement: a row a group, in order. Each is the number of rows that the
 * group has, in decimal, and their tuples in key order, joined by TUPLE_SEPARATOR. A
 * row's tuple that is longer than the engine's strings is TUPLE_MARK. */
int select_groups(struct buf *ret, const struct table *table, const struct select_groups *groups,
    struct err *err);

/* Append the statement for the least key that is more than this one, in decimal;
 * NULL when there is none. */
int select_key_behind(struct buf *ret, const struct table *table, int64_t behind,
    struct err *err);

/* Rows of a table with table_has_rowid_key(): both ends are in it. */
struct rowids {
	int64_t first, last;
};

/* Append the statement for the values of these rows (NULL: of all) as they are, in key
 * order. */
int select_values(struct buf *ret, const struct table *table, const struct rowids *range,
    struct err *err);

/* Append the statement for a slice of one value, as hex: `count` bytes from the
 * zero-based `offset` of value `place` of the row whose key `row` has. */
int select_slice(struct buf *ret, const struct table *table, struct span row, size_t place,
    int64_t offset, int64_t count, struct err *err);

#endif

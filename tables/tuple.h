/*
 * A row as SQL text: "(literal,literal,…)". A database joins the tuples of a
 * page with ",\n" and sends them as one string; here they are taken apart
 * again, pure and strictly: what is not exactly a tuple of literals is refused,
 * so nothing a server sends can become a statement in a dump.
 *
 *   literal = NULL | number | 'text' | X'hex' | CAST(X'hex' AS TEXT)
 *   number  = [-]decimal | [-]digits{/decimal} | [-]digits{*decimal} | [-]Inf |
 *             R[-]digitsp[-]digits (that many times two to that power)
 *   decimal = digits[.digits][e[+-]digits]
 *   hex     = pairs of 0-9 A-F; text has no NUL, and each ' in it twice
 *
 * The canonical spelling, the one that is kept (docs/format.md):
 *   - text is quoted if it is valid UTF-8 without NUL and CR LF, else
 *     CAST(X'HEX' AS TEXT)
 *   - a REAL is what quote_real() makes of it (db/quote.h)
 *   - an INTEGER is its decimal
 * so that the same row gives the same bytes in whatever mode it is read.
 */
#ifndef D1KEEP_TABLES_TUPLE_H
#define D1KEEP_TABLES_TUPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TUPLE_SEPARATOR ",\n"

/* No row is longer as SQL: a ceiling for readers. */
#define TUPLE_MAX_BYTES (64u << 20)

struct span {
	const char *text;
	size_t len;
};

/* What a column's declared type makes of values (sqlite.org/datatype3.html, 3.1).
 * Only TEXT decides more than what is usual: such a column holds texts, blobs and
 * NULLs, never a number. */
enum affinity { AFFINITY_OTHER, AFFINITY_TEXT, AFFINITY_INTEGER, AFFINITY_REAL };

/* Walks the tuples of a page. */
struct tuple_scan {
	const char *text, *end, *at;
	size_t columns;          /* literals each tuple must have */
	bool plain;              /* no text of the whole page needs another spelling */
	bool exact_reals;        /* nor does a REAL; set it where that is known */
	/* Set it for what was asked for as SELECT_PLAIN (tables/select.h): the engine, which
	 * misspells some REALs, quoted those of columns that are not declared as REAL, and
	 * did not look through texts among numbers for NULs. */
	bool as_quoted;
	const enum affinity *affinities; /* of each value; or NULL: OTHER */
};

#define TUPLE_DOUBTFUL 2
#define TUPLE_MARK '!'

void tuple_scan_init(struct tuple_scan *scan, const char *text, size_t len, size_t columns);

/* The next tuple: 1 and `*ret`, 0 at the end, -1 with ERR_CORRUPT; with as_quoted
 * also TUPLE_DOUBTFUL, when it has to be asked for otherwise: it is a '!', or
 * has a REAL that may be misspelled or a text that may have been cut at a NUL. The span
 * lies in the page, or in `spare` when it had to be respelled (valid until the
 * next call with the same `spare`). */
int tuple_next(struct tuple_scan *scan, struct buf *spare, struct span *ret, struct err *err);

/* The literal at a place as the 64-bit integer that it is; false when it is none. */
bool tuple_integer(struct span tuple, size_t index, int64_t *ret);

/* The literal number `index` of a tuple that tuple_next returned. */
struct span tuple_literal(struct span tuple, size_t index);

#endif

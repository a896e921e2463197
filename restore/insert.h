/*
 * The one statement that a dump is nearly all made of, taken apart without SQLite:
 *
 *   INSERT INTO "t"("a","b") VALUES\n
 *   (literal,literal),\n
 *   (literal,literal);\n
 *
 * Pure and strict. What SQLite would read otherwise than is said here is not
 * accepted, and so left to SQLite: long values (backup/long_row.c), reals
 * beyond 1e60 and below 1e-60, integers that do not fit 64 bits, blanks, comments.
 */
#ifndef D1KEEP_RESTORE_INSERT_H
#define D1KEEP_RESTORE_INSERT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "db/db.h"

/* Zeroed, then insert_release. */
struct insert {
	/* INSERT INTO … VALUES\n, and the table's name as it is between its quotes */
	const char *head, *name;
	size_t head_len, name_len;
	size_t columns;
	/* Row by row. They live as long as the text, and until the next one is read. */
	struct db_value *values;
	size_t count, cap;
	struct buf spare;           /* bytes that do not stand in the text as they are */
};

/* The bytes of the statement that `text` begins with, or 0: none of this kind, and
 * nothing is said of the members but what insert_release needs. There is no NUL in
 * the text, and one at `end`. */
size_t insert_read(struct insert *insert, const char *text, const char *end);

void insert_release(struct insert *insert);

#endif

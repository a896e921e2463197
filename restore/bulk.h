/*
 * Rows into a SQLite file, fast: the dump's INSERTs (restore/insert.h) become one
 * prepared statement that is given their values, some rows at a time. The result is
 * what their text would have made of the file.
 */
#ifndef D1KEEP_RESTORE_BULK_H
#define D1KEEP_RESTORE_BULK_H

#include <stddef.h>
#include <sqlite3.h>

#include "restore/insert.h"

/* { .sqlite = … }, then bulk_release before the connection is closed. */
struct bulk {
	sqlite3 *sqlite;
	struct insert insert;
	/* Of the table the last rows went into, for one row and for several at a time;
	 * or NULL. */
	sqlite3_stmt *one, *several;
	size_t several_rows;
	struct buf head;             /* their beginning: INSERT INTO … VALUES\n */
};

enum bulk_outcome {
	BULK_DONE,                   /* the rows are in */
	BULK_NOT_OURS,               /* nothing was done: let SQLite have the text */
	BULK_FAILED,                 /* sqlite3_errmsg() tells why */
};

/* Run the statement `text` begins with and tell its length. Only rows of a table
 * that is none of a module's and has no triggers: there, inserting by turns may not
 * be the same as all at once. */
enum bulk_outcome bulk_run(struct bulk *bulk, const char *text, const char *end, size_t *ret_len);

/* Something else runs, which may change the table. */
void bulk_forget(struct bulk *bulk);

void bulk_release(struct bulk *bulk);

#endif

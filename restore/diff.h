/*
 * What became of a database between two snapshots, A (before) and B (after), of
 * one database or of two: its schema, and its rows table by table.
 *
 * Tables whose hash is the same are not looked into, and of the others only those
 * chunks are fetched that the other side does not have: what both have are equal
 * rows. Those chunks are replayed into a SQLite file a side, and SQLite compares
 * them, so that keys and collations are its own business. A row that only moved to
 * another chunk is in both files, and equal.
 *
 *   key      the primary key; the rowid where there is none, or where a NULL is in
 *            it. When the key itself is another one (its columns, their types or
 *            collations), all rows count as removed and added.
 *   changed  same key, and a value differs in a column that both sides have: by
 *            storage class and bytes, so 1 is not 1.0, 'a' not X'61', 0.0 not -0.0
 *   moved    same key, same values, only under another rowid that no column shows
 */
#ifndef D1KEEP_RESTORE_DIFF_H
#define D1KEEP_RESTORE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "restore/inventory.h"
#include "storage/manifest.h"
#include "storage/store.h"

/* A live database is a side as well: whoever reads it puts its chunks into a store
 * of its own; those of rows that the other side has may be missing there. */
struct diff_side {
	struct store *store;
	const struct manifest *manifest;
};

struct diff_options {
	struct diff_side a, b;
	const struct selection *selection;   /* NULL: everything */
	size_t keys;             /* name so many differing rows of each table */
	unsigned workers;
	void (*progress)(void *ctx, int64_t sql_bytes);   /* fetched so far; may be NULL */
	void *progress_ctx;
};

enum diff_change { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED };

/* Of the schema. `kind` is "table", "index", "view", "trigger", "virtual table";
 * "pragma" (user_version, application_id) and "sequence" (of AUTOINCREMENT), whose
 * texts are values; "statistics" (of ANALYZE). */
struct diff_object {
	enum diff_change change;
	const char *kind;        /* not owned */
	char *name;
	char *a, *b;             /* SQL, without a semicolon; NULL: not there */
};

struct diff_key {
	enum diff_change change;
	char *text;              /* SQL literals, the first 200 characters */
};

/* Only tables that differ. */
struct diff_table {
	char *name;              /* as the later side has it that has it */
	int64_t rows_a, rows_b;  /* -1: the table is not there */
	int64_t added, removed, changed, moved;
	bool columns_changed;    /* compared by the columns that both have */
	bool key_changed;
	struct diff_key *keys;
	size_t key_count, key_cap;
};

struct diff {
	struct diff_object *objects;
	size_t object_count, object_cap;
	struct diff_table *tables;
	size_t table_count, table_cap;
	int64_t chunks_fetched;  /* of rows, of both sides */
};

/* ERR_CORRUPT when a chunk that is needed is damaged; ERR_USAGE when a chosen table
 * is on neither side. */
int diff_snapshots(const struct diff_options *options, struct diff *ret, struct err *err);
void diff_release(struct diff *diff);

bool diff_is_empty(const struct diff *diff);
const char *diff_change_name(enum diff_change change);

#endif

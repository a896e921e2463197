/*
 * What a snapshot has besides its rows: the statements of its schema and post
 * chunks, one by one, each with the table it belongs to; and a SQLite file in
 * which they were run, a copy of the database without its rows, to ask about
 * columns, indexes and foreign keys.
 */
#ifndef D1KEEP_RESTORE_INVENTORY_H
#define D1KEEP_RESTORE_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "storage/manifest.h"
#include "storage/store.h"
#include "tables/references.h"

enum inventory_kind {
	INVENTORY_PRAGMA,
	INVENTORY_TABLE,         /* also virtual ones that have rows */
	INVENTORY_INDEX,
	INVENTORY_VIEW,
	INVENTORY_VIRTUAL,       /* a virtual table that follows the rows */
	INVENTORY_TRIGGER,
	INVENTORY_SETTING,       /* an INSERT into a virtual table: options, rebuild */
	INVENTORY_SEQUENCE,      /* a row of sqlite_sequence */
	INVENTORY_OWN,           /* makes sqlite_sequence or sqlite_stat1, or fills the latter */
};

struct inventory_statement {
	enum inventory_kind kind;
	bool post;             /* follows the rows */
	char *object;          /* its name; NULL for kinds that have none */
	char *table;           /* whose it is: of an index, trigger, setting, sequence; a
	                        * table's own name; else NULL */
	char *sql;             /* with its semicolon, without the line's end */
};

struct inventory {
	struct inventory_statement *items;
	size_t count, cap;
	char *folder;          /* temporary */
	char *path;            /* the file */
	struct references references;
};

/* Fetches the snapshot's schema and post chunks. ERR_CORRUPT when they are damaged
 * or refused. */
int inventory_read(struct store *store, const struct manifest *manifest, unsigned workers,
    struct inventory *ret, struct err *err);
void inventory_release(struct inventory *inventory);

/* ---- a choice of tables ---- */

struct selection {
	const char *const *names;
	size_t count;          /* 0: everything */
};

/* As SQLite compares names: without case. */
bool selection_has(const struct selection *selection, const char *table);

/* Does this statement belong to the choice? Views and what makes SQLite's own
 * tables belong to everything only. */
bool selection_wants(const struct selection *selection, const struct inventory_statement *s);

/* ERR_USAGE when a chosen table is not in the snapshot. */
int selection_check(const struct selection *selection, const struct manifest *manifest,
    const struct inventory *inventory, struct err *err);

#endif

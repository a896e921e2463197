/*
 * What tables need besides their own rows: the tables their foreign keys, their
 * triggers and their full-text indexes speak of.
 */
#ifndef D1KEEP_RESTORE_NEEDS_H
#define D1KEEP_RESTORE_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "restore/inventory.h"
#include "storage/manifest.h"
#include "tables/schema.h"

struct needs {
	const struct inventory *inventory;
	const struct selection *selection;
	const struct manifest *manifest;
	const struct schema *there;      /* the target's, and its foreign keys */
	const struct references *references_there;
	const char *target_name;         /* for errors */
	/* Is there a table or view of this name in the target? */
	bool (*is_there)(void *ctx, const char *name);
	/* Called for what is spoken of and was not chosen. */
	void (*not_chosen)(void *ctx, const char *name);
	void *ctx;
};

/* A chosen full-text index of a table that is neither chosen nor in the target is
 * ERR_REFUSED. */
int needs_check_full_text(const struct needs *needs, struct err *err);

/* Tables that chosen triggers name; only told. */
void needs_note_triggers(const struct needs *needs);

/* A database that enforces foreign keys takes no row of a table whose parent is
 * missing, or lacks the unique key that is referred to: ERR_REFUSED when the
 * snapshot has rows that would meet it. A parent that stays is the target's. */
int needs_check_keys(const struct needs *needs, struct err *err);

/* The statements that rebuild full-text indexes which stay in the target while the
 * table they are made from is replaced; their number is added to `*ret_count`. */
int needs_rebuilds(const struct schema *there, const struct selection *selection, struct buf *ret,
    size_t *ret_count, struct err *err);

#endif

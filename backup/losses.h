/*
 * What Cloudflare's own export loses or changes (CLOUDFLARE.md 6.2, TORTURE.md A2),
 * looked for in the database itself: the file alone does not show it.
 *
 *   integers beyond 2^53           rounded
 *   whole numbers stored as REAL   become integers, in columns that do not make
 *                                  them REALs again
 *   text that has a line feed and a backslash with an n, or a carriage return and
 *   a backslash with an r          all become line ends
 *   text that is not valid UTF-8   what is not becomes U+FFFD
 *   rowids no column shows         numbered anew: the rows come without them
 *
 * Lost with some versions of the exporter, so they are counted on both sides:
 * infinities and text with a NUL. And objects that the export passes over are
 * missed by their names.
 */
#ifndef D1KEEP_BACKUP_LOSSES_H
#define D1KEEP_BACKUP_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"
#include "storage/manifest.h"
#include "tables/schema.h"

enum loss {
	LOSS_BIG_INTEGER,
	LOSS_WHOLE_REAL,
	LOSS_BACKSLASH,
	LOSS_INFINITY,
	LOSS_NUL,
	LOSS_REPLACED,       /* text that shows U+FFFD, which may be its own */
	LOSS_KINDS,
};

/* One table's. */
struct loss_count {
	char *table;
	int64_t count[LOSS_KINDS];
	bool rowids;         /* they are not 1, 2, 3, … or may come in another order */
	char *unknown;       /* it could not be looked through, and why; or NULL */
};

struct losses {
	struct schema schema;
	struct loss_count *tables;
	size_t table_count;
};

/* Look through the whole database, in calls of so many rows. `ret` zeroed;
 * release it, also on failure. Which it is, among others, when there are virtual
 * tables: ERR_REFUSED, naming them, since no export of such a database must even
 * be begun. */
int losses_read(struct db *db, struct losses *ret, struct err *err);
void losses_release(struct losses *losses);

/* What the database has, or had, and the file of its export has not, as
 * exceptions of `m`. */
void losses_report(const struct losses *live, const struct losses *file, struct manifest *m);

#endif

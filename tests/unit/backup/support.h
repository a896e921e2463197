/*
 * What the tests of a backup share: stores in directory buckets, and snapshots
 * taken and replayed.
 */
#ifndef D1KEEP_TESTS_UNIT_BACKUP_SUPPORT_H
#define D1KEEP_TESTS_UNIT_BACKUP_SUPPORT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "backup/take.h"
#include "base/buf.h"
#include "base/clock.h"
#include "storage/manifest.h"
#include "storage/store.h"
#include "tests/unit/tables/support.h"

/* ---- snapshots ---- */

struct world {
	struct bucket *bucket;
	struct store store;
	const char *root;            /* the bucket's folder */
	struct clock clock;
	int64_t now_ms;              /* moves a minute with every snapshot */
	/* What take() uses. */
	const char *label;
	unsigned attempts;
	bool best_effort;
};

void world_init(struct world *w);
void world_release(struct world *w);

/* Take a snapshot; `ret` is zeroed first. */
int take(struct world *w, struct db *db, struct manifest *ret, struct err *err);
/* Which must succeed. */
void taken(struct world *w, struct db *db, struct manifest *ret);
/* Of a file. */
void taken_file(struct world *w, const char *path, struct manifest *ret);

/* The whole dump, from the bucket: its chunks joined, then unpacked as one. */
void snapshot_sql(struct world *w, const struct manifest *m, struct buf *ret);
/* Run it with plain SQLite into a new file, no statement over 100,000 bytes;
 * its path. */
const char *replayed(struct world *w, const struct manifest *m);
/* Take a snapshot of a file, replay it, and compare. */
void comes_back(const char *path);

/* Split and run; each statement's length is checked. */
void run_statements(sqlite3 *sqlite, const char *sql, size_t len);

#endif

/*
 * Read a whole database as one moment, into a dump.
 *
 *   a file            everything in its one read transaction
 *   a small D1        everything in one batch call, which is one transaction
 *   a larger D1       page by page; total_changes() in every page, the schema
 *                     and the Time Travel bookmark before and after: when any
 *                     of them differs, something wrote meanwhile
 */
#ifndef D1KEEP_BACKUP_READ_H
#define D1KEEP_BACKUP_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "backup/dump.h"
#include "backup/take.h"
#include "base/err.h"
#include "db/db.h"
#include "storage/manifest.h"

struct read_options {
	struct db *db;
	bool accept_changes;     /* go on although something wrote: "best-effort" */
	void (*progress)(void *ctx, const struct take_progress *progress);
	void *progress_ctx;
	int64_t expected_bytes;
	const struct ends *ends; /* where the snapshot before ended chunks, or NULL */
	const struct clock *clock;
	struct buf_pool *pool;   /* memory for chunks; may be NULL */
};

/* Hand the dump's chunks to `sink` and fill in `m`: tables, exceptions,
 * consistency, bookmarks, schema_version. ERR_CHANGED when something wrote
 * (unless that is accepted). */
int read_database(const struct read_options *options, chunk_sink *sink, void *sink_ctx,
    struct manifest *m, struct err *err);

#endif

/*
 * A live database as one side of a comparison: read once, as a backup would, into a
 * store of its own in a temporary folder. Chunks of rows that the other side has
 * are named in its manifest, and not stored.
 */
#ifndef D1KEEP_CLI_LIVE_H
#define D1KEEP_CLI_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/session.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct live {
	char *folder;
	struct bucket *bucket;
	struct store store;
	struct manifest manifest;
	bool moved;              /* it was written to while it was read: two moments */
};

struct live_options {
	const struct session *session;
	const struct config_database *database;
	const struct manifest *other;        /* whose chunks need not be kept; or NULL */
	void (*progress)(void *ctx, int64_t sql_bytes, int64_t rows);   /* may be NULL */
	void *progress_ctx;
};

/* On failure `ret` needs no release. */
int live_read(const struct live_options *options, struct live *ret, struct err *err);
void live_release(struct live *live);

#endif

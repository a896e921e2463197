/*
 * Is every byte of a snapshot there and right? All chunks are fetched and
 * checked, also behind the first bad one. With `replay` it is also rebuilt in a
 * temporary SQLite file, whose pages, rows, hashes and foreign keys are checked: so
 * it is known that it comes back.
 */
#ifndef D1KEEP_RESTORE_VERIFY_H
#define D1KEEP_RESTORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "storage/store.h"

struct verify_options {
	struct store *store;
	const struct snapshot *snapshot;
	unsigned workers;
	bool replay;
	const struct clock *clock;
	void (*progress)(void *ctx, int64_t sql_bytes);
	void *progress_ctx;
	/* Called for each damaged chunk. */
	void (*damaged)(void *ctx, const struct err *err);
	void *damaged_ctx;
	/* Called when the verdict cannot be kept: the bucket may be read-only for
	 * whoever verifies. May be NULL. */
	void (*not_kept)(void *ctx, const struct err *err);
	void *not_kept_ctx;
};

/* 0 and a verdict (release it), good or bad, also kept beside the snapshot where
 * that is possible; -1 when it could not be found out (the bucket cannot be
 * read, interrupted). */
int verify_snapshot(const struct verify_options *options, struct verdict *ret, struct err *err);

#endif

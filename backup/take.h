/*
 * Take a snapshot: the whole job. Nothing is listed before the last write; a
 * failure at any point leaves the earlier snapshots as they were, and at most
 * some chunks that nobody names.
 */
#ifndef D1KEEP_BACKUP_TAKE_H
#define D1KEEP_BACKUP_TAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "db/db.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct take_progress {
	int64_t rows;          /* read so far */
	int64_t sql_bytes;
	int64_t expected_bytes; /* of the last snapshot's dump; 0: not known */
};

/* The database is read from the file of Cloudflare's own export of it: what the
 * manifest then says of the moment. */
struct take_export {
	int64_t started_at;        /* Unix seconds: when the export began */
	const char *bookmark;      /* or NULL */
	unsigned readings;         /* that something disturbed before */
	struct db_cost cost;       /* of all that was asked of the database */
	const struct manifest *lost;   /* its exceptions are added to the file's own */
};

struct take_options {
	struct db *db;
	struct store *store;
	const char *environment;
	const char *database;
	const char *database_id;   /* or NULL */
	const char *label;         /* or NULL */
	int64_t slot_at;           /* the scheduled time that this answers, or 0 */
	const struct take_export *export;   /* or NULL: the database itself is read */
	unsigned attempts;         /* readings before giving up, at least 1 */
	bool best_effort;          /* keep the last reading although something wrote */
	unsigned workers;
	const struct clock *clock;
	/* Called now and then while reading; may be NULL. */
	void (*progress)(void *ctx, const struct take_progress *progress);
	void *progress_ctx;
	/* Called when the snapshot before this one is damaged or not to be
	 * trusted: the new one then stands on its own. May be NULL. */
	void (*previous_bad)(void *ctx, const struct err *err);
	void *previous_bad_ctx;
};

/* On success `ret` (zeroed) is the published manifest; release it. Besides the
 * errors of the database and the bucket: ERR_REFUSED (the label is taken),
 * ERR_CHANGED (something wrote during every attempt). */
int take_snapshot(const struct take_options *options, struct manifest *ret, struct err *err);

#endif

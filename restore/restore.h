/*
 * Bring a snapshot back. The target appears whole or not at all: it is built
 * under a temporary name beside its own and renamed when everything was
 * fetched, checked and, for SQLite, replayed.
 */
#ifndef D1KEEP_RESTORE_RESTORE_H
#define D1KEEP_RESTORE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "storage/store.h"

enum target_kind { TARGET_SQLITE, TARGET_SQL };

struct target {
	enum target_kind kind;
	char *path;              /* "-": standard output (sql only) */
};

/* "sqlite:PATH", "sql:PATH" or "sql:-"; ERR_USAGE. Release with target_release. */
int target_parse(const char *text, struct target *ret, struct err *err);
void target_release(struct target *target);

struct restore_options {
	struct store *store;
	const struct manifest *manifest;
	const struct target *target;
	bool replace;            /* an existing target may be replaced */
	unsigned workers;
	void (*progress)(void *ctx, int64_t sql_bytes);   /* done so far; may be NULL */
	void *progress_ctx;
};

/* ERR_REFUSED when the target exists and may not be replaced, or is in use;
 * ERR_CORRUPT when the snapshot is damaged. On failure what was there before is
 * untouched and nothing is left behind. */
int restore_snapshot(const struct restore_options *options, struct err *err);

/* The dump to a descriptor, as SQL or (`gzip`) as stored: `name` is for errors.
 * `wanted` as in restore/fetch.h. */
struct fetch_options;
int restore_write(const struct fetch_options *fetch, int fd, const char *name, bool gzip,
    void (*progress)(void *ctx, int64_t sql_bytes), void *progress_ctx, struct err *err);

#endif

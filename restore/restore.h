/*
 * Bring a snapshot back: all of it, or some of its tables with their indexes and
 * triggers.
 *
 * A file appears whole or not at all: it is built under a temporary name beside
 * its own and renamed when everything was fetched, checked, replayed and compared
 * with the manifest. A D1 takes it in one transaction, or in several where it is
 * too large for one; nothing is sent before everything was fetched and checked.
 */
#ifndef D1KEEP_RESTORE_RESTORE_H
#define D1KEEP_RESTORE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "db/db.h"
#include "restore/check.h"
#include "restore/plan.h"
#include "restore/target.h"
#include "storage/store.h"

struct d1_api;

/* A D1 to restore into; nothing is owned. */
struct restore_d1 {
	struct d1_api *api;
	struct db *db;           /* NULL: it is not there yet */
	const char *id;
	/* Makes the one that is not there yet, when everything was fetched and checked.
	 * `*ret_db` and `*ret_id` stay the callee's. */
	int (*create)(void *ctx, struct db **ret_db, const char **ret_id, struct err *err);
	void *create_ctx;
	const char *name;        /* "staging/auth" */
	int64_t part_bytes;      /* most SQL in one import; 0: the usual */
	const struct clock *clock;
	/* What is being done, for whoever waits: "import part 1 of 3: Processed …". */
	void (*stage)(void *ctx, const char *text);
	void *stage_ctx;
	/* Called once, before the first import, with the bookmark of that moment: the
	 * one that undoes it all. Not for one that was made for this. */
	void (*bookmark)(void *ctx, const char *bookmark);
	void *bookmark_ctx;
};

struct restore_result {
	struct plan plan;            /* of a target that may hold something */
	bool planned;
	struct check_result check;   /* of what was made, when that was asked for */
	bool checked;
	/* Of a D1: */
	char *bookmark_before;
	size_t parts, parts_done;
	size_t left_out;             /* statements a D1 would refuse */
	bool ignored_checks;         /* rows broke a CHECK, and came back all the same */
	int64_t rows_written;        /* as it told; -1: not told */
};

struct restore_options {
	struct store *store;
	const struct manifest *manifest;
	const struct target *target;
	const struct restore_d1 *d1;         /* TARGET_D1: else NULL */
	const struct selection *selection;   /* NULL: everything */
	bool replace;            /* what is there may go */
	bool dry_run;            /* only plan; every chunk is fetched and checked all the same */
	bool check_content;      /* read back and compare all rows, not only their number */
	bool temporary;          /* a file that need not survive a power cut */
	unsigned workers;
	void (*progress)(void *ctx, int64_t sql_bytes);   /* done so far; may be NULL */
	void *progress_ctx;
	struct restore_result *result;       /* filled also on failure; may be NULL */
};

/* ERR_REFUSED when the target holds something and may not be replaced, or is in
 * use; ERR_CORRUPT when the snapshot is damaged, or what was made is not what the
 * manifest says. On failure a file that was there is untouched and nothing is left
 * behind; a D1 is untouched when `parts_done` is 0 and the error is not
 * ERR_CORRUPT from the comparison (the message says what state it is in, also
 * where that is not known). */
int restore_snapshot(const struct restore_options *options, struct err *err);
void restore_result_release(struct restore_result *result);

/* The dump to a descriptor, as SQL or (`gzip`) as stored: `name` is for errors.
 * `wanted` as in restore/fetch.h. */
struct fetch_options;
int restore_write(const struct fetch_options *fetch, int fd, const char *name, bool gzip,
    void (*progress)(void *ctx, int64_t sql_bytes), void *progress_ctx, struct err *err);

#endif

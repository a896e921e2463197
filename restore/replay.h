/*
 * Replaying a dump into a SQLite file. The dump may have been written by
 * somebody hostile: it runs under an authorizer (restore/authorize.h), with a
 * ceiling on memory and on the file's size.
 */
#ifndef D1KEEP_RESTORE_REPLAY_H
#define D1KEEP_RESTORE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "restore/authorize.h"
#include "storage/manifest.h"

struct replay;

/* A ceiling for the file that a dump of so many bytes makes: indexes, above all
 * those of full text, may take several times the text. */
#define REPLAY_MAX_BYTES(sql_bytes) (32 * (sql_bytes) + (INT64_C(64) << 20))

/* Called after each statement of the dump, with its text. */
typedef void replay_ran(void *ctx, struct sqlite3 *sqlite, const char *sql, size_t len);

struct replay_options {
	const char *path;
	bool existing;           /* change this file; else create it, for the owner alone:
	                          * ERR_EXISTS when something is there */
	int64_t max_bytes;       /* the file may not get larger; 0: it may */
	authorize_seen *seen;    /* or NULL, as the next */
	replay_ran *ran;
	void *ctx;               /* of both */
	bool pass_over;          /* statements that need a newer SQLite than this one, and
	                          * those that need what they would have made: `ran` is
	                          * called for them as well */
};

/* Nothing is in the file before replay_commit, and nothing durable behind it. */
struct replay *replay_open(const struct replay_options *options, struct err *err);

/* Run SQL of our own making, without the authorizer. */
int replay_run_own(struct replay *replay, const char *sql, struct err *err);

/* Run the statements of one chunk. ERR_CORRUPT when they are refused or do not
 * run: what cannot be replayed is no backup. */
int replay_apply(struct replay *replay, const struct buf *sql, struct err *err);

/* The rows are in: what comes now makes indexes, and of that another thread can do
 * half. */
int replay_rows_done(struct replay *replay, struct err *err);

/* Compare the rows of each table with the manifest (ERR_CORRUPT; not when it is
 * NULL) and commit. */
int replay_commit(struct replay *replay, const struct manifest *m, struct err *err);

/* Closes; the file stays as it is. NULL is fine. */
void replay_free(struct replay *replay);

#endif

/*
 * A file of SQL into a D1 database, through the import API (CLOUDFLARE.md 3):
 * init, upload, ingest, poll. One import is one transaction: all of the file or
 * nothing.
 *
 * After ingest has been sent the outcome can be unknown: the answer is lost, or
 * the service says "Not currently importing anything.", which means finished or
 * rolled back. That is ERR_AGAIN with `unknown` set in the result: the caller
 * looks into the database for what only the finished file could have left.
 *
 * The same holds for init, which begins the import at once when D1 has had a file
 * of this hash before. So neither is sent again after its answer was lost; what
 * is going on then is polled to its end, and the outcome is unknown even if that
 * says "complete", since it may be somebody else's.
 */
#ifndef D1KEEP_NET_D1_IMPORT_H
#define D1KEEP_NET_D1_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/d1_api.h"

struct d1_import_options {
	struct d1_api *api;
	const char *database_id;
	const char *path;            /* a file of SQL: LF, ends with ";\n", at most 5 GiB */
	/* The database's bookmark just before (d1_api_bookmark), or NULL. Polls name
	 * it where the answer that tells the import's own was lost; the service may
	 * answer no other, and cancels what is not polled. */
	const char *bookmark;
	const struct clock *clock;   /* sleeps between polls */
	/* Called after each answer; `message` is the newest the service sent (cut
	 * to a printable line, maybe ""). May be NULL. */
	void (*progress)(void *ctx, const char *message);
	void *progress_ctx;
};

struct d1_import_result {
	bool unknown;                /* it failed, and may have happened all the same */
	int64_t queries;             /* -1: not told; so below */
	int64_t rows_written;
	int64_t size_bytes;          /* of the database afterwards */
	char *final_bookmark;        /* or NULL; owned */
};

/* 0: all of it is in the database. Else nothing of it is, unless
 * `ret->unknown`. ERR_AGAIN: overloaded, another import or export is running,
 * the network; ERR_FAILED: a statement was refused (the engine's words, with
 * every entry of `errors`); ERR_TOO_BIG: memory or CPU reset, a file that is too
 * large: smaller parts may work; ERR_CORRUPT: the file does not end with a whole
 * statement, or arrived changed (ETag); ERR_INTERRUPTED: while uploading only,
 * since an ingest that has begun goes on without us: it is waited for. `ret` is
 * always set; d1_import_result_release. */
int d1_import(const struct d1_import_options *options, struct d1_import_result *ret,
    struct err *err);
void d1_import_result_release(struct d1_import_result *result);

#endif

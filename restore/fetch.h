/*
 * A snapshot's chunks, in dump order: fetched, checked against the manifest and
 * inflated ahead by worker threads.
 */
#ifndef D1KEEP_RESTORE_FETCH_H
#define D1KEEP_RESTORE_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct fetch;

/* What is left of a chunk once it is known to be good. */
enum fetch_keep {
	FETCH_SQL,
	FETCH_PACKED,           /* as stored */
	FETCH_NOTHING,
};

/* No more chunks are fetched ahead than that many bytes of SQL hold (or one),
 * however many workers there are: this is what a restore takes of memory. */
#define FETCH_AHEAD_BYTES (8u << 20)

struct fetch_options {
	struct store *store;
	const struct manifest *manifest;
	unsigned workers;
	enum fetch_keep keep;
	/* Which objects; NULL: all. */
	bool (*wanted)(void *ctx, const struct manifest_object *object);
	void *wanted_ctx;
};

struct fetched {
	const struct manifest_object *object;
	/* One of them, as `keep` says; the other one is empty. */
	struct buf packed;      /* the gzip member as stored */
	struct buf sql;         /* what is in it */
	/* ERR_NONE, or why this chunk cannot be had: ERR_CORRUPT (altered),
	 * ERR_NOT_FOUND (missing), or the bucket's own error. */
	struct err err;
	struct fetch *fetch;    /* whose memory it has */
};

/* Everything in `options` must outlive it. */
struct fetch *fetch_new(const struct fetch_options *options);
void fetch_free(struct fetch *fetch);

/* The next chunk: 1 and `*ret` (the caller's: fetched_free), 0 at the end, -1
 * when interrupted. A chunk's own trouble is in its `err`. */
int fetch_next(struct fetch *fetch, struct fetched **ret, struct err *err);
/* Before fetch_free. */
void fetched_free(struct fetched *fetched);

/* As fetch_next, but a chunk's trouble is the call's. */
int fetch_next_good(struct fetch *fetch, struct fetched **ret, struct err *err);

#endif

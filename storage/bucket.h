/*
 * Where snapshots lie. Two real kinds: a directory and an S3 bucket (R2). Keys
 * are relative paths with '/' between segments, ASCII letters, digits and
 * `-_.=@%+` (storage/names.h makes them), at most 1,024 bytes long; no segment
 * is empty, "." or "..", and the last does not end like the temporary files of
 * base/file.h (".tmp-" and six letters or digits). Any other key is ERR_USAGE,
 * and is never taken to the bucket. All calls are thread-safe.
 *
 * Errors are those of net/s3.h: ERR_NOT_FOUND, ERR_EXISTS, ERR_DENIED,
 * ERR_REFUSED, ERR_TOO_BIG, ERR_AGAIN. Messages begin with the bucket's name.
 */
#ifndef D1KEEP_STORAGE_BUCKET_H
#define D1KEEP_STORAGE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct bucket;

#define BUCKET_ETAG_SIZE 96

/* Which version of an object: an opaque name, and how long at least it has been
 * the newest, by the bucket's own clock (never by comparing this host's with
 * another's); -1 when the bucket does not tell. */
struct bucket_version {
	char etag[BUCKET_ETAG_SIZE];
	int64_t age_ms;
};

/* `age_s`: seconds since the object was written, by the bucket's own clock; -1
 * when it does not tell. */
typedef int bucket_visit(void *ctx, const char *key, int64_t bytes, int64_t age_s,
    struct err *err);

struct bucket_swept {
	int64_t count;
	int64_t bytes;
};

/* What was asked of the bucket so far, as its provider charges it: writes and
 * lists, reads, deletions. */
struct bucket_operations {
	int64_t writes, reads, deletes;
};

struct bucket_ops {
	int (*put)(struct bucket *b, const char *key, const void *data, size_t len,
	    bool if_absent, struct err *err);
	int (*replace)(struct bucket *b, const char *key, const void *data, size_t len,
	    char etag[BUCKET_ETAG_SIZE], struct err *err);
	int (*get)(struct bucket *b, const char *key, struct buf *ret,
	    struct bucket_version *ret_version, struct err *err);
	int (*head)(struct bucket *b, const char *key, int64_t *ret_bytes, struct err *err);
	int (*remove)(struct bucket *b, const char *key, struct err *err);
	int (*list)(struct bucket *b, const char *prefix, bucket_visit *visit, void *ctx,
	    struct err *err);
	/* NULL where a put that is cut off leaves nothing. */
	int (*sweep)(struct bucket *b, const char *folder, int64_t min_age_s, bool dry_run,
	    struct bucket_swept *ret, struct err *err);
	void (*free)(struct bucket *b);
	/* NULL where nobody counts them. */
	struct bucket_operations (*operations)(struct bucket *b);
	/* NULL, both, where putting later is no faster than putting. */
	int (*put_later)(struct bucket *b, const char *key, const void *data, size_t len,
	    struct err *err);
	int (*settle)(struct bucket *b, struct err *err);
	/* NULL where nothing is tried again. */
	void (*guard)(struct bucket *b, int (*may_send)(void *ctx, struct err *err), void *ctx);
};

/* The first member of each kind's own struct. */
struct bucket {
	const struct bucket_ops *ops;
	char *name;   /* for messages: `bucket "taco-backups"`; owned */
};

/* A put is durable and whole when it returns: nothing half-written is ever
 * seen under `key`. With `if_absent`, ERR_EXISTS when the key is taken,
 * decided atomically; if what is there are these very bytes, written by a try
 * of this same call, it is a success. */
int bucket_put(struct bucket *b, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err);

/* The same, but it need not be there, nor durable, before bucket_settle: until then
 * a kill or a power cut may leave under `key` what was there before, and whole. A
 * disk works on several at once then, instead of being waited for at each. */
int bucket_put_later(struct bucket *b, const char *key, const void *data, size_t len,
    struct err *err);

/* Everything that was ever put later is there, and durable; or an error, now and each
 * time from now on, and any of it may be lost. Not while another thread still puts. */
int bucket_settle(struct bucket *b, struct err *err);

/* Appends the object's bytes to `ret` (whose ceiling bounds them); on failure
 * `ret` is as it was. */
int bucket_get(struct bucket *b, const char *key, struct buf *ret, struct err *err);

/* The same, and which version that is. */
int bucket_get_version(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err);

/* Put in place of the version `etag` and of no other ("": where nothing is),
 * decided atomically; `etag` then names the new version. ERR_EXISTS when another
 * is there, or none any more; ERR_USAGE when the bucket has no conditional
 * writes. Versions are told apart by what is in them, so each content must be a
 * new one. A lost answer is settled as for bucket_put, and a requested stop does
 * not keep it from being carried out. */
int bucket_replace(struct bucket *b, const char *key, const void *data, size_t len,
    char etag[BUCKET_ETAG_SIZE], struct err *err);

int bucket_head(struct bucket *b, const char *key, int64_t *ret_bytes, struct err *err);

/* Gone when it returns 0, looked at once more to be sure; ERR_EXISTS when the bucket
 * says that it was deleted, and it is still there; ERR_REFUSED when a lock rule of
 * the bucket keeps it. A key that is not there is no error. */
int bucket_remove(struct bucket *b, const char *key, struct err *err);

/* Every object whose key begins with `prefix` ("" for all, else the beginning
 * of a good key), in byte order of keys. `visit` returns -1 to stop, with its
 * own error, which is passed on as it is. */
int bucket_list(struct bucket *b, const char *prefix, bucket_visit *visit, void *ctx,
    struct err *err);

/* Remove what killed processes left half-written below `folder` ("a/b/"), once it is
 * `min_age_s` old. No listing shows it. */
int bucket_sweep(struct bucket *b, const char *folder, int64_t min_age_s, bool dry_run,
    struct bucket_swept *ret, struct err *err);

/* All zero for a directory. */
struct bucket_operations bucket_operations(struct bucket *b);

/* From now on asked before each try of a removal and of a put that is `if_absent`: one
 * that fails may be tried again for minutes, and by then it may be somebody else's
 * turn. -1 ends the call with that error. NULL: nobody is asked. */
void bucket_guard(struct bucket *b, int (*may_send)(void *ctx, struct err *err), void *ctx);

void bucket_free(struct bucket *b);

#endif

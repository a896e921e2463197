/*
 * The S3 calls d1keep needs, path style, against R2 or any S3 endpoint, with
 * or without a path of its own (CLOUDFLARE.md 8). Thread-safe.
 *
 * Errors callers act on: ERR_NOT_FOUND (NoSuchKey; the message tells a missing
 * bucket from a missing key, a missing bucket is ERR_USAGE), ERR_EXISTS (412 on
 * a conditional PUT), ERR_DENIED (401/403; hints for a wrong key, a wrong
 * secret and a clock that is off, told apart by the error code in the body),
 * ERR_REFUSED (403 ObjectLockedByBucketPolicy), ERR_AGAIN (after retries).
 */
#ifndef D1KEEP_NET_S3_H
#define D1KEEP_NET_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "net/http.h"

#define S3_ETAG_SIZE 96

struct s3;

struct s3_options {
	const char *endpoint;         /* "https://host[:port][/path]" */
	const char *bucket;
	const char *region;           /* "auto" for R2 */
	const struct secret *access_key_id;
	const struct secret *secret_access_key;
	const struct secret *session_token;   /* or NULL / unset */
	const struct clock *clock;
};

/* Everything is copied but `http` and `clock`, which must outlive it.
 * ERR_USAGE when the endpoint is not an http(s) URL. */
struct s3 *s3_new(struct http *http, const struct s3_options *options, struct err *err);
void s3_free(struct s3 *s3);

/* Asked before each try of a DELETE and of a PUT that is `if_absent`: -1, and the call
 * ends with that error. For who may do so only as long as nobody else has taken
 * over: a request may be tried again for minutes. NULL: nobody is asked. Not while a
 * call is under way. */
void s3_guard(struct s3 *s3, int (*may_send)(void *ctx, struct err *err), void *ctx);

/* Requests that were sent so far, retries included, as Cloudflare charges them:
 * writes and lists (class A), reads (class B), deletions (free). */
struct s3_operations {
	int64_t writes, reads, deletes;
};
struct s3_operations s3_operations(const struct s3 *s3);

/* With `if_absent`, `If-None-Match: *`: ERR_EXISTS when the key is taken. When
 * an answer was lost and the try after it says "exists", the object is read
 * back: if it holds these very bytes the PUT has succeeded. A bucket that
 * cannot do conditional PUTs (501) is ERR_USAGE, said clearly. */
int s3_put(struct s3 *s3, const char *key, const void *data, size_t len,
    const char *content_type, bool if_absent, struct err *err);

/* Which version of an object: its ETag as the server sends it, quotes and all,
 * and how long it has been the newest, at least, by the server's own clock (Date
 * less Last-Modified, both of whole seconds); -1 when that is not told. */
struct s3_version {
	char etag[S3_ETAG_SIZE];
	int64_t age_ms;
};

/* Only in place of the version `etag` ("": only where nothing is), which on
 * success becomes that of the new one (empty where the server does not tell).
 * ERR_EXISTS when another version is there, or none any more. A lost answer is
 * settled as for s3_put. Meant for what must not be left in doubt: it is carried
 * out although a stop was requested, and gives up within a minute or so. */
int s3_replace(struct s3 *s3, const char *key, const void *data, size_t len,
    const char *content_type, char etag[S3_ETAG_SIZE], struct err *err);

/* Appends the object to `ret`; ERR_TOO_BIG past its ceiling. `ret_version` may
 * be NULL. */
int s3_get(struct s3 *s3, const char *key, struct buf *ret, struct s3_version *ret_version,
    struct err *err);

/* Size in bytes. */
int s3_head(struct s3 *s3, const char *key, int64_t *ret_bytes, struct err *err);

/* DELETE, then HEAD to see that it is gone: R2 has answered "deleted" and kept
 * the object (TORTURE 57). It is then told twice more, and after that ERR_EXISTS.
 * A key that was not there is no error. */
int s3_delete(struct s3 *s3, const char *key, struct err *err);

/* Every key below `prefix`, in byte order, through ListObjectsV2 with
 * continuation; `visit` returns -1 to stop. Keys are percent-decoded
 * (encoding-type=url). `age_s`: seconds since the object was written, by the
 * server's own clock; -1 when it does not tell. */
int s3_list(struct s3 *s3, const char *prefix,
    int (*visit)(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err),
    void *ctx, struct err *err);

#endif

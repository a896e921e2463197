/*
 * A bucket of R2, or of any S3 server.
 */
#ifndef D1KEEP_STORAGE_BUCKET_R2_H
#define D1KEEP_STORAGE_BUCKET_R2_H

#include "net/s3.h"
#include "storage/bucket.h"

/* Takes ownership of `s3`: bucket_free frees it (the struct http behind it
 * stays the caller's and must outlive the bucket). `name` is copied. */
struct bucket *bucket_r2_new(struct s3 *s3, const char *name);

#endif

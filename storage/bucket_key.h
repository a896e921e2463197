/*
 * Which keys a bucket takes (storage/bucket.h says which). Pure.
 */
#ifndef D1KEEP_STORAGE_BUCKET_KEY_H
#define D1KEEP_STORAGE_BUCKET_KEY_H

#include <stdbool.h>
#include <stddef.h>

bool bucket_key_ok(const char *key);

/* Could a good key begin like this? The last segment may be unfinished. */
bool bucket_prefix_ok(const char *prefix);

/* A name such as "lease.json.tmp-a1B2c3": a file that base/file.h is writing,
 * or was when the power went. */
bool bucket_name_is_temporary(const char *name, size_t len);

#endif

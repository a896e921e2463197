/*
 * A bucket that is a folder of this machine: a key is a relative path.
 */
#ifndef D1KEEP_STORAGE_BUCKET_DIR_H
#define D1KEEP_STORAGE_BUCKET_DIR_H

#include "base/err.h"
#include "storage/bucket.h"

/* `path` need not exist: the first put makes it, and every folder below, for
 * the owner alone (0700; files 0600). Something else of that name is
 * ERR_USAGE. Both strings are copied; release it with bucket_free. */
struct bucket *bucket_dir_new(const char *path, const char *name, struct err *err);

#endif

/*
 * What a killed process left half-written in a folder: the temporary files of
 * base/file.h. No listing shows them, so nobody else would ever remove them.
 */
#ifndef D1KEEP_STORAGE_LEFTOVER_H
#define D1KEEP_STORAGE_LEFTOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "storage/bucket.h"

/* Removes those in `folder` and below that are `min_age_s` old; `dry_run` only counts.
 * Lock files (storage/path_lock.h) stay. A folder that is not there is empty. */
int leftover_remove(const char *folder, int64_t min_age_s, bool dry_run,
    struct bucket_swept *ret, struct err *err);

#endif

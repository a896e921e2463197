/* For the files that make a store. */
#ifndef D1KEEP_STORAGE_STORE_INTERNAL_H
#define D1KEEP_STORAGE_STORE_INTERNAL_H

#include "storage/store.h"

/* An object below snapshots/, from the store's cache where that holds what was `seen`;
 * NULL: from the bucket. */
int store_get_seen(struct store *store, const char *key, const struct store_seen *seen,
    struct buf *ret, struct err *err);

#endif

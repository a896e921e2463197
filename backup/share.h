/*
 * Chunks that need no upload, because the bucket has them already: those of the
 * previous snapshot, and those this backup uploaded itself (in an earlier
 * reading of a database that moved). Thread-safe.
 */
#ifndef D1KEEP_BACKUP_SHARE_H
#define D1KEEP_BACKUP_SHARE_H

#include <stdbool.h>

#include "base/err.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct share;

struct share *share_new(void);
void share_free(struct share *share);

/* Offer the chunks of `snapshot`, less those that are missing from the bucket,
 * have another size there, or bear the mark of a damaged one. */
int share_add_snapshot(struct share *share, struct store *store,
    const struct snapshot *snapshot, struct err *err);

/* Offer one that this backup just uploaded. */
void share_add(struct share *share, const struct manifest_object *object);

/* Does a mark of damage lie beside this chunk? Whoever stores it anew removes it. */
bool share_is_marked(struct share *share, const char *key);

/* The stored chunk with this key, SQL hash and size: fills `stored_bytes` and
 * `stored_sha256` of `object` and whether this backup uploaded it, or returns
 * false. */
bool share_find(struct share *share, struct manifest_object *object, bool *ret_is_new);

#endif

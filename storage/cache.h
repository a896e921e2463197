/*
 * Copies, on this machine's disk, of small objects of one folder of a bucket: those
 * that hardly ever change. A listing of the bucket tells whether a copy still holds
 * (how large the object is, and that it was written before the copy was made), so
 * that it need not be fetched again. What is in a copy is trusted no more than
 * what comes from the bucket: signatures are checked all the same.
 *
 * Several processes may use one. A copy is whole or not there; one that was damaged
 * counts as not there. Nothing here fails: without a copy the bucket is asked.
 */
#ifndef D1KEEP_STORAGE_CACHE_H
#define D1KEEP_STORAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"

struct cache;

/* Larger objects are not kept, and all of them together take no more. */
#define CACHE_OBJECT_MAX_BYTES (1u << 20)
#define CACHE_MAX_BYTES (64u << 20)

/* In `folder`, which is made, for its owner alone. NULL where that cannot be. */
struct cache *cache_open(const char *folder, const struct clock *clock);
void cache_free(struct cache *cache);

/* Unix seconds: what cache_put is told of the moment before the object was asked
 * for. */
int64_t cache_now(const struct cache *cache);

/* True, and the object's bytes appended: when it is `bytes` long and was written
 * `age_s` ago by the bucket's clock (-1: not known, and there is no copy). The
 * clocks of bucket and machine need not agree. */
bool cache_get(const struct cache *cache, const char *name, int64_t bytes, int64_t age_s,
    struct buf *ret);

void cache_put(const struct cache *cache, const char *name, int64_t asked_at,
    const void *data, size_t len);

/* Remove what `keep` does not want, and what is too much. */
void cache_trim(const struct cache *cache, bool (*keep)(void *ctx, const char *name), void *ctx);

#endif

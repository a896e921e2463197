/*
 * Memory of buffers that come and go, used again: pages fresh from the kernel cost
 * as much again as what is written to them. Thread-safe.
 */
#ifndef D1KEEP_BASE_BUF_POOL_H
#define D1KEEP_BASE_BUF_POOL_H

#include "base/buf.h"

struct buf_pool;

/* No more than so many bytes are kept that nobody uses: buffers become as large as the
 * largest of what was ever in them. */
struct buf_pool *buf_pool_new(size_t max_bytes);
void buf_pool_free(struct buf_pool *pool);   /* NULL is fine */

/* Give `buf`, which is empty and has none, the memory of an earlier one, if there is
 * any. A pool that is NULL has none. */
void buf_pool_take(struct buf_pool *pool, struct buf *buf);

/* As buf_release; its memory is kept for another. */
void buf_pool_give(struct buf_pool *pool, struct buf *buf);

#endif

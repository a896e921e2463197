#include "base/buf_pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

struct buf_pool {
	pthread_mutex_t lock;
	struct buf *spare;        /* empty, each with its memory */
	size_t count, cap;
	size_t bytes, max_bytes;  /* of all of them */
};

struct buf_pool *buf_pool_new(size_t max_bytes)
{
	struct buf_pool *pool = mem_calloc(1, sizeof(*pool));

	pool->max_bytes = max_bytes;
	(void)pthread_mutex_init(&pool->lock, NULL);
	return pool;
}

void buf_pool_free(struct buf_pool *pool)
{
	if (pool == NULL)
		return;
	for (size_t i = 0; i < pool->count; i++)
		buf_release(&pool->spare[i]);
	free(pool->spare);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void buf_pool_take(struct buf_pool *pool, struct buf *buf)
{
	size_t max = buf->max;

	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	if (pool->count > 0) {
		*buf = pool->spare[--pool->count];
		buf->max = max;
		pool->bytes -= buf->cap;
	}
	(void)pthread_mutex_unlock(&pool->lock);
}

/* Under the lock. */
static bool keep(struct buf_pool *pool, const struct buf *buf)
{
	if (buf->cap > pool->max_bytes - pool->bytes)
		return false;
	pool->spare = mem_grow(pool->spare, pool->count, &pool->cap, sizeof(*pool->spare));
	pool->spare[pool->count++] = *buf;
	pool->bytes += buf->cap;
	return true;
}

void buf_pool_give(struct buf_pool *pool, struct buf *buf)
{
	bool kept = false;

	if (pool != NULL && buf->data != NULL) {
		buf_reset(buf);
		(void)pthread_mutex_lock(&pool->lock);
		kept = keep(pool, buf);
		(void)pthread_mutex_unlock(&pool->lock);
	}
	if (kept)
		buf_init(buf, buf->max);
	else
		buf_release(buf);
}

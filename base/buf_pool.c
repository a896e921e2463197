#include "base/buf_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

struct buf_pool {
	pthread_mutex_t lock;
	struct buf *spare;        /* empty, each with its memory */
	size_t count, cap;
};

struct buf_pool *buf_pool_new(void)
{
	struct buf_pool *pool = mem_calloc(1, sizeof(*pool));

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
	}
	(void)pthread_mutex_unlock(&pool->lock);
}

void buf_pool_give(struct buf_pool *pool, struct buf *buf)
{
	if (pool == NULL || buf->data == NULL || buf->cap > BUF_POOL_MAX_BYTES) {
		buf_release(buf);
		return;
	}
	buf_reset(buf);
	(void)pthread_mutex_lock(&pool->lock);
	pool->spare = mem_grow(pool->spare, pool->count, &pool->cap, sizeof(*pool->spare));
	pool->spare[pool->count++] = *buf;
	(void)pthread_mutex_unlock(&pool->lock);
	buf_init(buf, buf->max);
}

/*
 * The one way work is done side by side: a bounded queue, N worker threads.
 *
 * One thread (the owner) pushes items and ends the queue; workers run the
 * function on them. With `ordered`, the owner also takes the finished items
 * back, in the order they were pushed: so a restore can fetch ahead and apply
 * in order. Memory is bounded by (depth + workers) items.
 *
 * The first error of a worker stops the queue: pushes and takes fail with it. Threads
 * are started as items come.
 */
#ifndef D1KEEP_BASE_QUEUE_H
#define D1KEEP_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct queue;

struct queue_options {
	size_t workers;  /* at least 1 */
	size_t depth;    /* items waiting or, when ordered, not yet taken */
	bool ordered;    /* queue_take will be called for every item */
	/* Let other threads go first, also those of other processes: workers get
	 * about a tenth of a core that somebody else wants (nice(1) as it is by default). */
	bool yielding;
	/* Work on one item; runs in a worker thread. -1 stops the queue. */
	int (*work)(void *ctx, void *item, struct err *err);
	/* Release an item: after `work` when unordered, and for items that are
	 * left behind when the queue stops. May be NULL. */
	void (*release)(void *item);
	void *ctx;
};

struct queue *queue_new(const struct queue_options *options);

/* Hand over an item; waits while the queue is full. Unordered queues own the
 * item from here, also on failure. Fails with the first worker's error, or
 * ERR_INTERRUPTED when a stop was requested. */
int queue_push(struct queue *q, void *item, struct err *err);

/* How many pushed items were not taken yet (ordered queues). */
size_t queue_pending(struct queue *q);

/* The next finished item in order; the caller owns it. Waits for it. */
int queue_take(struct queue *q, void **ret_item, struct err *err);

/* No more pushes: wait until all is done. */
int queue_finish(struct queue *q, struct err *err);

/* Stop (dropping what has not begun), join the threads, free. NULL is fine. */
void queue_free(struct queue *q);

#endif

/*
 * The numbers 0 to count-1, the one with the smallest key on top; of equal keys
 * the smaller number. Every number is always in there.
 */
#ifndef D1KEEP_DAEMON_HEAP_H
#define D1KEEP_DAEMON_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap {
	size_t count;
	int64_t *keys;           /* of each number */
	size_t *order;           /* the numbers as a heap */
	size_t *place;           /* where in `order` each number is */
};

/* All keys are INT64_MAX. */
void heap_init(struct heap *heap, size_t count);
void heap_release(struct heap *heap);

void heap_set(struct heap *heap, size_t number, int64_t key);

/* Of a heap that is not empty. */
size_t heap_top(const struct heap *heap);
int64_t heap_top_key(const struct heap *heap);

#endif

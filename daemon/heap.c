#include "daemon/heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

void heap_init(struct heap *heap, size_t count)
{
	*heap = (struct heap){
		.count = count,
		.keys = mem_calloc(count, sizeof(*heap->keys)),
		.order = mem_calloc(count, sizeof(*heap->order)),
		.place = mem_calloc(count, sizeof(*heap->place)),
	};
	for (size_t i = 0; i < count; i++) {
		heap->keys[i] = INT64_MAX;
		heap->order[i] = heap->place[i] = i;
	}
}

void heap_release(struct heap *heap)
{
	free(heap->keys);
	free(heap->order);
	free(heap->place);
	*heap = (struct heap){ .count = 0 };
}

static bool is_before(const struct heap *heap, size_t a, size_t b)
{
	int64_t left = heap->keys[a], right = heap->keys[b];

	return left != right ? left < right : a < b;
}

static void swap(struct heap *heap, size_t i, size_t j)
{
	size_t a = heap->order[i], b = heap->order[j];

	heap->order[i] = b;
	heap->place[b] = i;
	heap->order[j] = a;
	heap->place[a] = j;
}

static void sink(struct heap *heap, size_t i)
{
	for (;;) {
		size_t first = i;

		for (size_t child = 2 * i + 1; child < 2 * i + 3 && child < heap->count; child++) {
			if (is_before(heap, heap->order[child], heap->order[first]))
				first = child;
		}
		if (first == i)
			return;
		swap(heap, i, first);
		i = first;
	}
}

static void rise(struct heap *heap, size_t i)
{
	while (i > 0 && is_before(heap, heap->order[i], heap->order[(i - 1) / 2])) {
		swap(heap, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

void heap_set(struct heap *heap, size_t number, int64_t key)
{
	heap->keys[number] = key;
	rise(heap, heap->place[number]);
	sink(heap, heap->place[number]);
}

size_t heap_top(const struct heap *heap)
{
	return heap->order[0];
}

int64_t heap_top_key(const struct heap *heap)
{
	return heap->keys[heap->order[0]];
}

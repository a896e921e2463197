#include "daemon/heap.h"

#include "tests/unit/chance.h"
#include "tests/unit/unit.h"

#define COUNT 37

START_TEST(the_smallest_is_on_top_whatever_is_set)
{
	struct chance chance = { 7 };
	struct heap heap;

	heap_init(&heap, COUNT);
	ck_assert_int_eq(heap_top_key(&heap), INT64_MAX);
	for (int i = 0; i < 20000; i++) {
		size_t best = 0;

		heap_set(&heap, chance_below(&chance, COUNT), (int64_t)chance_below(&chance, 50) - 25);
		for (size_t n = 1; n < COUNT; n++) {
			if (heap.keys[n] < heap.keys[best])
				best = n;
		}
		ck_assert_uint_eq(heap_top(&heap), best);
		ck_assert_int_eq(heap_top_key(&heap), heap.keys[best]);
	}
	heap_release(&heap);
}
END_TEST

UNIT_CASE(heap)
{
	tcase_add_test(tc, the_smallest_is_on_top_whatever_is_set);
}

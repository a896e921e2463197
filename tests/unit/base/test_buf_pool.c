#include "base/buf_pool.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/unit.h"

START_TEST(memory_is_used_again)
{
	struct buf_pool *pool = buf_pool_new();
	AUTO_BUF first = BUF_INIT(1000);
	AUTO_BUF second = BUF_INIT(5);
	const char *memory;

	buf_pool_take(pool, &first);
	ck_assert_ptr_null(first.data);
	ck_assert_int_eq(buf_adds(&first, "of the first one", NULL), 0);
	memory = first.data;
	buf_pool_give(pool, &first);
	ck_assert_ptr_null(first.data);
	ck_assert_uint_eq(first.max, 1000);
	buf_pool_take(pool, &second);
	ck_assert_ptr_eq(second.data, memory);
	ck_assert_str_eq(buf_str(&second), "");
	ck_assert_int_eq(buf_adds(&second, "12345", NULL), 0);
	ck_assert_int_ne(buf_adds(&second, "6", NULL), 0);   /* its own ceiling */
	buf_pool_give(pool, &second);
	buf_pool_free(pool);
}
END_TEST

START_TEST(what_has_grown_large_is_not_kept)
{
	struct buf_pool *pool = buf_pool_new();
	AUTO_BUF large = BUF_INIT(2 * BUF_POOL_MAX_BYTES);
	AUTO_BUF next = BUF_INIT(10);

	ck_assert_ptr_nonnull(buf_reserve(&large, BUF_POOL_MAX_BYTES, NULL));
	buf_pool_give(pool, &large);
	ck_assert_ptr_null(large.data);
	buf_pool_take(pool, &next);
	ck_assert_ptr_null(next.data);
	buf_pool_give(pool, &next);   /* nothing to keep */
	buf_pool_free(pool);
	buf_pool_free(NULL);
}
END_TEST

START_TEST(without_a_pool_all_is_as_ever)
{
	AUTO_BUF b = BUF_INIT(10);

	buf_pool_take(NULL, &b);
	ck_assert_int_eq(buf_adds(&b, "1", NULL), 0);
	buf_pool_give(NULL, &b);
	ck_assert_ptr_null(b.data);
}
END_TEST

static void *use(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		AUTO_BUF a = BUF_INIT(1000);
		AUTO_BUF b = BUF_INIT(1000);

		buf_pool_take(arg, &a);
		buf_pool_take(arg, &b);
		if (buf_adds(&a, "a", NULL) != 0 || buf_adds(&b, "b", NULL) != 0 ||
		    strcmp(a.data, "a") != 0 || strcmp(b.data, "b") != 0)
			return arg;
		buf_pool_give(arg, &b);
		buf_pool_give(arg, &a);
	}
	return NULL;
}

START_TEST(threads_do_not_share_a_buffer)
{
	struct buf_pool *pool = buf_pool_new();
	pthread_t threads[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use, pool), 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
	buf_pool_free(pool);
}
END_TEST

UNIT_CASE(buf_pool)
{
	tcase_add_test(tc, memory_is_used_again);
	tcase_add_test(tc, what_has_grown_large_is_not_kept);
	tcase_add_test(tc, without_a_pool_all_is_as_ever);
	tcase_add_test(tc, threads_do_not_share_a_buffer);
}

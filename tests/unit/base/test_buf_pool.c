#include "base/buf_pool.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/unit.h"

START_TEST(memory_is_used_again)
{
	struct buf_pool *pool = buf_pool_new(4096);
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

START_TEST(no_more_is_kept_than_that)
{
	struct buf_pool *pool = buf_pool_new(1000);
	struct buf bufs[4];

	for (int i = 0; i < 4; i++) {
		buf_init(&bufs[i], 2000);
		ck_assert_ptr_nonnull(buf_reserve(&bufs[i], i == 0 ? 1001 : 255, NULL));
	}
	/* Too large by itself, then three of 256 bytes, of which the last does not fit
	 * beside one of 500. */
	buf_pool_give(pool, &bufs[0]);
	for (int i = 1; i < 4; i++)
		buf_pool_give(pool, &bufs[i]);
	buf_pool_take(pool, &bufs[0]);
	ck_assert_ptr_nonnull(bufs[0].data);
	ck_assert_ptr_nonnull(buf_reserve(&bufs[0], 500, NULL));
	buf_pool_give(pool, &bufs[0]);
	for (int i = 0; i < 4; i++) {
		buf_pool_take(pool, &bufs[i]);
		ck_assert(i < 2 ? bufs[i].data != NULL : bufs[i].data == NULL);
		ck_assert_uint_le(bufs[i].cap, 1000);
	}
	for (int i = 0; i < 4; i++)
		buf_pool_give(pool, &bufs[i]);
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
	struct buf_pool *pool = buf_pool_new(4096);
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
	tcase_add_test(tc, no_more_is_kept_than_that);
	tcase_add_test(tc, without_a_pool_all_is_as_ever);
	tcase_add_test(tc, threads_do_not_share_a_buffer);
}

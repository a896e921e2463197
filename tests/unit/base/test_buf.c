#include "base/buf.h"

#include <string.h>

#include "tests/unit/unit.h"

START_TEST(an_empty_buffer_is_an_empty_string)
{
	AUTO_BUF b = BUF_INIT(10);

	ck_assert_str_eq(buf_str(&b), "");
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(takes_exactly_its_ceiling)
{
	AUTO_BUF b = BUF_INIT(5);
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_add(&b, "12345", 5, NULL), 0);
	ck_assert_str_eq(buf_str(&b), "12345");
	ck_assert_int_eq(buf_add(&b, "6", 1, &err), -1);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "5 bytes"));
}
END_TEST

START_TEST(what_passes_the_ceiling_adds_nothing)
{
	AUTO_BUF b = BUF_INIT(6);

	ck_assert_int_eq(buf_adds(&b, "abcd", NULL), 0);
	ck_assert_int_ne(buf_adds(&b, "efg", NULL), 0);
	ck_assert_int_ne(buf_addf(&b, NULL, "%d", 123), 0);
	ck_assert_uint_eq(b.len, 4);
	ck_assert_str_eq(buf_str(&b), "abcd");
	ck_assert_int_eq(buf_addf(&b, NULL, "%d", 12), 0);
	ck_assert_str_eq(buf_str(&b), "abcd12");
}
END_TEST

START_TEST(a_length_near_the_largest_number_is_too_big)
{
	AUTO_BUF b = BUF_INIT(10);
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_adds(&b, "abc", NULL), 0);
	ck_assert_ptr_null(buf_reserve(&b, (size_t)-1, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_ptr_null(buf_reserve(&b, (size_t)-3, &err));
}
END_TEST

START_TEST(adding_nothing_is_no_failure)
{
	AUTO_BUF b = BUF_INIT(0);

	ck_assert_int_eq(buf_add(&b, NULL, 0, NULL), 0);
	ck_assert_int_eq(buf_adds(&b, "", NULL), 0);
	ck_assert_int_eq(buf_addf(&b, NULL, "%s", ""), 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(buf_str(&b), "");
	ck_assert_int_ne(buf_adds(&b, "x", NULL), 0);
}
END_TEST

START_TEST(keeps_every_byte_while_it_grows)
{
	AUTO_BUF b = BUF_INIT(1u << 20);

	for (unsigned i = 0; i < 300000; i++) {
		unsigned char c = (unsigned char)(i * 7 + i / 256);

		ck_assert_int_eq(buf_add(&b, &c, 1, NULL), 0);
		ck_assert_int_eq(b.data[b.len], '\0');
	}
	ck_assert_uint_eq(b.len, 300000);
	for (unsigned i = 0; i < 300000; i++)
		ck_assert_uint_eq((unsigned char)b.data[i], (unsigned char)(i * 7 + i / 256));
}
END_TEST

START_TEST(bytes_of_any_kind_are_kept)
{
	AUTO_BUF b = BUF_INIT(100);

	ck_assert_int_eq(buf_add(&b, "a\0b\xff", 4, NULL), 0);
	ck_assert_uint_eq(b.len, 4);
	ck_assert_mem_eq(b.data, "a\0b\xff\0", 5);
}
END_TEST

START_TEST(formatting_goes_on_past_a_small_buffer)
{
	AUTO_BUF b = BUF_INIT(10000);

	ck_assert_int_eq(buf_addf(&b, NULL, "%05000d", 7), 0);
	ck_assert_uint_eq(b.len, 5000);
	ck_assert_str_eq(buf_str(&b) + 4998, "07");
}
END_TEST

START_TEST(what_is_reserved_counts_when_it_is_committed)
{
	AUTO_BUF b = BUF_INIT(100);
	char *dst;

	ck_assert_int_eq(buf_adds(&b, "ab", NULL), 0);
	dst = buf_reserve(&b, 50, NULL);
	ck_assert_ptr_nonnull(dst);
	memcpy(dst, "cdef", 4);
	ck_assert_uint_eq(b.len, 2);
	buf_commit(&b, 2);
	ck_assert_str_eq(buf_str(&b), "abcd");
}
END_TEST

START_TEST(a_reservation_that_is_not_used_leaves_a_string)
{
	AUTO_BUF b = BUF_INIT(100);

	ck_assert_ptr_nonnull(buf_reserve(&b, 50, NULL));
	ck_assert_str_eq(buf_str(&b), "");
}
END_TEST

START_TEST(reset_keeps_the_memory_and_release_gives_it_back)
{
	AUTO_BUF b = BUF_INIT(100);
	char *before;

	ck_assert_int_eq(buf_adds(&b, "abc", NULL), 0);
	before = b.data;
	buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(buf_str(&b), "");
	ck_assert_ptr_eq(b.data, before);
	buf_release(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.max, 100);
	ck_assert_int_eq(buf_adds(&b, "again", NULL), 0);
	ck_assert_str_eq(buf_str(&b), "again");
	buf_release(&b);
	buf_release(&b);
	buf_reset(&b);
}
END_TEST

UNIT_CASE(buf)
{
	tcase_add_test(tc, an_empty_buffer_is_an_empty_string);
	tcase_add_test(tc, takes_exactly_its_ceiling);
	tcase_add_test(tc, what_passes_the_ceiling_adds_nothing);
	tcase_add_test(tc, a_length_near_the_largest_number_is_too_big);
	tcase_add_test(tc, adding_nothing_is_no_failure);
	tcase_add_test(tc, keeps_every_byte_while_it_grows);
	tcase_add_test(tc, bytes_of_any_kind_are_kept);
	tcase_add_test(tc, formatting_goes_on_past_a_small_buffer);
	tcase_add_test(tc, what_is_reserved_counts_when_it_is_committed);
	tcase_add_test(tc, a_reservation_that_is_not_used_leaves_a_string);
	tcase_add_test(tc, reset_keeps_the_memory_and_release_gives_it_back);
}

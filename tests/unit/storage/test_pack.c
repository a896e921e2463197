#include "storage/pack.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

#define SQL "CREATE TABLE t(a);\nINSERT INTO t VALUES(1);\n"

static void pack(struct buf *ret, const void *data, size_t len)
{
	struct err err = ERR_INIT;

	ck_assert_msg(pack_gzip(NULL, data, len, ret, &err) == 0, "%s", err.msg);
}

static void assert_corrupt(const void *data, size_t len, size_t expected)
{
	AUTO_BUF out = BUF_INIT(1u << 20);
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_adds(&out, "kept", NULL), 0);
	ck_assert_int_ne(pack_gunzip(data, len, expected, &out, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_uint_eq(out.len, 4);
	ck_assert_str_eq(buf_str(&out), "kept");
}

static void assert_round_trip(const char *data, size_t len)
{
	AUTO_BUF packed = BUF_INIT(len + 4096);
	AUTO_BUF out = BUF_INIT(len);
	struct err err = ERR_INIT;

	pack(&packed, data, len);
	ck_assert_msg(pack_gunzip(packed.data, packed.len, len, &out, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(out.len, len);
	ck_assert_int_eq(memcmp(buf_str(&out), data, len), 0);
	ck_assert_int_eq(buf_str(&out)[len], '\0');
}

START_TEST(what_was_packed_comes_back)
{
	AUTO_STR noise = mem_calloc(300000, 1);
	uint32_t seed = 1;

	assert_round_trip("", 0);
	assert_round_trip("x", 1);
	assert_round_trip(SQL, strlen(SQL));
	assert_round_trip(noise, 300000);
	for (int i = 0; i < 300000; i++) {
		seed = seed * 1664525 + 1013904223;
		noise[i] = (char)(seed >> 24);
	}
	assert_round_trip(noise, 300000);
}
END_TEST

/* Promise 3: gzip reads it, also several members in a row. */
START_TEST(gzip_reads_members_in_a_row_as_one_text)
{
	AUTO_STR path = mem_printf("%s/two.gz", unit_folder());
	AUTO_STR command = mem_printf("gzip -dc '%s'", path);
	AUTO_BUF packed = BUF_INIT(4096);
	char out[256] = "";
	FILE *pipe;

	pack(&packed, SQL, strlen(SQL));
	pack(&packed, "SELECT 1;\n", 10);
	ck_assert_int_eq(file_write(path, packed.data, packed.len, 0600, false, NULL), 0);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	(void)fread(out, 1, sizeof(out) - 1, pipe);
	ck_assert_int_eq(pclose(pipe), 0);
	ck_assert_str_eq(out, SQL "SELECT 1;\n");
}
END_TEST

/* Chunks are found again by the hash of their bytes. */
START_TEST(the_same_sql_is_packed_to_the_same_bytes)
{
	AUTO_BUF first = BUF_INIT(4096);
	AUTO_BUF second = BUF_INIT(4096);

	pack(&first, SQL, strlen(SQL));
	pack(&second, SQL, strlen(SQL));
	ck_assert_uint_eq(first.len, second.len);
	ck_assert_mem_eq(first.data, second.data, first.len);
}
END_TEST

START_TEST(both_ways_append)
{
	AUTO_BUF packed = BUF_INIT(4096);
	AUTO_BUF out = BUF_INIT(4096);

	ck_assert_int_eq(buf_adds(&packed, "head", NULL), 0);
	pack(&packed, SQL, strlen(SQL));
	ck_assert_int_eq(strncmp(packed.data, "head", 4), 0);
	ck_assert_int_eq(buf_adds(&out, "-- ", NULL), 0);
	ck_assert_int_eq(pack_gunzip(packed.data + 4, packed.len - 4, strlen(SQL), &out, NULL), 0);
	ck_assert_str_eq(buf_str(&out), "-- " SQL);
}
END_TEST

START_TEST(a_member_cut_anywhere_is_corrupt)
{
	AUTO_BUF packed = BUF_INIT(4096);

	pack(&packed, SQL, strlen(SQL));
	for (size_t len = 0; len < packed.len; len++)
		assert_corrupt(packed.data, len, strlen(SQL));
	assert_corrupt(NULL, 0, strlen(SQL));
	assert_corrupt(NULL, 0, 0);
}
END_TEST

START_TEST(a_byte_that_follows_is_corrupt)
{
	AUTO_BUF packed = BUF_INIT(4096);

	pack(&packed, SQL, strlen(SQL));
	ck_assert_int_eq(buf_add(&packed, "\0", 1, NULL), 0);
	assert_corrupt(packed.data, packed.len, strlen(SQL));
}
END_TEST

START_TEST(a_second_member_is_corrupt)
{
	AUTO_BUF packed = BUF_INIT(4096);

	pack(&packed, SQL, strlen(SQL));
	pack(&packed, SQL, strlen(SQL));
	assert_corrupt(packed.data, packed.len, 2 * strlen(SQL));
	assert_corrupt(packed.data, packed.len, strlen(SQL));
	/* Nor one that holds nothing. */
	buf_reset(&packed);
	pack(&packed, SQL, strlen(SQL));
	pack(&packed, "", 0);
	assert_corrupt(packed.data, packed.len, strlen(SQL));
}
END_TEST

START_TEST(another_size_than_expected_is_corrupt)
{
	AUTO_BUF packed = BUF_INIT(4096);

	pack(&packed, SQL, strlen(SQL));
	assert_corrupt(packed.data, packed.len, strlen(SQL) - 1);
	assert_corrupt(packed.data, packed.len, strlen(SQL) + 1);
	assert_corrupt(packed.data, packed.len, 0);
}
END_TEST

/* 64 MiB of zeros in 64 KiB: never more memory than was promised. */
START_TEST(a_bomb_ends_at_the_promised_size)
{
	enum { BOMB = 64 << 20 };
	AUTO_STR zeros = mem_calloc(BOMB, 1);
	AUTO_BUF packed = BUF_INIT(BOMB + (1u << 20));
	AUTO_BUF out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	pack(&packed, zeros, BOMB);
	ck_assert_uint_lt(packed.len, 1u << 20);
	ck_assert_int_ne(pack_gunzip(packed.data, packed.len, 1000, &out, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_uint_le(out.cap, 2000);
}
END_TEST

START_TEST(what_passes_the_buffers_ceiling_is_too_big)
{
	AUTO_BUF packed = BUF_INIT(4096);
	AUTO_BUF out = BUF_INIT(strlen(SQL) - 1);
	AUTO_BUF small = BUF_INIT(10);
	struct err err = ERR_INIT;

	ck_assert_int_ne(pack_gzip(NULL, SQL, strlen(SQL), &small, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_eq(small.len, 0);
	pack(&packed, SQL, strlen(SQL));
	ck_assert_int_ne(pack_gunzip(packed.data, packed.len, strlen(SQL), &out, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
}
END_TEST

/* (Some bits mean nothing; those of a chunk are held by its hash.) */
START_TEST(a_changed_bit_is_corrupt_or_changes_nothing)
{
	AUTO_BUF packed = BUF_INIT(4096);
	AUTO_BUF out = BUF_INIT(4096);

	pack(&packed, SQL, strlen(SQL));
	for (size_t i = 0; i < 8 * packed.len; i++) {
		packed.data[i / 8] = (char)(packed.data[i / 8] ^ 1 << i % 8);
		if (i >= 8 * (packed.len - 8))
			assert_corrupt(packed.data, packed.len, strlen(SQL));
		buf_reset(&out);
		if (pack_gunzip(packed.data, packed.len, strlen(SQL), &out, NULL) == 0)
			ck_assert_str_eq(buf_str(&out), SQL);
		packed.data[i / 8] = (char)(packed.data[i / 8] ^ 1 << i % 8);
	}
}
END_TEST

/* ---- where the member alone tells how much it holds ---- */

static void assert_no_member(const void *data, size_t len)
{
	AUTO_BUF out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	ck_assert_int_ne(pack_gunzip_member(data, len, &out, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_uint_le(out.cap, 2000);
}

START_TEST(a_member_tells_how_much_it_holds)
{
	AUTO_BUF packed = BUF_INIT(4096);
	AUTO_BUF out = BUF_INIT(strlen(SQL));

	pack(&packed, SQL, strlen(SQL));
	ck_assert(pack_is_gzip(packed.data, packed.len));
	ck_assert(!pack_is_gzip(packed.data, 1) && !pack_is_gzip(SQL, strlen(SQL)) && !pack_is_gzip("", 0));
	ck_assert_int_eq(pack_gunzip_member(packed.data, packed.len, &out, NULL), 0);
	ck_assert_str_eq(buf_str(&out), SQL);
	for (size_t len = 0; len < packed.len; len++)
		assert_no_member(packed.data, len);
}
END_TEST

START_TEST(a_bomb_is_corrupt_whatever_it_says)
{
	enum { BOMB = 64 << 20 };
	AUTO_STR zeros = mem_calloc(BOMB, 1);
	AUTO_BUF packed = BUF_INIT(BOMB + (1u << 20));

	pack(&packed, zeros, BOMB);
	assert_no_member(packed.data, packed.len);
	memcpy(packed.data + packed.len - 4, "\x10\0\0\0", 4);
	assert_no_member(packed.data, packed.len);
	memcpy(packed.data + packed.len - 4, "\xff\xff\xff\xff", 4);
	assert_no_member(packed.data, packed.len);
}
END_TEST

START_TEST(a_packer_remembers_nothing)
{
	AUTO_BUF alone = BUF_INIT(4096);
	AUTO_BUF again = BUF_INIT(4096);
	struct packer *packer = packer_new(NULL);

	ck_assert_ptr_nonnull(packer);
	pack(&alone, SQL, strlen(SQL));
	ck_assert_int_eq(pack_gzip(packer, SQL SQL, 2 * strlen(SQL), &again, NULL), 0);
	buf_reset(&again);
	ck_assert_int_eq(pack_gzip(packer, SQL, strlen(SQL), &again, NULL), 0);
	ck_assert_uint_eq(again.len, alone.len);
	ck_assert_mem_eq(again.data, alone.data, alone.len);
	packer_free(packer);
}
END_TEST

START_TEST(what_is_no_gzip_is_corrupt)
{
	assert_corrupt("not gzip at all, but long enough", 32, 10);
}
END_TEST

UNIT_CASE(pack)
{
	tcase_add_test(tc, what_was_packed_comes_back);
	tcase_add_test(tc, gzip_reads_members_in_a_row_as_one_text);
	tcase_add_test(tc, the_same_sql_is_packed_to_the_same_bytes);
	tcase_add_test(tc, both_ways_append);
	tcase_add_test(tc, a_member_cut_anywhere_is_corrupt);
	tcase_add_test(tc, a_byte_that_follows_is_corrupt);
	tcase_add_test(tc, a_second_member_is_corrupt);
	tcase_add_test(tc, another_size_than_expected_is_corrupt);
	tcase_add_test(tc, a_bomb_ends_at_the_promised_size);
	tcase_add_test(tc, what_passes_the_buffers_ceiling_is_too_big);
	tcase_add_test(tc, a_changed_bit_is_corrupt_or_changes_nothing);
	tcase_add_test(tc, a_packer_remembers_nothing);
	tcase_add_test(tc, what_is_no_gzip_is_corrupt);
	tcase_add_test(tc, a_member_tells_how_much_it_holds);
	tcase_add_test(tc, a_bomb_is_corrupt_whatever_it_says);
}

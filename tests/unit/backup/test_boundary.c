#include "backup/boundary.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/dump.h"
#include "tests/unit/backup/support.h"
#include "tests/unit/unit.h"

#define ROWS 300000

START_TEST(never_cuts_a_small_chunk)
{
	char tuple[1000];
	struct chance c = { 1 };

	for (int i = 0; i < 10000; i++) {
		for (size_t j = 0; j < sizeof(tuple); j++)
			tuple[j] = (char)chance_next(&c);
		if (boundary_after(tuple, sizeof(tuple), BOUNDARY_MIN_BYTES - 1))
			ck_abort_msg("tuple %d", i);
	}
}
END_TEST

START_TEST(always_cuts_a_large_chunk)
{
	ck_assert(boundary_after("(1)", 3, BOUNDARY_MAX_BYTES));
	ck_assert(boundary_after("(2)", 3, BOUNDARY_MAX_BYTES + 1000));
}
END_TEST

START_TEST(always_cuts_behind_a_very_long_row)
{
	char *tuple = calloc(BOUNDARY_MEAN_BYTES, 1);

	for (int i = 0; i < 50; i++) {
		tuple[i] = 'x';
		ck_assert(boundary_after(tuple, BOUNDARY_MEAN_BYTES, BOUNDARY_MEAN_BYTES));
	}
	free(tuple);
}
END_TEST

/* The rule as docs/format.md has it, computed by itself. */
START_TEST(follows_the_written_rule)
{
	struct chance c = { 2 };
	char tuple[2000];

	for (int i = 0; i < 20000; i++) {
		size_t len = 1 + chance_below(&c, sizeof(tuple));
		size_t n = chance_below(&c, 6u << 20);
		bool cut;

		for (size_t j = 0; j < len; j++)
			tuple[j] = (char)chance_next(&c);
		cut = n >= 4194304 || (n >= 262144 &&
		    (double)libdeflate_crc32(0, tuple, len) <
		    (double)len * 4294967296.0 / 786432.0 - 1e-6);
		if (boundary_after(tuple, len, n) != cut)
			ck_abort_msg("a tuple of %zu bytes in a chunk of %zu", len, n);
	}
}
END_TEST

/* ---- many rows through a dump ---- */

struct cut {
	char (*hashes)[SHA256_HEX_SIZE];
	size_t count, cap, bytes;
};

static int keep_hash(void *ctx, struct chunk *chunk, struct err *err)
{
	struct cut *cut = ctx;

	(void)err;
	cut->hashes = realloc(cut->hashes, (cut->count + 1) * sizeof(*cut->hashes));
	sha256_hex(chunk->sql.data, chunk->sql.len, cut->hashes[cut->count++]);
	cut->bytes += chunk->sql.len;
	chunk_free(chunk);
	return 0;
}

static const struct table *rows_table(void)
{
	static const char *values[] = { "id", "a" };
	static size_t key[] = { 0 };
	static const struct table table = {
		.name = (char *)(uintptr_t)"t", .values = values, .value_count = 2,
		.key = key, .key_count = 1,
	};

	return &table;
}

static void add_row(struct dump *dump, long id)
{
	struct chance c = { (uint64_t)id };
	char tuple[200];
	int n = snprintf(tuple, sizeof(tuple), "(%ld,'%016llx%016llx%.*s')", id,
	    (unsigned long long)chance_next(&c), (unsigned long long)chance_next(&c),
	    (int)chance_below(&c, 100), "----------------------------------------------------"
	    "------------------------------------------------");

	if (dump_row(dump, (struct span){ tuple, (size_t)n }, NULL) != 0)
		ck_abort_msg("row %ld", id);
}

/* Rows first, first + 2, …; with `extra`, one more behind that one. */
static struct cut cut_rows(long first, long count, long extra)
{
	struct cut cut = { .count = 0 };
	char hash[SHA256_HEX_SIZE];
	struct dump dump;
	int64_t rows;

	dump_init(&dump, keep_hash, &cut);
	ck_assert_int_eq(dump_table_begin(&dump, rows_table(), NULL), 0);
	for (long i = 0; i < count; i++) {
		add_row(&dump, first + 2 * i);
		if (first + 2 * i + 1 == extra)
			add_row(&dump, extra);
	}
	ck_assert_int_eq(dump_table_end(&dump, &rows, hash, NULL), 0);
	dump_release(&dump);
	return cut;
}

/* Chunks of `now` that `before` does not have. */
static size_t changed(const struct cut *before, const struct cut *now)
{
	size_t n = 0;

	for (size_t i = 0; i < now->count; i++) {
		bool found = false;

		for (size_t j = 0; j < before->count && !found; j++)
			found = strcmp(now->hashes[i], before->hashes[j]) == 0;
		n += !found;
	}
	return n;
}

START_TEST(makes_chunks_of_about_a_mebibyte)
{
	struct cut cut = cut_rows(0, ROWS, -1);

	ck_assert_uint_gt(cut.bytes / cut.count, 700u << 10);
	ck_assert_uint_lt(cut.bytes / cut.count, 1400u << 10);
	free(cut.hashes);
}
END_TEST

START_TEST(an_inserted_row_changes_at_most_two_chunks)
{
	struct cut before = cut_rows(0, ROWS, -1);

	for (long at = 1; at < 7; at++) {
		struct cut now = cut_rows(0, ROWS, at * 80000 + 1);

		ck_assert_uint_ge(changed(&before, &now), 1);
		ck_assert_uint_le(changed(&before, &now), 2);
		free(now.hashes);
	}
	free(before.hashes);
}
END_TEST

START_TEST(appended_rows_change_only_the_tail)
{
	struct cut before = cut_rows(0, ROWS, -1);
	struct cut now = cut_rows(0, ROWS + 1000, -1);

	ck_assert_uint_eq(changed(&before, &now), now.count - before.count + 1);
	for (size_t i = 0; i + 1 < before.count; i++)
		ck_assert_str_eq(before.hashes[i], now.hashes[i]);
	free(now.hashes);
	free(before.hashes);
}
END_TEST

START_TEST(removed_beginnings_leave_the_end_alone)
{
	struct cut before = cut_rows(0, ROWS, -1);
	struct cut now = cut_rows(2 * 10000, ROWS - 10000, -1);

	ck_assert_uint_le(changed(&before, &now), 3);
	free(now.hashes);
	free(before.hashes);
}
END_TEST

UNIT_CASE(boundary)
{
	tcase_add_test(tc, never_cuts_a_small_chunk);
	tcase_add_test(tc, always_cuts_a_large_chunk);
	tcase_add_test(tc, always_cuts_behind_a_very_long_row);
	tcase_add_test(tc, follows_the_written_rule);
	tcase_add_test(tc, makes_chunks_of_about_a_mebibyte);
	tcase_add_test(tc, an_inserted_row_changes_at_most_two_chunks);
	tcase_add_test(tc, appended_rows_change_only_the_tail);
	tcase_add_test(tc, removed_beginnings_leave_the_end_alone);
}

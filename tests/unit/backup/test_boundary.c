#include "backup/boundary.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/dump.h"
#include "tests/unit/backup/support.h"
#include "tests/unit/unit.h"

#define ROWS 300000

static bool cuts(const char *text, size_t len, size_t chunk_bytes, const struct ends *ends)
{
	struct boundary_tuple t = boundary_tuple(text, len);

	return boundary_after(&t, chunk_bytes, ends);
}

static uint32_t noted(const char *text, size_t len, size_t chunk_bytes)
{
	struct boundary_tuple t = boundary_tuple(text, len);

	return boundary_end(&t, chunk_bytes);
}

START_TEST(never_cuts_a_small_chunk)
{
	char tuple[1000];
	struct chance c = { 1 };

	for (int i = 0; i < 10000; i++) {
		for (size_t j = 0; j < sizeof(tuple); j++)
			tuple[j] = (char)chance_next(&c);
		if (cuts(tuple, sizeof(tuple), BOUNDARY_MIN_BYTES - 1, NULL))
			ck_abort_msg("tuple %d", i);
	}
}
END_TEST

START_TEST(always_cuts_a_large_chunk)
{
	ck_assert(cuts("(1)", 3, BOUNDARY_MAX_BYTES, NULL));
	ck_assert(cuts("(2)", 3, BOUNDARY_MAX_BYTES + 1000, NULL));
}
END_TEST

START_TEST(always_cuts_behind_a_very_long_row)
{
	char *tuple = calloc(BOUNDARY_MEAN_BYTES, 1);

	for (int i = 0; i < 50; i++) {
		tuple[i] = 'x';
		ck_assert(cuts(tuple, BOUNDARY_MEAN_BYTES, BOUNDARY_MEAN_BYTES, NULL));
		ck_assert_uint_eq(noted(tuple, BOUNDARY_MEAN_BYTES, BOUNDARY_MEAN_BYTES), 0);
	}
	free(tuple);
}
END_TEST

static struct ends *ends_of(uint32_t crc32)
{
	struct manifest m = { .id = NULL };
	struct ends *ends;

	manifest_add_object(&m)->end_crc32 = crc32;
	ends = ends_new(&m);
	manifest_release(&m);
	return ends;
}

/* The rule as docs/format.md has it, computed by itself. */
START_TEST(follows_the_written_rule)
{
	struct chance c = { 2 };
	char tuple[2000];

	for (int i = 0; i < 20000; i++) {
		size_t len = 1 + chance_below(&c, sizeof(tuple));
		size_t n = chance_below(&c, i % 2 == 0 ? 6u << 20 : 1u << 20);
		bool content, cut;
		uint32_t crc32;

		for (size_t j = 0; j < len; j++)
			tuple[j] = (char)chance_next(&c);
		crc32 = libdeflate_crc32(0, tuple, len);
		content = (double)crc32 < (double)len * 4294967296.0 / 786432.0 - 1e-6;
		cut = n >= 4194304 || (n >= 262144 && content);
		if (cuts(tuple, len, n, NULL) != cut)
			ck_abort_msg("a tuple of %zu bytes in a chunk of %zu", len, n);
		if (i % 16 < 2) {
			struct ends *ends = ends_of(crc32), *others = ends_of(crc32 ^ 1u << 8);

			ck_assert(cuts(tuple, len, n, ends) == (cut || n >= 524288));
			ck_assert(cuts(tuple, len, n, others) == cut);
			ends_free(ends);
			ends_free(others);
		}
		ck_assert_uint_eq(noted(tuple, len, n), n >= 524288 && !content ? crc32 : 0);
	}
}
END_TEST

/* ---- many rows through a dump ---- */

struct cut {
	struct manifest m;          /* its objects */
	size_t bytes;
};

static int keep_chunk(void *ctx, struct chunk *chunk, struct err *err)
{
	struct cut *cut = ctx;
	struct manifest_object *o = manifest_add_object(&cut->m);

	(void)err;
	sha256_hex(chunk->sql.data, chunk->sql.len, o->sql_sha256);
	o->sql_bytes = (int64_t)chunk->sql.len;
	o->rows = chunk->rows;
	o->end_crc32 = chunk->end_crc32;
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

/* Rows first, first + 2, …; with `extra`, one more behind that one. As a snapshot that
 * comes after `before`, or after none. */
static struct cut cut_after(const struct cut *before, long first, long count, long extra)
{
	struct ends *ends = before != NULL ? ends_new(&before->m) : NULL;
	struct cut cut = { .bytes = 0 };
	char hash[SHA256_HEX_SIZE];
	struct dump dump;
	int64_t rows;

	dump_init(&dump, keep_chunk, &cut);
	dump.ends = ends;
	ck_assert_int_eq(dump_table_begin(&dump, rows_table(), NULL), 0);
	for (long i = 0; i < count; i++) {
		add_row(&dump, first + 2 * i);
		if (first + 2 * i + 1 == extra)
			add_row(&dump, extra);
	}
	ck_assert_int_eq(dump_table_end(&dump, &rows, hash, NULL), 0);
	dump_release(&dump);
	ends_free(ends);
	return cut;
}

static struct cut cut_rows(long first, long count, long extra)
{
	return cut_after(NULL, first, count, extra);
}

static void release(struct cut *cut)
{
	manifest_release(&cut->m);
}

static bool has(const struct cut *cut, const struct manifest_object *object)
{
	for (size_t i = 0; i < cut->m.object_count; i++) {
		if (strcmp(cut->m.objects[i].sql_sha256, object->sql_sha256) == 0)
			return true;
	}
	return false;
}

/* Chunks of `now` that `before` does not have. */
static size_t changed(const struct cut *before, const struct cut *now)
{
	size_t n = 0;

	for (size_t i = 0; i < now->m.object_count; i++)
		n += !has(before, &now->m.objects[i]);
	return n;
}

START_TEST(makes_chunks_of_about_a_mebibyte)
{
	struct cut cut = cut_rows(0, ROWS, -1);

	ck_assert_uint_gt(cut.bytes / cut.m.object_count, 700u << 10);
	ck_assert_uint_lt(cut.bytes / cut.m.object_count, 1400u << 10);
	release(&cut);
}
END_TEST

START_TEST(an_inserted_row_changes_at_most_two_chunks)
{
	struct cut before = cut_rows(0, ROWS, -1);

	for (long at = 1; at < 7; at++) {
		struct cut now = cut_rows(0, ROWS, at * 80000 + 1);

		ck_assert_uint_ge(changed(&before, &now), 1);
		ck_assert_uint_le(changed(&before, &now), 2);
		release(&now);
	}
	release(&before);
}
END_TEST

START_TEST(appended_rows_change_only_the_tail)
{
	struct cut before = cut_rows(0, ROWS, -1);
	struct cut now = cut_rows(0, ROWS + 1000, -1);

	ck_assert_uint_eq(changed(&before, &now), now.m.object_count - before.m.object_count + 1);
	for (size_t i = 0; i + 1 < before.m.object_count; i++)
		ck_assert(has(&now, &before.m.objects[i]));
	release(&now);
	release(&before);
}
END_TEST

START_TEST(removed_beginnings_leave_the_end_alone)
{
	struct cut before = cut_rows(0, ROWS, -1);
	struct cut now = cut_rows(2 * 10000, ROWS - 10000, -1);

	ck_assert_uint_le(changed(&before, &now), 3);
	release(&now);
	release(&before);
}
END_TEST

/* ---- ends that are taken over ---- */

/* So many rows that the last chunk is large enough, and its end not one by content. */
static long rows_with_an_end(void)
{
	for (long rows = ROWS; ; rows += 500) {
		struct cut cut = cut_rows(0, rows, -1);
		uint32_t end = cut.m.objects[cut.m.object_count - 1].end_crc32;

		release(&cut);
		if (end != 0)
			return rows;
	}
}

START_TEST(appended_rows_are_chunks_of_their_own)
{
	long rows = rows_with_an_end();
	struct cut before = cut_rows(0, rows, -1);
	struct cut now = cut_after(&before, 0, rows + 1000, -1);

	ck_assert_uint_eq(changed(&now, &before), 0);
	ck_assert_uint_eq(changed(&before, &now), 1);
	ck_assert_int_eq(now.m.objects[now.m.object_count - 1].rows, 1000);
	release(&now);
	release(&before);
}
END_TEST

START_TEST(an_end_is_taken_over_from_snapshot_to_snapshot)
{
	long rows = rows_with_an_end();
	struct cut first = cut_rows(0, rows, -1);
	struct cut last = cut_after(&first, 0, rows, -1);

	for (int i = 0; i < 20; i++) {
		struct cut next = cut_after(&last, 0, rows + 10 * i, -1);

		release(&last);
		last = next;
		ck_assert_uint_eq(changed(&last, &first), 0);
	}
	ck_assert_uint_eq(last.m.object_count, first.m.object_count + 1);
	release(&first);
	release(&last);
}
END_TEST

START_TEST(a_last_chunk_that_is_not_what_it_was_has_no_old_end)
{
	long rows = rows_with_an_end();
	struct cut before = cut_rows(0, rows, -1);
	/* One row of it less at the end, and others behind; one more within it. */
	struct cut less = cut_after(&before, 0, rows - 1, -1);
	struct cut more = cut_after(&before, 0, rows + 1000, 2 * (rows - 5) + 1);

	ck_assert_uint_eq(changed(&before, &less), 1);
	ck_assert_uint_eq(less.m.object_count, before.m.object_count);
	/* The end is still one: what is appended is no part of the changed chunk. */
	ck_assert_uint_eq(changed(&before, &more), 2);
	ck_assert_int_eq(more.m.objects[more.m.object_count - 1].rows, 1000);
	release(&more);
	release(&less);
	release(&before);
}
END_TEST

/* Grown `times`, each time by so many rows, from none. */
static struct cut grown(long rows, long times, size_t *ret_stored)
{
	struct cut last = cut_rows(0, rows, -1);

	*ret_stored = last.bytes;
	for (long i = 2; i <= times; i++) {
		struct cut next = cut_after(&last, 0, rows * i, -1);

		for (size_t k = 0; k < next.m.object_count; k++) {
			if (!has(&last, &next.m.objects[k]))
				*ret_stored += (size_t)next.m.objects[k].sql_bytes;
		}
		release(&last);
		last = next;
	}
	return last;
}

/* Of 100 bytes a row: 20, 60, 250 and 600 KB each time. */
static const struct { long rows, times; } growth[] = {
	{ 200, 150 }, { 600, 80 }, { 2500, 24 }, { 6000, 10 },
};

START_TEST(slow_growth_does_not_make_many_small_chunks)
{
	size_t stored;
	struct cut cut = grown(growth[_i].rows, growth[_i].times, &stored);
	size_t small = 0;

	for (size_t i = 0; i + 1 < cut.m.object_count; i++)
		small += cut.m.objects[i].sql_bytes < (int64_t)BOUNDARY_END_MIN_BYTES;
	/* Smaller ones end by content, and seldom. */
	ck_assert_uint_le(small, 1 + cut.m.object_count / 2);
	ck_assert_uint_le(cut.m.object_count, 2 + cut.bytes / (400u << 10));
	/* Each time: what is new, and the last chunk while it is small. */
	ck_assert_uint_le(stored, cut.bytes + (size_t)growth[_i].times * (BOUNDARY_END_MIN_BYTES / 2 + (64u << 10)));
	release(&cut);
}
END_TEST

/* An end is one of a row, not of a chunk: else all behind a changed row would be cut
 * anew, and stored. */
START_TEST(a_row_put_into_a_grown_table_changes_few_chunks)
{
	size_t stored;
	struct cut before = grown(5500, 16, &stored);
	size_t worst = 0, sum = 0;

	ck_assert_uint_gt(before.m.object_count, 8);
	for (long at = 0; at < 20; at++) {
		struct cut now = cut_after(&before, 0, 5500 * 16, 2 * (at * 3500 + 50) + 1);
		size_t n = changed(&before, &now);

		worst = n > worst ? n : worst;
		sum += n;
		release(&now);
	}
	ck_assert_uint_ge(sum, 20);
	ck_assert_uint_le(sum, 50);
	ck_assert_uint_le(worst, 5);
	release(&before);
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
	tcase_add_test(tc, appended_rows_are_chunks_of_their_own);
	tcase_add_test(tc, an_end_is_taken_over_from_snapshot_to_snapshot);
	tcase_add_test(tc, a_last_chunk_that_is_not_what_it_was_has_no_old_end);
	tcase_add_loop_test(tc, slow_growth_does_not_make_many_small_chunks, 0, sizeof(growth) / sizeof(growth[0]));
	tcase_add_test(tc, a_row_put_into_a_grown_table_changes_few_chunks);
}

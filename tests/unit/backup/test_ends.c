#include "backup/ends.h"

#include "tests/unit/unit.h"

static struct ends *ends_of(const uint32_t *crcs, size_t count)
{
	struct manifest m = { .id = NULL };
	struct ends *ends;

	for (size_t i = 0; i < count; i++)
		manifest_add_object(&m)->end_crc32 = crcs[i];
	ends = ends_new(&m);
	manifest_release(&m);
	return ends;
}

START_TEST(a_manifest_that_notes_none_has_none)
{
	static const uint32_t crcs[] = { 0, 0 };

	ck_assert_ptr_null(ends_of(crcs, 0));
	ck_assert_ptr_null(ends_of(crcs, 2));
	ck_assert(!ends_have(NULL, 1));
	ends_free(NULL);
}
END_TEST

START_TEST(each_that_is_noted_is_found)
{
	/* Some of one slot, at the end of the table too, and one twice. */
	static const uint32_t crcs[] = { 7, 0, 15, 23, 0xffffffff, 31, 7, 8, 0x80000000 };
	const size_t n = sizeof(crcs) / sizeof(crcs[0]);
	struct ends *ends = ends_of(crcs, n);

	for (size_t i = 0; i < n; i++)
		ck_assert(ends_have(ends, crcs[i]) == (crcs[i] != 0));
	for (uint32_t crc = 1; crc < 1000; crc++)
		ck_assert(ends_have(ends, crc) == (crc == 7 || crc == 8 || crc == 15 || crc == 23 || crc == 31));
	ends_free(ends);
}
END_TEST

START_TEST(of_many_none_is_lost_and_none_is_made_up)
{
	struct manifest m = { .id = NULL };
	struct ends *ends;

	for (uint32_t i = 1; i <= 10000; i++)
		manifest_add_object(&m)->end_crc32 = i * 2654435761u | 1;
	ends = ends_new(&m);
	for (uint32_t i = 1; i <= 10000; i++) {
		ck_assert(ends_have(ends, i * 2654435761u | 1));
		ck_assert(!ends_have(ends, i * 2));
	}
	ends_free(ends);
	manifest_release(&m);
}
END_TEST

UNIT_CASE(ends)
{
	tcase_add_test(tc, a_manifest_that_notes_none_has_none);
	tcase_add_test(tc, each_that_is_noted_is_found);
	tcase_add_test(tc, of_many_none_is_lost_and_none_is_made_up);
}

#include "base/stamp.h"

#include <string.h>

#include "tests/unit/unit.h"

/* Moments that other programs computed (date -u -d @N). */
static const struct { int64_t at; const char *iso, *compact; } known[] = {
	{ 0, "1970-01-01T00:00:00Z", "19700101T000000Z" },
	{ 1795313820, "2026-11-22T02:17:00Z", "20261122T021700Z" },
	{ 951782400, "2000-02-29T00:00:00Z", "20000229T000000Z" },
	{ 1709251199, "2024-02-29T23:59:59Z", "20240229T235959Z" },
	{ -1, "1969-12-31T23:59:59Z", "19691231T235959Z" },
	{ 2147483648, "2038-01-19T03:14:08Z", "20380119T031408Z" },
	{ 253402300799, "9999-12-31T23:59:59Z", "99991231T235959Z" },
	{ -30610224000, "1000-01-01T00:00:00Z", "10000101T000000Z" },
	{ -30610224001, "0999-12-31T23:59:59Z", "09991231T235959Z" },
	{ -62167219200, "0000-01-01T00:00:00Z", "00000101T000000Z" },
};

START_TEST(writes_both_spellings)
{
	char iso[STAMP_ISO_SIZE], compact[STAMP_COMPACT_SIZE];

	ck_assert_str_eq(stamp_iso(known[_i].at, iso), known[_i].iso);
	ck_assert_str_eq(stamp_compact(known[_i].at, compact), known[_i].compact);
}
END_TEST

START_TEST(reads_both_spellings)
{
	int64_t at = 1;

	ck_assert(stamp_parse(known[_i].iso, &at));
	ck_assert_int_eq(at, known[_i].at);
	at = 1;
	ck_assert(stamp_parse(known[_i].compact, &at));
	ck_assert_int_eq(at, known[_i].at);
}
END_TEST

START_TEST(refuses_what_is_no_moment)
{
	static const char *const bad[] = {
		"", "latest", "2026", "2026-11-22", "2026-11-22T02:17:00", "2026-11-22T02:17:00z",
		"2026-11-22t02:17:00Z", "2026-11-22 02:17:00Z", " 2026-11-22T02:17:00Z",
		"2026-11-22T02:17:00Z ", "2026-11-22T02:17:00ZZ", "2026-11-22T02:17:00+00:00",
		"2026-11-22T021700Z", "20261122T02:17:00Z", "20261122021700Z", "+026-11-22T02:17:00Z",
		"2026-1 -22T02:17:00Z", "2026-11-22T-2:17:00Z",
		/* Not in the calendar. */
		"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2024-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-10T00:00:00Z",
		"2026-13-10T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2016-12-31T23:59:60Z",
		"20260229T000000Z", "20261322T021700Z", "20261122T240000Z", "20261122T021760Z",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t at = 42;

		ck_assert_msg(!stamp_parse(bad[i], &at), "\"%s\"", bad[i]);
		ck_assert_int_eq(at, 42);
	}
}
END_TEST

START_TEST(every_day_of_four_centuries_comes_back)
{
	for (int64_t at = 0; at < INT64_C(400) * 366 * 86400; at += 86400 + 3661) {
		char text[STAMP_ISO_SIZE];
		int64_t again = -1;

		ck_assert(stamp_parse(stamp_iso(at, text), &again));
		ck_assert_int_eq(at, again);
		ck_assert(stamp_parse(stamp_compact(at, text), &again));
		ck_assert_int_eq(at, again);
	}
}
END_TEST

START_TEST(compact_stamps_sort_by_time)
{
	char before[STAMP_COMPACT_SIZE] = "", now[STAMP_COMPACT_SIZE];

	for (int64_t at = INT64_C(-62167219200); at < INT64_C(253402300800); at += 40000001) {
		ck_assert_int_lt(strcmp(before, stamp_compact(at, now)), 0);
		memcpy(before, now, sizeof(now));
	}
}
END_TEST

START_TEST(outside_of_the_calendar_there_is_no_text)
{
	static const int64_t outside[] = { 253402300800, -62167219201, INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		char iso[STAMP_ISO_SIZE], compact[STAMP_COMPACT_SIZE];

		ck_assert_str_eq(stamp_iso(outside[i], iso), "");
		ck_assert_str_eq(stamp_compact(outside[i], compact), "");
	}
}
END_TEST

UNIT_CASE(stamp)
{
	int count = (int)(sizeof(known) / sizeof(known[0]));

	tcase_add_loop_test(tc, writes_both_spellings, 0, count);
	tcase_add_loop_test(tc, reads_both_spellings, 0, count);
	tcase_add_test(tc, refuses_what_is_no_moment);
	tcase_add_test(tc, every_day_of_four_centuries_comes_back);
	tcase_add_test(tc, compact_stamps_sort_by_time);
	tcase_add_test(tc, outside_of_the_calendar_there_is_no_text);
}

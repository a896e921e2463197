#include "schedule/blackout.h"

#include <stdio.h>
#include <string.h>

#include "base/stamp.h"
#include "tests/unit/unit.h"

static struct blackout parsed(const char *text)
{
	struct err err = ERR_INIT;
	struct blackout blackout;

	ck_assert_msg(blackout_parse(text, &blackout, &err) == 0, "%s", err.msg);
	return blackout;
}

static int64_t moment(const char *stamp)
{
	int64_t at;

	ck_assert_msg(stamp_parse(stamp, &at), "%s", stamp);
	return at;
}

static void assert_end(const char *text, const char *zone, const char *at, const char *end)
{
	struct blackout blackout = parsed(text);
	char got[STAMP_ISO_SIZE];

	ck_assert_str_eq(stamp_iso(blackout_end(&blackout, zone, moment(at)), got), end);
}

static const struct { const char *text, *message; } bad[] = {
	{ "mon", "blackout \"mon\": \"mon\" has no time such as 08:00-18:00" },
	{ "monday 08:00-10:00", "\"monday\" is no day of the week" },
	{ "mo 08:00-10:00", "\"mo\" is no day of the week" },
	{ "mon- 08:00-10:00", "a day is missing before \" 08:00-10:00\"" },
	{ "mon-fri-sun 08:00-10:00", "\"-sun 08:00-10:00\" is no time such as 08:00" },
	{ "- 08:00-10:00", "a day is missing before" },
	{ "8-18", "\"8-18\" is no time such as 08:00" },
	{ "08:00", "\"08:00\" has no end, such as \"-18:00\"" },
	{ "08:00-", "\"\" is no time such as 08:00" },
	{ "08:00-9", "\"9\" is no time such as 08:00" },
	{ "08:0-09:00", "\"08:0-09:00\" is no time" },
	{ "008:00-09:00", "is no time" },
	{ "08:60-09:00", "08:60 is not between 00:00 and 24:00" },
	{ "08:00-24:01", "24:01 is not between 00:00 and 24:00" },
	{ "08:00-25:00, 10:00-11:00", "25:00 is not between" },
	{ "24:00-08:00", "\"24:00-08:00\" is no stretch of time" },
	{ "08:00-08:00, mon 10:00-11:00", "\"08:00-08:00\" is no stretch of time" },
	{ "08:00-09:00 10:00-11:00", "\"10:00-11:00\" makes no sense after a window" },
	{ "08:00-09:00;10:00-11:00", "makes no sense after a window" },
	{ "08:00-09:00,", "a window is missing at the end" },
	{ ",08:00-09:00", "a window is missing before a comma" },
	{ "08:00-09:00,,10:00-11:00", "a window is missing before a comma" },
	{ "mon, 08:00-09:00", "the days before \"08:00-09:00\" have no time" },
	{ "mon 08:00-09:00, tue", "\"tue\" has no time" },
	{ "00:00-24:00", "the windows cover the whole week" },
	{ "sun-sat 00:00-24:00", "the windows cover the whole week" },
	{ "08:00-20:00, 20:00-08:00", "the windows cover the whole week" },
	{ "mon-fri 00:00-24:00, sat 00:00-24:00, sun 00:00-12:00, sun 11:00-01:00", "the whole week" },
	{ "1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,"
	  "1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00",
	  "more than 16 windows" },
};

START_TEST(refuses_what_makes_no_sense)
{
	struct blackout blackout = { .count = 42 };
	struct err err = ERR_INIT;

	ck_assert_int_eq(blackout_parse(bad[_i].text, &blackout, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_msg(strstr(err.msg, bad[_i].message) != NULL, "%s", err.msg);
	ck_assert_uint_eq(blackout.count, 42);
}
END_TEST

START_TEST(reads_every_form)
{
	struct blackout b = parsed("mon-fri 08:00-18:00, 23:30-00:30, SUN 0:00-24:00,fri-mon 1:00-2:00"
	    " , sat,Sun 12:00 - 24:00");

	ck_assert_uint_eq(b.count, 5);
	ck_assert_uint_eq(b.windows[0].days, 0x3e);
	ck_assert_uint_eq(b.windows[0].from, 480);
	ck_assert_uint_eq(b.windows[0].length, 600);
	ck_assert_uint_eq(b.windows[1].days, 0x7f);
	ck_assert_uint_eq(b.windows[1].from, 1410);
	ck_assert_uint_eq(b.windows[1].length, 60);
	ck_assert_uint_eq(b.windows[2].days, 0x01);
	ck_assert_uint_eq(b.windows[2].length, 1440);
	ck_assert_uint_eq(b.windows[3].days, 0x63);
	ck_assert_uint_eq(b.windows[4].days, 0x41);
	ck_assert_uint_eq(b.windows[4].from, 720);
	ck_assert_uint_eq(b.windows[4].length, 720);
	ck_assert_uint_eq(parsed("").count, 0);
	ck_assert_uint_eq(parsed("  ").count, 0);
}
END_TEST

/* The 23rd of November 2026 is a Monday. */
START_TEST(ends_where_the_window_ends)
{
	assert_end("", "UTC", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z");
	assert_end("mon-fri 08:00-18:00", "UTC", "2026-11-23T07:59:59Z", "2026-11-23T07:59:59Z");
	assert_end("mon-fri 08:00-18:00", "UTC", "2026-11-23T08:00:00Z", "2026-11-23T18:00:00Z");
	assert_end("mon-fri 08:00-18:00", "UTC", "2026-11-23T17:59:59Z", "2026-11-23T18:00:00Z");
	assert_end("mon-fri 08:00-18:00", "UTC", "2026-11-23T18:00:00Z", "2026-11-23T18:00:00Z");
	assert_end("mon-fri 08:00-18:00", "UTC", "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z");
	assert_end("mon-fri 08:00-18:00", "America/New_York", "2026-11-23T14:30:17Z",
	    "2026-11-23T23:00:00Z");
	/* The night belongs to the day on which it begins. */
	assert_end("fri 22:00-06:00", "UTC", "2026-11-28T05:00:00Z", "2026-11-28T06:00:00Z");
	assert_end("fri 22:00-06:00", "UTC", "2026-11-27T05:00:00Z", "2026-11-27T05:00:00Z");
	assert_end("sat 22:00-06:00", "UTC", "2026-11-22T00:00:00Z", "2026-11-22T06:00:00Z");
}
END_TEST

START_TEST(goes_through_windows_that_follow_on_one_another)
{
	assert_end("08:00-12:00, 12:00-13:00, 12:30-14:00", "UTC", "2026-11-23T08:00:00Z",
	    "2026-11-23T14:00:00Z");
	assert_end("sat, sun 00:00-24:00, mon 00:00-07:00, fri 18:00-24:00", "UTC",
	    "2026-11-27T19:00:00Z", "2026-11-30T07:00:00Z");
	/* All the week but one minute. */
	assert_end("mon-sat 00:00-24:00, sun 00:00-23:59", "UTC", "2026-11-23T00:00:00Z",
	    "2026-11-29T23:59:00Z");
	assert_end("mon-sat 00:00-24:00, sun 00:00-23:59", "UTC", "2026-11-29T23:59:59Z",
	    "2026-11-29T23:59:59Z");
}
END_TEST

START_TEST(goes_by_the_clock_on_the_wall)
{
	/* Its end is skipped: the gap's end. */
	assert_end("01:00-02:30", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z");
	/* All of it is skipped. */
	assert_end("02:00-03:00", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z");
	/* An hour longer, for 02:00 comes twice; and open between the two. */
	assert_end("01:00-04:00", "Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z");
	assert_end("01:00-02:30", "Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z");
	assert_end("01:00-02:30", "Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z");
	assert_end("01:00-02:00", "Australia/Lord_Howe", "2026-04-04T14:30:00Z",
	    "2026-04-04T15:30:00Z");
	/* The only open minutes of the week are skipped: a week more. */
	assert_end("mon-sat 00:00-24:00, sun 00:00-02:15, sun 02:45-24:00", "Europe/Berlin",
	    "2026-03-23T00:00:00Z", "2026-04-05T00:15:00Z");
}
END_TEST

UNIT_CASE(blackout)
{
	tcase_add_loop_test(tc, refuses_what_makes_no_sense, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, reads_every_form);
	tcase_add_test(tc, ends_where_the_window_ends);
	tcase_add_test(tc, goes_through_windows_that_follow_on_one_another);
	tcase_add_test(tc, goes_by_the_clock_on_the_wall);
}

#include "schedule/cron.h"

#include <string.h>

#include "base/stamp.h"
#include "tests/unit/unit.h"

static struct cron parsed(const char *text)
{
	struct err err = ERR_INIT;
	struct cron cron;

	ck_assert_msg(cron_parse(text, &cron, &err) == 0, "%s", err.msg);
	return cron;
}

static int64_t moment(const char *stamp)
{
	int64_t at;

	ck_assert_msg(stamp_parse(stamp, &at), "%s", stamp);
	return at;
}

/* The first moments after `from`, as UTC stamps. */
static void assert_fires(const char *text, const char *zone, const char *from,
    const char *const *stamps)
{
	struct cron cron = parsed(text);
	int64_t at = moment(from);

	for (; *stamps != NULL; stamps++) {
		char got[STAMP_ISO_SIZE];

		at = cron_next(&cron, zone, at);
		ck_assert_str_eq(stamp_iso(at, got), *stamps);
	}
}
#define FIRES(text, zone, from, ...) \
	assert_fires(text, zone, from, (const char *const[]){ __VA_ARGS__, NULL })

static const struct { const char *text, *message; } bad[] = {
	{ "", "schedule \"\": 0 fields instead of five" },
	{ "1 2 3", "schedule \"1 2 3\": 3 fields instead of five" },
	{ "1 2 3 4 5 6", "6 fields instead of five" },
	{ "60 * * * *", "minute: 60 is not between 0 and 59" },
	{ "* 24 * * *", "hour: 24 is not between 0 and 23" },
	{ "* * 0 * *", "day of month: 0 is not between 1 and 31" },
	{ "* * 32 * *", "day of month: 32 is not between 1 and 31" },
	{ "* * * 13 *", "month: 13 is not between 1 and 12" },
	{ "* * * * 8", "day of week: 8 is not between 0 and 7" },
	{ "99999999999999999999 * * * *", "is not between 0 and 59" },
	{ "-1 * * * *", "minute: a number is missing before \"-1\"" },
	{ "1- * * * *", "minute: a number is missing before \"\"" },
	{ "1,,2 * * * *", "minute: a number is missing before \",2\"" },
	{ "1, * * * *", "minute: a number is missing before \"\"" },
	{ "30-10 * * * *", "minute: the range 30-10 runs backwards" },
	{ "* * * * fri-mon", "day of week: the range 5-1 runs backwards" },
	{ "*/0 * * * *", "minute: the step after \"/\" must be between 1 and 59" },
	{ "*/ * * * *", "minute: the step after \"/\" must be between 1 and 59" },
	{ "*/-1 * * * *", "minute: the step after \"/\" must be between 1 and 59" },
	{ "*/99999999999 * * * *", "minute: the step after \"/\" must be between 1 and 59" },
	{ "5/10 * * * *", "minute: a step needs a range before it, such as 5-59/10" },
	{ "*5 * * * *", "minute: \"5\" makes no sense in \"*5\"" },
	{ "1-2-3 * * * *", "minute: \"-3\" makes no sense in \"1-2-3\"" },
	{ "* * * foo *", "month: \"foo\" is neither a number nor a name" },
	{ "* * * january *", "month: \"january\" is neither a number nor a name" },
	{ "* * * * 1x", "day of week: \"1x\" is neither a number nor a name" },
	{ "mon * * * *", "minute: \"mon\" is neither a number nor a name" },
	{ "? * * * *", "minute: a number is missing before \"?\"" },
	{ "0 0 30 2 *", "no month of it has such a day" },
	{ "0 0 31 4,6,9,11 *", "no month of it has such a day" },
	{ "0 0 30 feb */2", "no month of it has such a day" },
	{ "@reboot", "schedule \"@reboot\": no such shorthand" },
	{ "@daily x", "no such shorthand" },
	{ "@", "no such shorthand" },
	{ "0~59 * * * *", "minute: \"~\" is not taken" },
	{ "0 ~ * * *", "hour: \"~\" is not taken" },
	{ "* * * *\n*", "4 fields instead of five" },
};

START_TEST(refuses_what_makes_no_sense)
{
	struct cron cron = { .minutes = 42 };
	struct err err = ERR_INIT;

	ck_assert_int_eq(cron_parse(bad[_i].text, &cron, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_msg(strstr(err.msg, bad[_i].message) != NULL, "%s", err.msg);
	ck_assert_uint_eq(cron.minutes, 42);
}
END_TEST

START_TEST(refuses_a_field_that_is_too_long)
{
	char text[1000];
	struct cron cron;
	struct err err = ERR_INIT;

	memset(text, '1', sizeof(text));
	memcpy(text + sizeof(text) - 9, " * * * *", 9);
	ck_assert_int_eq(cron_parse(text, &cron, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "longer than"));
}
END_TEST

#define MINUTES_ALL ((UINT64_C(1) << 60) - 1)
#define HOURS_ALL 0xffffffu
#define DAYS_ALL 0xfffffffeu
#define MONTHS_ALL 0x1ffeu

static const struct {
	const char *text;
	uint64_t minutes;
	uint32_t hours, days;
	unsigned months, weekdays;
} good[] = {
	{ "* * * * *", MINUTES_ALL, HOURS_ALL, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ "17 2 * * *", 1 << 17, 1 << 2, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ "  17\t2  * * * ", 1 << 17, 1 << 2, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ "0,59 0,23 1,31 1,12 0,6", 1 | UINT64_C(1) << 59, 1 | 1 << 23, 0x80000002u, 0x1002, 0x41 },
	{ "*/15 */6 */10 */3 */2", 0x200040008001, 0x41041, 0x80200802u, 0x492, 0x55 },
	{ "1-5/2,58 9-17 * * *", 0x2a | UINT64_C(1) << 58, 0x3fe00, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ "0 0 * jan-MAR,Dec Mon-fri", 1, 1, DAYS_ALL, 0x100e, 0x3e },
	{ "0 0 * * 7", 1, 1, DAYS_ALL, MONTHS_ALL, 0x01 },
	{ "0 0 * * 5-7", 1, 1, DAYS_ALL, MONTHS_ALL, 0x61 },
	{ "0 0 * * sat-sun", 1, 1, DAYS_ALL, MONTHS_ALL, 0x41 },
	{ "0 0 * * sun-tue", 1, 1, DAYS_ALL, MONTHS_ALL, 0x07 },
	{ "0 0 * * sun-sun", 1, 1, DAYS_ALL, MONTHS_ALL, 0x01 },
	{ "05 007 * * *", 1 << 5, 1 << 7, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ "@hourly", 1, HOURS_ALL, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ "@daily", 1, 1, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ " @Midnight ", 1, 1, DAYS_ALL, MONTHS_ALL, 0x7f },
	{ "@weekly", 1, 1, DAYS_ALL, MONTHS_ALL, 0x01 },
	{ "@monthly", 1, 1, 2, MONTHS_ALL, 0x7f },
	{ "@yearly", 1, 1, 2, 2, 0x7f },
	{ "@annually", 1, 1, 2, 2, 0x7f },
	{ "0 0 30 2 mon", 1, 1, 1 << 30, 4, 0x02 },
};

START_TEST(reads_every_form)
{
	struct cron cron = parsed(good[_i].text);

	ck_assert_uint_eq(cron.minutes, good[_i].minutes);
	ck_assert_uint_eq(cron.hours, good[_i].hours);
	ck_assert_uint_eq(cron.days, good[_i].days);
	ck_assert_uint_eq(cron.months, good[_i].months);
	ck_assert_uint_eq(cron.weekdays, good[_i].weekdays);
}
END_TEST

/* Around Friday the 13th of November 2026. */
START_TEST(day_fields_join_by_or_when_both_are_restricted)
{
	FIRES("0 0 13 * fri", "UTC", "2026-11-12T00:00:00Z", "2026-11-13T00:00:00Z",
	    "2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z", "2026-12-04T00:00:00Z",
	    "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z", "2026-12-18T00:00:00Z");
	/* A step of '*' still begins with '*': both must match. */
	FIRES("0 0 */4 * fri", "UTC", "2026-11-12T00:00:00Z", "2026-11-13T00:00:00Z",
	    "2026-12-25T00:00:00Z");
	FIRES("0 0 13 * */2", "UTC", "2026-11-12T00:00:00Z", "2026-12-13T00:00:00Z");
}
END_TEST

START_TEST(is_strictly_after)
{
	FIRES("17 2 * * *", "UTC", "2026-11-22T02:16:59Z", "2026-11-22T02:17:00Z",
	    "2026-11-23T02:17:00Z");
	FIRES("17 2 * * *", "UTC", "2026-11-22T02:17:00Z", "2026-11-23T02:17:00Z");
	FIRES("17 2 * * *", "UTC", "2026-11-22T02:17:59Z", "2026-11-23T02:17:00Z");
	FIRES("* * * * *", "UTC", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z",
	    "2027-01-01T00:01:00Z");
	FIRES("@monthly", "UTC", "2026-11-22T00:00:00Z", "2026-12-01T00:00:00Z",
	    "2027-01-01T00:00:00Z");
}
END_TEST

START_TEST(a_skipped_time_fires_once_after_the_gap)
{
	FIRES("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
	    "2026-03-30T00:30:00Z");
	FIRES("*/10 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
	    "2026-03-30T00:00:00Z");
	/* 03:00 is due by itself as well: still once. */
	FIRES("0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
	    "2026-03-30T00:00:00Z");
	/* Midnight skipped. */
	FIRES("@daily", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-04T03:00:00Z",
	    "2018-11-05T02:00:00Z");
	/* A whole day skipped: 30 December 2011 never came to Samoa. */
	FIRES("17 2 * * *", "Pacific/Apia", "2011-12-29T20:00:00Z", "2011-12-30T10:00:00Z",
	    "2011-12-30T12:17:00Z");
	FIRES("0 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z",
	    "2026-10-04T15:00:00Z");
}
END_TEST

START_TEST(a_repeated_time_fires_once)
{
	FIRES("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z",
	    "2026-10-26T01:30:00Z");
	/* Asked during the second pass: it has been. */
	FIRES("45 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-26T01:45:00Z");
	FIRES("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", "2026-04-04T14:45:00Z",
	    "2026-04-05T15:15:00Z");
}
END_TEST

START_TEST(by_the_hour_follows_real_time)
{
	FIRES("0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25T00:00:00Z",
	    "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z");
	FIRES("0 * * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29T00:00:00Z",
	    "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
	FIRES("*/20 * * * *", "Australia/Lord_Howe", "2026-04-04T14:35:00Z", "2026-04-04T14:40:00Z",
	    "2026-04-04T15:10:00Z", "2026-04-04T15:30:00Z");
	/* A step of hours: 02:00 twice, and not at all. */
	FIRES("0 */2 * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25T00:00:00Z",
	    "2026-10-25T01:00:00Z", "2026-10-25T03:00:00Z");
	FIRES("0 */2 * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29T02:00:00Z");
	/* Newfoundland's clocks went back at 00:01, into the day before. */
	FIRES("30 * 6 11 *", "America/St_Johns", "2010-11-07T01:30:00Z", "2010-11-07T02:00:00Z",
	    "2010-11-07T03:00:00Z", "2011-11-06T03:00:00Z");
}
END_TEST

START_TEST(finds_rare_days)
{
	FIRES("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z");
	FIRES("0 0 29 2 */7", "UTC", "2032-03-01T00:00:00Z", "2060-02-29T00:00:00Z");
	FIRES("0 * 29 2 */7", "UTC", "2032-03-01T00:00:00Z", "2060-02-29T00:00:00Z");
	FIRES("0 0 31 12 *", "UTC", "2026-12-31T00:00:00Z", "2027-12-31T00:00:00Z");
}
END_TEST

START_TEST(hints_at_two_ranges)
{
	struct cron cron;
	struct err err = ERR_INIT;

	ck_assert_int_eq(cron_parse("0 22-4 * * *", &cron, &err), -1);
	ck_assert_str_eq(err.hint, "as two ranges: 22-23,0-4");
	err_clear(&err);
	ck_assert_int_eq(cron_parse("0 0 * * fri-mon", &cron, &err), -1);
	ck_assert_str_eq(err.hint, "as two ranges: 5-6,0-1");
}
END_TEST

UNIT_CASE(cron)
{
	tcase_add_loop_test(tc, refuses_what_makes_no_sense, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, reads_every_form, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_test(tc, refuses_a_field_that_is_too_long);
	tcase_add_test(tc, hints_at_two_ranges);
	tcase_add_test(tc, day_fields_join_by_or_when_both_are_restricted);
	tcase_add_test(tc, is_strictly_after);
	tcase_add_test(tc, a_skipped_time_fires_once_after_the_gap);
	tcase_add_test(tc, a_repeated_time_fires_once);
	tcase_add_test(tc, by_the_hour_follows_real_time);
	tcase_add_test(tc, finds_rare_days);
}

#include "schedule/slots.h"

#include <stdio.h>
#include <string.h>

#include "base/stamp.h"
#include "tests/unit/unit.h"

static struct slots make(const char *cron, const char *zone, unsigned offset_s,
    const char *blackout)
{
	struct slots slots = { .zone = zone, .offset_s = offset_s };
	struct err err = ERR_INIT;

	ck_assert_msg(cron_parse(cron, &slots.cron, &err) == 0, "%s", err.msg);
	ck_assert_msg(blackout_parse(blackout, &slots.blackout, &err) == 0, "%s", err.msg);
	return slots;
}

static int64_t moment(const char *stamp)
{
	int64_t at;

	ck_assert_msg(stamp_parse(stamp, &at), "%s", stamp);
	return at;
}

/* "slot due" as two stamps. */
static void assert_next(const struct slots *slots, const char *after, const char *expected)
{
	char a[STAMP_ISO_SIZE], b[STAMP_ISO_SIZE], got[2 * STAMP_ISO_SIZE];
	int64_t due, slot = slots_next(slots, moment(after), &due);

	(void)snprintf(got, sizeof(got), "%s %s", stamp_iso(slot, a), stamp_iso(due, b));
	ck_assert_str_eq(got, expected);
}

static void assert_newest(const struct slots *slots, const char *after, const char *now,
    const char *expected)
{
	char a[STAMP_ISO_SIZE], b[STAMP_ISO_SIZE], got[2 * STAMP_ISO_SIZE];
	int64_t due, slot = slots_newest(slots, moment(after), moment(now), &due);

	ck_assert((slot < 0) == (due < 0));
	(void)snprintf(got, sizeof(got), "%s %s", stamp_iso(slot, a), stamp_iso(due, b));
	ck_assert_str_eq(slot < 0 ? "none" : got, expected);
}

START_TEST(a_slot_is_the_cron_time_whatever_delays_it)
{
	struct slots plain = make("17 2 * * *", "UTC", 0, "");
	struct slots spread = make("17 2 * * *", "UTC", 300, "");
	struct slots black = make("17 2 * * *", "UTC", 0, "02:00-06:00");

	assert_next(&plain, "2026-11-23T00:00:00Z", "2026-11-23T02:17:00Z 2026-11-23T02:17:00Z");
	assert_next(&spread, "2026-11-23T00:00:00Z", "2026-11-23T02:17:00Z 2026-11-23T02:22:00Z");
	assert_next(&spread, "2026-11-23T02:17:00Z", "2026-11-24T02:17:00Z 2026-11-24T02:22:00Z");
	assert_next(&black, "2026-11-23T00:00:00Z", "2026-11-23T02:17:00Z 2026-11-23T06:00:00Z");
}
END_TEST

START_TEST(the_offset_stays_at_the_end_of_a_blackout)
{
	struct slots both = make("0 3 * * *", "UTC", 120, "02:00-06:00");
	/* Pushed into a window by the offset: out of that as well. */
	struct slots into = make("59 1 * * *", "UTC", 120, "02:00-06:00");
	struct slots again = make("0 3 * * *", "UTC", 1200, "02:00-06:00, 06:10-07:00");

	assert_next(&both, "2026-11-23T00:00:00Z", "2026-11-23T03:00:00Z 2026-11-23T06:02:00Z");
	assert_next(&into, "2026-11-23T00:00:00Z", "2026-11-23T01:59:00Z 2026-11-23T06:00:00Z");
	assert_next(&again, "2026-11-23T00:00:00Z", "2026-11-23T03:00:00Z 2026-11-23T07:00:00Z");
}
END_TEST

START_TEST(swallowed_slots_make_one_run_of_the_newest)
{
	struct slots hourly = make("@hourly", "UTC", 0, "08:00-18:00");

	assert_next(&hourly, "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z 2026-11-23T18:00:00Z");
	assert_newest(&hourly, "2026-11-23T07:00:00Z", "2026-11-23T17:59:59Z", "none");
	assert_newest(&hourly, "2026-11-23T07:00:00Z", "2026-11-23T18:00:00Z",
	    "2026-11-23T18:00:00Z 2026-11-23T18:00:00Z");
	/* With the last slot inside, and an offset. */
	hourly = make("30 * * * *", "UTC", 60, "08:00-18:00");
	assert_newest(&hourly, "2026-11-23T07:30:00Z", "2026-11-23T18:00:59Z", "none");
	assert_newest(&hourly, "2026-11-23T07:30:00Z", "2026-11-23T18:01:00Z",
	    "2026-11-23T17:30:00Z 2026-11-23T18:01:00Z");
	assert_newest(&hourly, "2026-11-23T17:30:00Z", "2026-11-23T18:01:00Z", "none");
	assert_newest(&hourly, "2026-11-23T17:29:59Z", "2026-11-23T18:01:00Z",
	    "2026-11-23T17:30:00Z 2026-11-23T18:01:00Z");
}
END_TEST

START_TEST(a_long_absence_is_one_run)
{
	struct slots minutely = make("* * * * *", "Europe/Berlin", 30, "");
	struct slots leap = make("0 0 29 2 *", "UTC", 0, "");
	struct slots daily = make("17 2 * * *", "UTC", 0, "");

	assert_newest(&minutely, "1970-01-01T00:00:00Z", "2026-11-23T09:00:29Z",
	    "2026-11-23T08:59:00Z 2026-11-23T08:59:30Z");
	assert_newest(&minutely, "1970-01-01T00:00:00Z", "2026-11-23T09:00:30Z",
	    "2026-11-23T09:00:00Z 2026-11-23T09:00:30Z");
	assert_newest(&leap, "1970-01-01T00:00:00Z", "2026-11-23T09:00:00Z",
	    "2024-02-29T00:00:00Z 2024-02-29T00:00:00Z");
	assert_newest(&daily, "2026-11-20T02:17:00Z", "2026-11-23T02:17:00Z",
	    "2026-11-23T02:17:00Z 2026-11-23T02:17:00Z");
	assert_newest(&daily, "2026-01-20T02:17:00Z", "2026-11-23T02:16:59Z",
	    "2026-11-22T02:17:00Z 2026-11-22T02:17:00Z");
	assert_newest(&daily, "2026-11-23T02:17:00Z", "2026-11-23T02:17:00Z", "none");
	assert_newest(&daily, "2026-11-24T00:00:00Z", "2026-11-23T02:17:00Z", "none");
}
END_TEST

START_TEST(the_next_run_takes_the_newest_of_the_swallowed)
{
	struct slots hourly = make("30 * * * *", "UTC", 60, "08:00-18:00");
	int64_t due, slot = slots_next_run(&hourly, moment("2026-11-23T07:30:00Z"), &due);

	ck_assert_int_eq(slot, moment("2026-11-23T17:30:00Z"));
	ck_assert_int_eq(due, moment("2026-11-23T18:01:00Z"));
	slot = slots_next_run(&hourly, slot, &due);
	ck_assert_int_eq(slot, moment("2026-11-23T18:30:00Z"));
	ck_assert_int_eq(due, moment("2026-11-23T18:31:00Z"));
}
END_TEST

/* A slot that is past already, but not due yet, is still to come. */
START_TEST(what_is_to_come_begins_with_what_is_delayed)
{
	struct slots daily = make("0 10 * * *", "UTC", 0, "08:00-18:00");

	ck_assert_int_eq(slots_before(&daily, moment("2026-11-23T12:00:00Z")),
	    moment("2026-11-22T10:00:00Z"));
	ck_assert_int_eq(slots_before(&daily, moment("2026-11-23T18:00:00Z")),
	    moment("2026-11-23T10:00:00Z"));
	daily = make("@yearly", "UTC", 0, "");
	ck_assert_int_lt(slots_before(&daily, moment("2026-11-23T18:00:00Z")),
	    moment("2026-11-23T18:00:00Z"));
}
END_TEST

/* The same on every host and in every version: these may never change. */
START_TEST(an_offset_belongs_to_its_name)
{
	ck_assert_uint_eq(slots_offset("production/auth", 0), 0);
	ck_assert_uint_eq(slots_offset("production/auth", 300), 268);
	ck_assert_uint_eq(slots_offset("production/billing", 300), 166);
	ck_assert_uint_eq(slots_offset("", 4294967295u), 3130599718u);
}
END_TEST

START_TEST(offsets_spread_evenly)
{
	unsigned counts[10] = { 0 };

	for (int i = 0; i < 10000; i++) {
		char name[32];
		unsigned offset;

		(void)snprintf(name, sizeof(name), "production/db%d", i);
		offset = slots_offset(name, 299);
		ck_assert_uint_lt(offset, 300);
		counts[offset / 30]++;
	}
	for (int i = 0; i < 10; i++)
		ck_assert_msg(counts[i] > 900 && counts[i] < 1100, "%u of 1000", counts[i]);
}
END_TEST

UNIT_CASE(slots)
{
	tcase_add_test(tc, a_slot_is_the_cron_time_whatever_delays_it);
	tcase_add_test(tc, the_offset_stays_at_the_end_of_a_blackout);
	tcase_add_test(tc, swallowed_slots_make_one_run_of_the_newest);
	tcase_add_test(tc, a_long_absence_is_one_run);
	tcase_add_test(tc, the_next_run_takes_the_newest_of_the_swallowed);
	tcase_add_test(tc, what_is_to_come_begins_with_what_is_delayed);
	tcase_add_test(tc, an_offset_belongs_to_its_name);
	tcase_add_test(tc, offsets_spread_evenly);
}

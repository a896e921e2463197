/*
 * A year of hourly backups, pruned after each: how many stay, and that failing
 * weeks cost nothing that was good.
 */
#include <string.h>

#include "base/stamp.h"
#include "retention/rules.h"
#include "tests/unit/retention/history.h"
#include "tests/unit/unit.h"

#define HOUR 3600
#define DAY 86400
#define YEAR_HOURS (365 * 24)

static struct history h;

static const struct retention_policy policy = {
	.keep_last = 3, .zone = "Europe/Berlin",
	.keep = { [RETENTION_HOURLY] = 24, [RETENTION_DAILY] = 7, [RETENTION_WEEKLY] = 4,
		[RETENTION_MONTHLY] = 12, [RETENTION_YEARLY] = 2 },
};

enum week { FINE, ALL_DAMAGED, NO_SNAPSHOTS, UNVERIFIED };

static enum week week_of(int hour)
{
	switch (hour / (7 * 24)) {
	case 10:
		return ALL_DAMAGED;
	case 20:
		return NO_SNAPSHOTS;
	case 30:
		return UNVERIFIED;
	default:
		return FINE;
	}
}

static void take_one(int64_t at, enum week week)
{
	struct retention_snapshot *s;

	if (week == NO_SNAPSHOTS)
		return;
	s = history_add_at(&h, at);
	s->verdict = week == ALL_DAMAGED ? RETENTION_BAD :
	    week == UNVERIFIED ? RETENTION_UNVERIFIED : RETENTION_GOOD;
}

static size_t count(enum retention_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < h.count; i++)
		n += h.items[i].verdict == verdict;
	return n;
}

static void one_hour(int64_t at, enum week week)
{
	struct retention_policy p = policy;
	size_t good = count(RETENTION_GOOD);

	take_one(at, week);
	p.now = at + 60;
	p.last_run_failed = week == NO_SNAPSHOTS;
	history_decide(&h, &p);
	history_remove(&h);
	if (week == ALL_DAMAGED || week == NO_SNAPSHOTS)
		ck_assert_uint_eq(count(RETENTION_GOOD), good);
	/* 24 and 7 and 4 and 12 and 2, of which some are the same. */
	else
		ck_assert_uint_le(h.count, 49);
	ck_assert_uint_ge(count(RETENTION_GOOD), 1);
}

static bool has(const char *text)
{
	int64_t at = 0;

	ck_assert(stamp_parse(text, &at));
	for (size_t i = 0; i < h.count; i++) {
		if (h.items[i].at == at)
			return true;
	}
	return false;
}

START_TEST(a_year_of_hours)
{
	int64_t begun = 0;
	size_t in_the_end;

	ck_assert(stamp_parse("2025-12-31T23:17:00Z", &begun));
	for (int hour = 0; hour < YEAR_HOURS; hour++)
		one_hour(begun + (int64_t)hour * HOUR, week_of(hour));
	in_the_end = h.count;
	/* In Berlin it is 23:17 on the last day of the year: that day's 24 hours, 6 days
	 * before (one is a Sunday and its week's), 2 more Sundays, 11 ends of months. */
	ck_assert_uint_eq(in_the_end, 24 + 6 + 2 + 11);
	ck_assert_uint_eq(count(RETENTION_BAD), 0);
	/* July ended in the week that nobody verified. */
	ck_assert_uint_eq(count(RETENTION_UNVERIFIED), 1);
	/* The last hour of months, as Berlin counts them: summer and winter time. */
	ck_assert(has("2026-01-31T22:17:00Z"));
	ck_assert(has("2026-03-31T21:17:00Z"));
	ck_assert(has("2026-07-31T21:17:00Z"));
	ck_assert(has("2026-11-30T22:17:00Z"));
}
END_TEST

/* A month in which every snapshot turns out damaged, under a policy of a few days:
 * the good ones of before are all still there. */
START_TEST(a_failing_month_eats_nothing)
{
	struct retention_policy p = { .keep_last = 2, .keep = { [RETENTION_DAILY] = 3 },
		.keep_within = 2 * DAY, .zone = "UTC", .now = NOW };
	size_t before;

	for (int day = 40; day > 30; day--)
		history_add_at(&h, NOW - day * DAY)->verdict = RETENTION_GOOD;
	history_decide(&h, &p);
	history_remove(&h);
	before = h.count;
	ck_assert_uint_eq(before, 3);
	for (int day = 30; day > 0; day--) {
		p.now = NOW - day * DAY + 60;
		history_add_at(&h, NOW - day * DAY)->verdict = RETENTION_BAD;
		history_decide(&h, &p);
		history_remove(&h);
		ck_assert_uint_eq(count(RETENTION_GOOD), before);
	}
	/* It ends: the damaged go, and those before count again. */
	p.now = NOW + 60;
	history_add_at(&h, NOW)->verdict = RETENTION_GOOD;
	p.keep_within = 0;
	history_decide(&h, &p);
	history_remove(&h);
	ck_assert_uint_eq(count(RETENTION_BAD), 0);
	ck_assert_uint_eq(count(RETENTION_GOOD), 3);
}
END_TEST

static void teardown(void)
{
	history_release(&h);
}

UNIT_CASE(rules_year)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_year_of_hours);
	tcase_add_test(tc, a_failing_month_eats_nothing);
}

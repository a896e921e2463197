#include "retention/rules.h"

#include <string.h>

#include "base/span.h"
#include "storage/store.h"
#include "tests/unit/retention/history.h"
#include "tests/unit/unit.h"

static struct history h;

static const struct retention_policy nothing = { .zone = "UTC", .now = NOW };

START_TEST(keeps_everything_without_a_policy)
{
	history_add(&h, "2020-01-01T00:00:00Z")->verdict = RETENTION_BAD;
	history_add(&h, "2026-11-21T00:00:00Z");
	history_add(&h, "2026-11-22T00:00:00Z");
	history_decide(&h, &nothing);
	ck_assert(h.may_remove);
	ck_assert_uint_eq(history_kept(&h), 3);
	ck_assert_str_eq(history_fate(&h, 1), "kept: no keep_ option is set");
	ck_assert_str_eq(history_fate(&h, 2), "kept: the newest, no keep_ option is set");
}
END_TEST

START_TEST(the_newest_of_a_period_represents_it)
{
	struct retention_policy p = nothing;

	p.keep[RETENTION_DAILY] = 2;
	p.keep[RETENTION_WEEKLY] = 2;
	history_add(&h, "2026-11-15T23:00:00Z");      /* Sunday of the week before */
	history_add(&h, "2026-11-18T01:00:00Z");
	history_add(&h, "2026-11-18T22:00:00Z");
	history_add(&h, "2026-11-22T00:00:00Z");      /* Sunday */
	history_add(&h, "2026-11-22T01:00:00Z");
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "kept: weekly 2/2 (2026-W46)");
	ck_assert_str_eq(history_fate(&h, 1), "removed: no rule names it");
	/* Three days without a backup between them use up nothing. */
	ck_assert_str_eq(history_fate(&h, 2), "kept: daily 2/2 (2026-11-18)");
	ck_assert_str_eq(history_fate(&h, 3), "removed: no rule names it");
	ck_assert_str_eq(history_fate(&h, 4),
	    "kept: the newest, daily 1/2 (2026-11-22), weekly 1/2 (2026-W47)");
}
END_TEST

START_TEST(every_rule_has_its_words)
{
	struct retention_policy p = nothing;

	p.keep_last = 1;
	for (int i = 0; i < RETENTION_PERIODS; i++)
		p.keep[i] = 3;
	p.keep_within = 36 * 3600;
	history_add(&h, "2026-11-22T01:59:59Z")->verdict = RETENTION_GOOD;
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "kept: the newest, the newest that is known to be good, "
	    "last 1/1, hourly 1/3 (2026-11-22 01h), daily 1/3 (2026-11-22), weekly 1/3 (2026-W47), "
	    "monthly 1/3 (2026-11), yearly 1/3 (2026), within 36 h");
}
END_TEST

START_TEST(days_are_those_of_the_zone)
{
	struct retention_policy p = nothing;

	p.keep[RETENTION_DAILY] = 5;
	p.zone = "Europe/Berlin";
	history_add(&h, "2026-11-20T22:59:00Z");      /* 23:59 in Berlin */
	history_add(&h, "2026-11-20T23:01:00Z");      /* the next day */
	history_add(&h, "2026-11-21T22:59:00Z");
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "kept: daily 2/5 (2026-11-20)");
	ck_assert_str_eq(history_fate(&h, 1), "removed: no rule names it");
	p.zone = "UTC";
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "removed: no rule names it");
	ck_assert_str_eq(history_fate(&h, 1), "kept: daily 2/5 (2026-11-20)");
}
END_TEST

START_TEST(an_hour_that_comes_twice_is_two)
{
	struct retention_policy p = nothing;

	p.keep[RETENTION_HOURLY] = 9;
	p.zone = "Europe/Berlin";
	history_add(&h, "2026-10-25T00:10:00Z");      /* 02:10 summer time */
	history_add(&h, "2026-10-25T00:50:00Z");
	history_add(&h, "2026-10-25T01:10:00Z");      /* 02:10 winter time */
	history_add(&h, "2026-10-25T02:10:00Z");
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "removed: no rule names it");
	ck_assert_str_eq(history_fate(&h, 1), "kept: hourly 3/9 (2026-10-25 02h)");
	ck_assert_str_eq(history_fate(&h, 2), "kept: hourly 2/9 (2026-10-25 02h)");
	ck_assert_str_eq(history_fate(&h, 3), "kept: the newest, hourly 1/9 (2026-10-25 03h)");
}
END_TEST

START_TEST(weeks_are_those_of_iso_8601)
{
	struct retention_policy p = nothing;

	p.keep[RETENTION_WEEKLY] = 9;
	history_add(&h, "2024-12-29T12:00:00Z");      /* Sunday, week 52 */
	history_add(&h, "2024-12-30T12:00:00Z");      /* Monday, week 1 of 2025 */
	history_add(&h, "2025-01-05T12:00:00Z");      /* Sunday of that week */
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "kept: weekly 2/9 (2024-W52)");
	ck_assert_str_eq(history_fate(&h, 1), "removed: no rule names it");
	ck_assert_str_eq(history_fate(&h, 2), "kept: the newest, weekly 1/9 (2025-W01)");
}
END_TEST

/* Neither too early nor too late: a week is told by the calendar, not by seven days. */
START_TEST(a_backup_that_begins_seconds_late_is_its_weeks)
{
	struct retention_policy p = nothing;

	p.keep[RETENTION_WEEKLY] = 4;
	history_add(&h, "2026-10-18T02:17:09Z");
	history_add(&h, "2026-10-25T02:17:31Z");
	history_add(&h, "2026-11-01T02:17:02Z");
	history_add(&h, "2026-11-08T02:18:40Z");
	history_add(&h, "2026-11-15T02:17:00Z");
	history_decide(&h, &p);
	ck_assert_uint_eq(history_kept(&h), 4);
	ck_assert_str_eq(history_fate(&h, 0), "removed: no rule names it");
	ck_assert_str_eq(history_fate(&h, 1), "kept: weekly 4/4 (2026-W43)");
}
END_TEST

START_TEST(within_is_measured_from_the_newest_good_one)
{
	struct retention_policy p = nothing;

	p.keep_within = 2 * 86400;
	history_add(&h, "2026-08-01T11:59:59Z");
	history_add(&h, "2026-08-01T12:00:00Z");
	history_add(&h, "2026-08-03T12:00:00Z")->verdict = RETENTION_GOOD;
	history_add(&h, "2026-08-20T12:00:00Z");
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "removed: no rule names it");
	ck_assert_str_eq(history_fate(&h, 1), "kept: within 2 d");
	ck_assert_str_eq(history_fate(&h, 2), "kept: the newest that is known to be good, within 2 d");
	/* None verified: from the newest. */
	h.items[2].verdict = RETENTION_UNVERIFIED;
	history_decide(&h, &p);
	ck_assert_uint_eq(history_kept(&h), 1);
	ck_assert_str_eq(history_fate(&h, 3), "kept: the newest, within 2 d");
}
END_TEST

START_TEST(a_damaged_one_counts_for_nothing)
{
	struct retention_policy p = nothing;

	p.keep_last = 2;
	p.keep[RETENTION_DAILY] = 1;
	history_add(&h, "2026-11-18T12:00:00Z");
	history_add(&h, "2026-11-19T12:00:00Z");
	history_add(&h, "2026-11-20T12:00:00Z")->verdict = RETENTION_BAD;
	history_add(&h, "2026-11-21T12:00:00Z")->verdict = RETENTION_GOOD;
	history_add(&h, "2026-11-21T13:00:00Z")->verdict = RETENTION_BAD;
	history_add(&h, "2026-11-21T14:00:00Z");
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "removed: no rule names it");
	ck_assert_str_eq(history_fate(&h, 2), "removed: damaged, and a newer one is good");
	ck_assert_str_eq(history_fate(&h, 3), "kept: the newest that is known to be good, last 2/2");
	ck_assert_str_eq(history_fate(&h, 4), "kept: damaged, but no newer one is known to be good");
	ck_assert_str_eq(history_fate(&h, 5), "kept: the newest, last 1/2, daily 1/1 (2026-11-21)");
}
END_TEST

START_TEST(a_label_or_a_pin_exempts)
{
	struct retention_policy p = nothing;

	p.keep_last = 1;
	history_add(&h, "2026-11-01T12:00:00Z")->labelled = true;
	history_add(&h, "2026-11-02T12:00:00Z")->pinned_until = PINNED_FOR_EVER;
	history_add(&h, "2026-11-03T12:00:00Z")->pinned_until = NOW;
	history_add(&h, "2026-11-04T12:00:00Z")->pinned_until = NOW - 1;   /* run out */
	history_add(&h, "2026-11-05T12:00:00Z");
	history_decide(&h, &p);
	ck_assert_str_eq(history_fate(&h, 0), "kept: labelled");
	ck_assert_str_eq(history_fate(&h, 1), "kept: pinned");
	ck_assert_str_eq(history_fate(&h, 2), "kept: pinned until 2026-11-22T02:17:00Z");
	ck_assert_str_eq(history_fate(&h, 3), "removed: no rule names it");
}
END_TEST

START_TEST(a_newest_that_is_damaged_holds_all)
{
	struct retention_policy p = nothing;

	p.keep_last = 1;
	history_add(&h, "2026-11-01T12:00:00Z");
	history_add(&h, "2026-11-02T12:00:00Z")->verdict = RETENTION_BAD;
	history_add(&h, "2026-11-03T12:00:00Z")->verdict = RETENTION_GOOD;
	history_add(&h, "2026-11-04T12:00:00Z")->verdict = RETENTION_BAD;
	history_decide(&h, &p);
	ck_assert(!h.may_remove);
	ck_assert_uint_eq(history_kept(&h), 4);
	ck_assert_ptr_nonnull(strstr(history_fate(&h, 0), "while the newest snapshot is one that is damaged"));
	ck_assert_ptr_nonnull(strstr(history_fate(&h, 1), "while the newest snapshot is one that is damaged"));
	h.items[3].verdict = RETENTION_GOOD;
	history_decide(&h, &p);
	ck_assert(h.may_remove);
	ck_assert_uint_eq(history_kept(&h), 1);
	p.last_run_failed = true;
	history_decide(&h, &p);
	ck_assert(!h.may_remove);
	ck_assert_uint_eq(history_kept(&h), 4);
	ck_assert_ptr_nonnull(strstr(history_fate(&h, 0), "while the last backup is one that failed"));
}
END_TEST

START_TEST(what_cannot_be_read_stays)
{
	struct retention_policy p = nothing;

	p.keep_last = 1;
	p.keep[RETENTION_DAILY] = 3;
	history_add(&h, "2026-11-01T12:00:00Z");
	history_add(&h, "2026-11-02T11:00:00Z");
	history_add(&h, "2026-11-02T12:00:00Z")->unreadable = "it is not signed";
	history_add(&h, "2026-11-03T12:00:00Z");
	history_decide(&h, &p);
	ck_assert(h.may_remove);
	ck_assert_str_eq(history_fate(&h, 2), "kept: it is not signed");
	/* It represents nothing. */
	ck_assert_str_eq(history_fate(&h, 1), "kept: daily 2/3 (2026-11-02)");
	h.items[3].unreadable = "it is not signed";
	history_decide(&h, &p);
	ck_assert(!h.may_remove);
	ck_assert_uint_eq(history_kept(&h), 4);
}
END_TEST

START_TEST(the_future_counts_for_nothing)
{
	struct retention_policy p = nothing;

	p.keep_last = 1;
	p.keep[RETENTION_YEARLY] = 1;
	p.keep_within = 86400;
	history_add(&h, "2026-11-21T12:00:00Z");
	history_add(&h, "2026-11-22T02:00:00Z")->verdict = RETENTION_GOOD;
	history_add_at(&h, NOW + RETENTION_SKEW_S + 1)->verdict = RETENTION_BAD;
	history_add(&h, "2031-01-01T00:00:00Z")->verdict = RETENTION_GOOD;
	history_decide(&h, &p);
	ck_assert(h.may_remove);
	ck_assert_str_eq(history_fate(&h, 0), "kept: within 1 d");
	ck_assert_str_eq(history_fate(&h, 1), "kept: the newest, the newest that is known to be good, "
	    "last 1/1, yearly 1/1 (2026), within 1 d");
	ck_assert_str_eq(history_fate(&h, 2), "kept: dated in the future: it counts for nothing");
	ck_assert_str_eq(history_fate(&h, 3), "kept: dated in the future: it counts for nothing");
	/* Clocks differ a little. */
	h.items[2].at = NOW + RETENTION_SKEW_S;
	h.items[2].verdict = RETENTION_GOOD;
	history_decide(&h, &p);
	ck_assert_ptr_nonnull(strstr(history_fate(&h, 2), "last 1/1"));
	ck_assert_str_eq(history_fate(&h, 0), "kept: within 1 d");
}
END_TEST

START_TEST(reads_spans)
{
	ck_assert_int_eq(span_seconds(NULL), 0);
	ck_assert_int_eq(span_seconds("48h"), 48 * 3600);
	ck_assert_int_eq(span_seconds("30d"), 30 * 86400);
	ck_assert_int_eq(span_seconds("8w"), 56 * 86400);
	ck_assert_int_eq(span_seconds("1y"), 365 * 86400);
	ck_assert_int_eq(span_seconds("999999y"), INT64_C(999999) * 365 * 86400);
}
END_TEST

START_TEST(an_empty_history_is_no_trouble)
{
	struct retention_policy p = nothing;

	ck_assert(retention_decide(NULL, 0, &p, NULL));
	p.keep_last = 3;
	ck_assert(retention_decide(NULL, 0, &p, NULL));
	p.last_run_failed = true;
	ck_assert(!retention_decide(NULL, 0, &p, NULL));
}
END_TEST

static void teardown(void)
{
	history_release(&h);
}

UNIT_CASE(rules)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, keeps_everything_without_a_policy);
	tcase_add_test(tc, the_newest_of_a_period_represents_it);
	tcase_add_test(tc, every_rule_has_its_words);
	tcase_add_test(tc, days_are_those_of_the_zone);
	tcase_add_test(tc, an_hour_that_comes_twice_is_two);
	tcase_add_test(tc, weeks_are_those_of_iso_8601);
	tcase_add_test(tc, a_backup_that_begins_seconds_late_is_its_weeks);
	tcase_add_test(tc, within_is_measured_from_the_newest_good_one);
	tcase_add_test(tc, a_damaged_one_counts_for_nothing);
	tcase_add_test(tc, a_label_or_a_pin_exempts);
	tcase_add_test(tc, a_newest_that_is_damaged_holds_all);
	tcase_add_test(tc, what_cannot_be_read_stays);
	tcase_add_test(tc, the_future_counts_for_nothing);
	tcase_add_test(tc, reads_spans);
	tcase_add_test(tc, an_empty_history_is_no_trouble);
}

#include "daemon/timetable.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

#define HOUR 3600
#define DAY (24 * HOUR)
/* 2026-11-22T00:00:00Z */
#define MIDNIGHT INT64_C(1795305600)
#define AT(hour, minute) (MIDNIGHT + (hour) * HOUR + (minute) * 60)

static struct timetable_plan plan(const char *name, const char *schedule)
{
	struct timetable_plan p = { .name = name, .timezone = "UTC" };
	struct err err = ERR_INIT;

	ck_assert_msg(cron_parse(schedule, &p.cron, &err) == 0, "%s", err.msg);
	return p;
}

static struct timetable *one(struct timetable_plan p, int64_t now)
{
	return timetable_new(&p, 1, now);
}

static void expect_none(struct timetable *table, int64_t now)
{
	struct timetable_due due;

	ck_assert(!timetable_due(table, now, &due));
}

static struct timetable_due expect_due(struct timetable *table, int64_t now, int64_t slot_at)
{
	struct timetable_due due;

	ck_assert(timetable_due(table, now, &due));
	ck_assert_int_eq(due.slot_at, slot_at);
	return due;
}

START_TEST(due_at_its_time_and_then_the_next_day)
{
	struct timetable_plan p = plan("production/auth", "17 2 * * *");
	struct timetable *table;
	struct timetable_due due;
	const char *name;
	int subject;

	p.subject = &subject;
	table = one(p, AT(1, 0));
	ck_assert_int_eq(timetable_next(table, &name), AT(2, 17));
	ck_assert_str_eq(name, "production/auth");
	expect_none(table, AT(2, 17) - 1);
	due = expect_due(table, AT(2, 17), AT(2, 17));
	ck_assert_str_eq(due.name, "production/auth");
	ck_assert_ptr_eq(due.subject, &subject);
	ck_assert(!due.skipped);
	ck_assert_int_eq(due.next_at, AT(2, 17) + DAY);
	expect_none(table, AT(2, 17));
	timetable_free(table);
}
END_TEST

START_TEST(missed_times_are_made_up_by_one_run)
{
	struct timetable_plan p = plan("a/b", "@hourly");
	struct timetable *table;
	struct timetable_due due;

	p.next_at = AT(3, 0) - 5 * DAY;
	table = one(p, AT(10, 30));
	due = expect_due(table, AT(10, 30), AT(3, 0) - 5 * DAY);
	ck_assert_int_eq(due.next_at, AT(11, 0));
	expect_none(table, AT(10, 30));
	expect_none(table, AT(11, 0) - 1);
	timetable_free(table);
}
END_TEST

START_TEST(a_noted_future_time_is_computed_again)
{
	struct timetable_plan p = plan("a/b", "30 * * * *");
	struct timetable *table;

	/* Noted under another schedule, or under a clock that was wrong. */
	p.next_at = AT(12, 0) + 1000 * DAY;
	table = one(p, AT(10, 0));
	ck_assert_int_eq(timetable_next(table, NULL), AT(10, 30));
	timetable_free(table);
}
END_TEST

START_TEST(a_run_that_still_goes_is_not_doubled)
{
	struct timetable *table = one(plan("a/b", "*/10 * * * *"), AT(1, 1));

	ck_assert(!expect_due(table, AT(1, 10), AT(1, 10)).skipped);
	ck_assert(expect_due(table, AT(1, 20), AT(1, 20)).skipped);
	ck_assert(expect_due(table, AT(1, 30), AT(1, 30)).skipped);
	timetable_finished(table, "a/b");
	timetable_finished(table, "not/there");
	expect_none(table, AT(1, 31));
	ck_assert(!expect_due(table, AT(1, 40), AT(1, 40)).skipped);
	timetable_free(table);
}
END_TEST

START_TEST(what_went_on_is_carried_to_the_next_table)
{
	struct timetable *table = one(plan("a/b", "*/10 * * * *"), AT(1, 1));
	struct timetable_plan before, p = plan("a/b", "*/5 * * * *");
	struct timetable *next;

	(void)expect_due(table, AT(1, 10), AT(1, 10));
	ck_assert(timetable_find(table, "a/b", &before));
	ck_assert(!timetable_find(table, "a/c", &before));
	p.next_at = before.next_at;
	p.answered_at = before.answered_at;
	p.busy = before.busy;
	next = one(p, AT(1, 10));
	ck_assert(expect_due(next, AT(1, 15), AT(1, 15)).skipped);
	timetable_free(next);
	timetable_free(table);
}
END_TEST

START_TEST(a_clock_that_goes_back_a_little_repeats_nothing)
{
	struct timetable *table = one(plan("a/b", "17 2 * * *"), AT(1, 0));

	(void)expect_due(table, AT(2, 20), AT(2, 17));
	timetable_finished(table, "a/b");
	expect_none(table, AT(1, 20));
	expect_none(table, AT(2, 17));
	expect_none(table, AT(2, 30));
	ck_assert_int_eq(timetable_next(table, NULL), AT(2, 17) + DAY);
	timetable_free(table);
}
END_TEST

START_TEST(a_clock_that_was_far_ahead_does_not_hold_up_backups)
{
	struct timetable *table = one(plan("a/b", "17 2 * * *"), AT(1, 0) + 1000 * DAY);

	(void)expect_due(table, AT(2, 17) + 1000 * DAY, AT(2, 17) + 1000 * DAY);
	timetable_finished(table, "a/b");
	expect_none(table, AT(1, 0));
	ck_assert_int_eq(timetable_next(table, NULL), AT(2, 17));
	timetable_free(table);
}
END_TEST

START_TEST(a_clock_that_jumps_ahead_makes_up_once)
{
	struct timetable *table = one(plan("a/b", "@hourly"), AT(1, 1));

	(void)expect_due(table, AT(9, 30), AT(2, 0));
	expect_none(table, AT(9, 30));
	ck_assert_int_eq(timetable_next(table, NULL), AT(10, 0));
	timetable_free(table);
}
END_TEST

START_TEST(a_put_back_slot_is_due_though_it_was_begun)
{
	struct timetable_plan p = plan("a/b", "17 2 * * *");
	struct timetable *table;

	p.next_at = AT(2, 17);
	p.answered_at = AT(2, 18);
	table = one(p, AT(2, 20));
	(void)expect_due(table, AT(2, 20), AT(2, 17));
	timetable_free(table);
}
END_TEST

START_TEST(an_empty_table_is_never_due)
{
	struct timetable *table = timetable_new(NULL, 0, AT(0, 0));

	expect_none(table, AT(1, 0));
	ck_assert_int_eq(timetable_next(table, NULL), -1);
	ck_assert_uint_eq(timetable_count(table), 0);
	timetable_free(table);
	timetable_free(NULL);
}
END_TEST

#define MANY 10000

/* A day of ten thousand databases, minute by minute: everyone is due once, none
 * out of its minute, and at the end the table is in order as at the beginning. */
START_TEST(many_databases_each_have_their_turn)
{
	struct timetable_plan *plans = mem_calloc(MANY, sizeof(*plans));
	unsigned char *runs = mem_calloc(MANY, 1);
	struct timetable *table;
	struct timetable_due due;

	for (int i = 0; i < MANY; i++) {
		AUTO_STR schedule = mem_printf("%d %d * * *", i % 60, i / 60 % 24);

		plans[i] = plan(mem_printf("environment/%d", i), schedule);
		plans[i].subject = &runs[i];
	}
	table = timetable_new(plans, MANY, MIDNIGHT - 1);
	ck_assert_uint_eq(timetable_count(table), MANY);
	for (int64_t now = MIDNIGHT; now < MIDNIGHT + DAY; now += 60) {
		while (timetable_due(table, now, &due)) {
			ck_assert_int_eq(due.slot_at, now);
			ck_assert_int_eq(due.next_at, now + DAY);
			runs[(const unsigned char *)due.subject - runs]++;
			timetable_finished(table, due.name);
		}
	}
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(runs[i], 1);
		free((char *)plans[i].name);
	}
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + DAY);
	timetable_free(table);
	free(plans);
	free(runs);
}
END_TEST

UNIT_CASE(timetable)
{
	tcase_add_test(tc, due_at_its_time_and_then_the_next_day);
	tcase_add_test(tc, missed_times_are_made_up_by_one_run);
	tcase_add_test(tc, a_noted_future_time_is_computed_again);
	tcase_add_test(tc, a_run_that_still_goes_is_not_doubled);
	tcase_add_test(tc, what_went_on_is_carried_to_the_next_table);
	tcase_add_test(tc, a_clock_that_goes_back_a_little_repeats_nothing);
	tcase_add_test(tc, a_clock_that_was_far_ahead_does_not_hold_up_backups);
	tcase_add_test(tc, a_clock_that_jumps_ahead_makes_up_once);
	tcase_add_test(tc, a_put_back_slot_is_due_though_it_was_begun);
	tcase_add_test(tc, an_empty_table_is_never_due);
	tcase_add_test(tc, many_databases_each_have_their_turn);
}

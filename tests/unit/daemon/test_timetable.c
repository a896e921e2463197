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
	struct timetable_plan p = { .name = name, .scheduled = true, .slots.zone = "UTC" };
	struct err err = ERR_INIT;

	ck_assert_msg(cron_parse(schedule, &p.slots.cron, &err) == 0, "%s", err.msg);
	return p;
}

/* Its times found. */
static struct timetable *one(struct timetable_plan p, int64_t now)
{
	struct timetable *table = timetable_new(&p, 1, now);
	struct timetable_step step;

	while (timetable_next(table, NULL) == 0) {
		ck_assert(timetable_step(table, now, &step));
		ck_assert_int_eq(step.kind, TIMETABLE_PLANNED);
	}
	return table;
}

static bool next_step(struct timetable *table, int64_t now, struct timetable_step *ret)
{
	while (timetable_step(table, now, ret)) {
		if (ret->kind != TIMETABLE_PLANNED)
			return true;
	}
	return false;
}

static void expect_none(struct timetable *table, int64_t now)
{
	struct timetable_step step;

	ck_assert(!next_step(table, now, &step));
}

static struct timetable_step expect_due(struct timetable *table, int64_t now, int64_t slot_at)
{
	struct timetable_step step;

	ck_assert(next_step(table, now, &step));
	ck_assert_int_eq(step.kind, TIMETABLE_DUE);
	ck_assert_int_eq(step.slot_at, slot_at);
	return step;
}

static void expect_skipped(struct timetable *table, int64_t now)
{
	struct timetable_step step;

	ck_assert(next_step(table, now, &step));
	ck_assert_int_eq(step.kind, TIMETABLE_SKIPPED);
}

START_TEST(due_at_its_time_and_then_the_next_day)
{
	struct timetable_plan p = plan("production/auth", "17 2 * * *");
	struct timetable *table;
	struct timetable_step step;
	const char *name;
	int subject;

	p.subject = &subject;
	table = one(p, AT(1, 0));
	ck_assert_int_eq(timetable_next(table, &name), AT(2, 17));
	ck_assert_str_eq(name, "production/auth");
	expect_none(table, AT(2, 17) - 1);
	step = expect_due(table, AT(2, 17), AT(2, 17));
	ck_assert_str_eq(step.name, "production/auth");
	ck_assert_ptr_eq(step.subject, &subject);
	ck_assert_int_eq(step.next_at, AT(2, 17) + DAY);
	ck_assert_int_eq(step.attempt, 1);
	ck_assert_int_eq(step.cause, STATE_CAUSE_SCHEDULE);
	expect_none(table, AT(2, 17));
	timetable_free(table);
}
END_TEST

START_TEST(an_offset_and_a_blackout_delay_the_slot_and_keep_its_name)
{
	struct timetable_plan p = plan("a/b", "*/30 * * * *");
	struct timetable_step step;
	struct timetable *table;

	p.slots.offset_s = 90;
	ck_assert_int_eq(blackout_parse("02:00-04:00", &p.slots.blackout, NULL), 0);
	table = one(p, AT(1, 2));
	ck_assert_int_eq(timetable_next(table, NULL), AT(1, 30) + 90);
	step = expect_due(table, AT(1, 30) + 90, AT(1, 30));
	ck_assert_int_eq(step.next_at, AT(4, 0) + 90);
	timetable_finished(table, "a/b");
	expect_none(table, AT(4, 0) + 89);
	/* Four slots fell into the window, and one at its end. */
	step = expect_due(table, AT(4, 0) + 90, AT(4, 0));
	ck_assert_int_eq(step.next_at, AT(4, 30) + 90);
	timetable_free(table);
	/* Found in the middle of it. */
	table = one(p, AT(3, 1));
	ck_assert_int_eq(timetable_next(table, NULL), AT(4, 0) + 90);
	(void)expect_due(table, AT(4, 2), AT(4, 0));
	timetable_free(table);
}
END_TEST

START_TEST(missed_times_are_made_up_by_one_run_of_the_newest)
{
	struct timetable_plan p = plan("a/b", "@hourly");
	struct timetable *table;
	struct timetable_step step;

	p.next_at = AT(3, 0) - 5 * DAY;
	table = one(p, AT(10, 30));
	step = expect_due(table, AT(10, 30), AT(10, 0));
	ck_assert_int_eq(step.next_at, AT(11, 0));
	ck_assert_int_eq(step.cause, STATE_CAUSE_MADE_UP);
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

START_TEST(a_noted_time_that_no_slot_follows_is_no_slot)
{
	struct timetable_plan p = plan("a/b", "30 12 * * *");
	struct timetable *table;

	/* Under another schedule it was due at 10:00. */
	p.next_at = AT(10, 0);
	table = one(p, AT(10, 20));
	ck_assert_int_eq(timetable_next(table, NULL), AT(12, 30));
	timetable_free(table);
}
END_TEST

START_TEST(a_run_that_still_goes_is_not_doubled)
{
	struct timetable *table = one(plan("a/b", "*/10 * * * *"), AT(1, 1));

	(void)expect_due(table, AT(1, 10), AT(1, 10));
	expect_skipped(table, AT(1, 20));
	expect_skipped(table, AT(1, 30));
	timetable_finished(table, "a/b");
	timetable_finished(table, "not/there");
	timetable_begun(table, "not/there");
	expect_none(table, AT(1, 31));
	(void)expect_due(table, AT(1, 40), AT(1, 40));
	timetable_free(table);
}
END_TEST

START_TEST(a_run_that_was_asked_for_is_not_doubled)
{
	struct timetable *table = one(plan("a/b", "*/10 * * * *"), AT(1, 1));

	timetable_begun(table, "a/b");
	expect_skipped(table, AT(1, 10));
	timetable_finished(table, "a/b");
	(void)expect_due(table, AT(1, 20), AT(1, 20));
	timetable_free(table);
}
END_TEST

/* Its run may fail: then nobody has answered it. */
START_TEST(a_slot_that_was_skipped_is_told_once)
{
	struct timetable *table = one(plan("a/b", "0 * * * *"), AT(0, 30)), *next;
	struct timetable_plan p;

	ck_assert_int_eq(timetable_finished(table, "a/b"), 0);
	timetable_begun(table, "a/b");
	expect_skipped(table, AT(1, 0));
	ck_assert(timetable_find(table, "a/b", &p));
	ck_assert_int_eq(p.skipped_slot, AT(1, 0));
	expect_skipped(table, AT(2, 0));
	ck_assert_int_eq(timetable_finished(table, "a/b"), AT(2, 0));
	ck_assert_int_eq(timetable_finished(table, "a/b"), 0);
	ck_assert_int_eq(timetable_finished(table, "not/there"), 0);
	(void)expect_due(table, AT(3, 0), AT(3, 0));
	ck_assert_int_eq(timetable_finished(table, "a/b"), 0);
	/* The next table knows it, too. */
	next = timetable_new(&p, 1, AT(1, 1));
	ck_assert_int_eq(timetable_finished(next, "a/b"), AT(1, 0));
	timetable_free(next);
	timetable_free(table);
}
END_TEST

START_TEST(a_failed_run_is_tried_again_before_it_is_due)
{
	struct timetable *table = one(plan("a/b", "@hourly"), AT(1, 1));
	struct timetable_retry retry = {
		.slot_at = AT(2, 0), .at = AT(2, 6), .attempt = 2, .cause = STATE_CAUSE_RETRY,
		.run_id = 7,
	};
	struct timetable_step step;

	(void)expect_due(table, AT(2, 0), AT(2, 0));
	timetable_finished(table, "a/b");
	ck_assert(timetable_retry(table, "a/b", &retry));
	ck_assert(!timetable_retry(table, "not/there", &retry));
	ck_assert_int_eq(timetable_next(table, NULL), AT(2, 6));
	expect_none(table, AT(2, 6) - 1);
	step = expect_due(table, AT(2, 6), AT(2, 0));
	ck_assert_int_eq(step.attempt, 2);
	ck_assert_int_eq(step.run_id, 7);
	ck_assert_int_eq(step.cause, STATE_CAUSE_RETRY);
	ck_assert_int_eq(step.next_at, AT(3, 0));
	expect_none(table, AT(2, 6));
	timetable_finished(table, "a/b");
	retry.at = AT(3, 0);
	ck_assert(!timetable_retry(table, "a/b", &retry));
	/* Nobody looked at the clock until it was due: it is one run. */
	retry.at = AT(2, 59);
	ck_assert(timetable_retry(table, "a/b", &retry));
	step = expect_due(table, AT(3, 1), AT(3, 0));
	ck_assert(step.retry_dropped);
	expect_none(table, AT(3, 1));
	timetable_free(table);
}
END_TEST

START_TEST(a_retry_waits_for_what_was_asked_for)
{
	struct timetable *table = one(plan("a/b", "@hourly"), AT(1, 1));
	struct timetable_retry retry = { .slot_at = AT(1, 0), .at = AT(1, 10), .attempt = 2 };

	ck_assert(timetable_retry(table, "a/b", &retry));
	timetable_begun(table, "a/b");
	expect_none(table, AT(1, 10));
	timetable_finished(table, "a/b");
	ck_assert_int_eq(expect_due(table, AT(1, 11), AT(1, 0)).attempt, 2);
	timetable_free(table);
}
END_TEST

START_TEST(without_a_schedule_only_retries_are_due)
{
	struct timetable_plan p = { .name = "a/b" };
	struct timetable_retry retry = { .at = AT(1, 10), .attempt = 2 };
	struct timetable *table = one(p, AT(1, 1));

	ck_assert_int_eq(timetable_next(table, NULL), -1);
	ck_assert(timetable_retry(table, "a/b", &retry));
	ck_assert_int_eq(expect_due(table, AT(1, 10), 0).next_at, -1);
	ck_assert_int_eq(timetable_next(table, NULL), -1);
	timetable_free(table);
}
END_TEST

START_TEST(a_retry_of_a_clock_that_was_ahead_waits_no_longer_than_an_hour)
{
	struct timetable_plan p = plan("a/b", "17 2 * * *");
	struct timetable *table;

	p.retry = (struct timetable_retry){ .at = AT(1, 0) + 1000 * DAY, .slot_at = AT(0, 0) };
	table = one(p, AT(1, 0));
	ck_assert_int_eq(timetable_next(table, NULL), AT(2, 0));
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
	p.answered_slot = before.answered_slot;
	p.busy = before.busy;
	next = one(p, AT(1, 10));
	expect_skipped(next, AT(1, 15));
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

/* Nobody took a step for a day, and then the clock, which was wrong, was set right. */
START_TEST(what_passed_without_a_step_counts)
{
	struct timetable *table = one(plan("a/b", "17 2 * * *"), AT(2, 20) + 1000 * DAY);

	ck_assert_int_eq(timetable_next(table, NULL), AT(2, 17) + 1001 * DAY);
	timetable_passed(table, AT(20, 0) + 1000 * DAY);
	expect_none(table, AT(2, 0) + 1000 * DAY);
	ck_assert_int_eq(timetable_next(table, NULL), AT(2, 17) + 1000 * DAY);
	timetable_free(table);
}
END_TEST

START_TEST(a_clock_that_jumps_ahead_makes_up_once)
{
	struct timetable *table = one(plan("a/b", "@hourly"), AT(1, 1));

	(void)expect_due(table, AT(9, 30), AT(9, 0));
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
	p.answered_slot = AT(2, 17);
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
	struct timetable_step step;

	for (int i = 0; i < MANY; i++) {
		AUTO_STR schedule = mem_printf("%d %d * * *", i % 60, i / 60 % 24);

		plans[i] = plan(mem_printf("environment/%d", i), schedule);
		plans[i].subject = &runs[i];
	}
	table = timetable_new(plans, MANY, MIDNIGHT - 1);
	ck_assert_uint_eq(timetable_count(table), MANY);
	expect_none(table, MIDNIGHT - 1);
	for (int64_t now = MIDNIGHT; now < MIDNIGHT + DAY; now += 60) {
		while (timetable_step(table, now, &step)) {
			ck_assert_int_eq(step.kind, TIMETABLE_DUE);
			ck_assert_int_eq(step.slot_at, now);
			ck_assert_int_eq(step.next_at, now + DAY);
			runs[(const unsigned char *)step.subject - runs]++;
			timetable_finished(table, step.name);
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
	tcase_add_test(tc, an_offset_and_a_blackout_delay_the_slot_and_keep_its_name);
	tcase_add_test(tc, missed_times_are_made_up_by_one_run_of_the_newest);
	tcase_add_test(tc, a_noted_future_time_is_computed_again);
	tcase_add_test(tc, a_noted_time_that_no_slot_follows_is_no_slot);
	tcase_add_test(tc, a_run_that_still_goes_is_not_doubled);
	tcase_add_test(tc, a_run_that_was_asked_for_is_not_doubled);
	tcase_add_test(tc, a_slot_that_was_skipped_is_told_once);
	tcase_add_test(tc, a_failed_run_is_tried_again_before_it_is_due);
	tcase_add_test(tc, a_retry_waits_for_what_was_asked_for);
	tcase_add_test(tc, without_a_schedule_only_retries_are_due);
	tcase_add_test(tc, a_retry_of_a_clock_that_was_ahead_waits_no_longer_than_an_hour);
	tcase_add_test(tc, what_went_on_is_carried_to_the_next_table);
	tcase_add_test(tc, a_clock_that_goes_back_a_little_repeats_nothing);
	tcase_add_test(tc, a_clock_that_was_far_ahead_does_not_hold_up_backups);
	tcase_add_test(tc, what_passed_without_a_step_counts);
	tcase_add_test(tc, a_clock_that_jumps_ahead_makes_up_once);
	tcase_add_test(tc, a_put_back_slot_is_due_though_it_was_begun);
	tcase_add_test(tc, an_empty_table_is_never_due);
	tcase_add_test(tc, many_databases_each_have_their_turn);
}

#include "daemon/plan.h"

#include "tests/unit/unit.h"

/* 2026-11-22T00:00:00Z */
#define MIDNIGHT INT64_C(1795305600)

static int64_t fixed_now(void *ctx)
{
	(void)ctx;
	return MIDNIGHT * 1000;
}

static const struct clock fixed = { fixed_now, NULL, NULL, NULL };

/* One environment, "shop": "a" every ten minutes, "b" never by itself. */
static struct config_environment shop = { .name = (char[]){ "shop" } };
static struct config_database a = { .name = (char[]){ "a" }, .environment = &shop };
static struct config_database b = { .name = (char[]){ "b" }, .environment = &shop };
static struct config_database *databases[] = { &a, &b };
static const struct config config = { .databases = databases, .database_count = 2 };
static struct record record;

static void setup(void)
{
	static char schedule[] = "*/10 * * * *", utc[] = "UTC";

	a.policy.schedule = schedule;
	a.policy.timezone = utc;
	ck_assert_int_eq(cron_parse(schedule, &a.policy.cron, NULL), 0);
	record_open(&record, unit_folder(), &fixed, NULL);
}

static void teardown(void)
{
	record_close(&record);
}

static int64_t noted_next(const char *database)
{
	struct state_database db;

	return record_get(&record, database, &db) ? db.next_at : -1;
}

/* The steps that only find times. */
static struct timetable *settle(struct timetable *table, int64_t now)
{
	struct timetable_step step;

	while (timetable_next(table, NULL) == 0) {
		ck_assert(timetable_step(table, now, &step));
		ck_assert_int_eq(step.kind, TIMETABLE_PLANNED);
	}
	return table;
}

static struct timetable *make(const struct timetable *old, bool once, int64_t now)
{
	return settle(plan_make(&config, &record, old, once, now), now);
}

START_TEST(what_has_a_schedule_is_planned_and_noted)
{
	struct timetable *table = make(NULL, false, MIDNIGHT);
	struct timetable_step step;

	ck_assert_uint_eq(timetable_count(table), 2);
	ck_assert_uint_eq(plan_scheduled(table), 1);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 600);
	plan_note(table, &record);
	ck_assert_int_eq(noted_next("shop/a"), MIDNIGHT + 600);
	ck_assert_int_eq(noted_next("shop/b"), -1);
	ck_assert(timetable_step(table, MIDNIGHT + 600, &step));
	ck_assert_ptr_eq(step.subject, &a);
	timetable_free(table);
}
END_TEST

START_TEST(of_noted_times_that_are_past_the_newest_is_due)
{
	struct timetable *table;

	record_next(&record, "shop/a", MIDNIGHT - 86400);
	table = make(NULL, false, MIDNIGHT + 1);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT);
	timetable_free(table);
}
END_TEST

START_TEST(a_noted_retry_waits_on)
{
	struct timetable_step step;
	struct timetable *table;

	record_next(&record, "shop/a", MIDNIGHT + 600);
	record_tries_again(&record, "shop/a", MIDNIGHT + 300, MIDNIGHT, 2);
	table = make(NULL, false, MIDNIGHT + 1);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 300);
	ck_assert(timetable_step(table, MIDNIGHT + 300, &step));
	ck_assert_int_eq(step.kind, TIMETABLE_DUE);
	ck_assert_int_eq(step.slot_at, MIDNIGHT);
	ck_assert_int_eq(step.attempt, 2);
	ck_assert_int_eq(step.cause, STATE_CAUSE_RETRY);
	timetable_free(table);
}
END_TEST

START_TEST(a_running_job_is_known_to_the_next_table)
{
	struct timetable *old = make(NULL, false, MIDNIGHT);
	struct timetable *table;
	struct timetable_step step;

	ck_assert(timetable_step(old, MIDNIGHT + 600, &step));
	/* Nothing changed: there is nothing to find. */
	table = plan_make(&config, &record, old, false, MIDNIGHT + 601);
	timetable_free(old);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 1200);
	ck_assert(timetable_step(table, MIDNIGHT + 1200, &step));
	ck_assert_int_eq(step.kind, TIMETABLE_SKIPPED);
	timetable_free(table);
}
END_TEST

START_TEST(another_schedule_has_other_times)
{
	struct config_database hourly = a;
	struct config_database *others[] = { &hourly };
	struct config changed = { .databases = others, .database_count = 1 };
	char schedule[] = "@hourly";
	struct timetable *old = make(NULL, false, MIDNIGHT), *table;

	record_next(&record, "shop/a", MIDNIGHT + 600);
	hourly.policy.schedule = schedule;
	ck_assert_int_eq(cron_parse(schedule, &hourly.policy.cron, NULL), 0);
	table = settle(plan_make(&changed, &record, old, false, MIDNIGHT + 1), MIDNIGHT + 1);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 3600);
	timetable_free(table);
	/* And who is gone is due no more. */
	changed.database_count = 0;
	timetable_free(plan_make(&changed, &record, old, false, MIDNIGHT + 1));
	ck_assert_int_eq(noted_next("shop/a"), 0);
	timetable_free(old);
}
END_TEST

START_TEST(once_runs_what_never_ran)
{
	struct timetable *table = make(NULL, true, MIDNIGHT + 30);

	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT);
	timetable_free(table);
	record_begin(&record, "shop/a", &(struct state_run){
		.slot_at = MIDNIGHT, .started_at = MIDNIGHT + 30 });
	record_next(&record, "shop/a", MIDNIGHT + 600);
	table = make(NULL, true, MIDNIGHT + 40);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 600);
	timetable_free(table);
}
END_TEST

START_TEST(once_without_notes_runs_this_minute_alone)
{
	struct timetable *table;

	record.in_memory = true;
	table = make(NULL, true, MIDNIGHT + 660);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 1200);
	timetable_free(table);
	table = make(NULL, true, MIDNIGHT + 1259);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 1200);
	timetable_free(table);
}
END_TEST

UNIT_CASE(plan)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_has_a_schedule_is_planned_and_noted);
	tcase_add_test(tc, of_noted_times_that_are_past_the_newest_is_due);
	tcase_add_test(tc, a_running_job_is_known_to_the_next_table);
	tcase_add_test(tc, a_noted_retry_waits_on);
	tcase_add_test(tc, another_schedule_has_other_times);
	tcase_add_test(tc, once_runs_what_never_ran);
	tcase_add_test(tc, once_without_notes_runs_this_minute_alone);
}

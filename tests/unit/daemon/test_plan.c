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
	record_open(&record, unit_folder(), &fixed);
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

START_TEST(what_has_a_schedule_is_planned_and_noted)
{
	struct timetable *table = plan_make(&config, &record, NULL, false, MIDNIGHT);
	struct timetable_due due;

	ck_assert_uint_eq(timetable_count(table), 1);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 600);
	ck_assert_int_eq(noted_next("shop/a"), MIDNIGHT + 600);
	ck_assert_int_eq(noted_next("shop/b"), -1);
	ck_assert(timetable_due(table, MIDNIGHT + 600, &due));
	ck_assert_ptr_eq(due.subject, &a);
	timetable_free(table);
}
END_TEST

START_TEST(a_noted_time_that_is_past_is_due)
{
	struct timetable *table;

	record_next(&record, "shop/a", MIDNIGHT - 86400);
	table = plan_make(&config, &record, NULL, false, MIDNIGHT);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT - 86400);
	timetable_free(table);
}
END_TEST

START_TEST(a_running_job_is_known_to_the_next_table)
{
	struct timetable *old = plan_make(&config, &record, NULL, false, MIDNIGHT);
	struct timetable *table;
	struct timetable_due due;

	ck_assert(timetable_due(old, MIDNIGHT + 600, &due));
	table = plan_make(&config, &record, old, false, MIDNIGHT + 601);
	timetable_free(old);
	ck_assert(timetable_due(table, MIDNIGHT + 1200, &due));
	ck_assert(due.skipped);
	timetable_free(table);
}
END_TEST

START_TEST(once_runs_what_never_ran)
{
	struct timetable *table = plan_make(&config, &record, NULL, true, MIDNIGHT + 30);

	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 30);
	timetable_free(table);
	record_begin(&record, "shop/a", MIDNIGHT + 30, MIDNIGHT + 30);
	record_next(&record, "shop/a", MIDNIGHT + 600);
	table = plan_make(&config, &record, NULL, true, MIDNIGHT + 40);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 600);
	timetable_free(table);
}
END_TEST

START_TEST(once_without_notes_runs_this_minute_alone)
{
	struct timetable *table;

	record.in_memory = true;
	table = plan_make(&config, &record, NULL, true, MIDNIGHT + 660);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 1200);
	timetable_free(table);
	table = plan_make(&config, &record, NULL, true, MIDNIGHT + 1259);
	ck_assert_int_eq(timetable_next(table, NULL), MIDNIGHT + 1200);
	timetable_free(table);
}
END_TEST

UNIT_CASE(plan)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_has_a_schedule_is_planned_and_noted);
	tcase_add_test(tc, a_noted_time_that_is_past_is_due);
	tcase_add_test(tc, a_running_job_is_known_to_the_next_table);
	tcase_add_test(tc, once_runs_what_never_ran);
	tcase_add_test(tc, once_without_notes_runs_this_minute_alone);
}

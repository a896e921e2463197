#include "config/freshness.h"

#include <string.h>

#include "tests/unit/unit.h"

/* 2026-11-23, a Monday, 02:17 UTC. */
#define MONDAY INT64_C(1795400220)
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)

static const struct {
	const char *schedule, *blackout, *max_age;
	unsigned spread;
	int64_t at, age;
} ages[] = {
	{ "17 2 * * *", NULL, NULL, 0, MONDAY, 2 * DAY },
	{ "17 2 * * *", NULL, NULL, 0, MONDAY + 40, 2 * DAY - 40 },
	{ "17 2 * * *", NULL, "26h", 0, MONDAY, 26 * HOUR },
	{ NULL, NULL, "26h", 0, MONDAY, 26 * HOUR },
	{ NULL, NULL, NULL, 0, MONDAY, 0 },
	/* Friday's is fresh until Tuesday's is due. */
	{ "17 2 * * mon-fri", NULL, NULL, 0, MONDAY + 4 * DAY, 4 * DAY },
	/* Hourly; what the blackout swallows is answered by one run at 18:00. */
	{ "17 * * * *", "08:00-18:00", NULL, 0, MONDAY + 5 * HOUR, 11 * HOUR },
	/* Every minute: runs may last longer. */
	{ "* * * * *", NULL, NULL, 0, MONDAY, 600 },
};

START_TEST(knows_how_old_is_too_old)
{
	struct config_environment environment = { .name = (char *)"shop" };
	struct config_database database = {
		.name = (char *)"a", .environment = &environment,
		.policy = {
			.schedule = (char *)ages[_i].schedule, .timezone = (char *)"UTC",
			.blackout = (char *)ages[_i].blackout, .max_age = (char *)ages[_i].max_age,
		},
	};

	if (ages[_i].schedule != NULL)
		ck_assert_int_eq(cron_parse(ages[_i].schedule, &database.policy.cron, NULL), 0);
	ck_assert_int_eq(freshness_age(&database, ages[_i].at), ages[_i].age);
	ck_assert_int_eq(freshness_matters(&database), ages[_i].age != 0);
}
END_TEST

UNIT_CASE(freshness)
{
	tcase_add_loop_test(tc, knows_how_old_is_too_old, 0, sizeof(ages) / sizeof(ages[0]));
}

#include "state/alerts.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static int add_line(void *ctx, const struct state_alert *a, struct err *err)
{
	char *told = ctx;

	(void)err;
	(void)sprintf(told + strlen(told), "[%s %s %s %lld %lld %lld]", a->database, a->target, a->kind,
	    (long long)a->since_at, (long long)a->told_at, (long long)a->gravity);
	return 0;
}

static void assert_has(struct state *state, const char *lines)
{
	char told[1024] = "";

	ck_assert_int_eq(state_each_alert(state, add_line, told, NULL), 0);
	ck_assert_str_eq(told, lines);
}

START_TEST(is_remembered_across_restarts)
{
	const char *dir = unit_folder();
	struct state *state = state_open(dir, true, NULL);
	struct state_alert a = { "shop/a", "ops", "failure", 10, 20, 1 };
	struct state_alert b = { "", "page", "known", 5, 0, 0 };

	ck_assert_ptr_nonnull(state);
	assert_has(state, "");
	ck_assert_int_eq(state_alert_set(state, &a, NULL), 0);
	ck_assert_int_eq(state_alert_set(state, &b, NULL), 0);
	a.told_at = 30;
	a.gravity = 2;
	ck_assert_int_eq(state_alert_set(state, &a, NULL), 0);
	state_close(state);
	state = state_open(dir, true, NULL);
	assert_has(state, "[ page known 5 0 0][shop/a ops failure 10 30 2]");
	ck_assert_int_eq(state_alert_clear(state, "shop/a", "ops", "stale", NULL), 0);
	ck_assert_int_eq(state_alert_clear(state, "shop/a", "ops", "failure", NULL), 0);
	assert_has(state, "[ page known 5 0 0]");
	state_close(state);
}
END_TEST

UNIT_CASE(state_alerts)
{
	tcase_add_test(tc, is_remembered_across_restarts);
}

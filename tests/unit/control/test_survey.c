#include "control/survey.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "control/bars.h"
#include "tests/unit/unit.h"

#define NOW 1795832220

static int64_t now_ms(void *ctx)
{
	(void)ctx;
	return INT64_C(1000) * NOW;
}

static const struct clock fixed = { .now_ms = now_ms };

struct world {
	struct state *state;
	struct control_host host;
};

static const char *const names[] = { "a/fine", "a/failed", "a/stale", "a/never", "b/part", "b/damaged" };

static const char *name_at(void *ctx, size_t i)
{
	(void)ctx;
	return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

static bool find(void *ctx, const char *name, struct host_database *ret)
{
	(void)ctx;
	*ret = (struct host_database){ .name = name, .timezone = "UTC", .verifies = true };
	return true;
}

static int64_t max_age(void *ctx, const char *name, int64_t at)
{
	(void)ctx, (void)name, (void)at;
	return 86400;
}

static void each_active(void *ctx, bool (*visit)(void *ctx, const struct host_run *run), void *visit_ctx)
{
	(void)ctx;
	if (visit(visit_ctx, &(struct host_run){ .id = 90, .database = "b/part", .cause = "request", .running = true }))
		(void)visit(visit_ctx, &(struct host_run){ .id = 91, .database = "a/fine", .cause = "request" });
}

static struct state *state_of(void *ctx)
{
	return ((struct world *)ctx)->state;
}

/* It ended `ago` seconds ago. */
static void note(struct world *world, const char *database, int64_t ago, struct state_run run)
{
	struct err err = ERR_INIT;

	run.started_at = NOW - ago - 4;
	ck_assert_msg(state_run_begin(world->state, database, &run, &err) == 0, "%s", err.msg);
	run.finished_at = NOW - ago;
	ck_assert_msg(state_run_end(world->state, database, &run, &err) == 0, "%s", err.msg);
}

static const struct state_run good = {
	.rows = 7, .stored_bytes = 700, .took_ms = 2500, .verified = STATE_VERIFIED_GOOD,
	.snapshot = "20261128T021700Z", .attempt = 1,
};

static struct state_run with_id(struct state_run run, int64_t id)
{
	run.id = id;
	return run;
}

static void set_up(struct world *world)
{
	struct state_run failed = { .exit_code = 1, .code = "denied", .message = "<no>", .attempt = 1 };
	struct state_run part = good, damaged = good;
	struct err err = ERR_INIT;

	part.exit_code = 5;
	damaged.exit_code = 3;
	damaged.verified = STATE_VERIFIED_BAD;
	*world = (struct world){ .state = state_open_memory(&err) };
	ck_assert_ptr_nonnull(world->state);
	world->host = (struct control_host){
		.ctx = world, .clock = &fixed, .name = name_at, .find = find, .max_age = max_age,
		.each_active = each_active, .state = state_of,
	};
	note(world, "a/fine", 100, with_id(good, 1));
	note(world, "a/failed", 7200, with_id(good, 2));
	note(world, "a/failed", 60, with_id(failed, 3));
	note(world, "a/stale", 86401, with_id(good, 4));
	note(world, "b/part", 50, with_id(part, 5));
	note(world, "b/damaged", 7200, with_id(good, 6));
	note(world, "b/damaged", 50, with_id(damaged, 7));
}

START_TEST(how_each_fares)
{
	static const enum health expected[] = {
		HEALTH_GOOD, HEALTH_FAILED, HEALTH_STALE, HEALTH_NEVER, HEALTH_INCOMPLETE, HEALTH_FAILED,
	};
	struct world world;
	struct survey *survey;

	set_up(&world);
	survey = survey_new(&world.host);
	while (survey_step(survey))
		;
	ck_assert_uint_eq(survey->count, 6);
	for (size_t i = 0; i < survey->count; i++) {
		ck_assert_str_eq(survey->rows[i].name, names[i]);
		ck_assert_msg(survey->rows[i].health == expected[i], "%s: %s", names[i],
		    health_word(survey->rows[i].health));
	}
	ck_assert_uint_eq(survey->of_health[HEALTH_FAILED], 2);
	ck_assert(survey->rows[4].running && !survey->rows[4].waiting);
	ck_assert(survey->rows[0].waiting && !survey->rows[0].running);
	ck_assert_uint_eq(survey->running, 1);
	ck_assert_uint_eq(survey->waiting, 1);
	survey_free(survey);
	state_close(world.state);
}
END_TEST

START_TEST(figures_of_the_run_and_of_the_snapshot)
{
	struct world world;
	struct survey *survey;

	set_up(&world);
	survey = survey_new(&world.host);
	while (survey_step(survey))
		;
	ck_assert_int_eq(survey->rows[0].duration_ms, 2500);
	/* The last run failed: what it did, and what the newest snapshot is. */
	ck_assert_int_eq(survey->rows[1].duration_ms, 4000);
	ck_assert_int_eq(survey->rows[1].rows, 7);
	ck_assert_int_eq(survey->rows[1].failures, 1);
	ck_assert_int_eq(survey->rows[1].good_at, NOW - 7200);
	ck_assert_int_eq(survey->rows[3].rows, 0);
	survey_free(survey);
	state_close(world.state);
}
END_TEST

START_TEST(bars_tell_runs_apart)
{
	static struct bars bars;
	AUTO_BUF buf = BUF_INIT(1 << 20);
	struct world world;

	set_up(&world);
	bars_read(&bars, world.state, "a/failed");
	ck_assert_uint_eq(bars.count, 2);
	bars_draw(&bars, &buf, "UTC");
	ck_assert_ptr_nonnull(strstr(buf_str(&buf), "aria-label=\"last 2 runs, 1 good, 1 failed\""));
	ck_assert_ptr_nonnull(strstr(buf_str(&buf), "good, 2.5 s, 7 rows, 700 B</title>"));
	ck_assert_ptr_nonnull(strstr(buf_str(&buf), "failed, 4.0 s: &lt;no&gt;</title>"));
	ck_assert_ptr_nonnull(strstr(buf_str(&buf), "<path class=\"b-bad\""));
	buf_reset(&buf);
	bars_read(&bars, world.state, "a/never");
	bars_draw(&bars, &buf, "UTC");
	ck_assert_str_eq(buf_str(&buf), "<span class=\"none\">no run yet</span>");
	state_close(world.state);
}
END_TEST

START_TEST(bars_keep_their_heights)
{
	static struct bars bars;
	AUTO_BUF buf = BUF_INIT(1 << 20);
	const char *at;
	size_t count = 0;

	/* Clocks that jumped make negative and endless runs. */
	for (size_t i = 0; i < BARS_COUNT; i++)
		bars.runs[i] = (struct state_run){ .started_at = NOW, .finished_at = NOW + (i % 2 == 0 ? -5 : 1) };
	bars.runs[3].finished_at = INT64_C(1) << 40;
	bars.count = BARS_COUNT;
	bars_draw(&bars, &buf, "UTC");
	for (at = buf_str(&buf); (at = strstr(at, " height=\"")) != NULL; at++) {
		double height = 0;

		ck_assert_int_eq(sscanf(at, " height=\"%lf", &height), 1);
		ck_assert(height >= 6 && height <= 32);
		count++;
	}
	ck_assert_uint_eq(count, 2 * BARS_COUNT);
}
END_TEST

UNIT_CASE(survey)
{
	tcase_add_test(tc, how_each_fares);
	tcase_add_test(tc, figures_of_the_run_and_of_the_snapshot);
	tcase_add_test(tc, bars_tell_runs_apart);
	tcase_add_test(tc, bars_keep_their_heights);
}

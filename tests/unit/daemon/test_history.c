#include "daemon/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/notice.h"
#include "tests/unit/unit.h"

/* 2026-11-22T02:17:00Z */
#define NOW INT64_C(1795313820)

static struct history h;
static int64_t last_id;

static void setup(void)
{
	history_release(&h);
	last_id = 0;
}

static struct state_run good(int64_t at, int64_t rows, int64_t bytes)
{
	struct state_run run = {
		.id = ++last_id, .slot_at = at, .started_at = at + 1, .finished_at = at + 5,
		.rows = rows, .sql_bytes = bytes, .verified = STATE_VERIFIED_GOOD,
		.snapshot = "20261122T021700Z", .attempt = 1,
	};

	return run;
}

static struct state_run bad(int64_t at, const char *code)
{
	struct state_run run = {
		.id = ++last_id, .slot_at = at, .started_at = at + 1, .finished_at = at + 5,
		.exit_code = 75, .message = "overloaded", .attempt = 1,
	};

	(void)snprintf(run.code, sizeof(run.code), "%s", code);
	return run;
}

static void add(struct state_run run, bool is_final)
{
	history_add(&h, &run, "wait", true, is_final, NOW + 1000);
}

START_TEST(an_outage_has_a_beginning_and_an_end)
{
	add(good(NOW, 100, 1000), true);
	ck_assert(!h.failing);
	ck_assert_int_eq(h.verified_at, NOW);
	ck_assert_str_eq(h.verified, "20261122T021700Z");
	add(bad(NOW + 100, "again"), false);
	ck_assert(!h.failing);
	add(bad(NOW + 200, "again"), true);
	ck_assert(h.failing);
	ck_assert_int_eq(h.failing_since, NOW + 101);
	ck_assert_int_eq(h.gravity, ALERT_PASSING);
	ck_assert_str_eq(h.message, "overloaded");
	ck_assert_str_eq(h.hint, "wait");
	/* The first try for the next time: still the same outage. */
	add(bad(NOW + 300, "denied"), false);
	ck_assert(h.failing);
	ck_assert_int_eq(h.gravity, ALERT_NEEDS_YOU);
	add(good(NOW + 400, 100, 1000), true);
	ck_assert(!h.failing);
	ck_assert_int_eq(h.well_since, NOW + 405);
	ck_assert_ptr_null(h.message);
	add(good(NOW + 500, 100, 1000), true);
	ck_assert_int_eq(h.well_since, NOW + 405);
}
END_TEST

START_TEST(damage_is_the_gravest)
{
	struct state_run run = good(NOW, 1, 1);

	run.exit_code = 3;
	run.verified = STATE_VERIFIED_BAD;
	add(run, true);
	ck_assert_int_eq(h.gravity, ALERT_DAMAGED);
	ck_assert_int_eq(h.verified_at, 0);
	ck_assert_str_eq(h.failed_snapshot, "20261122T021700Z");
}
END_TEST

START_TEST(some_runs_count_for_nothing)
{
	struct state_run run = bad(NOW, STATE_CODE_HELD);

	add(run, false);
	add(bad(NOW, STATE_CODE_CUT_OFF), true);
	run = good(NOW, 1, 1);
	run.finished_at = 0;
	add(run, true);
	run = good(NOW + 5000, 1, 1);   /* of the future */
	add(run, true);
	ck_assert_int_eq(h.last_id, 0);
	ck_assert(!h.failing && h.failing_since == 0 && h.verified_at == 0);
	run = bad(NOW, "again");
	add(run, true);
	add(good(NOW + 10, 1, 1), true);
	add(run, true);                 /* it is in there already */
	ck_assert(!h.failing);
}
END_TEST

START_TEST(a_label_that_is_taken_is_no_outage)
{
	struct state_run run = bad(NOW, "refused");

	run.cause = STATE_CAUSE_REQUEST;
	(void)snprintf(run.label, sizeof(run.label), "before-0004");
	add(run, true);
	ck_assert(!h.failing && h.failing_since == 0);
	run.label[0] = '\0';            /* no label can be the reason */
	add(run, true);
	ck_assert(h.failing);
}
END_TEST

/* "none": a snapshot counts without a verdict; else not. */
START_TEST(what_is_verified)
{
	struct state_run run = good(NOW, 1, 1);

	run.verified = STATE_NOT_VERIFIED;
	add(run, true);
	ck_assert_int_eq(h.verified_at, 0);
	run.id++;
	history_add(&h, &run, NULL, false, true, NOW);
	ck_assert_int_eq(h.verified_at, NOW);
	/* It was verified, and pruning failed. */
	setup();
	run = good(NOW, 1, 1);
	run.exit_code = 1;
	add(run, true);
	ck_assert_int_eq(h.verified_at, NOW);
	ck_assert(h.failing);
	/* A name from the future is not believed. */
	setup();
	run = good(NOW - 90000, 1, 1);
	(void)snprintf(run.snapshot, sizeof(run.snapshot), "20991122T021700Z");
	add(run, true);
	ck_assert_int_eq(h.verified_at, NOW - 90000 + 1);
}
END_TEST

static const struct { int64_t rows, bytes, rows_after, bytes_after; bool shrunk; } sizes[] = {
	{ 1000, 50000, 500, 25000, false }, { 1000, 50000, 499, 50000, true },
	{ 1000, 50000, 1000, 24999, true }, { 9, 9999, 1, 10, false }, { 10, 9999, 4, 10, true },
	{ 0, 10000, 0, 4000, true }, { 1000, 50000, 0, 0, true },
};

START_TEST(shrinking)
{
	struct state_run run;

	add(good(NOW, sizes[_i].rows, sizes[_i].bytes), true);
	/* One that another daemon took has no sizes; failures neither. */
	run = good(NOW + 10, 0, 0);
	run.taken = true;
	add(run, true);
	add(bad(NOW + 20, "again"), true);
	add(good(NOW + 30, sizes[_i].rows_after, sizes[_i].bytes_after), true);
	ck_assert_int_eq(h.shrunk_at, sizes[_i].shrunk ? NOW + 35 : 0);
	if (sizes[_i].shrunk)
		ck_assert_int_eq(h.shrunk_from.rows, sizes[_i].rows);
	add(good(NOW + 40, sizes[_i].rows_after, sizes[_i].bytes_after), true);
	ck_assert_int_eq(h.shrunk_at, sizes[_i].shrunk ? NOW + 35 : 0);
}
END_TEST

/* From the notes, newest first: which failures were for good? */
START_TEST(the_past_tells_the_same)
{
	struct state_run runs[3];

	runs[2] = good(NOW, 10, 10);
	runs[1] = bad(NOW + 100, "again");
	runs[0] = bad(NOW + 200, "again");
	runs[0].slot_at = runs[1].slot_at;
	runs[0].cause = STATE_CAUSE_RETRY;
	history_add_past(&h, runs, 3, NOW + 500, true, NOW + 300);
	ck_assert(!h.failing && h.failing_since == NOW + 101);
	setup();
	history_add_past(&h, runs, 3, 0, true, NOW + 300);
	ck_assert(h.failing);
	/* The next time's first try waits for its second: the outage goes on. */
	setup();
	runs[0].slot_at = NOW + 199;
	runs[0].cause = STATE_CAUSE_SCHEDULE;
	history_add_past(&h, runs, 3, NOW + 500, true, NOW + 300);
	ck_assert(h.failing);
}
END_TEST

START_TEST(a_notice_of_a_failure)
{
	struct alerts_decision decision = {
		.kind = ALERT_FAILURE, .since_at = NOW + 101, .gravity = ALERT_NEEDS_YOU,
	};
	struct notice_subject subject = {
		.decision = &decision, .target = "ops", .environment = "shop", .database = "shop/a",
		.history = &h, .host = "here", .now = NOW + 7300,
	};
	char *first, *second;

	add(good(NOW, 100, 1000), true);
	add(bad(NOW + 100, "denied"), true);
	first = notice_write(&subject);
	ck_assert_ptr_nonnull(strstr(first, "\"event\":\"failure\""));
	ck_assert_ptr_nonnull(strstr(first, "\"message\":\"shop/a: no backup until somebody acts: "
	    "overloaded; the newest verified snapshot is 2 h old\""));
	ck_assert_ptr_nonnull(strstr(first, "\"reason\":\"needs-you\""));
	ck_assert_ptr_nonnull(strstr(first, "\"code\":\"denied\""));
	/* A second time the id is the same; told again it is another. */
	subject.now += 60;
	second = notice_write(&subject);
	ck_assert_int_eq(strncmp(strstr(first, "\"id\""), strstr(second, "\"id\""), 40), 0);
	free(second);
	decision.memory_at = NOW + 110;
	second = notice_write(&subject);
	ck_assert_int_ne(strncmp(strstr(first, "\"id\""), strstr(second, "\"id\""), 40), 0);
	ck_assert_ptr_nonnull(strstr(second, ", still, for 2 h: overloaded; "));
	free(first);
	free(second);
}
END_TEST

static const struct { int64_t seconds; const char *text; } spans[] = {
	{ -5, "0 s" }, { 119, "119 s" }, { 120, "2 min" }, { 7199, "119 min" }, { 7200, "2 h" },
	{ 172799, "47 h" }, { 172800, "2 d" },
};

START_TEST(spans_for_people)
{
	char span[32];

	ck_assert_str_eq(notice_span(spans[_i].seconds, span), spans[_i].text);
}
END_TEST

UNIT_CASE(history)
{
	tcase_add_checked_fixture(tc, setup, setup);
	tcase_add_test(tc, an_outage_has_a_beginning_and_an_end);
	tcase_add_test(tc, damage_is_the_gravest);
	tcase_add_test(tc, some_runs_count_for_nothing);
	tcase_add_test(tc, a_label_that_is_taken_is_no_outage);
	tcase_add_test(tc, what_is_verified);
	tcase_add_loop_test(tc, shrinking, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tc, the_past_tells_the_same);
	tcase_add_test(tc, a_notice_of_a_failure);
	tcase_add_loop_test(tc, spans_for_people, 0, sizeof(spans) / sizeof(spans[0]));
}

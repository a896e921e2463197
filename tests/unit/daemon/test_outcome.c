#include "daemon/outcome.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	int exit_code;
	const char *code;
	bool stopped, timed_out;
	const char *noted;
	enum outcome outcome;
} ends[] = {
	{ .exit_code = 0, .noted = "", .outcome = OUTCOME_SUCCESS },
	{ .exit_code = 5, .noted = "", .outcome = OUTCOME_SUCCESS },
	/* It was done before it heard that it should stop. */
	{ .exit_code = 0, .stopped = true, .noted = "", .outcome = OUTCOME_SUCCESS },
	{ .exit_code = 75, .code = "held", .noted = "held", .outcome = OUTCOME_HELD },
	{ .exit_code = 75, .code = "again", .noted = "again", .outcome = OUTCOME_RETRY },
	{ .exit_code = 1, .code = "denied", .noted = "denied", .outcome = OUTCOME_PERSON },
	{ .exit_code = 1, .code = "not-found", .noted = "not-found", .outcome = OUTCOME_PERSON },
	{ .exit_code = 2, .code = "usage", .noted = "usage", .outcome = OUTCOME_PERSON },
	{ .exit_code = 4, .code = "refused", .noted = "refused", .outcome = OUTCOME_PERSON },
	{ .exit_code = 3, .code = "corrupt", .noted = "corrupt", .outcome = OUTCOME_PERSON },
	{ .exit_code = 1, .code = "failed", .noted = "failed", .outcome = OUTCOME_RETRY },
	{ .exit_code = 1, .code = "changed", .noted = "changed", .outcome = OUTCOME_RETRY },
	{ .exit_code = 130, .code = "interrupted", .stopped = true, .noted = "cut-off", .outcome = OUTCOME_CUT_OFF },
	{ .exit_code = 130, .code = "interrupted", .noted = "interrupted", .outcome = OUTCOME_RETRY },
	{ .exit_code = 130, .code = "interrupted", .timed_out = true, .noted = "timeout", .outcome = OUTCOME_RETRY },
	{ .exit_code = 137, .noted = "killed", .outcome = OUTCOME_RETRY },
	{ .exit_code = 127, .noted = "start", .outcome = OUTCOME_RETRY },
	{ .exit_code = 2, .noted = "usage", .outcome = OUTCOME_PERSON },
	{ .exit_code = 3, .noted = "corrupt", .outcome = OUTCOME_PERSON },
	{ .exit_code = 75, .noted = "again", .outcome = OUTCOME_RETRY },
	{ .exit_code = 99, .noted = "failed", .outcome = OUTCOME_RETRY },
};

START_TEST(each_end_has_its_outcome)
{
	struct job_result result = {
		.exit_code = ends[_i].exit_code, .stopped = ends[_i].stopped,
		.timed_out = ends[_i].timed_out,
	};
	struct state_run run = { .id = 3, .started_at = 10 };

	event_copy_text(result.events.code, sizeof(result.events.code), ends[_i].code);
	outcome_note(&run, &result, true, 20);
	ck_assert_str_eq(run.code, ends[_i].noted);
	ck_assert_int_eq(outcome_of(&run), ends[_i].outcome);
	ck_assert_int_eq(run.finished_at, 20);
	ck_assert_int_eq(run.id, 3);
}
END_TEST

START_TEST(a_snapshot_that_was_taken_by_another_is_verified_where_that_is_wished)
{
	struct job_result result = { .events = { .taken = true, .snapshot = "20261122T021700Z" } };
	struct state_run run = { .started_at = 10 };

	outcome_note(&run, &result, false, 20);
	ck_assert_int_eq(run.verified, STATE_NOT_VERIFIED);
	outcome_note(&run, &result, true, 20);
	ck_assert_int_eq(run.verified, STATE_VERIFIED_GOOD);
	ck_assert(run.taken);
	ck_assert_str_eq(run.snapshot, "20261122T021700Z");
	result.exit_code = 3;
	outcome_note(&run, &result, true, 20);
	ck_assert_int_eq(run.verified, STATE_NOT_VERIFIED);
}
END_TEST

/* It is a success, and somebody should know all the same. */
START_TEST(what_keeps_it_from_pruning_is_noted)
{
	struct state_run run = { .started_at = 1000 };
	struct job_result result = { .events = { .blocked = "no trust" } };

	outcome_note(&run, &result, true, 1010);
	ck_assert_int_eq(outcome_of(&run), OUTCOME_SUCCESS);
	ck_assert(!state_run_failed(&run));
	ck_assert_str_eq(run.code, STATE_CODE_NOT_PRUNED);
	ck_assert_str_eq(run.message, "no trust");
	result.exit_code = 75;
	run = (struct state_run){ .started_at = 1000 };
	outcome_note(&run, &result, true, 1010);
	ck_assert_str_eq(run.code, "again");
	ck_assert_str_eq(run.message, "");
}
END_TEST

START_TEST(rows_that_were_read_in_vain_are_no_snapshots)
{
	struct job_result result = { .exit_code = 1, .events = { .rows = 7, .requests = 3 } };
	struct state_run run = { .started_at = 10 };

	outcome_note(&run, &result, true, 20);
	ck_assert_int_eq(run.rows, 0);
	ck_assert_int_eq(run.requests, 3);
	result.events.done = true;
	outcome_note(&run, &result, true, 20);
	ck_assert_int_eq(run.rows, 7);
}
END_TEST

START_TEST(each_delay_is_twice_the_one_before_up_to_an_hour)
{
	ck_assert_int_eq(outcome_retry_delay(300, 1), 300);
	ck_assert_int_eq(outcome_retry_delay(300, 2), 600);
	ck_assert_int_eq(outcome_retry_delay(300, 4), 2400);
	ck_assert_int_eq(outcome_retry_delay(300, 5), 3600);
	ck_assert_int_eq(outcome_retry_delay(300, 1000000), 3600);
	ck_assert_int_eq(outcome_retry_delay(7200, 3), 7200);
	ck_assert_int_eq(outcome_retry_delay(0, 3), 0);
}
END_TEST

UNIT_CASE(outcome)
{
	tcase_add_loop_test(tc, each_end_has_its_outcome, 0, sizeof(ends) / sizeof(ends[0]));
	tcase_add_test(tc, a_snapshot_that_was_taken_by_another_is_verified_where_that_is_wished);
	tcase_add_test(tc, what_keeps_it_from_pruning_is_noted);
	tcase_add_test(tc, rows_that_were_read_in_vain_are_no_snapshots);
	tcase_add_test(tc, each_delay_is_twice_the_one_before_up_to_an_hour);
}

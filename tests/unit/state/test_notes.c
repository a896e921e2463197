/* What the daemon's notes mean: ids, retries, requests, many notes at once. */
#include "state/state.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

static struct state *state;

static void setup(void)
{
	state = state_open(unit_folder(), true, NULL);
	ck_assert_ptr_nonnull(state);
}

static void teardown(void)
{
	state_close(state);
}

static struct state_database get(const char *name)
{
	struct state_database db;

	ck_assert_int_eq(state_get(state, name, &db, NULL), 0);
	return db;
}

static void begin(const char *name, struct state_run run)
{
	struct err err = ERR_INIT;

	ck_assert_msg(state_run_begin(state, name, &run, &err) == 0, "%s", err.msg);
}

static void end(const char *name, struct state_run run)
{
	struct err err = ERR_INIT;

	ck_assert_msg(state_run_end(state, name, &run, &err) == 0, "%s", err.msg);
}

static int64_t last_id(void)
{
	int64_t id = -1;

	ck_assert_int_eq(state_last_run_id(state, &id, NULL), 0);
	return id;
}

START_TEST(a_run_keeps_the_id_it_was_promised)
{
	struct state_run run;
	struct err err = ERR_INIT;
	char name[256];

	ck_assert_int_eq(last_id(), 0);
	begin("a/b", (struct state_run){ .id = 7, .slot_at = 1, .started_at = 1 });
	begin("a/c", (struct state_run){ .id = 5, .slot_at = 1, .started_at = 1 });
	end("a/b", (struct state_run){ .id = 7, .slot_at = 1, .started_at = 1, .finished_at = 2,
		.rows = 70 });
	ck_assert_int_eq(last_id(), 7);
	ck_assert_int_eq(get("a/b").last.rows, 70);
	ck_assert(get("a/c").running);
	ck_assert_int_eq(state_get_run(state, 5, name, &run, &err), 0);
	ck_assert_str_eq(name, "a/c");
	ck_assert_int_eq(state_get_run(state, 6, name, &run, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
}
END_TEST

START_TEST(an_id_that_is_anothers_is_not_written_over)
{
	begin("a/b", (struct state_run){ .id = 3, .started_at = 1 });
	end("a/c", (struct state_run){ .id = 3, .started_at = 1, .finished_at = 2, .rows = 9 });
	ck_assert(get("a/b").running);
	ck_assert_int_eq(get("a/c").last.id, 4);
	ck_assert_int_eq(get("a/c").last.rows, 9);
}
END_TEST

/* Held up three times and then done is one run of the history. */
START_TEST(a_held_run_begins_again_as_itself)
{
	for (int i = 0; i < 3; i++) {
		begin("a/b", (struct state_run){ .id = 3, .started_at = 10 + i });
		ck_assert(get("a/b").running);
		end("a/b", (struct state_run){ .id = 3, .started_at = 10 + i,
			.finished_at = 10 + i, .exit_code = 75, .code = STATE_CODE_HELD });
		ck_assert_int_eq(get("a/b").failures, 0);
	}
	ck_assert_int_eq(last_id(), 3);
}
END_TEST

START_TEST(failures_are_counted_until_a_success)
{
	struct state_run failed = { .started_at = 1, .finished_at = 2, .exit_code = 1 };

	end("a/b", failed);
	failed.id = 2;
	end("a/b", failed);
	ck_assert_int_eq(get("a/b").failures, 2);
	ck_assert_int_eq(get("a/b").last_success_at, 0);
	end("a/b", (struct state_run){ .id = 3, .started_at = 3, .finished_at = 4, .exit_code = 5 });
	ck_assert_int_eq(get("a/b").failures, 0);
	ck_assert_int_eq(get("a/b").last_success_at, 4);
	ck_assert_int_eq(get("a/b").last_verified_at, 0);
	/* Verified, and then something else failed: pruning, perhaps. */
	end("a/b", (struct state_run){ .id = 4, .started_at = 5, .finished_at = 6, .exit_code = 1,
		.verified = STATE_VERIFIED_GOOD });
	ck_assert_int_eq(get("a/b").last_verified_at, 6);
	ck_assert_int_eq(get("a/b").failures, 1);
	end("a/b", (struct state_run){ .id = 5, .started_at = 7, .finished_at = 8, .exit_code = 3,
		.verified = STATE_VERIFIED_BAD });
	ck_assert_int_eq(get("a/b").last_verified_at, 6);
}
END_TEST

START_TEST(what_waits_no_longer_waits_once_it_began)
{
	ck_assert_int_eq(state_set_retry(state, "a/b", 900, 100, 2, NULL), 0);
	ck_assert_int_eq(state_set_asked(state, "a/b", 12, "v1", NULL), 0);
	ck_assert_int_eq(get("a/b").retry_at, 900);
	ck_assert_int_eq(get("a/b").retry_slot, 100);
	ck_assert_int_eq(get("a/b").retry_attempt, 2);
	ck_assert_int_eq(last_id(), 12);
	begin("a/b", (struct state_run){ .id = 11, .slot_at = 100, .started_at = 900 });
	ck_assert_int_eq(get("a/b").retry_at, 0);
	ck_assert_int_eq(get("a/b").asked_id, 12);
	ck_assert_str_eq(get("a/b").asked_label, "v1");
	begin("a/b", (struct state_run){ .id = 12, .started_at = 901 });
	ck_assert_int_eq(get("a/b").asked_id, 0);
	ck_assert_str_eq(get("a/b").asked_label, "");
}
END_TEST

START_TEST(a_label_that_is_taken_fails_nobody_else)
{
	struct state_run run = { .id = 4, .started_at = 1, .finished_at = 2, .attempt = 1, .exit_code = 4,
		.cause = STATE_CAUSE_REQUEST, .label = "v1", .code = "refused" };

	begin("a/b", run);
	ck_assert_int_eq(state_run_end(state, "a/b", &run, NULL), 0);
	ck_assert_int_eq(get("a/b").failures, 0);
	run.label[0] = '\0';            /* then it is no label's fault */
	ck_assert_int_eq(state_run_end(state, "a/b", &run, NULL), 0);
	ck_assert_int_eq(get("a/b").failures, 1);
}
END_TEST

START_TEST(what_was_asked_for_and_cut_off_is_asked_for_again)
{
	begin("a/b", (struct state_run){ .id = 4, .started_at = 1, .attempt = 1,
		.cause = STATE_CAUSE_REQUEST, .label = "v1" });
	ck_assert_int_eq(state_recover(state, 9, NULL), 0);
	ck_assert_int_eq(get("a/b").asked_id, 4);
	ck_assert_str_eq(get("a/b").asked_label, "v1");
	ck_assert_int_eq(get("a/b").last.finished_at, 9);
	ck_assert_int_eq(get("a/b").next_at, 0);
	begin("a/c", (struct state_run){ .id = 5, .started_at = 1, .attempt = 10,
		.cause = STATE_CAUSE_REQUEST });
	ck_assert_int_eq(state_recover(state, 9, NULL), 0);
	ck_assert_int_eq(get("a/c").asked_id, 0);
}
END_TEST

static int see(void *ctx, const char *database, const struct state_run *run, struct err *err)
{
	char *seen = ctx;

	(void)err;
	(void)sprintf(seen + strlen(seen), "%s=%d ", database, (int)run->id);
	return 0;
}

START_TEST(the_runs_of_all_are_seen_newest_first)
{
	char seen[128] = "";

	begin("a/b", (struct state_run){ .id = 1, .started_at = 1 });
	begin("a/c", (struct state_run){ .id = 2, .started_at = 1 });
	begin("a/b", (struct state_run){ .id = 3, .started_at = 1 });
	ck_assert_int_eq(state_each_recent_run(state, 2, see, seen, NULL), 0);
	ck_assert_str_eq(seen, "a/b=3 a/c=2 ");
}
END_TEST

START_TEST(many_notes_are_one_transaction)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(state_begin_notes(state, &err), 0);
	for (int i = 1; i <= 2000; i++) {
		AUTO_STR name = mem_printf("a/%d", i);

		ck_assert_int_eq(state_set_next(state, name, i, &err), 0);
		begin(name, (struct state_run){ .id = i, .started_at = i });
	}
	ck_assert_int_eq(state_end_notes(state, &err), 0);
	ck_assert_int_eq(get("a/2000").next_at, 2000);
	ck_assert_int_eq(last_id(), 2000);
	/* And each is one again. */
	begin("a/b", (struct state_run){ .id = 2001, .started_at = 1 });
}
END_TEST

START_TEST(many_notes_on_a_full_disk_fail_and_no_more)
{
	struct rlimit limit;
	struct err err = ERR_INIT;

	begin("a/before", (struct state_run){ .started_at = 1 });
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 96 * 1024;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(state_begin_notes(state, &err), 0);
	for (int i = 1; i <= 2000; i++) {
		AUTO_STR name = mem_printf("a/%d", i);

		(void)state_run_begin(state, name, &(struct state_run){ .started_at = 1 }, NULL);
	}
	ck_assert_int_eq(state_end_notes(state, &err), -1);
	ck_assert_int_eq(err.code, ERR_FAILED);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(get("a/before").last.started_at, 1);
	ck_assert_int_eq(state_begin_notes(state, &err), 0);
	begin("a/after", (struct state_run){ .started_at = 2 });
	ck_assert_int_eq(state_end_notes(state, &err), 0);
	ck_assert_int_eq(get("a/after").last.started_at, 2);
}
END_TEST

UNIT_CASE(notes)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_run_keeps_the_id_it_was_promised);
	tcase_add_test(tc, an_id_that_is_anothers_is_not_written_over);
	tcase_add_test(tc, a_held_run_begins_again_as_itself);
	tcase_add_test(tc, failures_are_counted_until_a_success);
	tcase_add_test(tc, what_waits_no_longer_waits_once_it_began);
	tcase_add_test(tc, a_label_that_is_taken_fails_nobody_else);
	tcase_add_test(tc, what_was_asked_for_and_cut_off_is_asked_for_again);
	tcase_add_test(tc, the_runs_of_all_are_seen_newest_first);
	tcase_add_test(tc, many_notes_are_one_transaction);
	tcase_add_test(tc, many_notes_on_a_full_disk_fail_and_no_more);
}

#include "base/budget.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define NOW_MS INT64_C(1795400000000)

static const char *scratch_path(void)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/budget", unit_folder());
	return path;
}

START_TEST(follows_the_rule)
{
	int64_t tat = 0, now = 1000000;

	/* An interval of 100 ms, and two more at once. */
	ck_assert_int_eq(budget_gcra(&tat, now, 100000, 200000), 0);
	ck_assert_int_eq(tat, 1100000);
	ck_assert_int_eq(budget_gcra(&tat, now, 100000, 200000), 0);
	ck_assert_int_eq(budget_gcra(&tat, now, 100000, 200000), 0);
	ck_assert_int_eq(tat, 1300000);
	ck_assert_int_eq(budget_gcra(&tat, now, 100000, 200000), 100);
	ck_assert_int_eq(tat, 1300000);
	/* Waiting is rounded up: a little early is too early. */
	ck_assert_int_eq(budget_gcra(&tat, now + 99999, 100000, 200000), 1);
	ck_assert_int_eq(budget_gcra(&tat, now + 100000, 100000, 200000), 0);
	/* A long silence saves up no more than the burst. */
	ck_assert_int_eq(budget_gcra(&tat, now + 900000000, 100000, 200000), 0);
	ck_assert_int_eq(tat, now + 900100000);
}
END_TEST

START_TEST(keeps_to_the_allowance_in_any_period)
{
	struct fake_clock fake;
	struct budget *budget;
	int64_t sent[300];

	fake_clock_init(&fake, NOW_MS);
	budget = budget_open(scratch_path(), 100, 10000, &fake.clock, NULL);
	ck_assert_ptr_nonnull(budget);
	for (size_t i = 0; i < 300; i++) {
		ck_assert_int_eq(budget_spend(budget, NULL), 0);
		sent[i] = fake.now_ms;
		if (i >= 101)
			ck_assert_int_gt(sent[i] - sent[i - 101], 10000 - 140);
	}
	ck_assert_int_eq(sent[24], NOW_MS);      /* a quarter at once … */
	ck_assert_int_gt(sent[25], NOW_MS);      /* … and no more */
	ck_assert_int_lt(sent[299] - NOW_MS, 41000);
	budget_close(budget);
}
END_TEST

START_TEST(allows_one_request_and_goes_on)
{
	struct fake_clock fake;
	struct budget *budget;

	fake_clock_init(&fake, NOW_MS);
	budget = budget_open(scratch_path(), 1, 1000, &fake.clock, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(budget_spend(budget, NULL), 0);
	ck_assert_int_eq(fake.slept_ms, 2000);
	budget_close(budget);
}
END_TEST

START_TEST(blocks_every_holder)
{
	const char *path = scratch_path();
	struct fake_clock fake;
	struct budget *one, *two;

	fake_clock_init(&fake, NOW_MS);
	one = budget_open(path, 1200, 300000, &fake.clock, NULL);
	two = budget_open(path, 1200, 300000, &fake.clock, NULL);
	budget_block(one, 42000);
	budget_block(one, 1000);   /* no shorter */
	ck_assert_int_eq(budget_spend(two, NULL), 0);
	ck_assert_int_eq(fake.slept_ms, 42000);
	budget_block(two, INT64_C(999999999));
	ck_assert_int_eq(budget_spend(one, NULL), 0);
	ck_assert_int_eq(fake.slept_ms, 42000 + BUDGET_MAX_BLOCK_MS);
	budget_close(one);
	budget_close(two);
}
END_TEST

START_TEST(survives_a_bad_file_and_a_clock_set_back)
{
	static const char *const contents[] = {
		"", "\n", "nonsense", "99999999999999999999999999 1", "-1 -1",
		"09223372036854775807 09223372036854775807\n",
	};
	const char *path = scratch_path();
	struct fake_clock fake;

	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		struct budget *budget;

		fake_clock_init(&fake, NOW_MS);
		ck_assert_int_eq(file_write(path, contents[i], strlen(contents[i]), 0600, false, NULL), 0);
		budget = budget_open(path, 1200, 300000, &fake.clock, NULL);
		ck_assert_int_eq(budget_spend(budget, NULL), 0);
		ck_assert_int_eq(budget_spend(budget, NULL), 0);
		ck_assert_int_le(fake.slept_ms, BUDGET_MAX_BLOCK_MS + 1000);
		budget_close(budget);
	}
}
END_TEST

START_TEST(makes_its_file_private)
{
	const char *path = scratch_path();
	struct err err = ERR_INIT;
	struct stat st;

	budget_close(budget_open(path, 10, 1000, &clock_system, NULL));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_ptr_null(budget_open("/nonexistent/budget", 10, 1000, &clock_system, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	budget_close(NULL);
}
END_TEST

START_TEST(stops_when_told)
{
	struct err err = ERR_INIT;
	struct budget *budget = budget_open(scratch_path(), 10, 1000, &clock_system, NULL);

	stop_request();
	ck_assert_int_ne(budget_spend(budget, &err), 0);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	budget_close(budget);
}
END_TEST

/* A process with a clock that stands still takes all it can get at once. */
static void take_without_waiting(const char *path, int report)
{
	struct fake_clock fake;
	struct budget *budget;
	char taken = 0;

	fake_clock_init(&fake, NOW_MS);
	budget = budget_open(path, 200, 300000, &fake.clock, NULL);
	while (budget_spend(budget, NULL) == 0 && fake.sleeps == 0)
		taken++;
	if (write(report, &taken, 1) != 1)
		_exit(1);
	_exit(0);
}

START_TEST(is_shared_by_processes)
{
	const char *path = scratch_path();
	int pipe_fds[2], sum = 0;
	char taken;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			take_without_waiting(path, pipe_fds[1]);
	}
	for (int i = 0; i < 4; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(read(pipe_fds[0], &taken, 1), 1);
		sum += taken;
	}
	/* Those who waited each took one more, after their fake sleep. */
	ck_assert_int_ge(sum, 46);
	ck_assert_int_le(sum, 50);
}
END_TEST

START_TEST(tells_what_is_left)
{
	struct fake_clock fake;
	struct budget *budget;
	unsigned left;
	int64_t blocked;

	fake_clock_init(&fake, NOW_MS);
	budget = budget_open(scratch_path(), 100, 10000, &fake.clock, NULL);
	budget_left(budget, &left, &blocked);
	ck_assert_uint_eq(left, 25);
	ck_assert_int_eq(blocked, 0);
	for (unsigned spent = 1; spent <= 25; spent++) {
		ck_assert_int_eq(budget_spend(budget, NULL), 0);
		budget_left(budget, &left, &blocked);
		ck_assert_uint_eq(left, 25 - spent);
	}
	ck_assert_int_eq(fake.slept_ms, 0);
	fake.now_ms += 10000;
	budget_block(budget, 5000);
	budget_left(budget, &left, &blocked);
	ck_assert_uint_eq(left, 25);
	ck_assert_int_eq(blocked, 5000);
	budget_close(budget);
}
END_TEST

/* Root's own run must not lock the service's user out. */
START_TEST(belongs_to_whom_the_folder_belongs)
{
	const char *folder = unit_folder();
	struct fake_clock fake;
	struct budget *budget;
	struct stat st;
	char path[256];

	if (geteuid() != 0)
		return;
	fake_clock_init(&fake, NOW_MS);
	(void)snprintf(path, sizeof(path), "%s/budget", folder);
	ck_assert_int_eq(chown(folder, 1234, 1235), 0);
	budget = budget_open(path, 100, 10000, &fake.clock, NULL);
	ck_assert_ptr_nonnull(budget);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 1234);
	ck_assert_uint_eq(st.st_gid, 1235);
	ck_assert_int_eq(chown(folder, 0, 0), 0);
	budget_close(budget);
}
END_TEST

UNIT_CASE(budget)
{
	tcase_add_test(tc, tells_what_is_left);
	tcase_add_test(tc, belongs_to_whom_the_folder_belongs);
	tcase_add_test(tc, follows_the_rule);
	tcase_add_test(tc, keeps_to_the_allowance_in_any_period);
	tcase_add_test(tc, allows_one_request_and_goes_on);
	tcase_add_test(tc, blocks_every_holder);
	tcase_add_test(tc, survives_a_bad_file_and_a_clock_set_back);
	tcase_add_test(tc, makes_its_file_private);
	tcase_add_test(tc, stops_when_told);
	tcase_add_test(tc, is_shared_by_processes);
}

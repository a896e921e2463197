#include "base/clock.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/stop.h"
#include "tests/unit/unit.h"

/* A clock of the test's own. */
struct fake { int64_t now_ms, slept_ms; int sleeps; };

static int64_t fake_now(void *ctx)
{
	return ((struct fake *)ctx)->now_ms;
}

static void fake_sleep(void *ctx, int64_t ms)
{
	struct fake *f = ctx;

	f->sleeps++;
	f->slept_ms += ms;
}

static uint32_t fake_random(void *ctx)
{
	(void)ctx;
	return 4;
}

START_TEST(asks_the_clock_it_was_handed)
{
	struct fake fake = { .now_ms = 1795313820999 };
	const struct clock clock = { fake_now, fake_sleep, fake_random, &fake };

	ck_assert_int_eq(clock_now_ms(&clock), 1795313820999);
	ck_assert_int_eq(clock_now(&clock), 1795313820);
	ck_assert_uint_eq(clock_random(&clock), 4);
	clock_sleep_ms(&clock, 250);
	ck_assert_int_eq(fake.slept_ms, 250);
}
END_TEST

START_TEST(there_is_nothing_to_wait_for_in_no_time)
{
	struct fake fake = { 0 };
	const struct clock clock = { fake_now, fake_sleep, fake_random, &fake };

	clock_sleep_ms(&clock, 0);
	clock_sleep_ms(&clock, -1);
	ck_assert_int_eq(fake.sleeps, 0);
}
END_TEST

START_TEST(the_machines_clock_agrees_with_the_machine)
{
	int64_t before = time(NULL), now = clock_now(&clock_system);

	/* time() may lag the fine clock by a tick. */
	ck_assert_int_ge(now, before);
	ck_assert_int_le(now, time(NULL) + 1);
	ck_assert_int_lt(clock_now_ms(&clock_system) - now * 1000, 60000);
}
END_TEST

START_TEST(the_monotonic_clock_never_goes_back)
{
	int64_t last = clock_monotonic_ms();

	for (int i = 0; i < 10000; i++) {
		int64_t now = clock_monotonic_ms();

		ck_assert_int_ge(now, last);
		last = now;
	}
}
END_TEST

START_TEST(chance_differs)
{
	uint32_t first = clock_random(&clock_system), different = 0;

	for (int i = 0; i < 8; i++)
		different |= first ^ clock_random(&clock_system);
	ck_assert_uint_ne(different, 0);
}
END_TEST

/* Check's own time limit ends the test if it waits. */
START_TEST(a_stop_request_ends_the_wait)
{
	stop_request();
	clock_sleep_ms(&clock_system, INT64_C(3600) * 1000);
	stop_clear();
}
END_TEST

START_TEST(no_stop_request_ends_this_wait)
{
	struct fake fake = { 0 };
	const struct clock clock = { fake_now, fake_sleep, fake_random, &fake };
	int64_t before = clock_monotonic_ms();

	stop_request();
	clock_wait_ms(&clock_system, 20);
	ck_assert_int_ge(clock_monotonic_ms() - before, 20);
	clock_wait_ms(&clock, 250);
	ck_assert_int_eq(fake.slept_ms, 250);
	stop_clear();
}
END_TEST

/* ---- stop ---- */

START_TEST(a_stop_request_is_an_error_until_it_is_cleared)
{
	struct err err = ERR_INIT;

	ck_assert(!stop_requested());
	ck_assert_int_eq(stop_check(&err), 0);
	ck_assert_int_eq(err.code, ERR_NONE);
	stop_request();
	ck_assert(stop_requested());
	ck_assert_int_eq(stop_check(&err), -1);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	ck_assert_int_eq(stop_check(NULL), -1);
	stop_clear();
	ck_assert_int_eq(stop_check(NULL), 0);
}
END_TEST

START_TEST(a_signal_requests_a_stop)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	stop_install();
	ck_assert_int_eq(raise(signals[_i]), 0);
	ck_assert(stop_requested());
}
END_TEST

START_TEST(a_hangup_that_is_ignored_stays_so)
{
	ck_assert(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	stop_install();
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert(!stop_requested());
}
END_TEST

/* How a process ends that gets this signal twice, and else leaves with 0. */
static int status_after_two(int signal_number)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		stop_install();
		(void)raise(signal_number);
		(void)raise(signal_number);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(a_second_interrupt_kills)
{
	int status = status_after_two(SIGINT);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGINT);
}
END_TEST

START_TEST(a_second_sigterm_is_the_same_wish_again)
{
	ck_assert_int_eq(status_after_two(SIGTERM), 0);
}
END_TEST

START_TEST(a_closed_pipe_is_an_error_and_no_death)
{
	int ends[2];

	stop_install();
	ck_assert_int_eq(pipe(ends), 0);
	(void)close(ends[0]);
	ck_assert_int_eq(write(ends[1], "x", 1), -1);
	(void)close(ends[1]);
	ck_assert(!stop_requested());
}
END_TEST

UNIT_CASE(clock)
{
	tcase_add_test(tc, asks_the_clock_it_was_handed);
	tcase_add_test(tc, there_is_nothing_to_wait_for_in_no_time);
	tcase_add_test(tc, the_machines_clock_agrees_with_the_machine);
	tcase_add_test(tc, the_monotonic_clock_never_goes_back);
	tcase_add_test(tc, chance_differs);
	tcase_add_test(tc, a_stop_request_ends_the_wait);
	tcase_add_test(tc, no_stop_request_ends_this_wait);
}

UNIT_CASE(stop)
{
	tcase_add_test(tc, a_stop_request_is_an_error_until_it_is_cleared);
	tcase_add_loop_test(tc, a_signal_requests_a_stop, 0, 3);
	tcase_add_test(tc, a_hangup_that_is_ignored_stays_so);
	tcase_add_test(tc, a_second_interrupt_kills);
	tcase_add_test(tc, a_second_sigterm_is_the_same_wish_again);
	tcase_add_test(tc, a_closed_pipe_is_an_error_and_no_death);
}

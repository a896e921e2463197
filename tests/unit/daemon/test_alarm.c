#include "daemon/alarm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct {
	uv_loop_t loop;
	struct alarm alarm;
	unsigned rings;
	int64_t again_at;        /* set by the ring; 0: not */
} t;

static void on_ring(void *ctx)
{
	(void)ctx;
	t.rings++;
	alarm_stop(&t.alarm);
	if (t.again_at != 0)
		alarm_set(&t.alarm, t.again_at);
	t.again_at = 0;
}

static void begin(const struct clock *clock)
{
	t.rings = 0;
	ck_assert_int_eq(uv_loop_init(&t.loop), 0);
	alarm_init(&t.alarm, &t.loop, clock, on_ring, NULL);
}

static void end(void)
{
	alarm_close(&t.alarm);
	alarm_close(&t.alarm);
	(void)uv_run(&t.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&t.loop), 0);
}

static int64_t system_ms(void *ctx)
{
	(void)ctx;
	return clock_now_ms(&clock_system);
}

/* The same time, but of a clock that is not the machine's own. */
static const struct clock other_clock = { system_ms, NULL, NULL, NULL };

static const struct clock *const clocks[] = { &clock_system, &other_clock };

START_TEST(it_rings_at_its_time_and_no_sooner)
{
	int64_t began = clock_now_ms(&clock_system);

	begin(clocks[_i]);
	alarm_set(&t.alarm, ALARM_NEVER);
	alarm_set(&t.alarm, began + 60);
	t.again_at = began + 90;
	(void)uv_run(&t.loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(t.rings, 2);
	ck_assert_int_ge(clock_now_ms(&clock_system), began + 90);
	end();
}
END_TEST

START_TEST(what_is_past_rings_at_once)
{
	static const int64_t pasts[] = { INT64_MIN, -1, 0, 1, 1795313820000 };

	begin(clocks[_i]);
	for (size_t i = 0; i < sizeof(pasts) / sizeof(pasts[0]); i++) {
		alarm_set(&t.alarm, pasts[i]);
		ck_assert_uint_eq(t.rings, i);
		(void)uv_run(&t.loop, UV_RUN_DEFAULT);
		ck_assert_uint_eq(t.rings, i + 1);
	}
	end();
}
END_TEST

START_TEST(never_is_never)
{
	begin(clocks[_i]);
	alarm_set(&t.alarm, ALARM_NEVER);
	ck_assert_int_ne(uv_run(&t.loop, UV_RUN_NOWAIT), 0);
	/* The loop waits for good, or for a look at a clock that tells nothing. */
	if (clocks[_i] == &clock_system)
		ck_assert_int_eq(uv_backend_timeout(&t.loop), -1);
	else
		ck_assert_int_gt(uv_backend_timeout(&t.loop), 50000);
	alarm_set(&t.alarm, 0);
	alarm_stop(&t.alarm);
	ck_assert_int_eq(uv_run(&t.loop, UV_RUN_NOWAIT), 0);
	ck_assert_uint_eq(t.rings, 0);
	end();
}
END_TEST

/* The kernel is asked to tell when somebody sets the clock: "settime flags: 03" is
 * TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, on clock 0, CLOCK_REALTIME. */
START_TEST(the_kernel_tells_of_a_clock_that_is_set)
{
	char path[64], text[512] = "";
	ssize_t n;
	int fd;

	begin(&clock_system);
	alarm_set(&t.alarm, ALARM_NEVER);
	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", t.alarm.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	(void)close(fd);
	ck_assert_ptr_nonnull(strstr(text, "clockid: 0\n"));
	ck_assert_ptr_nonnull(strstr(text, "settime flags: 03\n"));
	end();
}
END_TEST

/* It becomes readable before its time, as when the clock is set: it rings. (Setting
 * this machine's clock is not for a test: another descriptor takes the timer's place.) */
START_TEST(it_rings_when_the_clock_is_set)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	begin(&clock_system);
	ck_assert_int_eq(dup3(fd, t.alarm.fd, O_CLOEXEC), t.alarm.fd);
	alarm_set(&t.alarm, ALARM_NEVER);
	(void)uv_run(&t.loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(t.rings, 1);
	(void)close(fd);
	end();
}
END_TEST

UNIT_CASE(alarm)
{
	tcase_add_loop_test(tc, it_rings_at_its_time_and_no_sooner, 0, 2);
	tcase_add_loop_test(tc, what_is_past_rings_at_once, 0, 2);
	tcase_add_loop_test(tc, never_is_never, 0, 2);
	tcase_add_test(tc, the_kernel_tells_of_a_clock_that_is_set);
	tcase_add_test(tc, it_rings_when_the_clock_is_set);
	tcase_set_timeout(tc, 30);
}

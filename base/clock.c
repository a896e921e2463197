#include "base/clock.h"

#include <stdbool.h>
#include <sys/random.h>
#include <time.h>

#include "base/stop.h"

static int64_t timespec_ms(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000 + ts->tv_nsec / 1000000;
}

static int64_t system_now_ms(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return timespec_ms(&ts);
}

static void sleep_for(int64_t ms, bool stoppable)
{
	int64_t end = clock_monotonic_ms() + ms;

	/* In short pieces: a stop signal may reach another thread. */
	while (!stoppable || !stop_requested()) {
		int64_t left = end - clock_monotonic_ms();
		struct timespec ts;

		if (left <= 0)
			break;
		if (left > 100)
			left = 100;
		ts.tv_sec = 0;
		ts.tv_nsec = (long)left * 1000000;
		(void)nanosleep(&ts, NULL);
	}
}

static void system_sleep_ms(void *ctx, int64_t ms)
{
	(void)ctx;
	sleep_for(ms, true);
}

static uint32_t system_random(void *ctx)
{
	uint32_t r;

	(void)ctx;
	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		r = (uint32_t)clock_monotonic_ms() * 2654435761u;
	return r;
}

const struct clock clock_system = {
	system_now_ms, system_sleep_ms, system_random, NULL,
};

int64_t clock_now_ms(const struct clock *clock)
{
	return clock->now_ms(clock->ctx);
}

int64_t clock_now(const struct clock *clock)
{
	return clock->now_ms(clock->ctx) / 1000;
}

void clock_sleep_ms(const struct clock *clock, int64_t ms)
{
	if (ms > 0)
		clock->sleep_ms(clock->ctx, ms);
}

void clock_wait_ms(const struct clock *clock, int64_t ms)
{
	/* Only the machine's own clock knows of stops. */
	if (clock->sleep_ms == system_sleep_ms)
		sleep_for(ms, false);
	else
		clock_sleep_ms(clock, ms);
}

uint32_t clock_random(const struct clock *clock)
{
	return clock->random(clock->ctx);
}

int64_t clock_monotonic_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return timespec_ms(&ts);
}

int64_t clock_boot_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return timespec_ms(&ts);
}

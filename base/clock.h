/*
 * Time, waiting and chance come from outside, so that tests own them. Logic
 * never calls time() or rand(): it is handed a `const struct clock *`.
 */
#ifndef D1KEEP_BASE_CLOCK_H
#define D1KEEP_BASE_CLOCK_H

#include <stdint.h>

struct clock {
	/* Unix time in milliseconds. */
	int64_t (*now_ms)(void *ctx);
	/* Wait; returns early when a stop is requested (base/stop.h). */
	void (*sleep_ms)(void *ctx, int64_t ms);
	/* 32 random bits, for jitter and names; not for keys. */
	uint32_t (*random)(void *ctx);
	void *ctx;
};

/* The machine's own. */
extern const struct clock clock_system;

int64_t clock_now_ms(const struct clock *clock);
int64_t clock_now(const struct clock *clock);  /* Unix seconds */
void clock_sleep_ms(const struct clock *clock, int64_t ms);
/* The same, but all of it, also when a stop is requested: for what must not be
 * left half-way. */
void clock_wait_ms(const struct clock *clock, int64_t ms);
uint32_t clock_random(const struct clock *clock);

/* Milliseconds that only go forward, for durations. */
int64_t clock_monotonic_ms(void);
/* The same, but they go on while the machine sleeps. */
int64_t clock_boot_ms(void);

#endif

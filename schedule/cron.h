/*
 * Cron expressions, pure. Five fields (minute hour day-of-month month
 * day-of-week) with names, ranges, steps and lists, or @hourly @daily
 * (@midnight) @weekly @monthly @yearly (@annually). As in Vixie cron: when both
 * day fields are restricted (do not start with '*'), a day matches when either
 * does. Source: crontab(5) of ISC cron and OpenBSD. Where we differ: their jobs
 * follow real time when the hour *or the minute* field begins with '*', so that
 * in a skipped hour a minute step of it never runs and in a repeated one twice;
 * here the hour field alone decides (cron_next). Not taken: @reboot, OpenBSD's
 * "~" (a time at random).
 */
#ifndef D1KEEP_SCHEDULE_CRON_H
#define D1KEEP_SCHEDULE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cron {
	uint64_t minutes;        /* bit n: minute n */
	uint32_t hours;
	uint32_t days;           /* bits 1 to 31 */
	uint16_t months;         /* bits 1 to 12 */
	uint8_t weekdays;        /* bit 0: Sunday … bit 6; 7 was folded to 0 */
	bool any_day;            /* the day-of-month field began with '*' */
	bool any_weekday;
	bool every_hour;         /* the hour field began with '*': follows real time */
};

/* ERR_USAGE names the field and what is wrong with it; also an expression that
 * can never match (30 February). Names are the first three letters, in any
 * case; ranges may use them. A step needs '*' or a range before it. */
int cron_parse(const char *text, struct cron *ret, struct err *err);

/* The first firing strictly after `after` (Unix seconds) in `zone`, or -1
 * when there is none within forty years (after which leap days and weekdays
 * have met in every way, also around 2100). A local time that the clock skips
 * fires at the first minute after the gap, once; one that comes twice fires
 * the first time only, unless the schedule is by the hour or the minute
 * (hour field '*' or a step of it), which follows real time. */
int64_t cron_next(const struct cron *cron, const char *zone, int64_t after);

#endif

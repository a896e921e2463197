#include "schedule/cron.h"

#include <time.h>

#include "schedule/zone.h"

#define DAY 86400
#define HORIZON_YEARS 40

static bool has(uint64_t bits, int value)
{
	return (bits >> value & 1) != 0;
}

static bool day_matches(const struct cron *cron, int mday, int month, int wday)
{
	bool day = has(cron->days, mday);
	bool weekday = has(cron->weekdays, wday);

	if (!has(cron->months, month))
		return false;
	/* A field that is '*' says nothing; two that say something say "or". */
	if (cron->any_day || cron->any_weekday)
		return day && weekday;
	return day || weekday;
}

/* The lowest member that is at least `from`, or -1. */
static int next_bit(uint64_t bits, int from)
{
	uint64_t rest = from < 64 ? bits >> from : 0;

	return rest != 0 ? from + __builtin_ctzll(rest) : -1;
}

/* Wall-clock minutes are kept as if they were UTC: plain calendar arithmetic,
 * no zone. timegm carries a 32nd of January and finds the weekday. */
static void carry(struct tm *wall)
{
	wall->tm_sec = 0;
	(void)timegm(wall);
}

static void to_day(struct tm *wall, int month, int mday)
{
	wall->tm_mon = month;
	wall->tm_mday = mday;
	wall->tm_hour = 0;
	wall->tm_min = 0;
	carry(wall);
}

/* Move to the first matching minute of this day from here on. */
static bool match_in_day(const struct cron *cron, struct tm *wall)
{
	int hour = next_bit(cron->hours, wall->tm_hour);
	int minute = next_bit(cron->minutes, hour == wall->tm_hour ? wall->tm_min : 0);

	if (hour >= 0 && minute < 0) {
		hour = next_bit(cron->hours, hour + 1);
		minute = next_bit(cron->minutes, 0);
	}
	if (hour < 0)
		return false;
	wall->tm_hour = hour;
	wall->tm_min = minute;
	return true;
}

/* Move to the first matching wall-clock minute at or after `wall`, leaping over
 * months, days and hours that do not match. False past `last_year`. */
static bool next_match(const struct cron *cron, struct tm *wall, int last_year)
{
	carry(wall);
	while (wall->tm_year <= last_year) {
		if (!has(cron->months, wall->tm_mon + 1))
			to_day(wall, wall->tm_mon + 1, 1);
		else if (!day_matches(cron, wall->tm_mday, wall->tm_mon + 1, wall->tm_wday) ||
		    !match_in_day(cron, wall))
			to_day(wall, wall->tm_mon, wall->tm_mday + 1);
		else
			return true;
	}
	return false;
}

/* A time of day: each matching wall-clock minute belongs to the first moment
 * that shows it, or to the end of the gap that swallows it. These moments never
 * run backwards, so the first one after `after` is the answer. */
static int64_t next_by_wall(const struct cron *cron, const char *zone, int64_t after)
{
	struct tm wall;
	int last_year;

	zone_local(zone, after, &wall);
	last_year = wall.tm_year + HORIZON_YEARS;
	for (; next_match(cron, &wall, last_year); wall.tm_min++) {
		bool skipped;
		int64_t at = zone_to_utc(zone, &wall, &skipped);

		if (at > after)
			return at;
	}
	return -1;
}

/* By the hour: every real minute counts whose clock matches. Between two
 * changes of the offset the clock is plain arithmetic; a stretch is at most a
 * day, so that it holds at most one change. */
static int64_t next_by_clock(const struct cron *cron, const char *zone, int64_t after)
{
	int64_t at = after + 1;
	struct tm wall;
	int last_year;

	zone_local(zone, at, &wall);
	last_year = wall.tm_year + HORIZON_YEARS;
	for (;;) {
		int64_t end = zone_next_change(zone, at, at + DAY);
		int64_t start, match;

		zone_local(zone, at, &wall);
		start = at + wall.tm_gmtoff;
		if (wall.tm_sec > 0)
			wall.tm_min++;
		if (!next_match(cron, &wall, last_year))
			return -1;
		match = at + (timegm(&wall) - start);
		if (match < end)
			return match;
		/* Nothing repeats soon and the match is far: come near it. */
		if (end == at + DAY && match - at > 4 * DAY)
			end = match - 2 * DAY;
		at = end;
	}
}

int64_t cron_next(const struct cron *cron, const char *zone, int64_t after)
{
	return cron->every_hour ? next_by_clock(cron, zone, after) :
	    next_by_wall(cron, zone, after);
}

/*
 * Cron expressions (schedule/cron.h): "ZONE AFTER EXPRESSION", where ZONE is an
 * index below and AFTER a Unix time. What parses always fires again, at a moment
 * that matches, and no matching moment before it is passed over.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "schedule/cron.h"
#include "schedule/zone.h"
#include "tests/fuzz/fuzz.h"

/* Changes of an hour, of half an hour, of two; a day that never was. */
static const char *const zones[] = {
	"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll",
	"Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu",
};
#define ZONES (sizeof(zones) / sizeof(zones[0]))
#define LAST_MOMENT INT64_C(15000000000)   /* in 2445 */
#define LOOK_BACK 360                      /* minutes */

static bool has(uint64_t bits, int value)
{
	return (bits >> value & 1) != 0;
}

static bool matches(const struct cron *cron, const struct tm *tm)
{
	bool day = has(cron->days, tm->tm_mday), weekday = has(cron->weekdays, tm->tm_wday);
	bool either = !cron->any_day && !cron->any_weekday;

	return has(cron->minutes, tm->tm_min) && has(cron->hours, tm->tm_hour) &&
	    has(cron->months, tm->tm_mon + 1) && (either ? day || weekday : day && weekday);
}

static bool shows(const struct cron *cron, const char *zone, int64_t at, struct tm *ret)
{
	zone_local(zone, at, ret);
	return ret->tm_sec == 0 && matches(cron, ret);
}

/* A firing at a time that does not match stands for one in a gap that ends here. */
static void check_firing(const struct cron *cron, const char *zone, int64_t at)
{
	struct tm before, tm;

	if (shows(cron, zone, at, &tm))
		return;
	zone_local(zone, at - 1, &before);
	REQUIRE(!cron->every_hour && tm.tm_gmtoff > before.tm_gmtoff);
}

/* Nothing between: but a time of day does not fire again when it comes again. */
static void check_none_between(const struct cron *cron, const char *zone, int64_t after,
    int64_t next)
{
	int64_t at = after - after % 60 + 60;

	for (int i = 0; i < LOOK_BACK && at < next; i++, at += 60) {
		struct tm tm;
		bool skipped;

		if (!shows(cron, zone, at, &tm))
			continue;
		REQUIRE(!cron->every_hour);
		REQUIRE(zone_to_utc(zone, &tm, &skipped) < at && !skipped);
	}
}

static void check_schedule(const struct cron *cron, const char *zone, int64_t after)
{
	int64_t next = cron_next(cron, zone, after);

	REQUIRE(next > after);
	check_firing(cron, zone, next);
	check_none_between(cron, zone, after, next);
	REQUIRE(cron_next(cron, zone, next - 1) == next);
	REQUIRE(cron_next(cron, zone, next) > next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STR text = mem_strndup(size > 0 ? (const char *)data : "", size);
	struct err err = ERR_INIT;
	struct cron cron;
	char *rest;
	unsigned long zone = strtoul(text, &rest, 10);
	long long after = strtoll(rest, &rest, 10);

	if (cron_parse(rest, &cron, &err) != 0) {
		REQUIRE(err.code == ERR_USAGE && err.msg[0] != '\0');
		return 0;
	}
	REQUIRE(cron.minutes != 0 && cron.hours != 0 && cron.days != 0 && cron.months != 0 &&
	    cron.weekdays != 0);
	if (after >= 0 && after <= LAST_MOMENT && zone_exists(zones[zone % ZONES]))
		check_schedule(&cron, zones[zone % ZONES], after);
	return 0;
}

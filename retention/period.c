#include "retention/period.h"

#include <time.h>

#include "schedule/zone.h"

/* Days since 1970-01-01 (a Thursday) of the date that the clock shows. */
static int64_t day_number(const struct tm *local)
{
	struct tm date = { .tm_year = local->tm_year, .tm_mon = local->tm_mon,
		.tm_mday = local->tm_mday };

	return (int64_t)timegm(&date) / 86400;
}

/* An hour is told by the moment it began: one that comes twice in autumn began
 * twice. */
int64_t period_of(enum retention_period kind, const char *zone, int64_t at)
{
	struct tm local;

	zone_local(zone, at, &local);
	switch (kind) {
	case RETENTION_HOURLY:
		return at - local.tm_min * 60 - local.tm_sec;
	case RETENTION_DAILY:
		return day_number(&local);
	case RETENTION_WEEKLY:
		return day_number(&local) - (local.tm_wday + 6) % 7;   /* its Monday */
	case RETENTION_MONTHLY:
		return local.tm_year * 12 + local.tm_mon;
	default:
		return local.tm_year;
	}
}

const char *period_word(enum retention_period kind)
{
	static const char *const words[RETENTION_PERIODS] = {
		"hourly", "daily", "weekly", "monthly", "yearly",
	};

	return words[kind];
}

char *period_name(enum retention_period kind, const char *zone, int64_t at,
    char ret[PERIOD_NAME_SIZE])
{
	static const char *const formats[RETENTION_PERIODS] = {
		"%Y-%m-%d %Hh", "%Y-%m-%d", "%G-W%V", "%Y-%m", "%Y",
	};
	struct tm local;

	zone_local(zone, at, &local);
	if (strftime(ret, PERIOD_NAME_SIZE, formats[kind], &local) == 0)
		ret[0] = '\0';
	return ret;
}

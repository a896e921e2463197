#include "schedule/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONEINFO "/usr/share/zoneinfo"
#define ZONE_NAME_MAX 128
#define DAY 86400

/* A name of the zone database: no path that leads out of its folder. */
static bool name_is_plain(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= ZONE_NAME_MAX || name[0] == '/' || name[len - 1] == '/')
		return false;
	if (strstr(name, "..") != NULL || strstr(name, "//") != NULL)
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789/_+-.") == len;
}

bool zone_exists(const char *name)
{
	const char *folder = getenv("TZDIR");
	char path[512], magic[4];
	bool found;
	FILE *f;
	int n;

	if (!name_is_plain(name))
		return false;
	if (strcmp(name, "UTC") == 0)
		return true;
	n = snprintf(path, sizeof(path), "%s/%s",
	    folder != NULL && folder[0] != '\0' ? folder : ZONEINFO, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	/* The folder also holds tables and leap seconds in plain text. */
	found = fread(magic, 1, sizeof(magic), f) == sizeof(magic) &&
	    memcmp(magic, "TZif", sizeof(magic)) == 0;
	(void)fclose(f);
	return found;
}

/* tzset reads a file: only when the zone changes. A colon keeps libc from
 * reading a name as a rule of its own ("EST5EDT"). */
static void enter(const char *name)
{
	static char current[ZONE_NAME_MAX];
	char value[ZONE_NAME_MAX + 1];

	if (strcmp(current, name) == 0)
		return;
	(void)snprintf(value, sizeof(value), ":%s", name);
	(void)setenv("TZ", value, 1);
	tzset();
	(void)snprintf(current, sizeof(current), "%s", name);
}

void zone_local(const char *name, int64_t at, struct tm *ret)
{
	time_t t = (time_t)at;

	enter(name);
	/* Fails only for years that do not fit an int. */
	if (localtime_r(&t, ret) == NULL)
		*ret = (struct tm){ .tm_year = 70, .tm_mday = 1 };
}

static int64_t offset_at(const char *name, int64_t at)
{
	struct tm tm;

	zone_local(name, at, &tm);
	return tm.tm_gmtoff;
}

/* A gap lies between `before` (the clock shows less than `wall`) and `after`
 * (it shows more): the first moment that shows more. */
static int64_t end_of_gap(const char *name, int64_t wall, int64_t before, int64_t after)
{
	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (middle + offset_at(name, middle) < wall)
			before = middle;
		else
			after = middle;
	}
	return after;
}

/*
 * mktime answers one of the two moments of a repeated time by a guess that
 * depends on its previous call, so it is not used. No clock is more than 16
 * hours from UTC: the offset that holds at this local time is the one a day
 * before its reading as UTC, or a day after, or at it.
 */
int64_t zone_to_utc(const char *name, const struct tm *local, bool *ret_skipped)
{
	struct tm copy = *local;
	int64_t wall = timegm(&copy);
	int64_t samples[3] = { wall - DAY, wall, wall + DAY };
	int64_t first = INT64_MAX, low = INT64_MAX, high = INT64_MIN;

	for (int i = 0; i < 3; i++) {
		int64_t at = wall - offset_at(name, samples[i]);

		if (at + offset_at(name, at) == wall && at < first)
			first = at;
		if (at < low)
			low = at;
		if (at > high)
			high = at;
	}
	*ret_skipped = first == INT64_MAX;
	return *ret_skipped ? end_of_gap(name, wall, low, high) : first;
}

int64_t zone_next_change(const char *name, int64_t from, int64_t to)
{
	int64_t offset = offset_at(name, from);

	if (offset_at(name, to) == offset)
		return to;
	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;

		if (offset_at(name, middle) == offset)
			from = middle;
		else
			to = middle;
	}
	return to;
}

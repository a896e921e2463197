#include "base/stamp.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* `rest` is what follows the year: strftime's own %Y has no leading zeros. */
static char *stamp_format(int64_t at, const char *rest, char *ret, size_t size)
{
	time_t t = (time_t)at;
	struct tm tm;

	ret[0] = '\0';
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
		return ret;
	(void)snprintf(ret, size, "%04d", tm.tm_year + 1900);
	(void)strftime(ret + 4, size - 4, rest, &tm);
	return ret;
}

char *stamp_iso(int64_t at, char ret[STAMP_ISO_SIZE])
{
	return stamp_format(at, "-%m-%dT%H:%M:%SZ", ret, STAMP_ISO_SIZE);
}

char *stamp_compact(int64_t at, char ret[STAMP_COMPACT_SIZE])
{
	return stamp_format(at, "%m%dT%H%M%SZ", ret, STAMP_COMPACT_SIZE);
}

/* `shape` has a 0 where a digit must be and the character itself elsewhere. */
static bool matches_shape(const char *text, const char *shape)
{
	if (strlen(text) != strlen(shape))
		return false;
	for (; *shape != '\0'; shape++, text++) {
		if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
			return false;
	}
	return true;
}

bool stamp_parse(const char *text, int64_t *ret_at)
{
	struct tm tm = { 0 };
	char again[STAMP_ISO_SIZE];
	const char *format;
	bool iso;
	time_t t;

	if (matches_shape(text, "0000-00-00T00:00:00Z")) {
		format = "%4d-%2d-%2dT%2d:%2d:%2dZ";
		iso = true;
	} else if (matches_shape(text, "00000000T000000Z")) {
		format = "%4d%2d%2dT%2d%2d%2dZ";
		iso = false;
	} else {
		return false;
	}
	if (sscanf(text, format, &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	    &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	t = timegm(&tm);
	/* timegm turns 31 February into 3 March: a date that comes back as
	 * another one was none. */
	if (strcmp(iso ? stamp_iso(t, again) : stamp_compact(t, again), text) != 0)
		return false;
	*ret_at = t;
	return true;
}

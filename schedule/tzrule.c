#include "schedule/tzrule.h"

#include <ctype.h>
#include <string.h>

#define DAY 86400

/* ---- the calendar */

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days from 1970-01-01 to the first of January. */
static int64_t days_before(int64_t year)
{
	int64_t y = year - 1;

	return 365 * (year - 1970) + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) - 477;
}

static int64_t year_of(int64_t at)
{
	int64_t days = floor_div(at, DAY);
	int64_t year = 1970 + floor_div(days * 400, 146097);

	while (days_before(year) > days)
		year--;
	while (days_before(year + 1) <= days)
		year++;
	return year;
}

/* From the first of January to the day of the change. */
static int day_of_year(const struct tzday *day, int64_t year)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int before = 0, length, first, date;

	if (day->kind == 'N')
		return day->day;
	if (day->kind == 'J')
		return day->day - 1 + (is_leap(year) && day->day > 59);
	for (int month = 1; month < day->month; month++)
		before += lengths[month - 1] + (month == 2 && is_leap(year));
	length = lengths[day->month - 1] + (day->month == 2 && is_leap(year));
	/* The first of January 1970 was a Thursday. */
	first = (int)((days_before(year) + before + 4) % 7 + 7) % 7;
	date = (day->day - first + 7) % 7 + 7 * (day->week - 1);
	while (date >= length)   /* week 5 is the last one */
		date -= 7;
	return before + date;
}

static int64_t change_at(const struct tzday *day, int64_t year, int32_t offset_before)
{
	return (days_before(year) + day_of_year(day, year)) * DAY + day->time_s - offset_before;
}

/* The last change up to `at` decides. It may belong to the year before or, with
 * hours below zero, after. Where summer time ends as it begins it goes on. */
const struct tztype *tzrule_at(const struct tzrule *rule, int64_t at)
{
	const struct tztype *result = &rule->standard;
	int64_t latest = INT64_MIN, this_year;

	if (!rule->has_summer)
		return result;
	this_year = year_of(at + rule->standard.offset_s);
	for (int64_t year = this_year - 1; year <= this_year + 1; year++) {
		int64_t end = change_at(&rule->end, year, rule->summer.offset_s);
		int64_t begin = change_at(&rule->begin, year, rule->standard.offset_s);

		if (end <= at && end > latest) {
			latest = end;
			result = &rule->standard;
		}
		if (begin <= at && begin >= latest) {
			latest = begin;
			result = &rule->summer;
		}
	}
	return result;
}

/* ---- reading */

/* A number of at most three digits. */
static bool read_number(const char **pos, int low, int high, int *ret)
{
	size_t len = strspn(*pos, "0123456789");
	int value = 0;

	if (len < 1 || len > 3)
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + ((*pos)[i] - '0');
	*pos += len;
	*ret = value;
	return value >= low && value <= high;
}

static bool read_char(const char **pos, char c)
{
	if (**pos != c)
		return false;
	++*pos;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **pos, int max_hours, int32_t *ret)
{
	bool negative = read_char(pos, '-');
	int hours, minutes = 0, seconds = 0;

	if (!negative)
		(void)read_char(pos, '+');
	if (!read_number(pos, 0, max_hours, &hours))
		return false;
	if (read_char(pos, ':') && !read_number(pos, 0, 59, &minutes))
		return false;
	if (read_char(pos, ':') && !read_number(pos, 0, 59, &seconds))
		return false;
	*ret = (hours * 60 + minutes) * 60 + seconds;
	if (negative)
		*ret = -*ret;
	return true;
}

/* Letters, or anything of a name in angle brackets. */
static bool read_name(const char **pos, char ret[TZ_NAME_SIZE])
{
	bool quoted = read_char(pos, '<');
	size_t len = 0;

	while (isalpha((unsigned char)(*pos)[len]) || (quoted && (*pos)[len] != '\0' &&
	    strchr("0123456789+-", (*pos)[len]) != NULL))
		len++;
	if (len < 3 || len >= TZ_NAME_SIZE)
		return false;
	memcpy(ret, *pos, len);
	ret[len] = '\0';
	*pos += len;
	return !quoted || read_char(pos, '>');
}

static bool read_day(const char **pos, struct tzday *ret)
{
	bool good;

	ret->time_s = 2 * 3600;
	ret->kind = **pos == 'M' || **pos == 'J' ? *(*pos)++ : 'N';
	if (ret->kind == 'M')
		good = read_number(pos, 1, 12, &ret->month) && read_char(pos, '.') &&
		    read_number(pos, 1, 5, &ret->week) && read_char(pos, '.') &&
		    read_number(pos, 0, 6, &ret->day);
	else
		good = read_number(pos, ret->kind == 'J', 365, &ret->day);
	return good && (!read_char(pos, '/') || read_time(pos, 167, &ret->time_s));
}

bool tzrule_parse(const char *text, struct tzrule *ret)
{
	struct tzrule rule = { .summer.is_dst = true };
	int32_t west;

	/* POSIX counts to the west. */
	if (!read_name(&text, rule.standard.name) || !read_time(&text, 24, &west))
		return false;
	rule.standard.offset_s = -west;
	if (*text != '\0') {
		rule.has_summer = true;
		if (!read_name(&text, rule.summer.name))
			return false;
		rule.summer.offset_s = rule.standard.offset_s + 3600;
		if (*text != ',') {
			if (!read_time(&text, 24, &west))
				return false;
			rule.summer.offset_s = -west;
		}
		if (!read_char(&text, ',') || !read_day(&text, &rule.begin) ||
		    !read_char(&text, ',') || !read_day(&text, &rule.end) || *text != '\0')
			return false;
	}
	*ret = rule;
	return true;
}

#include "schedule/blackout.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "schedule/zone.h"

#define DAY_MINUTES 1440
#define WEEK_MINUTES (7 * DAY_MINUTES)
#define EVERY_DAY 0x7f
#define BLANKS " \t"

/* How many minutes of windows follow, this one of the week included. */
static int rest_of_window(const struct blackout *b, int minute)
{
	int rest = 0;

	for (unsigned i = 0; i < b->count; i++) {
		const struct blackout_window *w = &b->windows[i];

		/* It began today or, going past midnight, yesterday. */
		for (int day = minute / DAY_MINUTES + 6; day <= minute / DAY_MINUTES + 7; day++) {
			int begin = day % 7 * DAY_MINUTES + w->from;
			int into = (minute - begin + WEEK_MINUTES) % WEEK_MINUTES;

			if ((w->days >> day % 7 & 1) != 0 && into < w->length && w->length - into > rest)
				rest = w->length - into;
		}
	}
	return rest;
}

/* Windows are about readings of the clock: where it jumps, look again. */
int64_t blackout_end(const struct blackout *blackout, const char *zone, int64_t at)
{
	while (blackout->count > 0) {
		struct tm tm;
		int rest;

		zone_local(zone, at, &tm);
		rest = rest_of_window(blackout, tm.tm_wday * DAY_MINUTES + tm.tm_hour * 60 + tm.tm_min);
		if (rest == 0)
			break;
		at = zone_next_change(zone, at, at + rest * 60 - tm.tm_sec);
	}
	return at;
}

static bool leaves_nothing(const struct blackout *b)
{
	int minute = 0, rest;

	while (minute < WEEK_MINUTES && (rest = rest_of_window(b, minute)) > 0)
		minute += rest;
	return minute >= WEEK_MINUTES;
}

/* ---- reading */

static void skip_blanks(const char **pos)
{
	*pos += strspn(*pos, BLANKS);
}

/* How much of the text an error quotes: up to the comma. */
static int piece_len(const char *piece)
{
	size_t len = strcspn(piece, ",");

	while (len > 0 && strchr(BLANKS, piece[len - 1]) != NULL)
		len--;
	return len < 60 ? (int)len : 60;
}

static int read_day(const char **pos, int *ret, struct err *err)
{
	static const char names[] = "sunmontuewedthufrisat";
	size_t len = 0;

	while (isalpha((unsigned char)(*pos)[len]))
		len++;
	for (int day = 0; len == 3 && day < 7; day++) {
		if (strncasecmp(*pos, names + (size_t)day * 3, 3) == 0) {
			*ret = day;
			*pos += len;
			return 0;
		}
	}
	if (len == 0)
		return err_set(err, ERR_USAGE, "a day is missing before \"%.*s\"", piece_len(*pos), *pos);
	(void)err_set(err, ERR_USAGE, "\"%.*s\" is no day of the week", len < 60 ? (int)len : 60, *pos);
	return err_hint(err, "sun, mon, tue, wed, thu, fri or sat");
}

/* "mon" or "mon-fri", added to the set. */
static int read_days(const char **pos, uint8_t *days, struct err *err)
{
	int first, last;

	if (read_day(pos, &first, err) != 0)
		return -1;
	last = first;
	if (**pos == '-') {
		++*pos;
		if (read_day(pos, &last, err) != 0)
			return -1;
	}
	for (int day = first;; day = (day + 1) % 7) {
		*days |= (uint8_t)(1u << day);
		if (day == last)
			return 0;
	}
}

/* "08:30" to minutes of the day, up to 24:00. */
static int read_time(const char **pos, int *ret, struct err *err)
{
	const char *text = *pos;
	size_t hours = strspn(text, "0123456789"), minutes;
	int hour = 0, minute = 0;

	minutes = text[hours] == ':' ? strspn(text + hours + 1, "0123456789") : 0;
	if (hours < 1 || hours > 2 || minutes != 2)
		return err_set(err, ERR_USAGE, "\"%.*s\" is no time such as 08:00", piece_len(text), text);
	for (size_t i = 0; i < hours; i++)
		hour = hour * 10 + (text[i] - '0');
	for (size_t i = hours + 1; i <= hours + 2; i++)
		minute = minute * 10 + (text[i] - '0');
	if (minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return err_set(err, ERR_USAGE, "%.*s is not between 00:00 and 24:00",
		    (int)(hours + 3), text);
	*pos += hours + 3;
	*ret = hour * 60 + minute;
	return 0;
}

/* "23:30-00:30" */
static int read_times(const char **pos, struct blackout_window *ret, struct err *err)
{
	const char *text = *pos;
	int from, to;

	if (read_time(pos, &from, err) != 0)
		return -1;
	skip_blanks(pos);
	if (**pos != '-')
		return err_set(err, ERR_USAGE, "\"%.*s\" has no end, such as \"-18:00\"",
		    piece_len(text), text);
	++*pos;
	skip_blanks(pos);
	if (read_time(pos, &to, err) != 0)
		return -1;
	if (from == to || from == DAY_MINUTES) {
		(void)err_set(err, ERR_USAGE, "\"%.*s\" is no stretch of time", piece_len(text), text);
		return err_hint(err, "a whole day is 00:00-24:00");
	}
	ret->from = (uint16_t)from;
	ret->length = (uint16_t)(to > from ? to - from : to + DAY_MINUTES - from);
	return 0;
}

/* One piece between commas. One that has only days belongs to the next, which
 * must have days of its own: `*days` holds what has been gathered. */
static int read_piece(const char **pos, uint8_t *days, struct blackout *b, struct err *err)
{
	struct blackout_window window = { 0 };
	const char *text = *pos;

	if (**pos == ',' || **pos == '\0')
		return err_set(err, ERR_USAGE, "a window is missing %s", **pos == ',' ? "before a comma" :
		    "at the end");
	if (isdigit((unsigned char)**pos)) {
		if (*days != 0)
			return err_set(err, ERR_USAGE, "the days before \"%.*s\" have no time",
			    piece_len(text), text);
		*days = EVERY_DAY;
	} else if (read_days(pos, days, err) != 0) {
		return -1;
	}
	skip_blanks(pos);
	if (**pos == ',')
		return 0;
	if (**pos == '\0')
		return err_set(err, ERR_USAGE, "\"%.*s\" has no time such as 08:00-18:00",
		    piece_len(text), text);
	if (b->count == BLACKOUT_MAX)
		return err_set(err, ERR_USAGE, "more than %d windows", BLACKOUT_MAX);
	if (read_times(pos, &window, err) != 0)
		return -1;
	window.days = *days;
	*days = 0;
	b->windows[b->count++] = window;
	return 0;
}

static int read_all(const char *pos, struct blackout *b, struct err *err)
{
	uint8_t days = 0;

	skip_blanks(&pos);
	if (*pos == '\0')
		return 0;
	for (;; pos++) {
		skip_blanks(&pos);
		if (read_piece(&pos, &days, b, err) != 0)
			return -1;
		skip_blanks(&pos);
		if (*pos == '\0')
			break;
		if (*pos != ',')
			return err_set(err, ERR_USAGE, "\"%.*s\" makes no sense after a window",
			    piece_len(pos), pos);
	}
	if (!leaves_nothing(b))
		return 0;
	(void)err_set(err, ERR_USAGE, "the windows cover the whole week: nothing would ever run");
	return err_hint(err, "for databases that never run by themselves leave out the schedule");
}

int blackout_parse(const char *text, struct blackout *ret, struct err *err)
{
	struct blackout blackout = { .count = 0 };

	if (read_all(text, &blackout, err) != 0)
		return err_wrap(err, "blackout \"%.100s\"", text);
	*ret = blackout;
	return 0;
}

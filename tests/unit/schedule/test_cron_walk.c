/*
 * cron_next against the plainest oracle there is: a year of real minutes, the
 * local time of each by localtime, and the rules of schedule/cron.h applied one
 * minute after the other. It shares no code with cron.c, cron_parse.c or zone.c:
 * an expression is made at random together with the sets it stands for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schedule/cron.h"
#include "tests/unit/unit.h"

#define LEAD 2880               /* minutes before the year: to know what has been shown */
#define YEAR (366 * 1440)
#define SPAN (LEAD + YEAR)
#define EXPRESSIONS 20

struct minute {
	int32_t wall;               /* minutes of local time since 1970 */
	int8_t month, mday, wday, hour, minute;
};

struct rule {
	char text[512];
	bool minutes[60], hours[24], days[32], months[13], weekdays[8];
	bool every_hour, any_day, any_weekday;
};

static uint32_t seed;

static int pick(int count)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (int)(seed % (uint32_t)count);
}

/* One field at random: '*', a step, a list, a range. */
static void random_field(char *text, size_t size, bool *set, int low, int high)
{
	size_t used = strlen(text);
	int form = pick(6), first = low, last = high, step = 1, items = 1;

	for (int item = 0; item < items; item++) {
		char piece[32];

		if (form == 0) {
			(void)snprintf(piece, sizeof(piece), "*");
		} else if (form == 1) {
			step = 1 + pick(high);
			(void)snprintf(piece, sizeof(piece), "*/%d", step);
		} else if (form == 2) {
			first = low + pick(high - low + 1);
			last = first + pick(high - first + 1);
			step = 1 + pick(3);
			(void)snprintf(piece, sizeof(piece), "%d-%d/%d", first, last, step);
		} else {
			items = item == 0 ? 1 + pick(3) : items;
			first = last = low + pick(high - low + 1);
			(void)snprintf(piece, sizeof(piece), "%d", first);
		}
		for (int value = first; value <= last; value += step)
			set[value] = true;
		used += (size_t)snprintf(text + used, size - used, "%s%s", item > 0 ? "," : "", piece);
	}
	(void)snprintf(text + used, size - used, " ");
}

static void random_rule(struct rule *rule)
{
	size_t at;

	memset(rule, 0, sizeof(*rule));
	random_field(rule->text, sizeof(rule->text), rule->minutes, 0, 59);
	at = strlen(rule->text);
	random_field(rule->text, sizeof(rule->text), rule->hours, 0, 23);
	rule->every_hour = rule->text[at] == '*';
	at = strlen(rule->text);
	random_field(rule->text, sizeof(rule->text), rule->days, 1, 31);
	rule->any_day = rule->text[at] == '*';
	random_field(rule->text, sizeof(rule->text), rule->months, 1, 12);
	at = strlen(rule->text);
	random_field(rule->text, sizeof(rule->text), rule->weekdays, 0, 6);
	rule->any_weekday = rule->text[at] == '*';
}

static bool rule_matches(const struct rule *r, const struct minute *m)
{
	bool day = r->any_day || r->any_weekday ? r->days[m->mday] && r->weekdays[m->wday] :
	    r->days[m->mday] || r->weekdays[m->wday];

	return r->minutes[m->minute] && r->hours[m->hour] && r->months[m->month] && day;
}

static void fill(struct minute *m, const struct tm *tm, int32_t wall)
{
	*m = (struct minute){ wall, (int8_t)(tm->tm_mon + 1), (int8_t)tm->tm_mday,
		(int8_t)tm->tm_wday, (int8_t)tm->tm_hour, (int8_t)tm->tm_min };
}

/* Every minute of the span: the oracle's own way to a zone. */
static void walk_zone(const char *zone, int64_t start, struct minute *span)
{
	(void)setenv("TZ", zone, 1);
	tzset();
	for (int i = 0; i < SPAN; i++) {
		time_t at = start + (int64_t)i * 60;
		struct tm tm;

		(void)localtime_r(&at, &tm);   /* no assert: each writes to a pipe */
		fill(&span[i], &tm, (int32_t)((at + tm.tm_gmtoff) / 60));
	}
}

/* Does one of the walls after `shown` up to `now` match? */
static bool gap_matches(const struct rule *r, int32_t shown, int32_t now)
{
	for (int32_t wall = shown + 1; wall <= now; wall++) {
		time_t at = (time_t)wall * 60;
		struct minute m;
		struct tm tm;

		(void)gmtime_r(&at, &tm);
		fill(&m, &tm, wall);
		if (rule_matches(r, &m))
			return true;
	}
	return false;
}

/* To `next`: for each minute the first one from there on that fires, or SPAN. */
static void walk_rule(const struct rule *r, const struct minute *span, int *next)
{
	int32_t shown = span[0].wall;

	for (int i = 0; i < SPAN; i++) {
		bool fires = r->every_hour || span[i].wall == shown + 1 ?
		    rule_matches(r, &span[i]) : gap_matches(r, shown, span[i].wall);

		next[i] = fires ? i : -1;
		if (span[i].wall > shown)
			shown = span[i].wall;
	}
	next[SPAN] = SPAN;
	for (int i = SPAN - 1; i >= 0; i--)
		next[i] = next[i] >= 0 ? next[i] : next[i + 1];
}

static void compare(const struct rule *r, const char *zone, int64_t start, const int *next,
    int from, int seconds)
{
	int64_t after = start + (int64_t)from * 60 + seconds;
	int found = next[from + 1];
	int64_t expected = start + (int64_t)found * 60;
	struct cron cron;
	int64_t got;

	got = cron_parse(r->text, &cron, NULL) == 0 ? cron_next(&cron, zone, after) : -2;
	if (got == expected)
		return;
	/* Past the span the oracle knows nothing. */
	if (found == SPAN && (got == -1 || got > expected))
		return;
	ck_abort_msg("\"%s\" in %s after %lld: got %lld, not %lld", r->text, zone,
	    (long long)after, (long long)got, (long long)expected);
}

/* At random moments, and at every minute around each change of the clock. */
static void compare_rule(const struct rule *r, const char *zone, int64_t start,
    const struct minute *span, const int *next)
{
	for (int probe = 0; probe < 300; probe++)
		compare(r, zone, start, next, LEAD + pick(YEAR), pick(60));
	for (int i = LEAD; i < SPAN; i++) {
		if (span[i].wall == span[i - 1].wall + 1)
			continue;
		for (int near = i - 200 > LEAD ? i - 200 : LEAD; near < i + 200 && near < SPAN; near += 3)
			compare(r, zone, start, next, near, pick(60));
		compare(r, zone, start, next, i - 1, 59);
		compare(r, zone, start, next, i, 0);
	}
}

static const struct { const char *zone; int year; } years[] = {
	{ "UTC", 2028 },
	{ "Europe/Berlin", 2024 }, { "Europe/Berlin", 2026 },
	{ "America/New_York", 2025 }, { "America/New_York", 2028 },
	{ "Australia/Lord_Howe", 2024 }, { "Australia/Lord_Howe", 2027 },
	{ "Asia/Kathmandu", 2026 }, { "Asia/Kathmandu", 1986 },
	{ "America/Sao_Paulo", 2018 }, { "America/Sao_Paulo", 2026 },
	{ "America/St_Johns", 2010 }, { "Pacific/Apia", 2011 }, { "Africa/Casablanca", 2026 },
	{ "Europe/Berlin", 2099 },
};

START_TEST(agrees_with_a_walk_through_every_minute)
{
	struct tm tm = { .tm_year = years[_i].year - 1900, .tm_mday = 1 };
	int64_t start = timegm(&tm) - LEAD * 60;
	struct minute *span = calloc(SPAN, sizeof(*span));
	int *next = calloc(SPAN + 1, sizeof(*next));

	ck_assert(span != NULL && next != NULL);
	seed = 2463534242u + (uint32_t)_i;
	walk_zone(years[_i].zone, start, span);
	for (int i = 0; i < EXPRESSIONS; i++) {
		struct rule rule;
		struct cron cron;

		do
			random_rule(&rule);
		while (cron_parse(rule.text, &cron, NULL) != 0);   /* 31 February */
		walk_rule(&rule, span, next);
		compare_rule(&rule, years[_i].zone, start, span, next);
	}
	free(span);
	free(next);
}
END_TEST

UNIT_CASE(cron_walk)
{
	tcase_add_loop_test(tc, agrees_with_a_walk_through_every_minute, 0,
	    sizeof(years) / sizeof(years[0]));
}

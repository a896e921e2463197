/*
 * cron_next against the plainest oracle there is: real minutes, the local time
 * of each by localtime, and the rules of schedule/cron.h applied one minute after
 * the other. It shares no code with cron.c, cron_parse.c or the zone database's
 * reader: an expression is made at random together with the sets it stands for.
 *
 * Whole years that have something odd, and stretches of two months at random
 * from 1990 to 2060, half of them where a clock changes.
 *   D1KEEP_SEED=N     another beginning; it is said with a failure
 *   D1KEEP_ROUNDS=N   so many stretches in each zone
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schedule/cron.h"
#include "tests/unit/unit.h"

#define LEAD 2880               /* minutes before it begins: to know what has been shown */
#define YEAR (366 * 1440)
#define STRETCH (60 * 1440)
#define DAY 86400

struct minute {
	int32_t wall;               /* minutes of local time since 1970 */
	int8_t month, mday, wday, hour, minute;
};

struct rule {
	char text[512];
	bool minutes[60], hours[24], days[32], months[13], weekdays[8];
	bool every_hour, any_day, any_weekday;
};

/* What is walked through. */
struct walk {
	const char *zone;
	int64_t start;              /* of its lead */
	int span;                   /* minutes, with the lead */
	struct minute *minutes;
	int *next;                  /* for one rule: where it fires next */
};

static uint32_t seed, seed_said;

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

static void begin_chance(uint32_t number)
{
	seed_said = (uint32_t)setting("D1KEEP_SEED", 20261128);
	seed = (seed_said * 2654435761u) ^ (number + 1) * 2246822519u;
	if (seed == 0)
		seed = 1;
}

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

static void use_zone(const char *zone)
{
	(void)setenv("TZ", zone, 1);
	tzset();
}

/* Every minute of the span: the oracle's own way to a zone. */
static void walk_init(struct walk *w, const char *zone, int64_t begin, int minutes)
{
	*w = (struct walk){ zone, begin - LEAD * 60, LEAD + minutes, NULL, NULL };
	w->minutes = calloc((size_t)w->span, sizeof(*w->minutes));
	w->next = calloc((size_t)w->span + 1, sizeof(*w->next));
	ck_assert(w->minutes != NULL && w->next != NULL);
	use_zone(zone);
	for (int i = 0; i < w->span; i++) {
		time_t at = w->start + (int64_t)i * 60;
		struct tm tm;

		(void)localtime_r(&at, &tm);   /* no assert: each writes to a pipe */
		fill(&w->minutes[i], &tm, (int32_t)((at + tm.tm_gmtoff) / 60));
	}
}

static void walk_release(struct walk *w)
{
	free(w->minutes);
	free(w->next);
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

/* To `next`: for each minute the first one from there on that fires, or the span. */
static void walk_rule(const struct rule *r, struct walk *w)
{
	const struct minute *m = w->minutes;
	int32_t shown = m[0].wall;

	for (int i = 0; i < w->span; i++) {
		bool fires = r->every_hour || m[i].wall == shown + 1 ?
		    rule_matches(r, &m[i]) : gap_matches(r, shown, m[i].wall);

		w->next[i] = fires ? i : -1;
		if (m[i].wall > shown)
			shown = m[i].wall;
	}
	w->next[w->span] = w->span;
	for (int i = w->span - 1; i >= 0; i--)
		w->next[i] = w->next[i] >= 0 ? w->next[i] : w->next[i + 1];
}

static void compare(const struct rule *r, const struct cron *cron, const struct walk *w, int from,
    int seconds)
{
	int64_t after = w->start + (int64_t)from * 60 + seconds;
	int found = w->next[from + 1];
	int64_t expected = w->start + (int64_t)found * 60;
	int64_t got = cron_next(cron, w->zone, after);

	if (got == expected)
		return;
	/* Past the span the oracle knows nothing. */
	if (found == w->span && (got == -1 || got > expected))
		return;
	ck_abort_msg("D1KEEP_SEED=%u: \"%s\" in %s after %lld: got %lld, not %lld", seed_said, r->text,
	    w->zone, (long long)after, (long long)got, (long long)expected);
}

/* At random moments, and at many around each change of the clock. */
static void compare_rule(const struct rule *r, const struct cron *cron, const struct walk *w)
{
	for (int probe = 0; probe < 300; probe++)
		compare(r, cron, w, LEAD + pick(w->span - LEAD), pick(60));
	for (int i = LEAD; i < w->span; i++) {
		if (w->minutes[i].wall == w->minutes[i - 1].wall + 1)
			continue;
		for (int near = i - 200 > LEAD ? i - 200 : LEAD; near < i + 200 && near < w->span; near += 3)
			compare(r, cron, w, near, pick(60));
		compare(r, cron, w, i - 1, 59);
		compare(r, cron, w, i, 0);
	}
}

static void compare_expressions(struct walk *w, int count)
{
	for (int i = 0; i < count; i++) {
		struct rule rule;
		struct cron cron;

		do
			random_rule(&rule);
		while (cron_parse(rule.text, &cron, NULL) != 0);   /* 31 February */
		walk_rule(&rule, w);
		compare_rule(&rule, &cron, w);
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
	struct walk walk;

	begin_chance((uint32_t)_i);
	walk_init(&walk, years[_i].zone, timegm(&tm), YEAR);
	compare_expressions(&walk, 20);
	walk_release(&walk);
}
END_TEST

/* An hour more or less, half an hour, at midnight, a day that never was, summer
 * time in winter, a quarter of an hour beside the others, twenty-three changes in
 * ten years, none. */
static const char *const zones[] = {
	"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata",
	"Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo",
	"Asia/Tehran", "Pacific/Chatham", "Africa/Cairo", "Europe/Dublin", "Antarctica/Troll",
	"Asia/Pyongyang", "America/Caracas", "Europe/Moscow",
};

static long offset_at(int64_t at)
{
	time_t t = at;
	struct tm tm;

	(void)localtime_r(&t, &tm);
	return tm.tm_gmtoff;
}

/* A moment from 1990 to 2060; with `change` one in the two months before the
 * clock changes, if it does within two years. */
static int64_t random_begin(bool change)
{
	int64_t begin = INT64_C(631152000) + (int64_t)pick(71 * 365) * DAY + pick(1440) * 60;
	long offset = offset_at(begin);

	for (int days = 0; change && days < 730; days++) {
		if (offset_at(begin + days * DAY) != offset)
			return begin + (days - 1 - pick(55)) * DAY;
	}
	return begin;
}

START_TEST(agrees_anywhere_in_seven_decades)
{
	unsigned long rounds = setting("D1KEEP_ROUNDS", 6);

	begin_chance(1000 + (uint32_t)_i);
	for (unsigned long i = 0; i < rounds; i++) {
		struct walk walk;

		use_zone(zones[_i]);
		walk_init(&walk, zones[_i], random_begin(i % 2 == 0), STRETCH);
		compare_expressions(&walk, 4);
		walk_release(&walk);
	}
}
END_TEST

UNIT_CASE(cron_walk)
{
	tcase_add_loop_test(tc, agrees_with_a_walk_through_every_minute, 0,
	    sizeof(years) / sizeof(years[0]));
	tcase_add_loop_test(tc, agrees_anywhere_in_seven_decades, 0, sizeof(zones) / sizeof(zones[0]));
}

/*
 * Blackouts and slots against a walk through real minutes: windows are made at
 * random together with the table of the minutes of the week that they cover,
 * and libc says what the clock shows.
 *   D1KEEP_SEED=N     another beginning; it is said with a failure
 *   D1KEEP_ROUNDS=N   so many weeks in each zone
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schedule/slots.h"
#include "tests/unit/chance.h"
#include "tests/unit/unit.h"

#define DAY 86400
#define WEEK_MINUTES (7 * 1440)
#define SPAN (45 * 1440)        /* minutes */
#define RUNS_FROM (8 * 1440)    /* so far back a blackout may hold up a slot */
#define RUNS_TO (22 * 1440)

static struct chance chance;
static unsigned long seed;
static char what[600];

static int pick(int count)
{
	return (int)chance_below(&chance, (size_t)count);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

/* ---- a blackout, as text and as a table */

static void cover(bool *covered, int day, int from, int to)
{
	int length = to > from ? to - from : to + 1440 - from;

	for (int i = 0; i < length; i++)
		covered[(day * 1440 + from + i) % WEEK_MINUTES] = true;
}

static void random_window(char *text, size_t size, bool *covered)
{
	static const char *const names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
	/* Often whole hours, so that windows meet. */
	int step = pick(2) == 0 ? 60 : 1;
	int from = pick(1440 / step) * step, to = pick(1440 / step) * step + step;
	int first = pick(7), last = pick(3) == 0 ? first : pick(7);
	size_t used = strlen(text);

	if (from == to)
		to = from < 720 ? 1440 : from / 2;
	if (pick(3) == 0) {
		first = 0;
		last = 6;
		(void)snprintf(text + used, size - used, "%02d:%02d-%02d:%02d", from / 60, from % 60,
		    to / 60, to % 60);
	} else {
		(void)snprintf(text + used, size - used, "%s%s%s %d:%02d-%02d:%02d", names[first],
		    first != last ? "-" : "", first != last ? names[last] : "", from / 60, from % 60,
		    to / 60, to % 60);
	}
	for (int day = first;; day = (day + 1) % 7) {
		cover(covered, day, from, to);
		if (day == last)
			return;
	}
}

/* One that leaves at least a minute; perhaps none. */
static void random_blackout(char *text, size_t size, struct blackout *ret, bool *covered)
{
	bool whole;

	do {
		int count = pick(6);

		text[0] = '\0';
		memset(covered, 0, WEEK_MINUTES * sizeof(*covered));
		for (int i = 0; i < count; i++) {
			if (i > 0)
				(void)strncat(text, ", ", size - strlen(text) - 1);
			random_window(text, size, covered);
		}
		whole = true;
		for (int i = 0; i < WEEK_MINUTES && whole; i++)
			whole = covered[i];
		if ((blackout_parse(text, ret, NULL) != 0) != whole)
			ck_abort_msg("D1KEEP_SEED=%lu: \"%s\" is %s", seed, text, whole ? "taken" : "refused");
	} while (whole);
}

/* ---- the walk */

/* For each minute the next one that is open, or SPAN. */
static void walk(const char *zone, int64_t start, const bool *covered, int *open)
{
	(void)setenv("TZ", zone, 1);
	tzset();
	for (int i = 0; i < SPAN; i++) {
		time_t at = start + (int64_t)i * 60;
		struct tm tm;

		(void)localtime_r(&at, &tm);
		open[i] = covered[tm.tm_wday * 1440 + tm.tm_hour * 60 + tm.tm_min] ? -1 : i;
	}
	open[SPAN] = SPAN;
	for (int i = SPAN - 1; i >= 0; i--)
		open[i] = open[i] >= 0 ? open[i] : open[i + 1];
}

static int64_t end_by_walk(const int *open, int64_t start, int64_t at)
{
	int64_t minute = (at - start) / 60;

	if (minute >= SPAN || open[minute] == minute)
		return at;
	return start + (int64_t)open[minute] * 60;
}

static void must_be(const char *name, int64_t at, int64_t got, int64_t expected)
{
	if (got != expected)
		ck_abort_msg("%s: %s at %lld: got %lld, not %lld", what, name, (long long)at,
		    (long long)got, (long long)expected);
}

static void compare_ends(const struct slots *s, const int *open, int64_t start)
{
	for (int i = 0; i < 300; i++) {
		int64_t at = start + (int64_t)pick(SPAN / 2 * 60);

		must_be("blackout_end", at, blackout_end(&s->blackout, s->zone, at),
		    end_by_walk(open, start, at));
	}
}

static int64_t due_by_walk(const struct slots *s, const int *open, int64_t start, int64_t slot)
{
	return end_by_walk(open, start, end_by_walk(open, start, slot) + s->offset_s);
}

/* As a daemon lives: minute by minute, now and then away for days. Each slot is
 * answered once, by its own run or that of a newer one, as soon as it is due. */
static void compare_runs(const struct slots *s, const int *open, int64_t start)
{
	int64_t answered = start + RUNS_FROM * 60, due;
	int64_t pending = cron_next(&s->cron, s->zone, answered);

	for (int64_t now = answered; now < start + RUNS_TO * 60; now += 60) {
		int64_t newest = -1, got;

		if (pick(2000) == 0)
			now += pick(5 * 1440) * 60;
		/* One by one, however many. */
		for (int64_t slot = pending; slot >= 0 && slot <= now &&
		    due_by_walk(s, open, start, slot) <= now; slot = cron_next(&s->cron, s->zone, slot))
			newest = slot;
		if (newest < 0 && pick(50) != 0)
			continue;
		got = slots_newest(s, answered, now, &due);
		must_be("slots_newest", now, got, newest);
		if (newest < 0)
			continue;
		must_be("its due time", newest, due, due_by_walk(s, open, start, newest));
		must_be("slots_before", now, slots_before(s, now), newest);
		answered = newest;
		pending = cron_next(&s->cron, s->zone, newest);
	}
}

/* Runs to come: later and later, none in a blackout, each of the newest slot that
 * is due then, and nothing due between them. */
static void compare_next_runs(const struct slots *s, const int *open, int64_t start)
{
	int64_t after = start + RUNS_FROM * 60, due = 0;

	for (int i = 0; i < 20 && due < start + RUNS_TO * 60; i++) {
		int64_t first = cron_next(&s->cron, s->zone, after);
		int64_t slot, ignored, last_due = due;

		if (first < 0 || first > start + RUNS_TO * 60)
			return;
		slot = slots_next_run(s, after, &due);
		must_be("due with the first", slot, due, due_by_walk(s, open, start, first));
		must_be("the newest", slot, slots_newest(s, after, due, &ignored), slot);
		must_be("nothing before", slot, slots_newest(s, after, due - 1, &ignored), -1);
		must_be("open", slot, end_by_walk(open, start, due), due);
		ck_assert_int_gt(due, last_due);
		after = slot;
	}
}

static const char *const zones[] = {
	"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata",
	"Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo",
};
static const char *const expressions[] = {
	"@hourly", "*/5 * * * *", "17 2 * * *", "30 2 * * sun", "0 0,6,12,18 * * *", "*/7 1-3 * * *",
	"59 23 * * mon-fri", "@weekly", "0 */5 * * *", "* * * * *",
};

START_TEST(agrees_with_a_walk_through_every_minute)
{
	unsigned long rounds = setting("D1KEEP_ROUNDS", 15);
	bool *covered = calloc(WEEK_MINUTES, sizeof(*covered));
	int *open = calloc(SPAN + 1, sizeof(*open));

	seed = setting("D1KEEP_SEED", 20261128);
	chance = (struct chance){ seed * 1000 + (unsigned long)_i };
	for (unsigned long i = 0; i < rounds; i++) {
		const char *expression = expressions[pick(sizeof(expressions) / sizeof(expressions[0]))];
		struct slots s = { .zone = zones[_i], .offset_s = (unsigned)(pick(3) * pick(1800)) };
		int64_t start = INT64_C(631152000) + (int64_t)pick(71 * 365) * DAY;
		char text[400];

		/* Where zones do what they do. */
		if (i % 5 == 0)
			start = INT64_C(1324600000) / DAY * DAY + (i % 2 == 0 ? 0 : 95 * DAY);
		ck_assert_int_eq(cron_parse(expression, &s.cron, NULL), 0);
		random_blackout(text, sizeof(text), &s.blackout, covered);
		(void)snprintf(what, sizeof(what), "D1KEEP_SEED=%lu: \"%s\" in %s from %lld, blackout \"%s\", offset %u",
		    seed, expression, s.zone, (long long)start, text, s.offset_s);
		walk(s.zone, start, covered, open);
		compare_ends(&s, open, start);
		compare_runs(&s, open, start);
		compare_next_runs(&s, open, start);
	}
	free(covered);
	free(open);
}
END_TEST

UNIT_CASE(slots_walk)
{
	tcase_add_loop_test(tc, agrees_with_a_walk_through_every_minute, 0,
	    sizeof(zones) / sizeof(zones[0]));
}

/*
 * A year of one database under a clock that jumps, looked at when something is due
 * or the clock was set, and only then; with runs that fail, that take longer than
 * they should, and with a daemon that is killed and started again. What must hold
 * is stated as rules over what was started.
 */
#include "daemon/timetable.h"

#include <string.h>

#include "tests/unit/chance.h"
#include "tests/unit/unit.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define BEGIN INT64_C(1795305600)      /* 2026-11-22T00:00:00Z */
#define RETRIES 2
#define DELAY 300

struct year {
	struct chance chance;
	struct timetable *table;
	int64_t period, offset;        /* a slot each `period` seconds, due that much later */
	int64_t now;                   /* what the wall clock shows */
	bool was_set;                  /* it did not go there by itself */
	/* The run that goes. */
	bool goes;
	int64_t slot_at, ends_at;
	int attempt;
	/* What the daemon noted of it. */
	struct timetable_plan noted;
	/* The newest slot that was begun or skipped since the clock was right. */
	int64_t newest;
	int64_t cut_off;               /* a slot whose run was killed, else 0 */
	int64_t passed_over;           /* the last that was skipped: nobody notes that */
	int answered, skipped, retried;
};

static int64_t newest_due(const struct year *y)
{
	int64_t since = y->now - y->offset;

	return since - since % y->period;
}

static struct timetable_plan make_plan(const struct year *y)
{
	struct timetable_plan p = { .name = "a/b", .scheduled = true, .slots.zone = "UTC" };
	const char *schedule = y->period == 600 ? "*/10 * * * *" :
	    y->period == HOUR ? "@hourly" : "@daily";

	ck_assert_int_eq(cron_parse(schedule, &p.slots.cron, NULL), 0);
	p.slots.offset_s = (unsigned)y->offset;
	return p;
}

static void begin(struct year *y, const struct timetable_step *step)
{
	ck_assert(!y->goes);
	if (step->attempt == 1) {
		/* The newest, and not twice. */
		ck_assert_int_eq(step->slot_at, newest_due(y));
		ck_assert_msg(step->slot_at > y->newest || step->slot_at == y->cut_off ||
		    step->slot_at == y->passed_over,
		    "%lld twice at %lld after %lld", (long long)step->slot_at, (long long)y->now,
		    (long long)y->newest);
		y->newest = step->slot_at;
		y->answered++;
	} else {
		/* Of the slot that failed, and while it is the newest. */
		ck_assert_int_eq(step->slot_at, y->newest);
		ck_assert_int_le(step->attempt, RETRIES + 1);
		ck_assert_int_eq(step->cause, STATE_CAUSE_RETRY);
		y->retried++;
	}
	y->cut_off = 0;
	y->goes = true;
	y->slot_at = step->slot_at;
	y->attempt = step->attempt;
	/* One in ten takes longer than it should. */
	y->ends_at = y->now + (int64_t)(chance_below(&y->chance, 10) == 0 ?
	    chance_below(&y->chance, (size_t)y->period * 3) : chance_below(&y->chance, 200));
	y->noted.answered_slot = step->slot_at;
	y->noted.retry.at = 0;
}

static void look(struct year *y)
{
	struct timetable_step step;
	int64_t next = timetable_next(y->table, NULL);

	/* As daemon/alarm.h wakes it. */
	if (!y->was_set && (next < 0 || next > y->now))
		return;
	y->was_set = false;
	while (timetable_step(y->table, y->now, &step)) {
		y->noted.next_at = step.next_at;
		if (step.retry_dropped)
			y->noted.retry.at = 0;
		if (step.kind == TIMETABLE_DUE) {
			begin(y, &step);
		} else if (step.kind == TIMETABLE_SKIPPED) {
			ck_assert(y->goes);
			ck_assert_int_eq(step.slot_at, newest_due(y));
			y->newest = y->passed_over = step.slot_at;
			y->skipped++;
		}
	}
}

static void end_if_over(struct year *y)
{
	struct timetable_retry again = {
		.at = y->now + DELAY * y->attempt, .slot_at = y->slot_at,
		.attempt = y->attempt + 1, .cause = STATE_CAUSE_RETRY,
	};

	if (!y->goes || y->now < y->ends_at)
		return;
	y->goes = false;
	timetable_finished(y->table, "a/b");
	/* One in five fails. A slot that was skipped meanwhile is not behind us. */
	if (chance_below(&y->chance, 5) != 0 || y->attempt > RETRIES || y->slot_at != y->newest)
		return;
	if (timetable_retry(y->table, "a/b", &again))
		y->noted.retry = again;
}

/* Killed and started again; what went is put back (state_recover). */
static void restart(struct year *y)
{
	struct timetable_plan p = make_plan(y);

	p.next_at = y->noted.next_at;
	p.answered_slot = y->noted.answered_slot;
	p.retry = y->noted.retry;
	if (y->goes) {
		p.next_at = y->cut_off = y->slot_at;
		/* Perhaps a newer one was skipped because of it. */
		y->newest = y->slot_at;
		y->goes = false;
	}
	timetable_free(y->table);
	y->table = timetable_new(&p, 1, y->now);
	y->noted.next_at = p.next_at;
	y->was_set = true;
}

/* What happens to the clock and the daemon from one look to the next. */
static void pass_time(struct year *y)
{
	size_t what = chance_below(&y->chance, 2000);

	y->now += (int64_t)chance_below(&y->chance, 61);
	timetable_passed(y->table, y->now);
	y->was_set = what <= 3;
	switch (what) {
	case 0: /* asleep, or off */
		y->now += (int64_t)chance_below(&y->chance, 5 * DAY);
		break;
	case 1: /* summer time, as some set their clocks, and leaps of minutes */
		y->now += (int64_t)chance_below(&y->chance, 2 * HOUR);
		break;
	case 2: /* back by a little: nothing is repeated */
		y->now -= (int64_t)chance_below(&y->chance, HOUR);
		break;
	case 3: /* far ahead by mistake, and back: it begins anew */
		y->now += 400 * DAY;
		end_if_over(y);
		look(y);
		timetable_passed(y->table, y->now);
		y->was_set = true;
		y->now -= 400 * DAY + HOUR;
		y->goes = false;
		timetable_finished(y->table, "a/b");
		y->newest = newest_due(y);
		y->noted.answered_slot = 0;
		y->noted.retry.at = 0;
		break;
	case 4:
		y->now += (int64_t)chance_below(&y->chance, DAY);
		restart(y);
		break;
	case 5:
		restart(y);
		break;
	}
}

static const int64_t periods[] = { 600, HOUR, DAY };

START_TEST(a_year_of_jumps_and_failures)
{
	struct year y = {
		.chance = { (uint64_t)_i + 1 }, .period = periods[_i % 3],
		.offset = _i % 2 == 0 ? 0 : 137, .now = BEGIN,
	};
	struct timetable_plan p = make_plan(&y);

	y.newest = newest_due(&y);
	y.noted = p;
	y.was_set = true;
	y.table = timetable_new(&p, 1, y.now);
	look(&y);
	while (y.now < BEGIN + 365 * DAY) {
		pass_time(&y);
		end_if_over(&y);
		look(&y);
		/* Whatever happened: what is due has been answered. */
		ck_assert_int_ge(y.newest, newest_due(&y));
	}
	ck_assert_int_gt(y.answered, 100);
	ck_assert_int_gt(y.retried, 10);
	timetable_free(y.table);
}
END_TEST

UNIT_CASE(timetable_year)
{
	tcase_add_loop_test(tc, a_year_of_jumps_and_failures, 0, 24);
}

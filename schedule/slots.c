#include "schedule/slots.h"

#define HOUR 3600
#define FEW 4

/* No delay is longer: a blackout leaves a minute a week, which the clock may
 * skip once, before the offset and after it. */
#define LONGEST_DELAY (30 * 86400)

/* FNV-1a, and MurmurHash's last steps to let every bit weigh in. Written out
 * here, for it may never change: due times would. */
static uint64_t hash(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

unsigned slots_offset(const char *name, unsigned spread_s)
{
	return (unsigned)(hash(name) % ((uint64_t)spread_s + 1));
}

/* When the run of a slot is due. Never falls from one slot to a later one. */
static int64_t due_of(const struct slots *slots, int64_t slot)
{
	int64_t open = blackout_end(&slots->blackout, slots->zone, slot);

	if (slots->offset_s == 0)
		return open;
	return blackout_end(&slots->blackout, slots->zone, open + slots->offset_s);
}

int64_t slots_next(const struct slots *slots, int64_t after_slot, int64_t *ret_due_at)
{
	int64_t slot = cron_next(&slots->cron, slots->zone, after_slot);

	*ret_due_at = slot >= 0 ? due_of(slots, slot) : -1;
	return slot;
}

/* The first slot after `after` that is not beyond `limit`, or -1. */
static int64_t next_until(const struct slots *slots, int64_t after, int64_t limit)
{
	int64_t slot = cron_next(&slots->cron, slots->zone, after);

	return slot <= limit ? slot : -1;
}

/* The latest moment from `low` (which is due) to `now` that, were it a slot,
 * would be due: due_of() never falls. */
static int64_t latest_due(const struct slots *slots, int64_t low, int64_t now)
{
	int64_t high = now + 1;

	if (slots->blackout.count == 0)
		return now - slots->offset_s;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (due_of(slots, middle) <= now)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The last slot up to `limit`, which is not before the slot `low`. */
static int64_t last_slot(const struct slots *slots, int64_t low, int64_t limit)
{
	int64_t high = limit;    /* no slot follows it up to the limit */
	int64_t slot;

	/* It is rarely far away: look back an hour, two, four … */
	for (int64_t back = HOUR; limit - back > low; back *= 2) {
		slot = next_until(slots, limit - back, limit);
		if (slot >= 0) {
			low = slot;
			break;
		}
		high = limit - back;
	}
	/* A few more steps, then by halves. */
	for (int i = 0; i < FEW; i++) {
		slot = next_until(slots, low, limit);
		if (slot < 0)
			return low;
		low = slot;
	}
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		slot = next_until(slots, middle, limit);
		if (slot >= 0)
			low = slot;
		else
			high = middle;
	}
	slot = next_until(slots, low, limit);
	return slot >= 0 ? slot : low;
}

int64_t slots_newest(const struct slots *slots, int64_t after_slot, int64_t now,
    int64_t *ret_due_at)
{
	int64_t newest = -1, newest_due = -1;

	for (int i = 0;; i++) {
		int64_t due, slot = slots_next(slots, newest >= 0 ? newest : after_slot, &due);

		if (slot < 0 || due > now)
			break;
		newest = slot;
		newest_due = due;
		/* More than a few: not one by one. */
		if (i == FEW) {
			newest = last_slot(slots, slot, latest_due(slots, slot, now));
			newest_due = due_of(slots, newest);
			break;
		}
	}
	*ret_due_at = newest_due;
	return newest;
}

int64_t slots_next_run(const struct slots *slots, int64_t after_slot, int64_t *ret_due_at)
{
	int64_t due, slot = slots_next(slots, after_slot, &due);

	if (slot >= 0)
		slot = slots_newest(slots, slot - 1, due, &due);
	*ret_due_at = due;
	return slot;
}

int64_t slots_before(const struct slots *slots, int64_t now)
{
	int64_t due, slot = slots_newest(slots, now - LONGEST_DELAY, now, &due);

	return slot >= 0 ? slot : now - LONGEST_DELAY;
}

/*
 * When a database's runs are due. A *slot* is always the time that the cron
 * expression names, whatever delays the run: two hosts with one configuration
 * agree on it, and a snapshot's manifest names it. A run is *due* once its slot
 * has left the blackout windows and the database's own offset has passed, and
 * that moment is in no window either. (The offset comes after the blackout, or
 * all databases would be due at once at its end.)
 *
 * A blackout, or a machine that is off, swallows several slots: one run, of the
 * newest that is due, answers them all (slots_newest).
 */
#ifndef D1KEEP_SCHEDULE_SLOTS_H
#define D1KEEP_SCHEDULE_SLOTS_H

#include <stdint.h>

#include "schedule/blackout.h"
#include "schedule/cron.h"

struct slots {
	struct cron cron;
	const char *zone;            /* not owned; the cron's and the blackout's */
	unsigned offset_s;           /* slots_offset */
	struct blackout blackout;    /* .count = 0: none */
};

/* How far a database's runs lie behind their slots: 0 to `spread_s` seconds, by
 * its name ("production/auth") alone, so the same on every host and for ever. */
unsigned slots_offset(const char *name, unsigned spread_s);

/* The first slot strictly after `after_slot` (any moment will do) and when it
 * is due; -1, and -1 for both, when there is none (cron_next). */
int64_t slots_next(const struct slots *slots, int64_t after_slot, int64_t *ret_due_at);

/* The newest slot strictly after `after_slot` that is due at `now`, and when it
 * became due; -1 for both when none is. Quick however long ago that was. */
int64_t slots_newest(const struct slots *slots, int64_t after_slot, int64_t now,
    int64_t *ret_due_at);

/* The slot of the next run after that of `after_slot`, and when it is due: of
 * the slots that are due at that moment the newest. -1 for both: none. */
int64_t slots_next_run(const struct slots *slots, int64_t after_slot, int64_t *ret_due_at);

/* A moment such that the slots after it are those that are due after `now`:
 * the newest slot that is due by then, or one far enough back. */
int64_t slots_before(const struct slots *slots, int64_t now);

#endif

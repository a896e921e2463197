/*
 * Which snapshots stay. Pure: what there is, a policy and a moment go in; for
 * each snapshot comes out that it is kept and why, or that it may go.
 *
 * The newest of a period represents it, and keep_N counts N periods that have
 * snapshots: days without a backup use up nothing. A period is one of the
 * zone's clock (an hour that comes twice in autumn is two).
 *
 * Never removed, whatever the policy says:
 *   - one that bears a label, or a pin that has not run out
 *   - one whose manifest cannot be read or is not trusted: nobody knows what it is
 *   - the newest of all, and the newest that is known to be good
 *   - one from the future: it counts for nothing either, so that a clock that
 *     was wrong for an hour does not push out what is right
 *   - a damaged one, as long as no newer one is known to be good
 *   - anything, when the last run failed, the newest snapshot is damaged, or the
 *     newest cannot be read: a failing week must not eat the good ones
 */
#ifndef D1KEEP_RETENTION_RULES_H
#define D1KEEP_RETENTION_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far ahead of `now` a snapshot's moment may be: clocks differ. */
#define RETENTION_SKEW_S 300

enum retention_verdict {
	RETENTION_UNVERIFIED,
	RETENTION_GOOD,
	RETENTION_BAD,            /* damaged: represents no period, counts for nothing */
};

struct retention_snapshot {
	char id[20];
	int64_t at;               /* its moment, Unix seconds */
	bool labelled;
	int64_t pinned_until;     /* Unix seconds; 0: not pinned; INT64_MAX: for ever (storage/store.h) */
	enum retention_verdict verdict;
	/* Why its manifest cannot be read or is not trusted, or NULL; not owned. */
	const char *unreadable;
};

enum retention_period {
	RETENTION_HOURLY,
	RETENTION_DAILY,
	RETENTION_WEEKLY,         /* weeks of ISO 8601: they begin on Monday */
	RETENTION_MONTHLY,
	RETENTION_YEARLY,
	RETENTION_PERIODS,
};

/* All zero: everything is kept. */
struct retention_policy {
	unsigned keep_last;
	unsigned keep[RETENTION_PERIODS];
	/* Seconds, 0: no such rule. Measured from the newest snapshot that is known
	 * to be good (or, when none was verified, the newest that is not damaged), not
	 * from now: so that time alone removes nothing. */
	int64_t keep_within;
	const char *zone;         /* of schedule/zone.h */
	int64_t now;
	bool last_run_failed;     /* the newest run took no snapshot, or a damaged one */
};

/* Kept: each rule that keeps it, as "daily 3/7 (2026-11-21)", the strongest
 * reason first. To be removed: why it may go. */
struct retention_fate {
	bool kept;
	char **reasons;
	size_t reason_count, reason_cap;
};

/* Decides about all of one database's snapshots, in any order. `ret` has `count`
 * zeroed entries, which correspond; release each. Returns whether anything may
 * be removed at all: false when the newest runs failed. */
bool retention_decide(const struct retention_snapshot *snapshots, size_t count,
    const struct retention_policy *policy, struct retention_fate *ret);

/* Why nothing may be removed, or NULL: what retention_decide goes by. */
const char *retention_why_held(const struct retention_snapshot *snapshots, size_t count,
    const struct retention_policy *policy);

/* Does the policy name anything? */
bool retention_is_set(const struct retention_policy *policy);

void retention_fate_add(struct retention_fate *fate, char *reason);   /* takes it */
void retention_fate_release(struct retention_fate *fate);

#endif

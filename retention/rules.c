#include "retention/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stamp.h"
#include "retention/period.h"
#include "storage/store.h"

#define NONE ((size_t)-1)

/* One decision, while it is made. */
struct deciding {
	const struct retention_snapshot *snapshots;
	size_t count;
	const struct retention_policy *policy;
	struct retention_fate *fates;
	size_t *order;        /* those that count (readable, not of the future), newest first */
	size_t order_count;
	size_t newest_good;   /* or NONE */
};

void retention_fate_add(struct retention_fate *fate, char *reason)
{
	fate->reasons = mem_grow(fate->reasons, fate->reason_count, &fate->reason_cap,
	    sizeof(*fate->reasons));
	fate->reasons[fate->reason_count++] = reason;
}

void retention_fate_release(struct retention_fate *fate)
{
	for (size_t i = 0; i < fate->reason_count; i++)
		free(fate->reasons[i]);
	free(fate->reasons);
	*fate = (struct retention_fate){ .kept = false };
}

bool retention_is_set(const struct retention_policy *policy)
{
	for (int i = 0; i < RETENTION_PERIODS; i++) {
		if (policy->keep[i] > 0)
			return true;
	}
	return policy->keep_last > 0 || policy->keep_within > 0;
}

static bool future(const struct retention_snapshot *s, const struct retention_policy *policy)
{
	return s->at > policy->now + RETENTION_SKEW_S;
}

static bool is_of_the_future(const struct deciding *d, size_t i)
{
	return future(&d->snapshots[i], d->policy);
}

static bool is_bad(const struct deciding *d, size_t i)
{
	return d->snapshots[i].verdict == RETENTION_BAD;
}

static void keep(struct deciding *d, size_t i, char *reason)
{
	d->fates[i].kept = true;
	retention_fate_add(&d->fates[i], reason);
}

/* ---- what counts, newest first ---- */

struct dated {
	size_t index;
	int64_t at;
};

static int newest_first(const void *a, const void *b)
{
	const struct dated *left = a, *right = b;

	if (left->at != right->at)
		return left->at < right->at ? 1 : -1;
	return left->index < right->index ? 1 : -1;
}

static void sort(struct deciding *d)
{
	struct dated *dated = mem_calloc(d->count + 1, sizeof(*dated));
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (d->snapshots[i].unreadable == NULL && !is_of_the_future(d, i))
			dated[n++] = (struct dated){ i, d->snapshots[i].at };
	}
	if (n > 0)
		qsort(dated, n, sizeof(*dated), newest_first);
	d->order = mem_calloc(n + 1, sizeof(*d->order));
	d->order_count = n;
	d->newest_good = NONE;
	for (size_t i = n; i > 0; i--) {
		d->order[i - 1] = dated[i - 1].index;
		if (d->snapshots[dated[i - 1].index].verdict == RETENTION_GOOD)
			d->newest_good = dated[i - 1].index;
	}
	free(dated);
}

/* ---- what no policy removes ---- */

static char *pin_words(int64_t until)
{
	char stamp[STAMP_ISO_SIZE];

	return until == PINNED_FOR_EVER ? mem_strdup("pinned") :
	    mem_printf("pinned until %s", stamp_iso(until, stamp));
}

static void keep_what_is_special(struct deciding *d, size_t i)
{
	const struct retention_snapshot *s = &d->snapshots[i];

	if (s->unreadable != NULL)
		keep(d, i, mem_strdup(s->unreadable));
	if (is_of_the_future(d, i))
		keep(d, i, mem_strdup("dated in the future: it counts for nothing"));
	if (s->labelled)
		keep(d, i, mem_strdup("labelled"));
	if (s->pinned_until >= d->policy->now && s->pinned_until != 0)
		keep(d, i, pin_words(s->pinned_until));
}

static void keep_the_newest(struct deciding *d)
{
	if (d->order_count > 0)
		keep(d, d->order[0], mem_strdup("the newest"));
	if (d->newest_good != NONE)
		keep(d, d->newest_good, mem_strdup("the newest that is known to be good"));
}

static void keep_last_resorts(struct deciding *d)
{
	for (size_t i = 0; i < d->order_count; i++) {
		if (d->newest_good != NONE && d->order[i] == d->newest_good)
			return;
		if (is_bad(d, d->order[i]))
			keep(d, d->order[i], mem_strdup("damaged, but no newer one is known to be good"));
	}
}

/* ---- what the policy names ---- */

static void apply_last(struct deciding *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->order_count && n < d->policy->keep_last; i++) {
		if (!is_bad(d, d->order[i]))
			keep(d, d->order[i], mem_printf("last %u/%u", ++n, d->policy->keep_last));
	}
}

struct slot {
	size_t index;
	int64_t at;
	int64_t period;       /* retention/period.h */
};

static int newest_slot_first(const void *a, const void *b)
{
	const struct slot *left = a, *right = b;

	if (left->period != right->period)
		return left->period < right->period ? 1 : -1;
	return left->at < right->at ? 1 : left->at > right->at ? -1 : 0;
}

/* Sorted by period, and not only by time: where a clock is set back at midnight
 * a day may come twice, with a bit of another between. */
static void apply_period(struct deciding *d, enum retention_period kind)
{
	unsigned wanted = d->policy->keep[kind], n = 0;
	struct slot *slots = mem_calloc(d->order_count + 1, sizeof(*slots));
	size_t count = 0;

	for (size_t i = 0; i < d->order_count; i++) {
		int64_t at = d->snapshots[d->order[i]].at;

		if (!is_bad(d, d->order[i]))
			slots[count++] = (struct slot){ d->order[i], at,
				period_of(kind, d->policy->zone, at) };
	}
	if (count > 0)
		qsort(slots, count, sizeof(*slots), newest_slot_first);
	for (size_t i = 0; i < count && n < wanted; i++) {
		char name[PERIOD_NAME_SIZE];

		if (i > 0 && slots[i].period == slots[i - 1].period)
			continue;
		keep(d, slots[i].index, mem_printf("%s %u/%u (%s)", period_word(kind), ++n, wanted,
		    period_name(kind, d->policy->zone, slots[i].at, name)));
	}
	free(slots);
}

/* The newest good one; without verdicts, the newest that is not damaged. */
static size_t anchor(const struct deciding *d)
{
	size_t i = 0;

	if (d->newest_good != NONE)
		return d->newest_good;
	while (i < d->order_count && is_bad(d, d->order[i]))
		i++;
	return i < d->order_count ? d->order[i] : NONE;
}

static char *within_words(int64_t seconds)
{
	return seconds % 86400 == 0 ? mem_printf("within %lld d", (long long)(seconds / 86400)) :
	    mem_printf("within %lld h", (long long)(seconds / 3600));
}

static void apply_within(struct deciding *d)
{
	size_t from = anchor(d);

	if (from == NONE || d->policy->keep_within == 0)
		return;
	for (size_t i = 0; i < d->order_count; i++) {
		if (d->snapshots[d->order[i]].at >= d->snapshots[from].at - d->policy->keep_within)
			keep(d, d->order[i], within_words(d->policy->keep_within));
	}
}

static void apply_policy(struct deciding *d)
{
	if (!retention_is_set(d->policy)) {
		for (size_t i = 0; i < d->order_count; i++)
			keep(d, d->order[i], mem_strdup("no keep_ option is set"));
		return;
	}
	apply_last(d);
	for (int kind = 0; kind < RETENTION_PERIODS; kind++)
		apply_period(d, (enum retention_period)kind);
	apply_within(d);
}

/* ---- when the newest runs failed ---- */

/* The newest by its moment, whatever it is: but not from the future. */
static const struct retention_snapshot *newest_of_all(
    const struct retention_snapshot *snapshots, size_t count,
    const struct retention_policy *policy)
{
	const struct retention_snapshot *newest = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!future(&snapshots[i], policy) && (newest == NULL || snapshots[i].at > newest->at))
			newest = &snapshots[i];
	}
	return newest;
}

const char *retention_why_held(const struct retention_snapshot *snapshots, size_t count,
    const struct retention_policy *policy)
{
	const struct retention_snapshot *newest = newest_of_all(snapshots, count, policy);

	if (policy->last_run_failed)
		return "nothing is removed while the last backup is one that failed";
	if (newest == NULL)
		return NULL;
	if (newest->unreadable != NULL)
		return "nothing is removed while the newest snapshot is one that cannot be read";
	return newest->verdict == RETENTION_BAD ?
	    "nothing is removed while the newest snapshot is one that is damaged" : NULL;
}

static void settle(struct deciding *d, size_t i, const char *held)
{
	if (d->fates[i].kept)
		return;
	if (held != NULL)
		keep(d, i, mem_strdup(held));
	else if (is_bad(d, i))
		retention_fate_add(&d->fates[i], mem_strdup("damaged, and a newer one is good"));
	else
		retention_fate_add(&d->fates[i], mem_strdup("no rule names it"));
}

bool retention_decide(const struct retention_snapshot *snapshots, size_t count,
    const struct retention_policy *policy, struct retention_fate *ret)
{
	struct deciding d = {
		.snapshots = snapshots, .count = count, .policy = policy, .fates = ret,
	};
	const char *held;

	sort(&d);
	for (size_t i = 0; i < count; i++)
		keep_what_is_special(&d, i);
	keep_the_newest(&d);
	keep_last_resorts(&d);
	apply_policy(&d);
	held = retention_why_held(snapshots, count, policy);
	for (size_t i = 0; i < count; i++)
		settle(&d, i, held);
	free(d.order);
	return held == NULL;
}

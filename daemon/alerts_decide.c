#include "daemon/alerts_internal.h"

#define PATIENCE_S 300
#define PATIENCE_MAX_S 86400
#define BEAT_PATIENCE_S 60
#define BEAT_EVERY_S 900          /* also the longest patience of a heartbeat */
#define BEAT_SOONEST_S 60
#define HOLD_STALE_S 3600
#define SKEW_S 3600

/* Is it time to tell again what was told? A time that is yet to come was noted
 * under a clock that was wrong. */
static bool is_due_again(const struct target *t, struct alerts_memory *memory, int64_t now)
{
	if (memory->told_at > now + SKEW_S)
		memory->told_at = now;
	return now - memory->told_at >= t->own.repeat_after_s;
}

static bool is_failure_due(const struct target *t, const struct database *d,
    struct alerts_memory *memories, int64_t now, struct alerts_decision *ret)
{
	struct alerts_memory *memory = &memories[ALERT_FAILURE];

	if (!alerts_wants(t, ALERT_FAILURE) || !d->facts.failing)
		return false;
	ret->since_at = d->facts.failing_since;
	ret->gravity = d->facts.gravity;
	if (memory->told_at == 0 || d->facts.gravity > memory->gravity)
		return true;
	ret->memory_at = memory->told_at;
	/* Our sight is shorter than its memory, perhaps. */
	if (memory->since_at != 0 && memory->since_at < ret->since_at)
		ret->since_at = memory->since_at;
	return is_due_again(t, memory, now);
}

/* A run that is under way gets a while to make it good. */
static bool is_held(struct alerts *alerts, size_t database, int64_t now)
{
	struct database *d = &alerts->databases[database];

	if (!alerts->options.is_busy(alerts->options.ctx, database)) {
		d->held_at = 0;
		return false;
	}
	if (d->held_at == 0 || d->held_at > now)
		d->held_at = now;
	return now - d->held_at < HOLD_STALE_S;
}

static bool is_stale_due(struct alerts *alerts, const struct target *t, size_t database,
    struct alerts_memory *memories, int64_t now, struct alerts_decision *ret)
{
	struct database *d = &alerts->databases[database];
	struct alerts_memory *memory = &memories[ALERT_STALE];

	if (!alerts_wants(t, ALERT_STALE) || !alerts_is_stale(d, now))
		return false;
	ret->since_at = d->facts.fresh_until;
	if (memory->told_at == 0)
		return !is_held(alerts, database, now);
	ret->memory_at = memory->told_at;
	return is_due_again(t, memory, now);
}

static bool is_shrink_due(const struct target *t, const struct database *d,
    const struct alerts_memory *memories, struct alerts_decision *ret)
{
	int64_t shrunk_at = d->facts.shrunk_at;

	ret->since_at = shrunk_at;
	return alerts_wants(t, ALERT_SHRINK) && shrunk_at >= t->own.known_at && shrunk_at != 0 &&
	    shrunk_at > memories[ALERT_SHRINK].since_at;
}

static bool is_recovery_due(const struct target *t, const struct database *d,
    const struct alerts_memory *memories, int64_t now, struct alerts_decision *ret)
{
	const struct alerts_memory *failure = &memories[ALERT_FAILURE];
	const struct alerts_memory *stale = &memories[ALERT_STALE];

	if (!alerts_wants(t, ALERT_RECOVERY) || d->facts.failing || alerts_is_stale(d, now) ||
	    (failure->told_at == 0 && stale->told_at == 0))
		return false;
	ret->since_at = failure->told_at != 0 ? failure->since_at : stale->since_at;
	if (stale->told_at != 0 && stale->since_at < ret->since_at)
		ret->since_at = stale->since_at;
	return true;
}

static bool decide_about(struct alerts *alerts, struct target *t, size_t database, int64_t now,
    struct alerts_decision *ret)
{
	struct database *d = &alerts->databases[database];
	struct alerts_memory *memories = t->memories[database];
	static const struct alerts_decision none = { .kind = ALERT_FAILURE };

	if (!d->is_known || !alerts_concerns(t, d))
		return false;
	*ret = none;
	if (is_failure_due(t, d, memories, now, ret))
		ret->kind = ALERT_FAILURE;
	else if (*ret = none, is_stale_due(alerts, t, database, memories, now, ret))
		ret->kind = ALERT_STALE;
	else if (*ret = none, is_recovery_due(t, d, memories, now, ret))
		ret->kind = ALERT_RECOVERY;
	else if (*ret = none, is_shrink_due(t, d, memories, ret))
		ret->kind = ALERT_SHRINK;
	else
		return false;
	ret->database = database;
	return true;
}

/* One database that is overdue or of which nothing is known, and none of those
 * that are watched is forgotten: silence. */
static bool is_all_well(const struct alerts *alerts, const struct target *t, int64_t now)
{
	size_t watched = 0;

	for (size_t i = 0; i < alerts->options.database_count; i++) {
		const struct database *d = &alerts->databases[i];

		if (!d->own.is_watched || !alerts_concerns(t, d))
			continue;
		watched++;
		if (!d->is_known || d->facts.verified_at == 0 || d->facts.fresh_until == 0 ||
		    alerts_is_stale(d, now))
			return false;
	}
	return watched > 0;
}

static int64_t beat_every(const struct target *t)
{
	return t->ran ? BEAT_SOONEST_S : BEAT_EVERY_S;
}

static bool is_beat_due(const struct alerts *alerts, const struct target *t, int64_t now,
    struct alerts_decision *ret)
{
	int64_t past = now - t->beat_at;

	*ret = (struct alerts_decision){ .kind = ALERT_HEARTBEAT };
	if (past >= 0 && past < beat_every(t))
		return false;
	return is_all_well(alerts, t, now);
}

/* It was told enough for this minute. */
static bool has_heard_enough(const struct alerts *alerts, const struct target *t, int64_t now)
{
	unsigned most = alerts->options.a_minute;

	return most != 0 && t->told >= most && now >= t->minute_at &&
	    now - t->minute_at < ALERTS_MINUTE_S;
}

/* Until then it is left alone; one whose time is yet to come was tried under a clock
 * that was wrong. */
static int64_t alone_until(const struct target *t, int64_t now)
{
	int64_t patience = t->own.is_heartbeat ? BEAT_PATIENCE_S : PATIENCE_S;
	int64_t most = t->own.is_heartbeat ? BEAT_EVERY_S : PATIENCE_MAX_S;

	if (t->failures == 0 || now < t->tried_at)
		return now;
	for (unsigned i = 1; i < t->failures && patience < most; i++)
		patience *= 2;
	return t->tried_at + (patience < most ? patience : most);
}

static bool decide_for(struct alerts *alerts, struct target *t, int64_t now,
    struct alerts_decision *ret)
{
	if (now < alone_until(t, now))
		return false;
	if (t->own.is_heartbeat)
		return is_beat_due(alerts, t, now, ret);
	if (has_heard_enough(alerts, t, now))
		return false;
	for (size_t i = 0; i < alerts->options.database_count; i++) {
		if (decide_about(alerts, t, i, now, ret))
			return true;
	}
	return false;
}

bool alerts_next(struct alerts *alerts, int64_t now, struct alerts_decision *ret)
{
	size_t count = alerts->options.target_count;

	for (size_t i = 0; i < count; i++) {
		size_t number = (alerts->turn + i) % count;

		if (decide_for(alerts, &alerts->targets[number], now, ret)) {
			ret->target = number;
			return true;
		}
	}
	return false;
}

size_t alerts_alike(struct alerts *alerts, const struct alerts_decision *decision, int64_t now,
    struct alerts_decision *ret)
{
	struct target *t = &alerts->targets[decision->target];
	size_t count = 0;

	if (decision->kind == ALERT_HEARTBEAT) {
		ret[0] = *decision;
		return 1;
	}
	for (size_t i = 0; i < alerts->options.database_count; i++) {
		if (!decide_about(alerts, t, i, now, &ret[count]) ||
		    ret[count].kind != decision->kind)
			continue;
		ret[count++].target = decision->target;
	}
	return count;
}

/* ---- when to decide again */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What is due by itself: recoveries and shrinking follow from what is learnt. */
static int64_t next_about(const struct target *t, size_t database, const struct database *d,
    int64_t now)
{
	int64_t failure = t->memories[database][ALERT_FAILURE].told_at;
	int64_t stale = t->memories[database][ALERT_STALE].told_at, at = INT64_MAX;

	if (!d->is_known || !alerts_concerns(t, d))
		return at;
	if (alerts_wants(t, ALERT_FAILURE) && d->facts.failing && failure != 0)
		at = failure + t->own.repeat_after_s;
	if (!alerts_wants(t, ALERT_STALE) || d->facts.fresh_until <= 0)
		return at;
	if (!alerts_is_stale(d, now))
		return earlier(at, d->facts.fresh_until + 1);
	return earlier(at, stale != 0 ? stale + t->own.repeat_after_s : d->held_at + HOLD_STALE_S);
}

static int64_t next_for(const struct alerts *alerts, const struct target *t, int64_t now)
{
	int64_t at = INT64_MAX;

	if (now < alone_until(t, now))
		return alone_until(t, now);
	if (t->own.is_heartbeat)
		return is_all_well(alerts, t, now) ? t->beat_at + beat_every(t) : at;
	if (has_heard_enough(alerts, t, now))
		return t->minute_at + ALERTS_MINUTE_S;
	for (size_t i = 0; i < alerts->options.database_count; i++)
		at = earlier(at, next_about(t, i, &alerts->databases[i], now));
	return at;
}

int64_t alerts_next_at(const struct alerts *alerts, int64_t now)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < alerts->options.target_count; i++)
		at = earlier(at, next_for(alerts, &alerts->targets[i], now));
	return at;
}

#include "daemon/alerts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PATIENCE_S 300
#define PATIENCE_MAX_S 86400
#define BEAT_PATIENCE_S 60
#define BEAT_EVERY_S 900          /* also the longest patience of a heartbeat */
#define BEAT_SOONEST_S 60
#define HOLD_STALE_S 3600
#define SKEW_S 3600

struct target {
	struct alerts_target own;
	unsigned failures;       /* in a row */
	int64_t tried_at;
	int64_t beat_at;         /* of a heartbeat: when it last came through */
	bool ran;                /* a run has ended since */
	struct alerts_memory (*memories)[ALERT_MEMORIES];   /* of each database */
};

struct database {
	struct alerts_database own;
	struct alerts_facts facts;
	bool is_known;
	int64_t held_at;         /* staleness is held back since; 0: it isn't */
};

struct alerts {
	struct alerts_options options;
	struct target *targets;
	struct database *databases;
	size_t turn;             /* whose it is */
};

const char *alert_word(enum alert_kind kind)
{
	static const char *const words[] = { "failure", "stale", "shrink", "recovery", "heartbeat" };

	return words[kind];
}

static int by_name(const void *a, const void *b)
{
	const struct database *left = a, *right = b;

	return strcmp(left->own.name, right->own.name);
}

struct alerts *alerts_new(const struct alerts_options *options)
{
	struct alerts *alerts = mem_calloc(1, sizeof(*alerts));

	alerts->options = *options;
	alerts->targets = mem_calloc(options->target_count, sizeof(*alerts->targets));
	alerts->databases = mem_calloc(options->database_count, sizeof(*alerts->databases));
	for (size_t i = 0; i < options->target_count; i++) {
		struct target *t = &alerts->targets[i];

		t->own = options->targets[i];
		t->own.name = mem_strdup(t->own.name);
		t->own.environment = mem_strdup(t->own.environment);
		t->memories = mem_calloc(options->database_count, sizeof(*t->memories));
	}
	for (size_t i = 0; i < options->database_count; i++) {
		struct database *d = &alerts->databases[i];

		d->own = options->databases[i];
		d->own.name = mem_strdup(d->own.name);
		d->own.environment = mem_strdup(d->own.environment);
		assert(i == 0 || by_name(d - 1, d) < 0);
	}
	return alerts;
}

void alerts_free(struct alerts *alerts)
{
	if (alerts == NULL)
		return;
	for (size_t i = 0; i < alerts->options.target_count; i++) {
		free((char *)alerts->targets[i].own.name);
		free((char *)alerts->targets[i].own.environment);
		free(alerts->targets[i].memories);
	}
	for (size_t i = 0; i < alerts->options.database_count; i++) {
		free((char *)alerts->databases[i].own.name);
		free((char *)alerts->databases[i].own.environment);
	}
	free(alerts->targets);
	free(alerts->databases);
	free(alerts);
}

long alerts_find_database(const struct alerts *alerts, const char *name)
{
	struct database key = { .own = { .name = name } };
	const struct database *found = bsearch(&key, alerts->databases,
	    alerts->options.database_count, sizeof(key), by_name);

	return found != NULL ? (long)(found - alerts->databases) : -1;
}

long alerts_find_target(const struct alerts *alerts, const char *name)
{
	for (size_t i = 0; i < alerts->options.target_count; i++) {
		if (strcmp(alerts->targets[i].own.name, name) == 0)
			return (long)i;
	}
	return -1;
}

/* ---- memories */

void alerts_recall(struct alerts *alerts, size_t target, size_t database, enum alert_kind kind,
    const struct alerts_memory *memory)
{
	assert(target < alerts->options.target_count && database < alerts->options.database_count);
	alerts->targets[target].memories[database][kind] = *memory;
}

int64_t alerts_known_at(const struct alerts *alerts, size_t target)
{
	return alerts->targets[target].own.known_at;
}

const struct alerts_memory *alerts_memory(const struct alerts *alerts, size_t target,
    size_t database, enum alert_kind kind)
{
	return &alerts->targets[target].memories[database][kind];
}

static void adopt_target(struct alerts *alerts, struct target *t, const struct alerts *old,
    const struct target *before)
{
	t->own.known_at = before->own.known_at;
	t->failures = before->failures;
	t->tried_at = before->tried_at;
	t->beat_at = before->beat_at;
	t->ran = before->ran;
	for (size_t i = 0; i < alerts->options.database_count; i++) {
		long number = alerts_find_database(old, alerts->databases[i].own.name);

		if (number >= 0)
			memcpy(t->memories[i], before->memories[number], sizeof(t->memories[i]));
	}
}

void alerts_adopt(struct alerts *alerts, const struct alerts *old)
{
	for (size_t i = 0; i < alerts->options.target_count; i++) {
		long number = alerts_find_target(old, alerts->targets[i].own.name);

		if (number >= 0)
			adopt_target(alerts, &alerts->targets[i], old, &old->targets[number]);
	}
}

static void remember(struct alerts *alerts, size_t target, size_t database, enum alert_kind kind,
    const struct alerts_memory *memory)
{
	alerts_recall(alerts, target, database, kind, memory);
	alerts->options.remember(alerts->options.ctx, target, database, kind, memory);
}

static void forget(struct alerts *alerts, size_t target, size_t database, enum alert_kind kind)
{
	static const struct alerts_memory none = { .told_at = 0 };

	if (alerts->targets[target].memories[database][kind].told_at != 0)
		remember(alerts, target, database, kind, &none);
}

/* ---- facts */

static bool is_stale(const struct database *d, int64_t now)
{
	return d->facts.fresh_until > 0 && now > d->facts.fresh_until;
}

static bool wants(const struct target *t, enum alert_kind kind)
{
	return !t->own.is_heartbeat && (t->own.kinds & 1u << kind) != 0;
}

static bool concerns(const struct target *t, const struct database *d)
{
	return t->own.environment == NULL || strcmp(t->own.environment, d->own.environment) == 0;
}

/* Patience was for what is old: the new is worth a try soon. */
static void encourage(struct alerts *alerts, const struct database *d)
{
	for (size_t i = 0; i < alerts->options.target_count; i++) {
		struct target *t = &alerts->targets[i];

		if (t->failures > 1 && concerns(t, d))
			t->failures = 1;
	}
}

/* Whoever does not want to hear of the end has heard all there is. */
static void forget_what_ended(struct alerts *alerts, size_t target, size_t database, int64_t now)
{
	const struct database *d = &alerts->databases[database];

	if (wants(&alerts->targets[target], ALERT_RECOVERY))
		return;
	if (!d->facts.failing)
		forget(alerts, target, database, ALERT_FAILURE);
	if (!is_stale(d, now))
		forget(alerts, target, database, ALERT_STALE);
}

void alerts_learn(struct alerts *alerts, size_t database, const struct alerts_facts *facts,
    int64_t now)
{
	struct database *d = &alerts->databases[database];
	bool worse = facts->failing && (!d->facts.failing || facts->gravity > d->facts.gravity);
	bool shrank = facts->shrunk_at > d->facts.shrunk_at;

	if (d->is_known && (worse || shrank))
		encourage(alerts, d);
	d->facts = *facts;
	d->is_known = true;
	for (size_t i = 0; i < alerts->options.target_count; i++)
		forget_what_ended(alerts, i, database, now);
}

void alerts_ran(struct alerts *alerts)
{
	for (size_t i = 0; i < alerts->options.target_count; i++)
		alerts->targets[i].ran = true;
}

/* ---- decisions */

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

	if (!wants(t, ALERT_FAILURE) || !d->facts.failing)
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

	if (!wants(t, ALERT_STALE) || !is_stale(d, now))
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
	return wants(t, ALERT_SHRINK) && shrunk_at >= t->own.known_at && shrunk_at != 0 &&
	    shrunk_at > memories[ALERT_SHRINK].since_at;
}

static bool is_recovery_due(const struct target *t, const struct database *d,
    const struct alerts_memory *memories, int64_t now, struct alerts_decision *ret)
{
	const struct alerts_memory *failure = &memories[ALERT_FAILURE];
	const struct alerts_memory *stale = &memories[ALERT_STALE];

	if (!wants(t, ALERT_RECOVERY) || d->facts.failing || is_stale(d, now) ||
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

	if (!d->is_known || !concerns(t, d))
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

		if (!d->own.is_watched || !concerns(t, d))
			continue;
		watched++;
		if (!d->is_known || d->facts.verified_at == 0 || d->facts.fresh_until == 0 ||
		    is_stale(d, now))
			return false;
	}
	return watched > 0;
}

static bool is_beat_due(const struct alerts *alerts, const struct target *t, int64_t now,
    struct alerts_decision *ret)
{
	int64_t past = now - t->beat_at;

	*ret = (struct alerts_decision){ .kind = ALERT_HEARTBEAT };
	if (past >= 0 && past < (t->ran ? BEAT_SOONEST_S : BEAT_EVERY_S))
		return false;
	return is_all_well(alerts, t, now);
}

static bool is_left_alone(const struct target *t, int64_t now)
{
	int64_t patience = t->own.is_heartbeat ? BEAT_PATIENCE_S : PATIENCE_S;
	int64_t most = t->own.is_heartbeat ? BEAT_EVERY_S : PATIENCE_MAX_S;

	if (t->failures == 0 || now < t->tried_at)
		return false;
	for (unsigned i = 1; i < t->failures && patience < most; i++)
		patience *= 2;
	return now - t->tried_at < (patience < most ? patience : most);
}

static bool decide_for(struct alerts *alerts, struct target *t, int64_t now,
    struct alerts_decision *ret)
{
	if (is_left_alone(t, now))
		return false;
	if (t->own.is_heartbeat)
		return is_beat_due(alerts, t, now, ret);
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

/* ---- what came of it */

static void pass_turn(struct alerts *alerts, const struct alerts_decision *decision)
{
	alerts->turn = decision->target + 1;
}

void alerts_told(struct alerts *alerts, const struct alerts_decision *decision, int64_t now)
{
	struct target *t = &alerts->targets[decision->target];
	struct alerts_memory memory = {
		.since_at = decision->since_at, .told_at = now, .gravity = decision->gravity,
	};

	pass_turn(alerts, decision);
	t->failures = 0;
	if (decision->kind == ALERT_HEARTBEAT) {
		t->beat_at = now;
		t->ran = false;
	} else if (decision->kind == ALERT_RECOVERY) {
		forget(alerts, decision->target, decision->database, ALERT_FAILURE);
		forget(alerts, decision->target, decision->database, ALERT_STALE);
	} else {
		remember(alerts, decision->target, decision->database, decision->kind, &memory);
		/* It may have ended while it was being told. */
		forget_what_ended(alerts, decision->target, decision->database, now);
	}
}

void alerts_not_told(struct alerts *alerts, const struct alerts_decision *decision, int64_t now)
{
	struct target *t = &alerts->targets[decision->target];

	pass_turn(alerts, decision);
	t->failures++;
	t->tried_at = now;
}

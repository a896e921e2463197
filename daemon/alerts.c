#include "daemon/alerts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/alerts_internal.h"

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
	t->minute_at = before->minute_at;
	t->told = before->told;
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

/* Patience was for what is old: the new is worth a try soon. */
static void encourage(struct alerts *alerts, const struct database *d)
{
	for (size_t i = 0; i < alerts->options.target_count; i++) {
		struct target *t = &alerts->targets[i];

		if (t->failures > 1 && alerts_concerns(t, d))
			t->failures = 1;
	}
}

/* Whoever does not want to hear of the end has heard all there is. */
static void forget_what_ended(struct alerts *alerts, size_t target, size_t database, int64_t now)
{
	const struct database *d = &alerts->databases[database];

	if (alerts_wants(&alerts->targets[target], ALERT_RECOVERY))
		return;
	if (!d->facts.failing)
		forget(alerts, target, database, ALERT_FAILURE);
	if (!alerts_is_stale(d, now))
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

/* ---- what came of it */

static void pass_turn(struct alerts *alerts, const struct alerts_decision *decision)
{
	alerts->turn = decision->target + 1;
}

static void count_notice(struct target *t, int64_t now)
{
	if (now < t->minute_at || now - t->minute_at >= ALERTS_MINUTE_S) {
		t->minute_at = now;
		t->told = 0;
	}
	t->told++;
}

static void note_told(struct alerts *alerts, const struct alerts_decision *decision, int64_t now)
{
	struct alerts_memory memory = {
		.since_at = decision->since_at, .told_at = now, .gravity = decision->gravity,
	};

	if (decision->kind == ALERT_RECOVERY) {
		forget(alerts, decision->target, decision->database, ALERT_FAILURE);
		forget(alerts, decision->target, decision->database, ALERT_STALE);
		return;
	}
	remember(alerts, decision->target, decision->database, decision->kind, &memory);
	/* It may have ended while it was being told. */
	forget_what_ended(alerts, decision->target, decision->database, now);
}

void alerts_told(struct alerts *alerts, const struct alerts_decision *decisions, size_t count,
    int64_t now)
{
	struct target *t = &alerts->targets[decisions->target];

	pass_turn(alerts, decisions);
	t->failures = 0;
	if (decisions->kind == ALERT_HEARTBEAT) {
		t->beat_at = now;
		t->ran = false;
		return;
	}
	count_notice(t, now);
	for (size_t i = 0; i < count; i++)
		note_told(alerts, &decisions[i], now);
}

void alerts_not_told(struct alerts *alerts, const struct alerts_decision *decision, int64_t now)
{
	struct target *t = &alerts->targets[decision->target];

	pass_turn(alerts, decision);
	t->failures++;
	t->tried_at = now;
}

/*
 * What is told, as its two parts see it: alerts.c (what is known and remembered),
 * alerts_decide.c (what is to be told).
 */
#ifndef D1KEEP_DAEMON_ALERTS_INTERNAL_H
#define D1KEEP_DAEMON_ALERTS_INTERNAL_H

#include <string.h>

#include "daemon/alerts.h"

struct target {
	struct alerts_target own;
	unsigned failures;       /* in a row */
	int64_t tried_at;
	int64_t beat_at;         /* of a heartbeat: when it last came through */
	bool ran;                /* a run has ended since */
	int64_t minute_at;       /* since then … */
	unsigned told;           /* … it was told so many */
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

#define ALERTS_MINUTE_S 60

static inline bool alerts_is_stale(const struct database *d, int64_t now)
{
	return d->facts.fresh_until > 0 && now > d->facts.fresh_until;
}

static inline bool alerts_wants(const struct target *t, enum alert_kind kind)
{
	return !t->own.is_heartbeat && (t->own.kinds & 1u << kind) != 0;
}

static inline bool alerts_concerns(const struct target *t, const struct database *d)
{
	return t->own.environment == NULL || strcmp(t->own.environment, d->own.environment) == 0;
}

#endif

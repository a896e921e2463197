/*
 * When who is told what. No clock and no I/O inside: facts and times come in,
 * decisions come out, one at a time; what became of one is told back.
 *
 *   failure    a run failed for good: told once; again after `repeat_after` while
 *              that goes on, or at once when it got graver
 *   stale      the newest verified snapshot is too old, whatever runs did: told
 *              once, and again after `repeat_after`; not while a run that was due
 *              goes or waits, for an hour at most: it may be the remedy
 *   shrink     a snapshot has less than half of the one before: once for each
 *   recovery   failure or staleness that was told is over, both of them: once
 *   heartbeat  all databases of an environment that are watched have a snapshot
 *              that is fresh: every quarter of an hour, and soon after each run
 *
 * Each target has memories of its own (what it was told of each database), which
 * the caller keeps across restarts, and a patience of its own: one that could
 * not be told is left alone for five minutes, then twice as long, up to a day.
 * Many things at once are one notice: alerts_alike. And a target is told so many
 * a minute at most (`a_minute`), heartbeats aside, so that what fails bit by bit
 * comes together.
 *
 * Nothing is queued: what is to be told follows from facts and memories at any
 * time, so nothing can be lost, and what was told but not yet remembered when
 * the process died is told a second time.
 */
#ifndef D1KEEP_DAEMON_ALERTS_H
#define D1KEEP_DAEMON_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first three are those that a target remembers. */
enum alert_kind { ALERT_FAILURE, ALERT_STALE, ALERT_SHRINK, ALERT_RECOVERY, ALERT_HEARTBEAT };
#define ALERT_MEMORIES 3

/* "failure", "stale", … */
const char *alert_word(enum alert_kind kind);

enum alert_gravity {
	ALERT_PASSING,           /* may go away by itself */
	ALERT_NEEDS_YOU,         /* it won't: a refused token, a missing database */
	ALERT_DAMAGED,           /* what was stored is not what was read */
};

struct alerts_target {
	const char *name;        /* copied, as the next one */
	const char *environment; /* or NULL: of all */
	bool is_heartbeat;       /* then the rest does not matter */
	unsigned kinds;          /* bit n: enum alert_kind n */
	int64_t repeat_after_s;
	int64_t known_at;        /* shrinking before that is no news to it */
};

struct alerts_database {
	const char *name;        /* environment/database; copied, as the next one */
	const char *environment;
	bool is_watched;         /* heartbeats wait for it */
};

/* All times in Unix seconds; 0: none. */
struct alerts_facts {
	bool failing;            /* its last run failed for good */
	enum alert_gravity gravity;
	int64_t failing_since;
	int64_t well_since;      /* the first success after the last failure */
	int64_t verified_at;     /* the moment that its newest verified snapshot shows */
	int64_t fresh_until;     /* then it is stale; 0: never */
	int64_t shrunk_at;       /* when the newest snapshot that shrank was done */
};

/* told_at 0: never. */
struct alerts_memory {
	int64_t since_at;        /* failing_since, fresh_until, shrunk_at */
	int64_t told_at;
	enum alert_gravity gravity;
};

struct alerts_decision {
	enum alert_kind kind;
	size_t target, database;     /* by number; a heartbeat has no database */
	int64_t since_at;            /* recovery: when what was told began */
	int64_t memory_at;           /* told_at of what is told again; 0: it is new */
	enum alert_gravity gravity;  /* of a failure */
};

struct alerts_options {
	const struct alerts_target *targets;
	size_t target_count;
	const struct alerts_database *databases;
	size_t database_count;
	unsigned a_minute;       /* notices to one target, at most; 0: any number */
	/* Does a run of it go or wait? */
	bool (*is_busy)(void *ctx, size_t database);
	/* A memory is new or (told_at 0) forgotten. */
	void (*remember)(void *ctx, size_t target, size_t database, enum alert_kind kind,
	    const struct alerts_memory *memory);
	void *ctx;
};

struct alerts;

struct alerts *alerts_new(const struct alerts_options *options);
void alerts_free(struct alerts *alerts);    /* NULL is fine */

/* The number of a database or target, or -1. */
long alerts_find_database(const struct alerts *alerts, const char *name);
long alerts_find_target(const struct alerts *alerts, const char *name);

/* A memory of an earlier life. */
void alerts_recall(struct alerts *alerts, size_t target, size_t database, enum alert_kind kind,
    const struct alerts_memory *memory);

/* What `old` knows of targets and databases of the same names: memories and
 * patience, not facts. */
void alerts_adopt(struct alerts *alerts, const struct alerts *old);

int64_t alerts_known_at(const struct alerts *alerts, size_t target);
const struct alerts_memory *alerts_memory(const struct alerts *alerts, size_t target,
    size_t database, enum alert_kind kind);

/* What is known of a database now; before the first time nothing is. */
void alerts_learn(struct alerts *alerts, size_t database, const struct alerts_facts *facts,
    int64_t now);

/* A run has ended: heartbeats may come sooner. */
void alerts_ran(struct alerts *alerts);

/* What is to be told now; false: nothing. It stays so until it is said what came
 * of it. Targets take turns. */
bool alerts_next(struct alerts *alerts, int64_t now, struct alerts_decision *ret);

/* All that the same target is to be told now that is of the same kind, `decision`
 * itself included: how many of them are in `ret`, which has room for one of each
 * database. A heartbeat is alone. */
size_t alerts_alike(struct alerts *alerts, const struct alerts_decision *decision, int64_t now,
    struct alerts_decision *ret);

/* After alerts_next said that nothing is: when to ask again, if nothing new is
 * learnt before. INT64_MAX: not by itself. */
int64_t alerts_next_at(const struct alerts *alerts, int64_t now);

/* What came of one notice, of one decision or of several that are alike. */
void alerts_told(struct alerts *alerts, const struct alerts_decision *decisions, size_t count,
    int64_t now);
/* … of the first of them. */
void alerts_not_told(struct alerts *alerts, const struct alerts_decision *decision, int64_t now);

#endif

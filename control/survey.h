/*
 * All databases at one moment: what the configuration, the notes and the runner
 * say of each. With two thousand of them that takes a while, so it is done in
 * steps (request_work) of a millisecond or two.
 */
#ifndef D1KEEP_CONTROL_SURVEY_H
#define D1KEEP_CONTROL_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/host.h"

/* How a database fares, the worst first. */
enum health {
	HEALTH_FAILED,       /* its last run failed */
	HEALTH_STALE,        /* its newest good snapshot is older than max_age */
	HEALTH_INCOMPLETE,   /* something in it cannot be kept exactly */
	HEALTH_NEVER,        /* no run of it has ended yet */
	HEALTH_GOOD,
	HEALTH_COUNT
};

struct survey_row {
	char *name;
	enum health health;
	bool running, waiting;
	int64_t max_age;         /* seconds; 0: no matter */
	int64_t next_at;         /* these in Unix seconds; 0: never, none */
	int64_t success_at;
	int64_t verified_at;
	int64_t good_at;         /* of these two the one that counts */
	int64_t duration_ms;     /* of the last run that ended */
	int64_t rows, sql_bytes, stored_bytes, new_bytes;
	int64_t requests, retries;
	int failures;            /* in a row */
	bool not_pruned;         /* by the newest scheduled run: something keeps it from that */
};

struct survey {
	const struct control_host *host;
	int64_t now;             /* Unix seconds, when it began */
	struct survey_row *rows; /* in the order of the configuration */
	size_t count, done;
	size_t of_health[HEALTH_COUNT];
	size_t running, waiting;
	struct active *active;   /* those that go or wait, by name */
	size_t active_count, active_cap;
};

struct survey *survey_new(const struct control_host *host);
void survey_free(void *survey);

/* One slice; false when all is done. */
bool survey_step(struct survey *survey);

/* "failed", "stale", "incomplete", "never", "fine": as in addresses and figures. */
const char *health_word(enum health health);

/* How one database fares. `name` is configured. */
struct survey_verdict {
	enum health health;
	int64_t good_at;         /* when its newest good snapshot was taken; 0: there is none */
	int64_t max_age;         /* how old that may be, in seconds; 0: no matter */
};
struct survey_verdict survey_verdict(const struct control_host *host, const char *name,
    const struct state_database *noted, int64_t now);

#endif

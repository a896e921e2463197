/*
 * d1keep doctor: findings, and the groups of checks that make them, one file a
 * group (doctor_*.c). A check never ends the program: what it cannot do is a
 * finding.
 */
#ifndef D1KEEP_CLI_DOCTOR_H
#define D1KEEP_CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/session.h"

enum finding { FINDING_GOOD, FINDING_WARNING, FINDING_PROBLEM };

struct doctor {
	struct session *session;
	struct config_database **databases;   /* those asked for */
	size_t database_count;
	bool whole;                   /* all of them: also what belongs to none */
	struct json_object *findings; /* an array, or NULL: lines for people */
	size_t counts[3];             /* by enum finding */
	int64_t largest_sql_bytes;    /* of the snapshots seen: what a replay needs */
	/* Accounts and buckets that cannot be used: what lies there is not tried. */
	const void **unusable;
	size_t unusable_count, unusable_cap;
};

/* One finding. `subject` is "account cloudflare", `check` one word: what was
 * looked at. The remedy is one line, or NULL. */
__attribute__((format(printf, 6, 7)))
void doctor_say(struct doctor *d, enum finding finding, const char *subject, const char *check,
    const char *remedy, const char *fmt, ...);

/* The same from an error, whose hint is the remedy (or else `remedy`). */
void doctor_say_err(struct doctor *d, enum finding finding, const char *subject,
    const char *check, const struct err *err, const char *remedy);

void doctor_give_up(struct doctor *d, const void *subject);
bool doctor_gave_up(const struct doctor *d, const void *subject);

/* The clock, by the newest answer of a server; says nothing when none came. */
void doctor_clock(struct doctor *d, const char *subject, struct http *http);

/* Room at a path that is or will be made; `needed_bytes` more than what is always
 * wanted. */
void doctor_room(struct doctor *d, const char *subject, const char *path, int64_t needed_bytes);

/* ---- the groups, in the order of the report ---- */

void doctor_check_host(struct doctor *d);        /* secrets, keys, state, daemon, zones */
void doctor_check_account(struct doctor *d, const struct config_account *account);
void doctor_check_bucket(struct doctor *d, const struct config_bucket *bucket);
void doctor_check_database(struct doctor *d, const struct config_database *database);
void doctor_check_room(struct doctor *d);        /* when the sizes are known */

#endif

/*
 * When each database is due. No clock and no I/O inside: the time is an
 * argument, and what comes out are decisions.
 *
 *   - A due time that passed while nobody was there is made up by one run,
 *     however many it were.
 *   - A database whose run still waits or goes at its next due time is not
 *     started twice: that time is skipped.
 *   - The wall clock may jump. Forward: what was jumped over counts as missed.
 *     Back: due times are computed anew, and within three hours none that was
 *     answered is answered again (the rule of OpenBSD's cron); a clock that goes
 *     back further was wrong before, and what it showed means nothing.
 */
#ifndef D1KEEP_DAEMON_TIMETABLE_H
#define D1KEEP_DAEMON_TIMETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule/cron.h"

/* One database with a schedule, and what is known of its past. */
struct timetable_plan {
	const char *name;         /* environment/database; copied */
	struct cron cron;
	const char *timezone;     /* copied */
	int64_t next_at;          /* as noted earlier; a past one is due. 0: unknown */
	int64_t answered_at;      /* due times up to this one need no answer; 0: none */
	bool busy;                /* a run of it waits or goes */
	const void *subject;      /* handed back when it is due */
};

/* A due time. */
struct timetable_due {
	const char *name;         /* lives as long as the timetable */
	const void *subject;
	int64_t slot_at;          /* the time it was due */
	int64_t next_at;          /* when it is due again; -1: never */
	bool skipped;             /* still busy with an earlier run: start nothing */
};

struct timetable;

/* Names must differ. `now` is in Unix seconds, here and below. */
struct timetable *timetable_new(const struct timetable_plan *plans, size_t count, int64_t now);
void timetable_free(struct timetable *table);  /* NULL is fine */

/* The next database that is due, earliest first; false when none is. It counts
 * as busy from here on, unless it was skipped. */
bool timetable_due(struct timetable *table, int64_t now, struct timetable_due *ret);

/* Its run has ended. A name that is not in the table is fine. */
void timetable_finished(struct timetable *table, const char *name);

/* The earliest due time of all, and whose (NULL is fine); -1 when there is none. */
int64_t timetable_next(const struct timetable *table, const char **ret_name);

/* What the table knows of a database, as a plan for the next table (its strings
 * are lent); false when it isn't in there. */
bool timetable_find(const struct timetable *table, const char *name,
    struct timetable_plan *ret);

size_t timetable_count(const struct timetable *table);

/* The plan of each database, by name; i < timetable_count. */
const struct timetable_plan *timetable_at(const struct timetable *table, size_t i);

#endif

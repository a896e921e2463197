/*
 * When each database is due. No clock and no I/O inside: the time is an
 * argument, and what comes out are decisions.
 *
 *   - A slot (schedule/slots.h) is answered by one run. Slots that passed while
 *     nobody was there are made up by one run, of the newest of them.
 *   - A database whose run still waits or goes when it is due again is not
 *     started twice: that slot is skipped. When that run fails, nothing has
 *     answered the slot: the caller is told of it (timetable_finished).
 *   - A run that failed may be tried again, always before the next due time: when
 *     that has come, the retry is dropped and the new slot answered.
 *   - The wall clock may jump. Forward, however far: what was jumped over counts
 *     as missed, so one run of the newest slot. Back by up to three hours: due
 *     times stay, so that nothing that was answered is answered again (the rule
 *     of OpenBSD's cron). Back further: the clock was wrong before, and what it
 *     showed means nothing; due times are computed anew.
 *   - A machine that sleeps sees a jump forward when it wakes. The caller takes
 *     steps when one is due and whenever the clock was set (daemon/alarm.h).
 *
 * No step computes more than the times of one database, so a caller with other
 * things to do takes as many steps at a time as it likes.
 */
#ifndef D1KEEP_DAEMON_TIMETABLE_H
#define D1KEEP_DAEMON_TIMETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule/slots.h"
#include "state/state.h"

#define TIMETABLE_JUMP_BACK_S (3 * 3600)
#define TIMETABLE_LATE_S 120            /* a slot answered later than this was missed */

/* A run that is to be tried again. */
struct timetable_retry {
	int64_t at;               /* 0: none */
	int64_t slot_at;
	int64_t run_id;           /* it goes on under this id; 0: a new one */
	enum state_cause cause;
	int attempt;              /* the number it will have */
};

/* One database, and what is known of its past. */
struct timetable_plan {
	const char *name;         /* environment/database; copied */
	bool scheduled;           /* else it is never due by itself */
	struct slots slots;       /* its zone is copied */
	bool planned;             /* next_slot and next_at hold for this schedule */
	int64_t next_slot;        /* -1: none */
	int64_t next_at;          /* when it is due. Not planned: as noted earlier; a past
	                             one is due; 0: unknown */
	int64_t answered_slot;    /* slots up to this one need no answer; 0: none */
	struct timetable_retry retry;
	int64_t skipped_slot;     /* was due while this run waited or went; 0: none */
	bool busy;                /* a run of it waits or goes */
	const void *subject;      /* handed back when it is due */
};

enum timetable_kind {
	TIMETABLE_PLANNED,        /* only its next due time was found */
	TIMETABLE_DUE,            /* start a run: it counts as busy from here on */
	TIMETABLE_SKIPPED,        /* due, but still busy with an earlier run: start nothing */
};

/* What one step came to. */
struct timetable_step {
	enum timetable_kind kind;
	const char *name;         /* lives as long as the timetable */
	const void *subject;
	int64_t next_at;          /* when it is due (again); -1: never */
	bool retry_dropped;       /* a retry waited, and does no more */
	/* Of a run that is due. */
	int64_t slot_at;
	int64_t run_id;           /* 0: a new one */
	enum state_cause cause;
	int attempt;
};

struct timetable;

/* Names must differ. `now` is in Unix seconds, here and below. */
struct timetable *timetable_new(const struct timetable_plan *plans, size_t count, int64_t now);
void timetable_free(struct timetable *table);  /* NULL is fine */

/* The next thing to do, earliest first; false when there is nothing now. */
bool timetable_step(struct timetable *table, int64_t now, struct timetable_step *ret);

/* The clock has shown `at` meanwhile, though nobody took a step: how far it was set
 * back is counted from there. */
void timetable_passed(struct timetable *table, int64_t at);

/* Its run waits, though nobody was due: somebody asked for it. */
void timetable_begun(struct timetable *table, const char *name);

/* Its run has ended. The slot that was skipped because of it, or 0. Names that are
 * not in the table are fine here and above. */
int64_t timetable_finished(struct timetable *table, const char *name);

/* Try again at retry->at, unless the database is due before or then: false. */
bool timetable_retry(struct timetable *table, const char *name,
    const struct timetable_retry *retry);

/* When the next step may do something, and with which database (NULL is fine);
 * 0: at once, there is planning to do; -1: never. */
int64_t timetable_next(const struct timetable *table, const char **ret_name);

/* What the table knows of a database, as a plan for the next table (its strings
 * are lent); false when it isn't in there. */
bool timetable_find(const struct timetable *table, const char *name,
    struct timetable_plan *ret);

size_t timetable_count(const struct timetable *table);

/* The plan of each database, by name; i < timetable_count. */
const struct timetable_plan *timetable_at(const struct timetable *table, size_t i);

#endif

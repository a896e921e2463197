/*
 * What a run came to, and what follows from it. Pure.
 */
#ifndef D1KEEP_DAEMON_OUTCOME_H
#define D1KEEP_DAEMON_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/alerts.h"
#include "daemon/job.h"
#include "state/state.h"

enum outcome {
	OUTCOME_SUCCESS,
	OUTCOME_HELD,            /* another process backs it up now: ask again soon */
	OUTCOME_RETRY,           /* it may work later */
	OUTCOME_PERSON,          /* it will not, until a person has done something */
	OUTCOME_CUT_OFF,         /* we ended it ourselves, before it was done */
};

#define OUTCOME_LONGEST_RETRY_S 3600
#define OUTCOME_HELD_S 60        /* until a run that is held up is asked for again */

/* Fill in what its end tells of a run; started_at is set. `expects_verdict`: a
 * snapshot that was taken by another has been verified too. */
void outcome_note(struct state_run *run, const struct job_result *result, bool expects_verdict,
    int64_t now);

enum outcome outcome_of(const struct state_run *run);

/* How grave it is that it failed. */
enum alert_gravity outcome_gravity(const struct state_run *run);

/* Seconds from the end of the run to the next attempt: `first_s` after the first
 * attempt, twice as long after each more, at most an hour (or `first_s`). */
int64_t outcome_retry_delay(unsigned first_s, int attempt);

#endif

#include "daemon/outcome.h"

#include <string.h>

/* Trying again does not help. */
static bool is_for_a_person(const struct state_run *run)
{
	static const char *const words[] = {
		"denied", "not-found", "usage", "refused", "corrupt", "exists",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(run->code, words[i]) == 0)
			return true;
	}
	return false;
}

/* What an exit code says when no event did (cli/cli.h). */
static const char *word_of_exit(const struct job_result *result)
{
	if (result->timed_out)
		return "timeout";
	if (result->exit_code == 127)
		return "start";
	if (result->exit_code == 130)
		return "interrupted";
	if (result->exit_code > 128)
		return "killed";
	return result->exit_code == 2 ? "usage" : result->exit_code == 3 ? "corrupt" :
	    result->exit_code == 4 ? "refused" : result->exit_code == 75 ? "again" : "failed";
}

static void note_code(struct state_run *run, const struct job_result *result)
{
	const char *word = result->events.code;

	if (result->stopped)
		word = STATE_CODE_CUT_OFF;
	else if (result->timed_out || word[0] == '\0')
		word = word_of_exit(result);
	event_copy_text(run->code, sizeof(run->code), word);
}

/* A success that somebody should know more of. */
static void note_blocked(struct state_run *run, const struct event_sum *events)
{
	if (events->blocked[0] == '\0')
		return;
	event_copy_text(run->code, sizeof(run->code), STATE_CODE_NOT_PRUNED);
	if (run->message[0] == '\0')
		memcpy(run->message, events->blocked, sizeof(run->message));
}

void outcome_note(struct state_run *run, const struct job_result *result, bool expects_verdict,
    int64_t now)
{
	const struct event_sum *events = &result->events;

	run->finished_at = now;
	run->exit_code = result->exit_code;
	run->taken = events->taken;
	run->verified = events->verified;
	run->freed_bytes = events->freed_bytes;
	run->requests = events->requests;
	run->retries = events->retries;
	run->rows_read = events->rows_read;
	run->took_ms = events->took_ms;
	/* A run that failed may have told how many rows it had read: those are
	 * no snapshot's. */
	if (events->done) {
		run->rows = events->rows;
		run->sql_bytes = events->sql_bytes;
		run->stored_bytes = events->stored_bytes;
		run->new_bytes = events->new_bytes;
	}
	memcpy(run->snapshot, events->snapshot, sizeof(run->snapshot));
	memcpy(run->message, result->message, sizeof(run->message));
	if (!state_run_succeeded(run)) {
		note_code(run, result);
		return;
	}
	note_blocked(run, events);
	if (run->taken && expects_verdict && run->verified == STATE_NOT_VERIFIED)
		run->verified = STATE_VERIFIED_GOOD;
}

enum outcome outcome_of(const struct state_run *run)
{
	if (state_run_succeeded(run))
		return OUTCOME_SUCCESS;
	if (strcmp(run->code, STATE_CODE_CUT_OFF) == 0)
		return OUTCOME_CUT_OFF;
	if (strcmp(run->code, STATE_CODE_HELD) == 0)
		return OUTCOME_HELD;
	return is_for_a_person(run) ? OUTCOME_PERSON : OUTCOME_RETRY;
}

enum alert_gravity outcome_gravity(const struct state_run *run)
{
	if (run->verified == STATE_VERIFIED_BAD || run->exit_code == 3)
		return ALERT_DAMAGED;
	return is_for_a_person(run) ? ALERT_NEEDS_YOU : ALERT_PASSING;
}

int64_t outcome_retry_delay(unsigned first_s, int attempt)
{
	int64_t longest = first_s > OUTCOME_LONGEST_RETRY_S ? first_s : OUTCOME_LONGEST_RETRY_S;
	int64_t delay = first_s;

	for (int i = 1; i < attempt && delay < longest; i++)
		delay *= 2;
	return delay < longest ? delay : longest;
}

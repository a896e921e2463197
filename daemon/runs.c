#include "daemon/internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/stamp.h"
#include "daemon/outcome.h"

/* Of one turn of the loop. Others have to wait meanwhile, but not for long. */
#define ANSWER_NS 4000000

/* ---- what is due */

static void push_due(struct loop *loop, const struct timetable_step *step)
{
	const struct config_database *database = step->subject;
	struct runner_request request = {
		.database = step->name, .id = step->run_id, .slot_at = step->slot_at,
		.cause = step->cause, .attempt = step->attempt,
		.timeout_s = database->policy.timeout,
		.expects_verdict = database->policy.verify != CONFIG_VERIFY_NONE,
	};

	(void)runner_push(loop->runner, &request, NULL);
}

static void take_step(struct loop *loop, const struct timetable_step *step)
{
	char stamp[STAMP_ISO_SIZE];

	/* When it is due again is noted once its run has begun: a daemon that is
	 * killed while it waits must find that it is due. */
	if (step->kind != TIMETABLE_DUE)
		record_next(&loop->record, step->name, step->next_at);
	if (step->retry_dropped)
		record_tries_again(&loop->record, step->name, 0, 0, 0);
	if (step->kind == TIMETABLE_SKIPPED)
		log_warning("database=%s: was due again at %s, but its last run still goes: not started twice",
		    step->name, stamp_iso(step->slot_at, stamp));
	else if (step->kind == TIMETABLE_DUE)
		push_due(loop, step);
}

void runs_plan(struct loop *loop, int64_t now)
{
	struct timetable_step step;

	/* What has no times yet comes before all else. */
	while (timetable_next(loop->table, NULL) == 0 && timetable_step(loop->table, now, &step))
		take_step(loop, &step);
}

bool runs_answer(struct loop *loop, int64_t now)
{
	uint64_t end = uv_hrtime() + ANSWER_NS;
	struct timetable_step step;

	while (timetable_step(loop->table, now, &step)) {
		take_step(loop, &step);
		if (uv_hrtime() >= end && !loop->options->once)
			return false;
	}
	return true;
}

/* ---- what is asked for */

static const struct config_database *find(const struct loop *loop, const char *database)
{
	struct timetable_plan plan;

	return timetable_find(loop->table, database, &plan) ? plan.subject : NULL;
}

static int64_t push_asked(struct loop *loop, const char *name, const char *label, int64_t id,
    int attempt, bool *ret_is_new)
{
	const struct config_database *database = find(loop, name);
	struct runner_request request = {
		.database = name, .label = label, .id = id, .cause = STATE_CAUSE_REQUEST,
		.attempt = attempt, .timeout_s = database->policy.timeout,
		.expects_verdict = database->policy.verify != CONFIG_VERIFY_NONE,
	};

	id = runner_push(loop->runner, &request, ret_is_new);
	if (*ret_is_new) {
		timetable_begun(loop->table, name);
		record_asked(&loop->record, name, id, label);
	}
	return id;
}

int runs_ask(struct loop *loop, const char *database, const char *label,
    int64_t *ret_id, bool *ret_is_new, struct err *err)
{
	if (loop->stopping)
		return err_set(err, ERR_AGAIN, "d1keepd is stopping");
	if (find(loop, database) == NULL)
		return err_set(err, ERR_NOT_FOUND, "%s names no database \"%s\"",
		    loop->options->config_path, database);
	*ret_id = push_asked(loop, database, label, 0, 1, ret_is_new);
	if (*ret_is_new)
		log_info("job=%" PRId64 " database=%s: asked for%s%s", *ret_id, database,
		    label != NULL ? " as " : "", label != NULL ? label : "");
	loop_tell_status(loop);
	return 0;
}

/* Under its own id, unless that has begun already. */
static int ask_again(void *ctx, const struct state_database *db, struct err *err)
{
	const char *label = db->asked_label[0] != '\0' ? db->asked_label : NULL;
	bool begun = db->last.id == db->asked_id, is_new;
	struct loop *loop = ctx;

	(void)err;
	if (db->asked_id == 0 || find(loop, db->name) == NULL)
		return 0;
	log_info("database=%s: a run that was asked for as job %" PRId64 " is made up", db->name,
	    db->asked_id);
	(void)push_asked(loop, db->name, label, begun ? 0 : db->asked_id,
	    begun ? db->last.attempt + 1 : 1, &is_new);
	return 0;
}

void runs_ask_again(struct loop *loop)
{
	struct state *state = record_reader(&loop->record);

	if (state != NULL)
		(void)state_each(state, ask_again, loop, NULL);
}

/* ---- what became of it */

void runs_began(void *ctx, const char *database, const struct state_run *run)
{
	struct timetable_plan plan;
	struct loop *loop = ctx;

	record_begin(&loop->record, database, run);
	if (run->slot_at > 0 && timetable_find(loop->table, database, &plan) && plan.planned)
		record_next(&loop->record, database, plan.scheduled ? plan.next_at : 0);
	loop_tell_status(loop);
}

/* Again at `at`, if that is before it is due anyway. */
static bool try_again(struct loop *loop, const char *database,
    const struct timetable_retry *retry)
{
	if (!timetable_retry(loop->table, database, retry))
		return false;
	record_tries_again(&loop->record, database, retry->at, retry->slot_at, retry->attempt);
	loop_set_alarm(loop);
	return true;
}

static void retry(struct loop *loop, const char *database, const struct state_run *run)
{
	const struct config_database *known = find(loop, database);
	struct timetable_retry again = {
		.slot_at = run->slot_at, .cause = STATE_CAUSE_RETRY, .attempt = run->attempt + 1,
	};
	char stamp[STAMP_ISO_SIZE];

	/* Who asked for a run is told that it failed. */
	if (run->slot_at == 0 || known == NULL)
		return;
	if (run->attempt > (int)known->policy.retries) {
		log_error("job=%" PRId64 " database=%s: failed %d times, not tried again before it is due",
		    run->id, database, run->attempt);
		return;
	}
	again.at = run->finished_at + outcome_retry_delay(known->policy.retry_delay, run->attempt);
	if (try_again(loop, database, &again))
		log_info("job=%" PRId64 " database=%s: will be tried again at %s", run->id, database,
		    stamp_iso(again.at, stamp));
	else
		log_info("job=%" PRId64 " database=%s: not tried again, it is due before that",
		    run->id, database);
}

/* The same run, in a minute, until it is due anyway. A holder that has died loses
 * its lease before long. */
static void ask_when_free(struct loop *loop, const char *database, const struct state_run *run)
{
	struct timetable_retry again = {
		.at = run->finished_at + OUTCOME_HELD_S,
		.slot_at = run->slot_at, .run_id = run->id, .cause = run->cause,
		.attempt = run->attempt,
	};

	if (run->slot_at != 0 && !try_again(loop, database, &again))
		log_info("job=%" PRId64 " database=%s: not asked for again, it is due before that",
		    run->id, database);
}

/* A run that failed answers nothing: not its own slot, nor the one that was skipped
 * because of it. What tries again anyway answers both. */
static void make_up_skipped(struct loop *loop, const char *database, const struct state_run *run,
    int64_t slot_at)
{
	const struct config_database *known = find(loop, database);
	struct timetable_retry again = {
		.slot_at = slot_at, .cause = STATE_CAUSE_MADE_UP, .attempt = 1,
	};
	struct timetable_plan plan;
	char stamp[STAMP_ISO_SIZE];

	if (slot_at == 0 || known == NULL || state_run_succeeded(run) ||
	    !timetable_find(loop->table, database, &plan) || plan.retry.at != 0)
		return;
	again.at = run->finished_at + outcome_retry_delay(known->policy.retry_delay, 1);
	if (try_again(loop, database, &again))
		log_info("job=%" PRId64 " database=%s: the run that was not started meanwhile is made up at %s",
		    run->id, database, stamp_iso(again.at, stamp));
}

/* What we cut off ourselves is due again, at the next start. */
static void put_back(struct loop *loop, const char *database, const struct state_run *run,
    int64_t now)
{
	if (run->cause == STATE_CAUSE_REQUEST)
		record_asked(&loop->record, database, run->id, run->label);
	else if (run->attempt > 1)
		record_tries_again(&loop->record, database, now, run->slot_at, run->attempt);
	else
		record_next(&loop->record, database, run->slot_at);
}

static void follow_up(struct loop *loop, const char *database, const struct state_run *run)
{
	switch (outcome_of(run)) {
	case OUTCOME_RETRY:
		retry(loop, database, run);
		break;
	case OUTCOME_HELD:
		ask_when_free(loop, database, run);
		break;
	case OUTCOME_PERSON:
		log_error("job=%" PRId64 " database=%s: this needs a person: not tried again before it is due",
		    run->id, database);
		break;
	case OUTCOME_SUCCESS:
	case OUTCOME_CUT_OFF:
		break;
	}
}

/* It is over with its slot when no retry waits. */
static void tell_of(struct loop *loop, const struct runner_end *end)
{
	struct timetable_plan plan;
	bool waits = timetable_find(loop->table, end->database, &plan) && plan.retry.at != 0;

	if (end->run.started_at != 0)
		teller_run_ended(loop->teller, end->database, &end->run, end->hint, !waits);
}

void runs_ended(void *ctx, const struct runner_end *end)
{
	struct loop *loop = ctx;
	int64_t skipped = timetable_finished(loop->table, end->database);

	if (end->run.started_at != 0) {
		record_end(&loop->record, end->database, &end->run);
		serve_ended(loop->serve, &end->run);
	}
	if (!state_run_succeeded(&end->run))
		loop->failures++;
	if (end->cut_off) {
		put_back(loop, end->database, &end->run, clock_now(loop->options->clock));
	} else {
		follow_up(loop, end->database, &end->run);
		make_up_skipped(loop, end->database, &end->run, skipped);
	}
	tell_of(loop, end);
	loop_tell_status(loop);
	loop_leave_if_idle(loop);
}

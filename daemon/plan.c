#include "daemon/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* For --once, which has no later: of what never ran the newest slot of all is
 * due; but where nothing can be known, only what falls into this very minute. */
static void plan_first(struct timetable_plan *plan, const struct record *record, int64_t now)
{
	if (!record->in_memory) {
		plan->next_at = 1;
		return;
	}
	plan->next_slot = slots_next(&plan->slots, now - now % 60 - 1 - plan->slots.offset_s,
	    &plan->next_at);
	plan->planned = true;
}

static void plan_from_record(struct timetable_plan *plan, struct record *record,
    bool once, int64_t now)
{
	struct state_database known = { .next_at = 0 };

	if (record_get(record, plan->name, &known)) {
		/* A run that was put back (next_at is its slot) is due, though it
		 * was begun: the timetable asks only whether next_at is past. */
		plan->next_at = known.next_at;
		plan->answered_slot = known.last.slot_at;
		plan->retry = (struct timetable_retry){
			.at = known.retry_at, .slot_at = known.retry_slot,
			.attempt = known.retry_attempt, .cause = STATE_CAUSE_RETRY,
		};
	}
	if (once && known.last.started_at == 0 && plan->scheduled)
		plan_first(plan, record, now);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_times(const struct config_policy *a, const struct config_policy *b)
{
	return same_text(a->schedule, b->schedule) && same_text(a->timezone, b->timezone) &&
	    a->spread == b->spread && same_text(a->blackout, b->blackout);
}

/* What goes on goes on; times that were found are not looked for again, for that
 * takes long for thousands. */
static void plan_from_old(struct timetable_plan *plan, const struct timetable_plan *before)
{
	const struct config_database *now = plan->subject, *then = before->subject;

	plan->answered_slot = before->answered_slot;
	plan->busy = before->busy;
	plan->skipped_slot = before->skipped_slot;
	plan->retry = before->retry;
	if (same_times(&now->policy, &then->policy)) {
		plan->planned = before->planned;
		plan->next_slot = before->next_slot;
		plan->next_at = before->next_at;
	}
}

static struct timetable_plan plan_one(const struct config_database *database, char *name,
    struct record *record, const struct timetable *old, bool once, int64_t now)
{
	struct timetable_plan plan = {
		.name = name, .scheduled = database->policy.schedule != NULL, .subject = database,
	};
	struct timetable_plan before;

	if (plan.scheduled)
		plan.slots = config_slots(database);
	if (old != NULL && timetable_find(old, name, &before))
		plan_from_old(&plan, &before);
	else
		plan_from_record(&plan, record, once, now);
	return plan;
}

static bool is_in_table(void *ctx, const char *database)
{
	struct timetable_plan plan;

	return timetable_find(ctx, database, &plan) && plan.scheduled;
}

/* Databases that are gone, or have no schedule any more. */
static void unschedule(struct timetable *table, const struct timetable *old,
    struct record *record)
{
	if (old == NULL) {
		record_unschedule(record, is_in_table, table);
		return;
	}
	for (size_t i = 0; i < timetable_count(old); i++) {
		const struct timetable_plan *plan = timetable_at(old, i);

		if (plan->scheduled && !is_in_table(table, plan->name))
			record_next(record, plan->name, 0);
	}
}

struct timetable *plan_make(const struct config *config, struct record *record,
    const struct timetable *old, bool once, int64_t now)
{
	size_t count = config->database_count;
	struct timetable_plan *plans = mem_calloc(count, sizeof(*plans));
	char **names = mem_calloc(count, sizeof(*names));
	struct timetable *table;

	for (size_t i = 0; i < count; i++) {
		const struct config_database *database = config->databases[i];

		names[i] = mem_printf("%s/%s", database->environment->name, database->name);
		plans[i] = plan_one(database, names[i], record, old, once, now);
	}
	table = timetable_new(plans, count, now);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(plans);
	unschedule(table, old, record);
	return table;
}

void plan_note(const struct timetable *table, struct record *record)
{
	for (size_t i = 0; i < timetable_count(table); i++) {
		const struct timetable_plan *plan = timetable_at(table, i);

		if (plan->scheduled && plan->planned)
			record_next(record, plan->name, plan->next_at);
		if (plan->retry.at > 0)
			record_tries_again(record, plan->name, plan->retry.at,
			    plan->retry.slot_at, plan->retry.attempt);
	}
}

size_t plan_scheduled(const struct timetable *table)
{
	size_t count = 0;

	for (size_t i = 0; i < timetable_count(table); i++)
		count += timetable_at(table, i)->scheduled;
	return count;
}

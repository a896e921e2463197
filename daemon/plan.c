#include "daemon/plan.h"

#include <stdlib.h>

#include "base/mem.h"

/* For --once, which has no later: of what never ran the first run is due; but
 * where nothing can be known, only what falls into this very minute. */
static int64_t first_time(const struct timetable_plan *plan, const struct record *record,
    int64_t now)
{
	return record->in_memory ?
	    cron_next(&plan->cron, plan->timezone, now - now % 60 - 1) : now;
}

static void plan_from_record(struct timetable_plan *plan, struct record *record,
    bool once, int64_t now)
{
	struct state_database known = { .next_at = 0 };

	if (record_get(record, plan->name, &known)) {
		plan->next_at = known.next_at;
		/* A run that was put back (next_at is its slot) stays due, for
		 * the timetable asks only whether next_at is past. */
		plan->answered_at = known.last.started_at;
	}
	if (once && known.last.started_at == 0)
		plan->next_at = first_time(plan, record, now);
}

static struct timetable_plan plan_one(const struct config_database *database, char *name,
    struct record *record, const struct timetable *old, bool once, int64_t now)
{
	struct timetable_plan plan = {
		.name = name, .cron = database->policy.cron,
		.timezone = database->policy.timezone, .subject = database,
	};
	struct timetable_plan before;

	if (old != NULL && timetable_find(old, name, &before)) {
		plan.next_at = before.next_at;
		plan.answered_at = before.answered_at;
		plan.busy = before.busy;
	} else {
		plan_from_record(&plan, record, once, now);
	}
	return plan;
}

static bool is_in_table(void *ctx, const char *database)
{
	struct timetable_plan plan;

	return timetable_find(ctx, database, &plan);
}

struct timetable *plan_make(const struct config *config, struct record *record,
    const struct timetable *old, bool once, int64_t now)
{
	struct timetable_plan *plans = mem_calloc(config->database_count, sizeof(*plans));
	char **names = mem_calloc(config->database_count, sizeof(*names));
	struct timetable *table;
	size_t count = 0;

	for (size_t i = 0; i < config->database_count; i++) {
		const struct config_database *database = config->databases[i];

		if (database->policy.schedule == NULL)
			continue;
		names[count] = mem_printf("%s/%s", database->environment->name, database->name);
		plans[count] = plan_one(database, names[count], record, old, once, now);
		count++;
	}
	table = timetable_new(plans, count, now);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(plans);
	plan_note(table, record);
	record_unschedule(record, is_in_table, table);
	return table;
}

void plan_note(const struct timetable *table, struct record *record)
{
	for (size_t i = 0; i < timetable_count(table); i++) {
		const struct timetable_plan *plan = timetable_at(table, i);

		record_next(record, plan->name, plan->next_at);
	}
}

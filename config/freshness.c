#include "config/freshness.h"

#include "base/mem.h"
#include "base/span.h"
#include "schedule/blackout.h"
#include "schedule/slots.h"

/* Runs may last longer than the minute between them. */
#define SHORTEST_S 600
/* A schedule that has no more times makes nothing stale. */
#define NEVER (INT64_C(100) * 365 * 86400)

bool freshness_matters(const struct config_database *database)
{
	return database->policy.max_age != NULL || database->policy.schedule != NULL;
}

int64_t freshness_age(const struct config_database *database, int64_t at)
{
	const struct config_policy *policy = &database->policy;
	struct slots slots = { .cron = policy->cron, .zone = policy->timezone };
	AUTO_STR name = mem_printf("%s/%s", database->environment->name, database->name);
	int64_t slot, due_at, again_at;

	if (policy->max_age != NULL)
		return span_seconds(policy->max_age);
	if (policy->schedule == NULL)
		return 0;
	slots.offset_s = slots_offset(name, policy->spread);
	if (policy->blackout != NULL)
		(void)blackout_parse(policy->blackout, &slots.blackout, NULL);
	slot = slots_next(&slots, at, &due_at);
	/* One run answers all slots that a blackout swallows: the next of another. */
	if (slot >= 0)
		slot = slots_newest(&slots, at, due_at, &again_at);
	if (slot >= 0)
		slot = slots_next(&slots, slot, &again_at);
	if (slot < 0)
		return NEVER;
	return again_at - at > SHORTEST_S ? again_at - at : SHORTEST_S;
}

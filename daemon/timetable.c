#include "daemon/timetable.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/heap.h"

#define WEEK (7 * 86400)
#define LONGEST_RETRY_S 3600
#define BUSY_RETRY_S 60

/* `plans` is sorted by name, for lookups; `heap` has the number of each, the
 * one with something to do first on top. */
struct timetable {
	struct timetable_plan *plans;
	size_t count;
	struct heap heap;
	int64_t seen_at;          /* the latest time we were told */
};

static int by_name(const void *a, const void *b)
{
	const struct timetable_plan *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* When there is something to do with it. */
static int64_t key_of(const struct timetable_plan *plan)
{
	int64_t key = plan->scheduled && plan->next_at >= 0 ? plan->next_at : INT64_MAX;

	if (plan->scheduled && !plan->planned)
		return INT64_MIN;
	return plan->retry.at > 0 && plan->retry.at < key ? plan->retry.at : key;
}

static void update(struct timetable *table, struct timetable_plan *plan)
{
	heap_set(&table->heap, (size_t)(plan - table->plans), key_of(plan));
}

/* ---- planning */

/* A moment before every slot that may become due after `at`. (Windows leave some
 * minute of the week, and they may hold up a slot before its offset and after.) */
static int64_t before_due(const struct timetable_plan *plan, int64_t at)
{
	return at - plan->slots.offset_s - (plan->slots.blackout.count > 0 ? 2 * WEEK : 0);
}

/* The first slot that becomes due after `now`. */
static void plan_ahead(struct timetable_plan *plan, int64_t now)
{
	int64_t after = before_due(plan, now), due;

	if (plan->slots.blackout.count > 0) {
		int64_t newest = slots_newest(&plan->slots, after, now, &due);

		after = newest >= 0 ? newest : after;
	}
	if (plan->answered_slot > after && plan->answered_slot - now <= TIMETABLE_JUMP_BACK_S)
		after = plan->answered_slot;
	plan->next_slot = slots_next(&plan->slots, after, &plan->next_at);
}

/* A noted time that is past: the newest slot since then is due. One in the
 * future was computed under another clock or another schedule, perhaps. */
static void plan_one(struct timetable_plan *plan, int64_t now)
{
	int64_t noted = plan->next_at, due;

	plan->planned = true;
	if (noted > 0 && noted <= now) {
		plan->next_slot = slots_newest(&plan->slots, before_due(plan, noted - 1), now, &due);
		plan->next_at = due;
	}
	if (noted <= 0 || noted > now || plan->next_slot < 0)
		plan_ahead(plan, now);
	/* It was to be tried under a clock that was ahead. */
	if (plan->retry.at > now + LONGEST_RETRY_S)
		plan->retry.at = now + LONGEST_RETRY_S;
}

static void forget_times(struct timetable *table)
{
	for (size_t i = 0; i < table->count; i++) {
		table->plans[i].planned = false;
		table->plans[i].next_at = 0;
		update(table, &table->plans[i]);
	}
}

/* ---- the table */

struct timetable *timetable_new(const struct timetable_plan *plans, size_t count, int64_t now)
{
	struct timetable *table = mem_calloc(1, sizeof(*table));

	table->plans = mem_calloc(count, sizeof(*table->plans));
	table->count = count;
	table->seen_at = now;
	for (size_t i = 0; i < count; i++) {
		table->plans[i] = plans[i];
		table->plans[i].name = mem_strdup(plans[i].name);
		table->plans[i].slots.zone = plans[i].scheduled ? mem_strdup(plans[i].slots.zone) : NULL;
	}
	qsort(table->plans, count, sizeof(*table->plans), by_name);
	heap_init(&table->heap, count);
	for (size_t i = 0; i < count; i++)
		update(table, &table->plans[i]);
	return table;
}

void timetable_free(struct timetable *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count; i++) {
		free((char *)table->plans[i].name);
		free((char *)table->plans[i].slots.zone);
	}
	free(table->plans);
	heap_release(&table->heap);
	free(table);
}

/* ---- answers */

static bool drop_retry(struct timetable_plan *plan)
{
	bool waited = plan->retry.at > 0;

	plan->retry = (struct timetable_retry){ .at = 0 };
	return waited;
}

/* Its slot is due, and perhaps later ones as well: the newest is answered. */
static void answer_slot(struct timetable_plan *plan, int64_t now, struct timetable_step *ret)
{
	int64_t slot = plan->next_slot, due = plan->next_at;
	int64_t newest, newest_due, next_due, next = slots_next(&plan->slots, slot, &next_due);
	bool missed = now - due >= TIMETABLE_LATE_S;

	if (next >= 0 && next_due <= now) {
		newest = slots_newest(&plan->slots, slot, now, &newest_due);
		slot = newest >= 0 ? newest : slot;
		next = slots_next(&plan->slots, slot, &next_due);
	}
	plan->next_slot = next;
	plan->next_at = next_due;
	plan->answered_slot = slot;
	plan->skipped_slot = plan->busy ? slot : 0;
	ret->slot_at = slot;
	ret->attempt = 1;
	ret->cause = missed ? STATE_CAUSE_MADE_UP : STATE_CAUSE_SCHEDULE;
	ret->retry_dropped = drop_retry(plan);
}

static void answer_retry(struct timetable_plan *plan, struct timetable_step *ret)
{
	ret->slot_at = plan->retry.slot_at;
	ret->attempt = plan->retry.attempt;
	ret->run_id = plan->retry.run_id;
	ret->cause = plan->retry.cause;
	(void)drop_retry(plan);
}

static void answer(struct timetable_plan *plan, int64_t now, struct timetable_step *ret)
{
	ret->kind = plan->busy ? TIMETABLE_SKIPPED : TIMETABLE_DUE;
	if (plan->scheduled && plan->next_at >= 0 && plan->next_at <= now) {
		answer_slot(plan, now, ret);
	} else if (plan->busy) {
		/* Somebody asked for a run meanwhile: the retry can wait. */
		plan->retry.at = now + BUSY_RETRY_S;
		ret->kind = TIMETABLE_PLANNED;
	} else {
		answer_retry(plan, ret);
	}
	plan->busy = true;
}

void timetable_passed(struct timetable *table, int64_t at)
{
	if (at > table->seen_at)
		table->seen_at = at;
}

bool timetable_step(struct timetable *table, int64_t now, struct timetable_step *ret)
{
	struct timetable_plan *plan;

	if (now < table->seen_at - TIMETABLE_JUMP_BACK_S) {
		forget_times(table);
		table->seen_at = now;
	}
	timetable_passed(table, now);
	if (table->count == 0 || heap_top_key(&table->heap) > now)
		return false;
	plan = &table->plans[heap_top(&table->heap)];
	*ret = (struct timetable_step){ .name = plan->name, .subject = plan->subject };
	if (plan->scheduled && !plan->planned) {
		plan_one(plan, now);
		ret->kind = TIMETABLE_PLANNED;
	} else {
		answer(plan, now, ret);
	}
	ret->next_at = plan->scheduled ? plan->next_at : -1;
	update(table, plan);
	return true;
}

static struct timetable_plan *find(const struct timetable *table, const char *name)
{
	struct timetable_plan key = { .name = name };

	if (table->count == 0)
		return NULL;
	return bsearch(&key, table->plans, table->count, sizeof(key), by_name);
}

void timetable_begun(struct timetable *table, const char *name)
{
	struct timetable_plan *plan = find(table, name);

	if (plan != NULL)
		plan->busy = true;
}

int64_t timetable_finished(struct timetable *table, const char *name)
{
	struct timetable_plan *plan = find(table, name);
	int64_t skipped;

	if (plan == NULL)
		return 0;
	skipped = plan->skipped_slot;
	plan->skipped_slot = 0;
	plan->busy = false;
	return skipped;
}

bool timetable_retry(struct timetable *table, const char *name,
    const struct timetable_retry *retry)
{
	struct timetable_plan *plan = find(table, name);

	if (plan == NULL)
		return false;
	if (plan->scheduled && plan->next_at >= 0 && retry->at >= plan->next_at)
		return false;
	plan->retry = *retry;
	update(table, plan);
	return true;
}

int64_t timetable_next(const struct timetable *table, const char **ret_name)
{
	int64_t key = table->count > 0 ? heap_top_key(&table->heap) : INT64_MAX;

	if (key == INT64_MAX)
		return -1;
	if (ret_name != NULL)
		*ret_name = table->plans[heap_top(&table->heap)].name;
	return key > 0 ? key : 0;
}

bool timetable_find(const struct timetable *table, const char *name,
    struct timetable_plan *ret)
{
	const struct timetable_plan *plan = find(table, name);

	if (plan != NULL)
		*ret = *plan;
	return plan != NULL;
}

size_t timetable_count(const struct timetable *table)
{
	return table->count;
}

const struct timetable_plan *timetable_at(const struct timetable *table, size_t i)
{
	assert(i < table->count);
	return &table->plans[i];
}

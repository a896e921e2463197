#include "daemon/timetable.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define JUMP_BACK_S (3 * 3600)

/*
 * `plans` is sorted by name, for lookups; `heap` holds the numbers of those
 * that will be due at some time, the earliest on top.
 */
struct timetable {
	struct timetable_plan *plans;
	size_t count;
	size_t *heap;
	size_t heap_count;
	int64_t seen_at;          /* the latest time we were told */
};

static int by_name(const void *a, const void *b)
{
	const struct timetable_plan *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Of two that are due at the same moment the first by name goes first. */
static bool is_before(const struct timetable *table, size_t a, size_t b)
{
	int64_t left = table->plans[a].next_at, right = table->plans[b].next_at;

	return left != right ? left < right : a < b;
}

/* Let the item at heap place `i` sink to where it belongs. */
static void sink(struct timetable *table, size_t i)
{
	size_t *heap = table->heap;

	for (;;) {
		size_t first = i, child = 2 * i + 1, moved = heap[i];

		for (size_t c = child; c < child + 2 && c < table->heap_count; c++) {
			if (is_before(table, heap[c], heap[first]))
				first = c;
		}
		if (first == i)
			return;
		heap[i] = heap[first];
		heap[first] = moved;
		i = first;
	}
}

static void build_heap(struct timetable *table)
{
	table->heap_count = 0;
	for (size_t i = 0; i < table->count; i++) {
		if (table->plans[i].next_at >= 0)
			table->heap[table->heap_count++] = i;
	}
	for (size_t i = table->heap_count / 2; i-- > 0; )
		sink(table, i);
}

/* The first due time after `now`, and after those that were answered if the
 * clock has only gone a little back behind them. */
static void plan_next(struct timetable_plan *plan, int64_t now)
{
	int64_t after = now;

	if (plan->answered_at > now && plan->answered_at - now <= JUMP_BACK_S)
		after = plan->answered_at;
	plan->next_at = cron_next(&plan->cron, plan->timezone, after);
}

/* A time in the past stays: it is due. One in the future was computed under
 * another clock or another schedule, perhaps. */
static void plan_all(struct timetable *table, int64_t now)
{
	for (size_t i = 0; i < table->count; i++) {
		struct timetable_plan *plan = &table->plans[i];

		if (plan->next_at <= 0 || plan->next_at > now)
			plan_next(plan, now);
	}
	build_heap(table);
	table->seen_at = now;
}

struct timetable *timetable_new(const struct timetable_plan *plans, size_t count, int64_t now)
{
	struct timetable *table = mem_calloc(1, sizeof(*table));

	table->plans = mem_calloc(count, sizeof(*table->plans));
	table->heap = mem_calloc(count, sizeof(*table->heap));
	table->count = count;
	for (size_t i = 0; i < count; i++) {
		table->plans[i] = plans[i];
		table->plans[i].name = mem_strdup(plans[i].name);
		table->plans[i].timezone = mem_strdup(plans[i].timezone);
	}
	qsort(table->plans, count, sizeof(*table->plans), by_name);
	plan_all(table, now);
	return table;
}

void timetable_free(struct timetable *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count; i++) {
		free((char *)table->plans[i].name);
		free((char *)table->plans[i].timezone);
	}
	free(table->plans);
	free(table->heap);
	free(table);
}

bool timetable_due(struct timetable *table, int64_t now, struct timetable_due *ret)
{
	struct timetable_plan *plan;

	if (now < table->seen_at)
		plan_all(table, now);
	table->seen_at = now;
	if (table->heap_count == 0)
		return false;
	plan = &table->plans[table->heap[0]];
	if (plan->next_at > now)
		return false;
	*ret = (struct timetable_due){
		.name = plan->name, .subject = plan->subject,
		.slot_at = plan->next_at, .skipped = plan->busy,
	};
	plan->busy = true;
	plan->answered_at = now;
	plan_next(plan, now);
	ret->next_at = plan->next_at;
	if (plan->next_at < 0)
		table->heap[0] = table->heap[--table->heap_count];
	sink(table, 0);
	return true;
}

static struct timetable_plan *find(const struct timetable *table, const char *name)
{
	struct timetable_plan key = { .name = name };

	return bsearch(&key, table->plans, table->count, sizeof(key), by_name);
}

void timetable_finished(struct timetable *table, const char *name)
{
	struct timetable_plan *plan = find(table, name);

	if (plan != NULL)
		plan->busy = false;
}

int64_t timetable_next(const struct timetable *table, const char **ret_name)
{
	const struct timetable_plan *plan;

	if (table->heap_count == 0)
		return -1;
	plan = &table->plans[table->heap[0]];
	if (ret_name != NULL)
		*ret_name = plan->name;
	return plan->next_at;
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

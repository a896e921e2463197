#include "daemon/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/freshness.h"

static int by_name(const void *a, const void *b)
{
	const struct watched *left = a, *right = b;

	return strcmp(left->name, right->name);
}

struct watched *watch_find(const struct watch *watch, const char *name)
{
	struct watched key = { .name = (char *)name };

	return bsearch(&key, watch->items, watch->count, sizeof(key), by_name);
}

static void take_over(struct watched *item, struct watch *old)
{
	struct watched *before = watch_find(old, item->name);

	if (before == NULL)
		return;
	item->history = before->history;
	item->watched_at = before->watched_at;
	item->is_read = before->is_read;
	before->history = (struct history){ .last_id = 0 };
	before->is_read = false;
}

struct watch *watch_new(const struct config *config, struct watch *old)
{
	struct watch *watch = mem_calloc(1, sizeof(*watch));

	watch->count = config->database_count;
	watch->items = mem_calloc(watch->count, sizeof(*watch->items));
	for (size_t i = 0; i < watch->count; i++) {
		const struct config_database *d = config->databases[i];

		watch->items[i].name = mem_printf("%s/%s", d->environment->name, d->name);
		watch->items[i].database = d;
	}
	qsort(watch->items, watch->count, sizeof(*watch->items), by_name);
	for (size_t i = 0; i < watch->count && old != NULL; i++)
		take_over(&watch->items[i], old);
	return watch;
}

struct watch *watch_none(void)
{
	struct watch *watch = mem_calloc(1, sizeof(*watch));

	watch->items = mem_calloc(1, sizeof(*watch->items));
	return watch;
}

void watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->count; i++) {
		history_release(&watch->items[i].history);
		free(watch->items[i].name);
	}
	free(watch->items);
	free(watch);
}

bool watch_verifies(const struct watched *item)
{
	return item->database->policy.verify != CONFIG_VERIFY_NONE;
}

/* ---- the past */

struct past {
	struct state_run *runs;
	size_t count;
};

static int add_run(void *ctx, const struct state_run *run, struct err *err)
{
	struct past *past = ctx;

	(void)err;
	past->runs[past->count++] = *run;
	return 0;
}

/* What so many runs did not tell: the times that were noted apart. */
static void add_noted(struct watched *item, const struct state_database *noted)
{
	int64_t at = watch_verifies(item) ? noted->last_verified_at : noted->last_success_at;

	if (item->history.verified_at == 0)
		item->history.verified_at = at;
}

void watch_read(struct watched *item, struct state *state, int64_t now)
{
	struct past past = { .count = 0 };
	struct state_database noted;

	item->is_read = true;
	if (state == NULL || state_get(state, item->name, &noted, NULL) != 0)
		return;
	past.runs = mem_calloc(HISTORY_RUNS, sizeof(*past.runs));
	if (state_each_run(state, item->name, HISTORY_RUNS, add_run, &past, NULL) == 0)
		history_add_past(&item->history, past.runs, past.count, noted.retry_at,
		    watch_verifies(item), now);
	add_noted(item, &noted);
	free(past.runs);
}

struct alerts_facts watch_facts(const struct watched *item)
{
	const struct history *h = &item->history;
	int64_t from = h->verified_at != 0 ? h->verified_at : item->watched_at;
	int64_t age = from != 0 ? freshness_age(item->database, from) : 0;

	return (struct alerts_facts){
		.failing = h->failing, .gravity = h->gravity, .failing_since = h->failing_since,
		.well_since = h->well_since, .verified_at = h->verified_at,
		.fresh_until = age != 0 ? from + age : 0, .shrunk_at = h->shrunk_at,
	};
}

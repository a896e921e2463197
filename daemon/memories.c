#include "daemon/memories.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/alerts.h"

/* Kinds of notes that are no memories. */
#define TARGET_KNOWN "known"
#define DATABASE_WATCHED "watched"

static struct state_alert row_of(const char *database, const char *target, const char *kind)
{
	struct state_alert row = { .since_at = 0 };

	(void)snprintf(row.database, sizeof(row.database), "%s", database);
	(void)snprintf(row.target, sizeof(row.target), "%s", target);
	(void)snprintf(row.kind, sizeof(row.kind), "%s", kind);
	return row;
}

void memories_note(const struct memories *m, size_t target, size_t database,
    enum alert_kind kind, const struct alerts_memory *memory)
{
	struct state_alert row = row_of(m->watch->items[database].name, m->targets[target].name,
	    alert_word(kind));

	row.since_at = memory->since_at;
	row.told_at = memory->told_at;
	row.gravity = memory->gravity;
	if (memory->told_at != 0)
		record_alert_set(m->record, &row);
	else
		record_alert_clear(m->record, row.database, row.target, row.kind);
}

void memories_note_target(const struct memories *m, const char *target, int64_t at)
{
	struct state_alert row = row_of("", target, TARGET_KNOWN);

	row.since_at = at;
	record_alert_set(m->record, &row);
}

void memories_note_database(const struct memories *m, const char *database, int64_t at)
{
	struct state_alert row = row_of(database, "", DATABASE_WATCHED);

	row.since_at = at;
	record_alert_set(m->record, &row);
}

/* ---- reading */

struct search {
	const char *target;
	int64_t known_at;
};

static int look_for_target(void *ctx, const struct state_alert *row, struct err *err)
{
	struct search *search = ctx;

	(void)err;
	if (strcmp(row->kind, TARGET_KNOWN) == 0 && strcmp(row->target, search->target) == 0)
		search->known_at = row->since_at;
	return 0;
}

int64_t memories_known_at(struct record *record, const char *target)
{
	struct search search = { .target = target };
	struct state *state = record_reader(record);

	if (state != NULL)
		(void)state_each_alert(state, look_for_target, &search, NULL);
	return search.known_at;
}

struct reading {
	const struct memories *memories;
	struct alerts *alerts;
	struct watch *watch;
	struct state_alert *useless;
	size_t useless_count, useless_cap;
};

static int kind_of(const char *word)
{
	for (int kind = 0; kind < ALERT_MEMORIES; kind++) {
		if (strcmp(alert_word((enum alert_kind)kind), word) == 0)
			return kind;
	}
	return -1;
}

/* false: nobody needs it any more. */
static bool take_row(struct reading *r, const struct state_alert *row)
{
	struct alerts_memory memory = {
		.since_at = row->since_at, .told_at = row->told_at,
		.gravity = (enum alert_gravity)row->gravity,
	};
	long target = alerts_find_target(r->alerts, row->target);
	long database = alerts_find_database(r->alerts, row->database);
	int kind = kind_of(row->kind);

	if (strcmp(row->kind, DATABASE_WATCHED) == 0) {
		if (database >= 0)
			r->watch->items[database].watched_at = row->since_at;
		return database >= 0;
	}
	if (strcmp(row->kind, TARGET_KNOWN) == 0)
		return target >= 0;
	if (target < 0 || database < 0 || kind < 0)
		return false;
	alerts_recall(r->alerts, (size_t)target, (size_t)database, (enum alert_kind)kind, &memory);
	return true;
}

static int read_row(void *ctx, const struct state_alert *row, struct err *err)
{
	struct reading *r = ctx;

	(void)err;
	if (take_row(r, row))
		return 0;
	r->useless = mem_grow(r->useless, r->useless_count, &r->useless_cap, sizeof(*r->useless));
	r->useless[r->useless_count++] = *row;
	return 0;
}

void memories_read(const struct memories *memories, struct alerts *alerts, struct watch *watch)
{
	struct reading r = { .memories = memories, .alerts = alerts, .watch = watch };
	struct state *state = record_reader(memories->record);

	if (state != NULL)
		(void)state_each_alert(state, read_row, &r, NULL);
	for (size_t i = 0; i < r.useless_count; i++) {
		const struct state_alert *row = &r.useless[i];

		record_alert_clear(memories->record, row->database, row->target, row->kind);
	}
	free(r.useless);
}

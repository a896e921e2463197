#include "retention/garbage.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_blocked(struct prune_report *report, const struct census *c)
{
	for (size_t i = 0; i < c->snapshot_count && report->blocked == NULL; i++) {
		const struct census_snapshot *s = &c->snapshots[i];

		if (!s->gone && s->unreadable != NULL)
			report->blocked = mem_printf("no garbage is removed: snapshot %s: %s", s->id, s->unreadable);
	}
	return report->blocked != NULL;
}

/* ---- a last look: is what is listed what was read? ---- */

struct looking {
	struct remover *remover;
	struct census *census;
};

static void is_back(struct looking *l, struct census_snapshot *s)
{
	struct prune_report *report = l->remover->report;

	s->gone = false;
	report->not_gone++;
	remover_note(l->remover, mem_printf("snapshot %s was removed, and is listed again", s->id));
}

static int look_at(struct looking *l, const char *id)
{
	size_t at = census_find_snapshot(l->census, id);
	struct prune_report *report = l->remover->report;

	if (at == CENSUS_NONE && report->blocked == NULL)
		report->blocked = mem_printf("no garbage is removed: snapshot %s appeared meanwhile, another run is writing here", id);
	else if (at != CENSUS_NONE && l->census->snapshots[at].gone && !l->remover->options->dry_run)
		is_back(l, &l->census->snapshots[at]);
	return 0;
}

static int look_again(struct remover *r, struct census *c, struct err *err)
{
	struct looking l = { r, c };
	struct store_ids ids;

	if (store_list(c->store, &ids, err) != 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++)
		(void)look_at(&l, ids.items[i].id);
	store_ids_release(&ids);
	return 0;
}

/* ---- what is garbage ---- */

/* Objects to be removed in one go. */
struct heap {
	struct census_object **items;
	size_t count, cap;
};

struct sorting {
	struct remover *remover;
	struct census *census;
	bool only_orphans;
	struct heap chunks;          /* go first */
	struct heap rest;
};

static void heap_add(struct heap *heap, struct census_object *o)
{
	heap->items = mem_grow(heap->items, heap->count, &heap->cap, sizeof(*heap->items));
	heap->items[heap->count++] = o;
}

/* Nobody needs it. Is it time? */
static bool is_due(struct sorting *s, const struct census_object *o)
{
	if (o->orphaned)
		return true;
	if (s->only_orphans)
		return false;
	if (o->age_s >= 0 && o->age_s >= s->remover->options->garbage_grace)
		return true;
	s->remover->report->young++;
	return false;
}

static void sort_chunk(struct sorting *s, struct census_object *o)
{
	if (!o->named && is_due(s, o))
		heap_add(&s->chunks, o);
}

/* The mark of a chunk that is there, or stays, stays too. */
static void sort_mark(struct sorting *s, struct census_object *o)
{
	AUTO_STR key = mem_strndup(o->key, strlen(o->key) - strlen(".damaged"));
	size_t at = census_find(s->census, key);

	if (at != CENSUS_NONE) {
		const struct census_object *chunk = &s->census->objects[at];

		if (chunk->named || !chunk->orphaned)
			return;
		o->orphaned = true;
	}
	if (is_due(s, o))
		heap_add(&s->rest, o);
}

/* A signature, a verdict, a pin, a label: of a snapshot that is not listed. A label
 * that leads to another snapshot than its own is somebody's business, not garbage. */
static void sort_beside(struct sorting *s, struct census_object *o)
{
	size_t at = o->id[0] != '\0' ? census_find_snapshot(s->census, o->id) : CENSUS_NONE;

	if (at != CENSUS_NONE && !s->census->snapshots[at].gone)
		return;
	if (o->kind == NAMES_LABEL && census_is_borne(s->census, o->key + strlen("labels/")))
		return;
	if (at != CENSUS_NONE)
		o->orphaned = true;
	if (is_due(s, o))
		heap_add(&s->rest, o);
}

static void note_foreign(struct prune_report *report, const char *key)
{
	if (report->foreign == NULL)
		report->foreign = mem_calloc(PRUNE_FOREIGN_SHOWN, sizeof(*report->foreign));
	if (report->foreign_count < PRUNE_FOREIGN_SHOWN)
		report->foreign[report->foreign_count] = mem_strdup(key);
	report->foreign_count++;
}

static void sort_one(struct sorting *s, struct census_object *o)
{
	if (o->gone)
		return;
	switch (o->kind) {
	case NAMES_CHUNK:
		sort_chunk(s, o);
		break;
	case NAMES_DAMAGED_MARK:
		sort_mark(s, o);
		break;
	case NAMES_SIGNATURE:
	case NAMES_VERDICT:
	case NAMES_PIN:
	case NAMES_LABEL:
		sort_beside(s, o);
		break;
	case NAMES_FOREIGN:
		note_foreign(s->remover->report, o->key);
		break;
	case NAMES_MANIFEST:
	case NAMES_LEASE:
		break;
	}
}

/* A chunk that nobody names and that is young keeps its mark; so marks come after
 * it is known which chunks go. Marks follow their chunk in the order of keys. */
static int remove_sorted(struct sorting *s, struct err *err)
{
	for (size_t i = 0; i < s->census->object_count; i++)
		sort_one(s, &s->census->objects[i]);
	if (remover_remove_all(s->remover, s->chunks.items, s->chunks.count, err) != 0)
		return -1;
	return remover_remove_all(s->remover, s->rest.items, s->rest.count, err);
}

/* What a process that was killed left half-written. */
static int sweep(struct remover *r, struct err *err)
{
	struct bucket_swept swept;

	if (remover_may_go_on(r, err) != 0 ||
	    store_sweep(r->options->store, r->options->garbage_grace, r->options->dry_run,
	        &swept, err) != 0)
		return -1;
	r->report->removed_objects += (size_t)swept.count;
	r->report->garbage += (size_t)swept.count;
	r->report->freed_bytes += swept.bytes;
	r->report->garbage_bytes += swept.bytes;
	return 0;
}

int garbage_remove(struct remover *r, struct census *census, bool only_orphans,
    struct err *err)
{
	struct sorting s = { .remover = r, .census = census, .only_orphans = only_orphans };
	int rc;

	if (is_blocked(r->report, census))
		return 0;
	if (look_again(r, census, err) != 0)
		return -1;
	if (r->report->blocked != NULL)
		return 0;
	census_mark_chunks(census);
	rc = remove_sorted(&s, err);
	if (rc == 0 && !only_orphans)
		rc = sweep(r, err);
	free(s.chunks.items);
	free(s.rest.items);
	return rc;
}

#include "retention/census.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/queue.h"
#include "storage/manifest.h"

/* ---- the listing ---- */

static void add_snapshot(struct census *c, const char *id)
{
	struct census_snapshot *s;

	c->snapshots = mem_grow(c->snapshots, c->snapshot_count, &c->snapshot_cap,
	    sizeof(*c->snapshots));
	s = &c->snapshots[c->snapshot_count++];
	*s = (struct census_snapshot){ .verdict = RETENTION_UNVERIFIED };
	memcpy(s->id, id, sizeof(s->id));
}

static int visit(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct census *c = ctx;
	struct census_object *o;

	(void)err;
	c->objects = mem_grow(c->objects, c->object_count, &c->object_cap, sizeof(*c->objects));
	o = &c->objects[c->object_count++];
	*o = (struct census_object){ .key = mem_strdup(key), .bytes = bytes, .age_s = age_s };
	o->kind = names_kind_of(key, o->id);
	if (o->kind == NAMES_MANIFEST)
		add_snapshot(c, o->id);
	return 0;
}

static int compare_key(const void *key, const void *object)
{
	return strcmp(key, ((const struct census_object *)object)->key);
}

size_t census_find(const struct census *census, const char *key)
{
	const struct census_object *o = census->object_count == 0 ? NULL :
	    bsearch(key, census->objects, census->object_count, sizeof(*o), compare_key);

	return o != NULL ? (size_t)(o - census->objects) : CENSUS_NONE;
}

static int compare_id(const void *id, const void *snapshot)
{
	return strcmp(id, ((const struct census_snapshot *)snapshot)->id);
}

size_t census_find_snapshot(const struct census *census, const char *id)
{
	const struct census_snapshot *s = census->snapshot_count == 0 ? NULL :
	    bsearch(id, census->snapshots, census->snapshot_count, sizeof(*s), compare_id);

	return s != NULL ? (size_t)(s - census->snapshots) : CENSUS_NONE;
}

bool census_is_borne(const struct census *census, const char *label)
{
	for (size_t i = 0; i < census->snapshot_count; i++) {
		const struct census_snapshot *s = &census->snapshots[i];

		if (!s->gone && s->label != NULL && strcmp(s->label, label) == 0)
			return true;
	}
	return false;
}

static void note_what_lies_beside(struct census *c)
{
	for (size_t i = 0; i < c->object_count; i++) {
		const struct census_object *o = &c->objects[i];
		size_t at = o->kind == NAMES_VERDICT || o->kind == NAMES_PIN ?
		    census_find_snapshot(c, o->id) : CENSUS_NONE;

		if (at == CENSUS_NONE)
			continue;
		if (o->kind == NAMES_VERDICT)
			c->snapshots[at].has_verdict = true;
		else
			c->snapshots[at].has_pin = true;
	}
}

/* ---- the manifests ---- */

static void note_chunks(const struct census *c, const struct manifest *m,
    struct census_snapshot *s)
{
	s->chunks = mem_calloc(m->object_count + 1, sizeof(*s->chunks));
	for (size_t i = 0; i < m->object_count; i++) {
		size_t at = census_find(c, m->objects[i].key);

		if (at != CENSUS_NONE)
			s->chunks[s->chunk_count++] = at;
	}
	s->stored_bytes = manifest_stored_bytes(m);
}

/* Damage, and distrust, are what is there; trouble on the way to it is not. */
static bool is_final(const struct err *err)
{
	return err->code == ERR_CORRUPT || err->code == ERR_TOO_BIG || err->code == ERR_NOT_FOUND;
}

static char *without_prefix(const char *msg, const char *id)
{
	AUTO_STR prefix = mem_printf("snapshot %s: ", id);
	size_t len = strlen(prefix);

	return mem_strdup(strncmp(msg, prefix, len) == 0 ? msg + len : msg);
}

static int load_manifest(const struct census *c, struct census_snapshot *s, struct err *err)
{
	struct err local = ERR_INIT;
	struct snapshot snapshot;

	if (store_load(c->store, s->id, &snapshot, &local) == 0) {
		s->label = mem_strdup(snapshot.manifest.label);
		note_chunks(c, &snapshot.manifest, s);
		snapshot_release(&snapshot);
		return 0;
	}
	if (!is_final(&local)) {
		*err = local;
		return -1;
	}
	s->unreadable = without_prefix(local.msg, s->id);
	return 0;
}

/* One that cannot be read is none. */
static int load_verdict(const struct census *c, struct census_snapshot *s, struct err *err)
{
	struct err local = ERR_INIT;
	struct verdict verdict;

	if (!s->has_verdict)
		return 0;
	if (store_get_verdict(c->store, s->id, &verdict, &local) == 0) {
		s->verdict = verdict.good ? RETENTION_GOOD : RETENTION_BAD;
		verdict_release(&verdict);
		return 0;
	}
	if (is_final(&local))
		return 0;
	*err = local;
	return -1;
}

static int load_pin(const struct census *c, struct census_snapshot *s, struct err *err)
{
	struct err local = ERR_INIT;
	struct pin pin;

	if (!s->has_pin)
		return 0;
	if (store_get_pin(c->store, s->id, &pin, &local) == 0 || local.code == ERR_CORRUPT)
		s->pinned_until = pin.until;
	else if (local.code != ERR_NOT_FOUND) {
		*err = local;
		return -1;
	}
	return 0;
}

static int load(void *ctx, void *item, struct err *err)
{
	const struct census *c = ctx;
	struct census_snapshot *s = item;

	if (load_manifest(c, s, err) != 0 || load_verdict(c, s, err) != 0)
		return -1;
	return load_pin(c, s, err);
}

static int load_all(struct census *c, unsigned workers, struct err *err)
{
	struct queue *queue = queue_new(&(struct queue_options){
		.workers = workers, .depth = 2 * (size_t)workers, .work = load, .ctx = c,
	});
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->snapshot_count; i++)
		rc = queue_push(queue, &c->snapshots[i], err);
	if (rc == 0)
		rc = queue_finish(queue, err);
	queue_free(queue);
	return rc;
}

/* Where a label leads that no manifest bears. Nonsense leads nowhere. */
static int load_labels(struct census *c, struct err *err)
{
	for (size_t i = 0; i < c->object_count; i++) {
		struct census_object *o = &c->objects[i];
		AUTO_BUF text = BUF_INIT(64);
		struct err local = ERR_INIT;

		if (o->kind != NAMES_LABEL || census_is_borne(c, o->key + strlen("labels/")))
			continue;
		if (store_get(c->store, o->key, &text, &local) == 0) {
			if (text.len == 16 && names_is_id(buf_str(&text)))
				memcpy(o->id, buf_str(&text), 17);
		} else if (!is_final(&local)) {
			*err = local;
			return -1;
		}
	}
	return 0;
}

int census_take(struct store *store, unsigned workers, struct census *ret, struct err *err)
{
	struct err local = ERR_INIT;

	*ret = (struct census){ .store = store };
	if (store_list_all(store, visit, ret, &local) == 0) {
		note_what_lies_beside(ret);
		if (load_all(ret, workers, &local) == 0 && load_labels(ret, &local) == 0)
			return 0;
	}
	census_release(ret);
	if (err != NULL)
		*err = local;
	return -1;
}

void census_release(struct census *census)
{
	for (size_t i = 0; i < census->object_count; i++)
		free(census->objects[i].key);
	for (size_t i = 0; i < census->snapshot_count; i++) {
		free(census->snapshots[i].label);
		free(census->snapshots[i].unreadable);
		free(census->snapshots[i].chunks);
	}
	free(census->objects);
	free(census->snapshots);
	*census = (struct census){ .store = NULL };
}

void census_mark_chunks(struct census *census)
{
	for (size_t i = 0; i < census->object_count; i++)
		census->objects[i].named = false;
	for (size_t i = 0; i < census->snapshot_count; i++) {
		const struct census_snapshot *s = &census->snapshots[i];

		for (size_t j = 0; j < s->chunk_count; j++) {
			struct census_object *o = &census->objects[s->chunks[j]];

			if (s->gone)
				o->orphaned = true;
			else
				o->named = true;
		}
	}
}

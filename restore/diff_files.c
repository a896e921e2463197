/* The file of one side: the rows that the other side may not have. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "restore/diff_internal.h"
#include "restore/fetch.h"
#include "restore/replay.h"

/* The hashes of a manifest's chunks of rows, sorted. */
struct hashes {
	const char **items;
	size_t count;
};

struct wanting {
	const struct diff_file *file;
	struct hashes had;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct hashes hashes_of(const struct manifest *m)
{
	struct hashes h = { .items = mem_calloc(m->object_count, sizeof(*h.items)) };

	for (size_t i = 0; i < m->object_count; i++) {
		if (m->objects[i].kind == MANIFEST_ROWS)
			h.items[h.count++] = m->objects[i].sql_sha256;
	}
	if (h.count > 0)
		qsort(h.items, h.count, sizeof(*h.items), by_text);
	return h;
}

static const struct table *table_of(const struct diff_file *file, size_t i)
{
	return file->is_b ? file->pairs->items[i].b : file->pairs->items[i].a;
}

static bool wanted(void *ctx, const struct manifest_object *object)
{
	const struct wanting *w = ctx;
	const char *hash = object->sql_sha256;

	if (object->kind != MANIFEST_ROWS)
		return false;
	for (size_t i = 0; i < w->file->pairs->count; i++) {
		if (strcmp(table_of(w->file, i)->name, object->table) == 0)
			return w->had.count == 0 || bsearch(&hash, w->had.items, w->had.count,
			    sizeof(*w->had.items), by_text) == NULL;
	}
	return false;
}

static int create_table(const struct diff_file *file, struct replay *replay, const char *name,
    struct err *err)
{
	for (size_t i = 0; i < file->inventory->count; i++) {
		const struct inventory_statement *s = &file->inventory->items[i];
		AUTO_BUF sql = BUF_INIT(CHUNK_MAX_BYTES);

		if (s->kind != INVENTORY_TABLE || strcmp(s->object, name) != 0)
			continue;
		return buf_adds(&sql, s->sql, err) == 0 ? replay_apply(replay, &sql, err) : -1;
	}
	return err_set(err, ERR_CORRUPT, "nothing makes the table \"%s\"", name);
}

static int run_chunks(const struct diff_file *file, struct fetch *fetch, struct replay *replay,
    struct diff *ret, int64_t *bytes, struct err *err)
{
	struct fetched *f;
	int rc;

	while ((rc = fetch_next_good(fetch, &f, err)) == 1) {
		rc = replay_apply(replay, &f->sql, err);
		if (rc != 0)
			(void)err_wrap(err, "chunk %s", f->object->key);
		ret->chunks_fetched++;
		*bytes += f->object->sql_bytes;
		fetched_free(f);
		if (rc != 0)
			return -1;
		if (file->options->progress != NULL)
			file->options->progress(file->options->progress_ctx, *bytes);
	}
	return rc;
}

static int fill(const struct diff_file *file, struct replay *replay, struct diff *ret,
    int64_t *bytes, struct err *err)
{
	struct wanting wanting = { file, hashes_of(file->other->manifest) };
	struct fetch *fetch = fetch_new(&(struct fetch_options){
		.store = file->side->store, .manifest = file->side->manifest,
		.workers = file->options->workers, .wanted = wanted, .wanted_ctx = &wanting,
	});
	int rc = run_chunks(file, fetch, replay, ret, bytes, err);

	fetch_free(fetch);
	free(wanting.had.items);
	return rc;
}

int diff_make_file(const struct diff_file *file, struct diff *ret, int64_t *bytes, struct err *err)
{
	struct replay *replay = replay_open(&(struct replay_options){
		.path = file->path,
		.max_bytes = REPLAY_MAX_BYTES(manifest_sql_bytes(file->side->manifest)),
	}, err);
	int rc = 0;

	if (replay == NULL)
		return -1;
	for (size_t i = 0; i < file->pairs->count && rc == 0; i++)
		rc = create_table(file, replay, table_of(file, i)->name, err);
	if (rc == 0)
		rc = fill(file, replay, ret, bytes, err);
	if (rc == 0)
		rc = replay_commit(replay, NULL, err);
	replay_free(replay);
	return rc;
}

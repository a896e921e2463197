#include "storage/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "storage/cache.h"
#include "storage/names.h"
#include "storage/store_internal.h"

void store_init(struct store *ret, struct bucket *bucket, const char *prefix,
    const char *environment, const char *database, const struct signer *signer,
    const struct verifier *verifier)
{
	*ret = (struct store){
		.bucket = bucket,
		.folder = names_folder(prefix, environment, database),
		.signer = signer,
		.verifier = verifier,
	};
}

void store_release(struct store *store)
{
	free(store->folder);
	*store = (struct store){ 0 };
}

int store_put(struct store *store, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err)
{
	AUTO_STR full = mem_printf("%s%s", store->folder, key);

	return bucket_put(store->bucket, full, data, len, if_absent, err);
}

int store_put_later(struct store *store, const char *key, const void *data, size_t len,
    struct err *err)
{
	AUTO_STR full = mem_printf("%s%s", store->folder, key);

	return bucket_put_later(store->bucket, full, data, len, err);
}

int store_settle(struct store *store, struct err *err)
{
	return bucket_settle(store->bucket, err);
}

int store_get(struct store *store, const char *key, struct buf *ret, struct err *err)
{
	AUTO_STR full = mem_printf("%s%s", store->folder, key);

	return bucket_get(store->bucket, full, ret, err);
}

/* A copy has the name of its object, without the folder. */
int store_get_seen(struct store *store, const char *key, const struct store_seen *seen,
    struct buf *ret, struct err *err)
{
	const char *name = strrchr(key, '/') + 1;
	size_t before = ret->len;
	int64_t asked_at;

	if (store->cache == NULL || seen == NULL)
		return store_get(store, key, ret, err);
	if (cache_get(store->cache, name, seen->bytes, seen->age_s, ret))
		return 0;
	asked_at = cache_now(store->cache);
	if (store_get(store, key, ret, err) != 0)
		return -1;
	cache_put(store->cache, name, asked_at, buf_str(ret) + before, ret->len - before);
	return 0;
}

int store_remove(struct store *store, const char *key, struct err *err)
{
	AUTO_STR full = mem_printf("%s%s", store->folder, key);

	return bucket_remove(store->bucket, full, err);
}

int store_sweep(struct store *store, int64_t min_age_s, bool dry_run, struct bucket_swept *ret,
    struct err *err)
{
	return bucket_sweep(store->bucket, store->folder, min_age_s, dry_run, ret, err);
}

/* ---- listing ---- */

struct listing {
	size_t skip;               /* bytes of the prefix before the file name */
	struct store_ids *ids;
};

static void note_beside(struct store_id *id, const char *ending, struct store_seen seen)
{
	if (strcmp(ending, ".json.sig") == 0) {
		id->signature = seen;
	} else if (strcmp(ending, ".verified.json") == 0) {
		id->has_verdict = true;
		id->verdict = seen;
	} else if (strcmp(ending, ".pinned.json") == 0) {
		id->has_pin = true;
		id->pin = seen;
	}
}

/* Keys come in byte order, so ".json" of an id comes before what lies beside it,
 * and ids oldest first. */
static int visit_snapshot(void *ctx, const char *key, int64_t bytes, int64_t age_s,
    struct err *err)
{
	struct listing *l = ctx;
	struct store_ids *ids = l->ids;
	const char *file = key + l->skip;
	const struct store_seen seen = { bytes, age_s };
	struct store_id *last = ids->count > 0 ? &ids->items[ids->count - 1] : NULL;
	char id[20];

	(void)err;
	if (names_id_of_manifest(file, id)) {
		ids->items = mem_grow(ids->items, ids->count, &ids->cap, sizeof(*ids->items));
		ids->items[ids->count] = (struct store_id){
			.manifest = seen, .signature.bytes = -1, .verdict.bytes = -1, .pin.bytes = -1,
		};
		memcpy(ids->items[ids->count++].id, id, sizeof(id));
	} else if (last != NULL && strncmp(file, last->id, strlen(last->id)) == 0) {
		note_beside(last, file + strlen(last->id), seen);
	}
	return 0;
}

int store_list(struct store *store, struct store_ids *ret, struct err *err)
{
	AUTO_STR prefix = mem_printf("%ssnapshots/", store->folder);
	struct listing l = { strlen(prefix), ret };

	*ret = (struct store_ids){ 0 };
	if (bucket_list(store->bucket, prefix, visit_snapshot, &l, err) != 0) {
		store_ids_release(ret);
		return -1;
	}
	return 0;
}

void store_ids_release(struct store_ids *ids)
{
	free(ids->items);
	*ids = (struct store_ids){ 0 };
}

static int by_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct store_id *)item)->id);
}

/* The names of copies begin with an id of 16 characters and a point. */
static bool is_listed(void *ctx, const char *name)
{
	const struct store_ids *ids = ctx;
	AUTO_STR id = mem_strndup(name, strcspn(name, "."));

	return ids->count > 0 &&
	    bsearch(id, ids->items, ids->count, sizeof(*ids->items), by_id) != NULL;
}

void store_trim_cache(const struct store *store, const struct store_ids *ids)
{
	if (store->cache != NULL)
		cache_trim(store->cache, is_listed, (void *)(uintptr_t)ids);
}

struct folder_listing {
	size_t skip;
	bucket_visit *visit;
	void *ctx;
};

static int visit_object(void *ctx, const char *key, int64_t bytes, int64_t age_s,
    struct err *err)
{
	struct folder_listing *l = ctx;

	return l->visit(l->ctx, key + l->skip, bytes, age_s, err);
}

static int list_folder(struct store *store, const char *below, bucket_visit *visit, void *ctx,
    struct err *err)
{
	AUTO_STR prefix = mem_printf("%s%s", store->folder, below);
	struct folder_listing l = { strlen(store->folder), visit, ctx };

	return bucket_list(store->bucket, prefix, visit_object, &l, err);
}

int store_list_chunks(struct store *store, bucket_visit *visit, void *ctx, struct err *err)
{
	return list_folder(store, "data/", visit, ctx, err);
}

int store_list_all(struct store *store, bucket_visit *visit, void *ctx, struct err *err)
{
	return list_folder(store, "", visit, ctx, err);
}

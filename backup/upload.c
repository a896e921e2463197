#include "backup/upload.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/queue.h"
#include "storage/names.h"
#include "storage/pack.h"

/* Enough that a worker never waits for the reader: more would only be memory. */
#define WAITING_CHUNKS 2
/* Memory that waits for the next chunk. */
#define SPARE_BYTES (2u << 20)

struct upload {
	struct store *store;
	struct share *share;
	struct queue *queue;
	struct buf_pool *chunks, *packed;    /* memory of either: one is a fourth of the other */
	pthread_mutex_t lock;                /* of what follows */
	struct packer **packers;             /* that nobody uses: at most one a worker */
	size_t packer_count;
	struct manifest_object *objects;     /* by chunk index */
	size_t count, cap;
	int64_t new_bytes;
};

static const char *folder_of(const struct chunk *chunk)
{
	switch (chunk->kind) {
	case MANIFEST_SCHEMA:
		return "_schema";
	case MANIFEST_POST:
		return "_post";
	default:
		return chunk->table;
	}
}

static struct packer *take_packer(struct upload *u, struct err *err)
{
	struct packer *packer = NULL;

	(void)pthread_mutex_lock(&u->lock);
	if (u->packer_count > 0)
		packer = u->packers[--u->packer_count];
	(void)pthread_mutex_unlock(&u->lock);
	return packer != NULL ? packer : packer_new(err);
}

static void give_packer(struct upload *u, struct packer *packer)
{
	(void)pthread_mutex_lock(&u->lock);
	u->packers[u->packer_count++] = packer;
	(void)pthread_mutex_unlock(&u->lock);
}

static int pack(struct upload *u, const struct buf *sql, struct buf *ret, struct err *err)
{
	struct packer *packer = take_packer(u, err);
	int rc;

	if (packer == NULL)
		return -1;
	rc = pack_gzip(packer, sql->data, sql->len, ret, err);
	give_packer(u, packer);
	return rc;
}

static int put(struct upload *u, const struct buf *packed, struct manifest_object *object,
    struct err *err)
{
	object->stored_bytes = (int64_t)packed->len;
	sha256_hex(packed->data, packed->len, object->stored_sha256);
	crash_point("chunk.before-put");
	if (store_put_later(u->store, object->key, packed->data, packed->len, err) != 0)
		return -1;
	crash_point("chunk.after-put");
	return 0;
}

static int pack_and_put(struct upload *u, const struct chunk *chunk,
    struct manifest_object *object, struct err *err)
{
	struct buf packed;
	int rc;

	buf_init(&packed, CHUNK_MAX_BYTES + (1u << 20));
	buf_pool_take(u->packed, &packed);
	rc = pack(u, &chunk->sql, &packed, err);
	if (rc == 0)
		rc = put(u, &packed, object, err);
	buf_pool_give(u->packed, &packed);
	return rc;
}

static void keep_object(struct upload *u, size_t index, const struct manifest_object *object,
    bool is_new)
{
	(void)pthread_mutex_lock(&u->lock);
	while (u->count <= index) {
		u->objects = mem_grow(u->objects, u->count, &u->cap, sizeof(*u->objects));
		u->objects[u->count++] = (struct manifest_object){ .key = NULL };
	}
	u->objects[index] = *object;
	if (is_new)
		u->new_bytes += object->stored_bytes;
	(void)pthread_mutex_unlock(&u->lock);
}

static int work(void *ctx, void *item, struct err *err)
{
	struct upload *u = ctx;
	struct chunk *chunk = item;
	struct manifest_object object = {
		.kind = chunk->kind,
		.rows = chunk->rows,
		.end_crc32 = chunk->end_crc32,
		.sql_bytes = (int64_t)chunk->sql.len,
	};
	bool is_new = true;

	sha256_hex(chunk->sql.data, chunk->sql.len, object.sql_sha256);
	object.key = names_chunk(folder_of(chunk), object.sql_sha256);
	if (!share_find(u->share, &object, &is_new)) {
		if (pack_and_put(u, chunk, &object, err) != 0) {
			free(object.key);
			return -1;
		}
		share_add(u->share, &object);
	}
	object.table = mem_strdup(chunk->table);
	keep_object(u, chunk->index, &object, is_new);
	buf_pool_give(u->chunks, &chunk->sql);
	return 0;
}

static void release(void *item)
{
	chunk_free(item);
}

struct upload *upload_new(struct store *store, struct share *share, unsigned workers)
{
	struct upload *u = mem_calloc(1, sizeof(*u));

	u->store = store;
	u->share = share;
	u->chunks = buf_pool_new(SPARE_BYTES);
	u->packed = buf_pool_new(SPARE_BYTES);
	u->packers = mem_calloc(workers, sizeof(*u->packers));
	(void)pthread_mutex_init(&u->lock, NULL);
	u->queue = queue_new(&(struct queue_options){
		.workers = workers, .depth = WAITING_CHUNKS, .yielding = true,
		.work = work, .release = release, .ctx = u,
	});
	return u;
}

void upload_free(struct upload *upload)
{
	if (upload == NULL)
		return;
	queue_free(upload->queue);
	for (size_t i = 0; i < upload->count; i++) {
		free(upload->objects[i].table);
		free(upload->objects[i].key);
	}
	free(upload->objects);
	while (upload->packer_count > 0)
		packer_free(upload->packers[--upload->packer_count]);
	free(upload->packers);
	buf_pool_free(upload->chunks);
	buf_pool_free(upload->packed);
	(void)pthread_mutex_destroy(&upload->lock);
	free(upload);
}

struct buf_pool *upload_pool(struct upload *upload)
{
	return upload->chunks;
}

int upload_chunk(void *ctx, struct chunk *chunk, struct err *err)
{
	struct upload *u = ctx;

	return queue_push(u->queue, chunk, err);
}

/* Of chunks that were stored anew, and are durable now. A mark that stays has its
 * chunk stored once more next time: no harm. */
static void unmark(struct upload *u)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < u->count; i++) {
		if (share_is_marked(u->share, u->objects[i].key))
			(void)store_unmark_damaged(u->store, u->objects[i].key, &ignored);
	}
}

int upload_finish(struct upload *upload, struct manifest *m, struct err *err)
{
	if (queue_finish(upload->queue, err) != 0 || store_settle(upload->store, err) != 0)
		return -1;
	unmark(upload);
	for (size_t i = 0; i < upload->count; i++)
		*manifest_add_object(m) = upload->objects[i];
	/* The strings belong to the manifest now. */
	upload->count = 0;
	m->new_bytes += upload->new_bytes;
	return 0;
}

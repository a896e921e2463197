#include "restore/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf_pool.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/queue.h"
#include "storage/pack.h"

/* Memory that waits for the next chunk. */
#define SPARE_BYTES (1u << 20)

struct fetch {
	struct fetch_options options;
	struct queue *queue;
	struct buf_pool *packed, *sql;   /* memory of either: one is a fourth of the other */
	size_t depth;
	size_t next;            /* object to ask for */
	int64_t ahead_bytes;    /* of SQL, asked for and not handed out */
};

static int check_sha256(const struct buf *bytes, int64_t expected_bytes,
    const char *expected, const char *what, struct err *err)
{
	char hex[SHA256_HEX_SIZE];

	if ((int64_t)bytes->len != expected_bytes)
		return err_set(err, ERR_CORRUPT, "%zu %s bytes instead of %lld", bytes->len,
		    what, (long long)expected_bytes);
	sha256_hex(bytes->data, bytes->len, hex);
	if (strcmp(hex, expected) != 0)
		return err_set(err, ERR_CORRUPT, "the SHA-256 of its %s bytes differs", what);
	return 0;
}

static int unpack(struct fetched *f, struct err *err)
{
	const struct manifest_object *o = f->object;

	if (pack_gunzip(f->packed.data, f->packed.len, (size_t)o->sql_bytes, &f->sql, err) != 0)
		return -1;
	return check_sha256(&f->sql, o->sql_bytes, o->sql_sha256, "SQL", err);
}

/* A chunk that no later snapshot named for a while is stored once more when its rows
 * come back, perhaps by a libdeflate of another version: other bytes for the same
 * SQL, which is what counts, and what is signed. */
static int check_chunk(struct fetched *f, struct err *err)
{
	const struct manifest_object *o = f->object;
	struct err ignored = ERR_INIT;

	if (check_sha256(&f->packed, o->stored_bytes, o->stored_sha256, "stored", err) == 0)
		return unpack(f, err);
	if (!pack_is_ours(f->packed.data, f->packed.len) || unpack(f, &ignored) != 0)
		return -1;
	err_clear(err);
	return 0;
}

static int fetch_chunk(struct store *store, struct fetched *f, struct err *err)
{
	const struct manifest_object *o = f->object;

	if (store_get(store, o->key, &f->packed, err) != 0) {
		if (err->code == ERR_TOO_BIG)
			return err_set(err, ERR_CORRUPT, "it is larger than %zu bytes",
			    f->packed.max);
		if (err->code == ERR_NOT_FOUND)
			return err_set(err, ERR_NOT_FOUND, "it is missing from the bucket");
		return -1;
	}
	return check_chunk(f, err);
}

/* What it takes, however it was packed. */
static size_t most_packed_bytes(const struct manifest_object *o)
{
	int64_t most = o->sql_bytes + o->sql_bytes / 512 + 512;

	return (size_t)(most > o->stored_bytes ? most : o->stored_bytes);
}

/* Never fails for the queue: the trouble travels with the chunk. */
static int work(void *ctx, void *item, struct err *err)
{
	struct fetch *fetch = ctx;
	struct fetched *f = item;

	(void)err;
	buf_pool_take(fetch->packed, &f->packed);
	buf_pool_take(fetch->sql, &f->sql);
	if (fetch_chunk(fetch->options.store, f, &f->err) != 0)
		(void)err_wrap(&f->err, "chunk %s", f->object->key);
	if (fetch->options.keep != FETCH_PACKED)
		buf_pool_give(fetch->packed, &f->packed);
	if (fetch->options.keep != FETCH_SQL)
		buf_pool_give(fetch->sql, &f->sql);
	return 0;
}

static void release(void *item)
{
	fetched_free(item);
}

struct fetch *fetch_new(const struct fetch_options *options)
{
	struct fetch *fetch = mem_calloc(1, sizeof(*fetch));

	fetch->options = *options;
	fetch->packed = buf_pool_new(SPARE_BYTES);
	fetch->sql = buf_pool_new(SPARE_BYTES);
	fetch->depth = 2 * (size_t)options->workers;
	fetch->queue = queue_new(&(struct queue_options){
		.workers = options->workers, .depth = fetch->depth, .ordered = true,
		.work = work, .release = release, .ctx = fetch,
	});
	return fetch;
}

void fetch_free(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	queue_free(fetch->queue);
	buf_pool_free(fetch->packed);
	buf_pool_free(fetch->sql);
	free(fetch);
}

/* What is checked and forgotten takes no room while it waits. */
static bool has_room(const struct fetch *fetch)
{
	size_t pending = queue_pending(fetch->queue);

	return pending < fetch->depth && (pending == 0 || fetch->options.keep == FETCH_NOTHING ||
	    fetch->ahead_bytes < FETCH_AHEAD_BYTES);
}

static int ask_ahead(struct fetch *fetch, struct err *err)
{
	const struct manifest *m = fetch->options.manifest;

	while (fetch->next < m->object_count && has_room(fetch)) {
		const struct manifest_object *o = &m->objects[fetch->next++];
		struct fetched *f;

		if (fetch->options.wanted != NULL &&
		    !fetch->options.wanted(fetch->options.wanted_ctx, o))
			continue;
		f = mem_calloc(1, sizeof(*f));
		f->object = o;
		f->fetch = fetch;
		buf_init(&f->packed, most_packed_bytes(o));
		buf_init(&f->sql, (size_t)o->sql_bytes);
		if (queue_push(fetch->queue, f, err) != 0) {
			fetched_free(f);
			return -1;
		}
		fetch->ahead_bytes += o->sql_bytes;
	}
	return 0;
}

int fetch_next(struct fetch *fetch, struct fetched **ret, struct err *err)
{
	void *item;

	if (ask_ahead(fetch, err) != 0)
		return -1;
	if (queue_pending(fetch->queue) == 0)
		return 0;
	if (queue_take(fetch->queue, &item, err) != 0)
		return -1;
	*ret = item;
	fetch->ahead_bytes -= (*ret)->object->sql_bytes;
	return 1;
}

int fetch_next_good(struct fetch *fetch, struct fetched **ret, struct err *err)
{
	int rc = fetch_next(fetch, ret, err);

	if (rc != 1 || (*ret)->err.code == ERR_NONE)
		return rc;
	*err = (*ret)->err;
	/* To a restore a missing chunk is damage as well. */
	if (err->code == ERR_NOT_FOUND)
		err->code = ERR_CORRUPT;
	if (err->code == ERR_CORRUPT)
		(void)err_hint(err, "this snapshot is damaged: d1keep verify names every chunk; use another snapshot");
	fetched_free(*ret);
	*ret = NULL;
	return -1;
}

void fetched_free(struct fetched *fetched)
{
	if (fetched == NULL)
		return;
	buf_pool_give(fetched->fetch->packed, &fetched->packed);
	buf_pool_give(fetched->fetch->sql, &fetched->sql);
	free(fetched);
}

#include "backup/share.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct known {
	char *key;
	int64_t sql_bytes, stored_bytes;
	char sql_sha256[SHA256_HEX_SIZE], stored_sha256[SHA256_HEX_SIZE];
	bool usable;
	bool is_new;               /* uploaded by this backup */
	struct known *next;
};

/* A hash table with chaining: a key ends in its own hash. */
struct share {
	pthread_mutex_t lock;
	struct known **buckets;
	size_t bucket_count, count;
};

struct share *share_new(void)
{
	struct share *s = mem_calloc(1, sizeof(*s));

	(void)pthread_mutex_init(&s->lock, NULL);
	s->bucket_count = 256;
	s->buckets = mem_calloc(s->bucket_count, sizeof(*s->buckets));
	return s;
}

void share_free(struct share *share)
{
	if (share == NULL)
		return;
	for (size_t i = 0; i < share->bucket_count; i++) {
		struct known *k = share->buckets[i];

		while (k != NULL) {
			struct known *next = k->next;

			free(k->key);
			free(k);
			k = next;
		}
	}
	(void)pthread_mutex_destroy(&share->lock);
	free(share->buckets);
	free(share);
}

static size_t hash_key(const char *key)
{
	size_t h = 5381;

	for (; *key != '\0'; key++)
		h = h * 33 + (unsigned char)*key;
	return h;
}

static struct known **place(struct share *s, const char *key)
{
	return &s->buckets[hash_key(key) % s->bucket_count];
}

static struct known *find(struct share *s, const char *key)
{
	struct known *k = *place(s, key);

	while (k != NULL && strcmp(k->key, key) != 0)
		k = k->next;
	return k;
}

static void grow(struct share *s)
{
	struct share bigger = { .bucket_count = s->bucket_count * 4 };

	bigger.buckets = mem_calloc(bigger.bucket_count, sizeof(*bigger.buckets));
	for (size_t i = 0; i < s->bucket_count; i++) {
		while (s->buckets[i] != NULL) {
			struct known *k = s->buckets[i], **to = place(&bigger, k->key);

			s->buckets[i] = k->next;
			k->next = *to;
			*to = k;
		}
	}
	free(s->buckets);
	s->buckets = bigger.buckets;
	s->bucket_count = bigger.bucket_count;
}

static void add(struct share *s, const struct manifest_object *o, bool is_new)
{
	struct known *k = find(s, o->key), **to;

	if (k == NULL) {
		if (s->count++ > s->bucket_count)
			grow(s);
		k = mem_calloc(1, sizeof(*k));
		k->key = mem_strdup(o->key);
		to = place(s, o->key);
		k->next = *to;
		*to = k;
	}
	k->usable = k->is_new = is_new;
	k->sql_bytes = o->sql_bytes;
	k->stored_bytes = o->stored_bytes;
	memcpy(k->sql_sha256, o->sql_sha256, sizeof(k->sql_sha256));
	memcpy(k->stored_sha256, o->stored_sha256, sizeof(k->stored_sha256));
}

static int see_chunk(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct known *k = find(ctx, key);

	(void)age_s, (void)err;
	if (k != NULL && k->stored_bytes == bytes)
		k->usable = true;
	return 0;
}

static int drop_damaged(struct share *share, struct store *store, const char *id,
    int64_t since, struct err *err)
{
	struct verdict v;

	if (store_get_verdict(store, id, &v, err) != 0) {
		/* No verdict, or one that cannot be read: nothing is known. */
		if (err->code != ERR_NOT_FOUND && err->code != ERR_CORRUPT &&
		    err->code != ERR_TOO_BIG)
			return -1;
		err_clear(err);
		return 0;
	}
	for (size_t i = 0; v.verified_at >= since && i < v.damaged_count; i++) {
		struct known *k = find(share, v.damaged[i]);

		if (k != NULL)
			k->usable = false;
	}
	verdict_release(&v);
	return 0;
}

/* A damaged chunk is every snapshot's that names it, whichever was verified. */
static int drop_all_damaged(struct share *share, struct store *store, int64_t since,
    struct err *err)
{
	struct store_ids ids;
	int rc = 0;

	if (store_list(store, &ids, err) != 0)
		return -1;
	for (size_t i = 0; i < ids.count && rc == 0; i++) {
		if (ids.items[i].has_verdict)
			rc = drop_damaged(share, store, ids.items[i].id, since, err);
	}
	store_ids_release(&ids);
	return rc;
}

int share_add_snapshot(struct share *share, struct store *store,
    const struct snapshot *snapshot, struct err *err)
{
	const struct manifest *m = &snapshot->manifest;

	for (size_t i = 0; i < m->object_count; i++)
		add(share, &m->objects[i], false);
	if (store_list_chunks(store, see_chunk, share, err) != 0)
		return -1;
	return drop_all_damaged(share, store, m->started_at, err);
}

void share_add(struct share *share, const struct manifest_object *object)
{
	(void)pthread_mutex_lock(&share->lock);
	add(share, object, true);
	(void)pthread_mutex_unlock(&share->lock);
}

bool share_find(struct share *share, struct manifest_object *object, bool *ret_is_new)
{
	const struct known *k;
	bool found;

	(void)pthread_mutex_lock(&share->lock);
	k = find(share, object->key);
	found = k != NULL && k->usable && k->sql_bytes == object->sql_bytes &&
	    strcmp(k->sql_sha256, object->sql_sha256) == 0;
	if (found) {
		*ret_is_new = k->is_new;
		object->stored_bytes = k->stored_bytes;
		memcpy(object->stored_sha256, k->stored_sha256, sizeof(k->stored_sha256));
	}
	(void)pthread_mutex_unlock(&share->lock);
	return found;
}

#include "backup/share.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "storage/names.h"

struct known {
	char *key;
	int64_t sql_bytes, stored_bytes;
	char sql_sha256[SHA256_HEX_SIZE], stored_sha256[SHA256_HEX_SIZE];
	bool usable;
	bool is_new;               /* uploaded by this backup */
	bool is_marked;            /* found damaged; the mark is in the bucket */
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

static struct known *find_or_add(struct share *s, const char *key)
{
	struct known *k = find(s, key), **to;

	if (k != NULL)
		return k;
	if (s->count++ > s->bucket_count)
		grow(s);
	k = mem_calloc(1, sizeof(*k));
	k->key = mem_strdup(key);
	to = place(s, key);
	k->next = *to;
	*to = k;
	return k;
}

static void add(struct share *s, const struct manifest_object *o, bool is_new)
{
	struct known *k = find_or_add(s, o->key);

	k->usable = k->is_new = is_new;
	k->sql_bytes = o->sql_bytes;
	k->stored_bytes = o->stored_bytes;
	memcpy(k->sql_sha256, o->sql_sha256, sizeof(k->sql_sha256));
	memcpy(k->stored_sha256, o->stored_sha256, sizeof(k->stored_sha256));
}

/* A mark comes behind its chunk, as the listing is in byte order; and it counts
 * also for a chunk that the previous snapshot does not name. */
static int see_object(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct share *share = ctx;
	AUTO_STR marked = names_chunk_of_mark(key);
	struct known *k;

	(void)age_s, (void)err;
	if (marked != NULL) {
		k = find_or_add(share, marked);
		k->is_marked = true;
		k->usable = false;
	} else if ((k = find(share, key)) != NULL && k->stored_bytes == bytes) {
		k->usable = true;
	}
	return 0;
}

int share_add_snapshot(struct share *share, struct store *store,
    const struct snapshot *snapshot, struct err *err)
{
	const struct manifest *m = &snapshot->manifest;

	for (size_t i = 0; i < m->object_count; i++)
		add(share, &m->objects[i], false);
	return store_list_chunks(store, see_object, share, err);
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

bool share_is_marked(struct share *share, const char *key)
{
	const struct known *k;
	bool is_marked;

	(void)pthread_mutex_lock(&share->lock);
	k = find(share, key);
	is_marked = k != NULL && k->is_marked;
	(void)pthread_mutex_unlock(&share->lock);
	return is_marked;
}

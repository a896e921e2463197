#include "storage/bucket_r2.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "storage/pack.h"

_Static_assert(BUCKET_ETAG_SIZE == S3_ETAG_SIZE, "an ETag fits");

struct bucket_r2 {
	struct bucket bucket;
	struct s3 *s3;
};

static struct s3 *s3_of(struct bucket *b)
{
	return ((struct bucket_r2 *)b)->s3;
}

/* For people who look into the bucket with a browser. */
static const char *content_type(const char *key, const void *data, size_t len)
{
	const char *tail = strrchr(key, '.');

	if (pack_is_gzip(data, len))
		return "application/gzip";
	return tail != NULL && strcmp(tail, ".json") == 0 ? "application/json" :
	    "application/octet-stream";
}

static int r2_put(struct bucket *b, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err)
{
	return s3_put(s3_of(b), key, data, len, content_type(key, data, len), if_absent, err);
}

static int r2_replace(struct bucket *b, const char *key, const void *data, size_t len,
    char etag[BUCKET_ETAG_SIZE], struct err *err)
{
	return s3_replace(s3_of(b), key, data, len, content_type(key, data, len), etag, err);
}

static int r2_get(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	struct s3_version version;

	if (s3_get(s3_of(b), key, ret, &version, err) != 0)
		return -1;
	if (ret_version != NULL) {
		memcpy(ret_version->etag, version.etag, sizeof(version.etag));
		ret_version->age_ms = version.age_ms;
	}
	return 0;
}

static int r2_head(struct bucket *b, const char *key, int64_t *ret_bytes, struct err *err)
{
	return s3_head(s3_of(b), key, ret_bytes, err);
}

static int r2_remove(struct bucket *b, const char *key, struct err *err)
{
	return s3_delete(s3_of(b), key, err);
}

static int r2_list(struct bucket *b, const char *prefix, bucket_visit *visit, void *ctx,
    struct err *err)
{
	return s3_list(s3_of(b), prefix, visit, ctx, err);
}

static struct bucket_operations r2_operations(struct bucket *b)
{
	struct s3_operations o = s3_operations(s3_of(b));

	return (struct bucket_operations){ o.writes, o.reads, o.deletes };
}

static void r2_guard(struct bucket *b, int (*may_send)(void *ctx, struct err *err), void *ctx)
{
	s3_guard(s3_of(b), may_send, ctx);
}

static void r2_free(struct bucket *b)
{
	s3_free(s3_of(b));
	free(b->name);
	free(b);
}

static const struct bucket_ops r2_ops = {
	r2_put, r2_replace, r2_get, r2_head, r2_remove, r2_list, NULL, r2_free, r2_operations,
	NULL, NULL, r2_guard,
};

struct bucket *bucket_r2_new(struct s3 *s3, const char *name)
{
	struct bucket_r2 *r2 = mem_calloc(1, sizeof(*r2));

	r2->bucket.ops = &r2_ops;
	r2->bucket.name = mem_strdup(name);
	r2->s3 = s3;
	return &r2->bucket;
}

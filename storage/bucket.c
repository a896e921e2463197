#include "storage/bucket.h"

#include <assert.h>
#include <string.h>

#include "storage/bucket_key.h"

static int check_key(const struct bucket *b, const char *key, struct err *err)
{
	if (bucket_key_ok(key))
		return 0;
	return err_set(err, ERR_USAGE, "bucket \"%s\": \"%.200s\" cannot be a key", b->name, key);
}

static int named(const struct bucket *b, int rc, struct err *err)
{
	return rc == 0 ? 0 : err_wrap(err, "bucket \"%s\"", b->name);
}

int bucket_put(struct bucket *b, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err)
{
	if (check_key(b, key, err) != 0)
		return -1;
	return named(b, b->ops->put(b, key, data, len, if_absent, err), err);
}

int bucket_put_later(struct bucket *b, const char *key, const void *data, size_t len,
    struct err *err)
{
	if (b->ops->put_later == NULL)
		return bucket_put(b, key, data, len, false, err);
	if (check_key(b, key, err) != 0)
		return -1;
	return named(b, b->ops->put_later(b, key, data, len, err), err);
}

int bucket_settle(struct bucket *b, struct err *err)
{
	return b->ops->settle != NULL ? named(b, b->ops->settle(b, err), err) : 0;
}

int bucket_replace(struct bucket *b, const char *key, const void *data, size_t len,
    char etag[BUCKET_ETAG_SIZE], struct err *err)
{
	if (check_key(b, key, err) != 0)
		return -1;
	return named(b, b->ops->replace(b, key, data, len, etag, err), err);
}

static int get(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	size_t before = ret->len;

	if (check_key(b, key, err) != 0)
		return -1;
	if (b->ops->get(b, key, ret, ret_version, err) == 0)
		return 0;
	ret->len = before;
	if (ret->data != NULL)
		ret->data[before] = '\0';
	return named(b, -1, err);
}

int bucket_get(struct bucket *b, const char *key, struct buf *ret, struct err *err)
{
	return get(b, key, ret, NULL, err);
}

int bucket_get_version(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	*ret_version = (struct bucket_version){ .age_ms = -1 };
	return get(b, key, ret, ret_version, err);
}

int bucket_head(struct bucket *b, const char *key, int64_t *ret_bytes, struct err *err)
{
	if (check_key(b, key, err) != 0)
		return -1;
	return named(b, b->ops->head(b, key, ret_bytes, err), err);
}

int bucket_remove(struct bucket *b, const char *key, struct err *err)
{
	if (check_key(b, key, err) != 0)
		return -1;
	return named(b, b->ops->remove(b, key, err), err);
}

/* The caller's visit, and whether it was the one that failed: its errors are
 * not the bucket's. */
struct visiting {
	bucket_visit *visit;
	void *ctx;
	bool failed;
};

static int visit_one(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct visiting *v = ctx;

	if (v->visit(v->ctx, key, bytes, age_s, err) == 0)
		return 0;
	v->failed = true;
	return -1;
}

int bucket_list(struct bucket *b, const char *prefix, bucket_visit *visit, void *ctx,
    struct err *err)
{
	struct visiting v = { .visit = visit, .ctx = ctx };

	if (!bucket_prefix_ok(prefix))
		return err_set(err, ERR_USAGE, "bucket \"%s\": no key begins with \"%.200s\"",
		    b->name, prefix);
	if (b->ops->list(b, prefix, visit_one, &v, err) == 0)
		return 0;
	return v.failed ? -1 : named(b, -1, err);
}

int bucket_sweep(struct bucket *b, const char *folder, int64_t min_age_s, bool dry_run,
    struct bucket_swept *ret, struct err *err)
{
	*ret = (struct bucket_swept){ 0, 0 };
	if (!bucket_prefix_ok(folder))
		return err_set(err, ERR_USAGE, "bucket \"%s\": \"%.200s\" is no folder", b->name, folder);
	if (b->ops->sweep == NULL)
		return 0;
	return named(b, b->ops->sweep(b, folder, min_age_s, dry_run, ret, err), err);
}

struct bucket_operations bucket_operations(struct bucket *b)
{
	return b->ops->operations != NULL ? b->ops->operations(b) :
	    (struct bucket_operations){ .writes = 0 };
}

void bucket_guard(struct bucket *b, int (*may_send)(void *ctx, struct err *err), void *ctx)
{
	if (b->ops->guard != NULL)
		b->ops->guard(b, may_send, ctx);
}

void bucket_free(struct bucket *b)
{
	if (b != NULL)
		b->ops->free(b);
}

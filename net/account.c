#include "net/account.h"

#include <string.h>

#include "base/mem.h"
#include "net/d1_call.h"
#include "net/sigv4.h"

#define PER_PAGE 100
#define MAX_PAGES 1000            /* an account has 50,000 databases at most */
#define MAX_TAIL 1200
#define HINT_R2 "the token needs the permission Account > Workers R2 Storage > Read for this"

/* ---- databases ---- */

static int visit_databases(struct json_object *page, account_visit_database *visit, void *ctx,
    struct err *err)
{
	for (size_t i = 0; i < json_object_array_length(page); i++) {
		struct json_object *item = json_object_array_get_idx(page, i);
		const char *name, *id;

		if (json_need_str(item, "name", &name, err) != 0 ||
		    json_need_str(item, "uuid", &id, err) != 0)
			return err_wrap(err, "the list of databases");
		if (visit(ctx, name, id, err) != 0)
			return -1;
	}
	return 0;
}

/* A page may be shorter than was asked for (the service has its own limit), so
 * the end is a page with nothing on it. */
int account_databases(struct d1_api *api, account_visit_database *visit, void *ctx,
    struct err *err)
{
	for (int page = 1; page <= MAX_PAGES; page++) {
		AUTO_STR tail = mem_printf("?page=%d&per_page=%d", page, PER_PAGE);
		AUTO_JSON result = NULL;
		struct d1_call call = { .subject = "list", .tail = tail };

		if (d1_call_result(api, &call, &result, err) != 0)
			return -1;
		if (!json_object_is_type(result, json_type_array))
			return err_set(err, ERR_FAILED, "the D1 API's list of databases is not an array");
		if (json_object_array_length(result) == 0)
			return 0;
		if (visit_databases(result, visit, ctx, err) != 0)
			return -1;
	}
	return err_set(err, ERR_TOO_BIG, "the list of databases has no end");
}

/* ---- buckets ---- */

static int visit_buckets(struct json_object *result, account_visit_bucket *visit, void *ctx,
    struct err *err)
{
	struct json_object *buckets = json_get(result, "buckets", json_type_array);

	if (buckets == NULL)
		return err_set(err, ERR_FAILED, "Cloudflare's list of buckets is not an array");
	for (size_t i = 0; i < json_object_array_length(buckets); i++) {
		const char *name;

		if (json_need_str(json_object_array_get_idx(buckets, i), "name", &name, err) != 0)
			return err_wrap(err, "the list of buckets");
		if (visit(ctx, name, err) != 0)
			return -1;
	}
	return 0;
}

/* One page; `cursor` becomes that of the next, or "". */
static int bucket_page(struct d1_api *api, struct buf *cursor, account_visit_bucket *visit,
    void *ctx, struct err *err)
{
	AUTO_BUF tail = BUF_INIT(MAX_TAIL);
	AUTO_JSON result = NULL;
	struct d1_call call = { .service = "/r2/buckets", .subject = "list of R2 buckets" };
	struct d1_reply reply;
	const char *next;
	int rc = -1;

	if (buf_addf(&tail, err, "?per_page=%d", PER_PAGE) != 0 ||
	    (cursor->len > 0 && (buf_adds(&tail, "&cursor=", err) != 0 ||
	    sigv4_encode(&tail, buf_str(cursor), 0, err) != 0)))
		return -1;
	call.tail = buf_str(&tail);
	if (d1_call(api, &call, &reply, err) == 0 &&
	    d1_reply_result(api, &call, &reply, &result, err) == 0)
		rc = visit_buckets(result, visit, ctx, err);
	buf_reset(cursor);
	next = json_get_str(json_get(reply.answer.doc, "result_info", json_type_object), "cursor");
	if (rc == 0 && next != NULL)
		rc = buf_adds(cursor, next, err);
	d1_reply_release(&reply);
	return rc;
}

int account_buckets(struct d1_api *api, account_visit_bucket *visit, void *ctx, struct err *err)
{
	AUTO_BUF cursor = BUF_INIT(MAX_TAIL / 4);

	for (int page = 0; page < MAX_PAGES; page++) {
		if (bucket_page(api, &cursor, visit, ctx, err) != 0) {
			if (err != NULL && err->code == ERR_DENIED) {
				err->hint[0] = '\0';   /* that of D1 */
				(void)err_hint(err, HINT_R2);
			}
			return -1;
		}
		if (cursor.len == 0)
			return 0;
	}
	return err_set(err, ERR_TOO_BIG, "the list of buckets has no end");
}

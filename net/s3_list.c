#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/s3.h"
#include "net/s3_call.h"
#include "net/s3_xml.h"

/* 1,000 keys of 1,024 bytes, percent-encoded, and what surrounds them. */
#define MAX_PAGE_BYTES (8u << 20)
#define MAX_PARAMS 5

/* Everything a listing found, gathered before it is shown: not every server
 * lists in byte order, and one lists a key twice when it changes meanwhile. */
struct item {
	char *key;
	int64_t bytes;
	int64_t age_s;      /* -1: not told */
};
struct found {
	struct item *items;
	size_t count, cap;
};

static void add(struct found *f, const char *key, int64_t bytes, int64_t age_s)
{
	f->items = mem_grow(f->items, f->count, &f->cap, sizeof(*f->items));
	f->items[f->count++] = (struct item){ mem_strdup(key), bytes, age_s };
}

static void release(struct found *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->items[i].key);
	free(f->items);
}

static int by_key(const void *a, const void *b)
{
	const struct item *left = a, *right = b;

	return strcmp(left->key, right->key);
}

/* What is no listing is no damage in the bucket either: something else
 * answered. */
static int read_page(const struct s3 *s3, const struct http_response *response,
    struct s3_page *ret, struct err *err)
{
	struct err why = ERR_INIT;

	if (s3_page_read(ret, buf_str(&response->body), response->body.len, &why) == 0)
		return 0;
	(void)err_set(err, ERR_FAILED, "%s: %s", s3->url.origin, why.msg);
	return err_hint(err, "is the endpoint right?");
}

/* `*ret_date` is the server's clock, 0 when it does not tell. */
static int fetch_page(struct s3 *s3, const char *prefix, const char *token,
    struct s3_page *ret, int64_t *ret_date, struct err *err)
{
	struct sigv4_param params[MAX_PARAMS];
	struct s3_call call = {
		.method = "GET", .params = params, .max_answer_bytes = MAX_PAGE_BYTES,
	};
	struct http_response response;
	int rc;

	params[call.param_count++] = (struct sigv4_param){ "list-type", "2" };
	params[call.param_count++] = (struct sigv4_param){ "encoding-type", "url" };
	params[call.param_count++] = (struct sigv4_param){ "max-keys", "1000" };
	params[call.param_count++] = (struct sigv4_param){ "prefix", prefix };
	if (token != NULL)
		params[call.param_count++] = (struct sigv4_param){ "continuation-token", token };
	rc = s3_do(s3, &call, &response, err);
	if (rc == 0)
		rc = read_page(s3, &response, ret, err);
	*ret_date = response.date;
	http_response_release(&response);
	return rc;
}

/* A server that answers the same token again would keep us for ever. */
static int next_token(const struct s3_page *page, char **token, struct err *err)
{
	if (*token != NULL && page->truncated && strcmp(*token, page->next_token) == 0)
		return err_set(err, ERR_FAILED, "a listing that never ends");
	free(*token);
	*token = page->truncated ? mem_strdup(page->next_token) : NULL;
	return 0;
}

/* Clocks that are read in whole seconds may show an object as from the future. */
static int64_t age(int64_t modified_at, int64_t now)
{
	if (modified_at <= 0 || now <= 0)
		return -1;
	return now > modified_at ? now - modified_at : 0;
}

static int gather(struct s3 *s3, const char *prefix, struct found *f, struct err *err)
{
	AUTO_STR token = NULL;
	int rc;

	do {
		struct s3_page page;
		int64_t date;

		if (fetch_page(s3, prefix, token, &page, &date, err) != 0)
			return -1;
		for (size_t i = 0; i < page.count; i++)
			add(f, page.entries[i].key, page.entries[i].bytes,
			    age(page.entries[i].modified_at, date));
		rc = next_token(&page, &token, err);
		s3_page_release(&page);
	} while (rc == 0 && token != NULL);
	if (f->count > 0)
		qsort(f->items, f->count, sizeof(*f->items), by_key);
	return rc;
}

static bool is_repeated(const struct found *f, size_t i)
{
	return i > 0 && strcmp(f->items[i].key, f->items[i - 1].key) == 0;
}

int s3_list(struct s3 *s3, const char *prefix,
    int (*visit)(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err),
    void *ctx, struct err *err)
{
	struct found f = { 0 };
	int rc = gather(s3, prefix, &f, err);

	for (size_t i = 0; rc == 0 && i < f.count; i++) {
		if (!is_repeated(&f, i))
			rc = visit(ctx, f.items[i].key, f.items[i].bytes, f.items[i].age_s, err);
	}
	release(&f);
	return rc;
}

#include "net/d1_api.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/d1_answer.h"
#include "net/sigv4.h"
#include "net/url.h"

#define SMALL_ANSWER_BYTES (1u << 20)
#define MAX_URL 2048

struct d1_api {
	struct http *http;            /* not owned */
	struct url base;
	struct err unusable;          /* why no call can be made, or ERR_NONE */
	char *account_id;
	struct secret authorization;  /* the whole header line */
	atomic_uint_least64_t requests;
};

/* One request on its way. */
struct call {
	struct d1_api *api;
	struct d1_answer answer;
};

static int set_authorization(struct d1_api *api, const struct secret *token)
{
	static const char prefix[] = "Authorization: Bearer ";
	char *line;

	if (token == NULL || token->bytes == NULL)
		return err_set(&api->unusable, ERR_USAGE, "the account has no API token");
	for (size_t i = 0; i < token->len; i++) {
		if (token->bytes[i] <= 0x20 || token->bytes[i] >= 0x7f)
			return err_set(&api->unusable, ERR_USAGE, "the API token holds a blank or another character that none has");
	}
	line = mem_printf("%s%s", prefix, token->bytes);
	api->authorization = (struct secret){ line, strlen(line) };
	return 0;
}

struct d1_api *d1_api_new(struct http *http, const char *base, const char *account_id,
    const struct secret *token)
{
	struct d1_api *api = mem_calloc(1, sizeof(*api));

	api->http = http;
	api->account_id = mem_strdup(account_id);
	if (set_authorization(api, token) == 0 &&
	    url_parse(&api->base, base != NULL ? base : D1_API_BASE, &api->unusable) != 0)
		(void)err_wrap(&api->unusable, "api_base");
	return api;
}

void d1_api_free(struct d1_api *api)
{
	if (api == NULL)
		return;
	url_release(&api->base);
	secret_release(&api->authorization);
	free(api->account_id);
	free(api);
}

uint64_t d1_api_requests(const struct d1_api *api)
{
	return atomic_load(&api->requests);
}

/* Called before every try, retries too. */
static int count_request(void *ctx, struct http_request *request, struct err *err)
{
	struct call *call = ctx;

	(void)request, (void)err;
	(void)atomic_fetch_add(&call->api->requests, 1);
	return 0;
}

static enum http_verdict judge(void *ctx, const struct http_response *response)
{
	struct call *call = ctx;

	d1_answer_read(&call->answer, response);
	return d1_answer_judge(&call->answer, response);
}

static int make_url(const struct d1_api *api, const char *database_id, const char *tail,
    struct buf *ret, struct err *err)
{
	if (buf_addf(ret, err, "%s%s/accounts/", api->base.origin, api->base.path) != 0 ||
	    sigv4_encode(ret, api->account_id, 0, err) != 0 ||
	    buf_adds(ret, "/d1/database/", err) != 0 ||
	    sigv4_encode(ret, database_id, 0, err) != 0)
		return -1;
	return buf_adds(ret, tail, err);
}

/* Send, and take the result out of the envelope. `body` NULL: a GET. */
static int call_api(struct d1_api *api, const char *database_id, const char *tail,
    const char *body, size_t body_len, size_t max_answer_bytes,
    struct json_object **ret_result, struct err *err)
{
	struct call call = { .api = api };
	AUTO_BUF url = BUF_INIT(MAX_URL);
	struct http_request request = {
		.method = body != NULL ? "POST" : "GET",
		.headers = { api->authorization.bytes, "Accept: application/json",
		    body != NULL ? "Content-Type: application/json" : NULL },
		.body = body, .body_len = body_len,
		.repeatable = true, .compressed = true, .max_answer_bytes = max_answer_bytes,
		.sign = count_request, .sign_ctx = &call, .judge = judge, .judge_ctx = &call,
	};
	struct http_response response;
	int rc;

	if (api->unusable.code != ERR_NONE) {
		if (err != NULL)
			*err = api->unusable;
		return -1;
	}
	if (make_url(api, database_id, tail, &url, err) != 0)
		return -1;
	request.url = buf_str(&url);
	rc = http_do(api->http, &request, &response, err);
	if (rc == 0)
		rc = d1_answer_result(&call.answer, &response, api->account_id, database_id,
		    ret_result, err);
	http_response_release(&response);
	d1_answer_release(&call.answer);
	return rc;
}

static struct json_object *batch_of(const char *const *sql, size_t count)
{
	struct json_object *body = json_object_new_object();
	struct json_object *batch = json_object_new_array();

	json_set(body, "batch", batch);
	for (size_t i = 0; i < count; i++) {
		struct json_object *statement = json_object_new_object();

		json_set_str(statement, "sql", sql[i]);
		(void)json_object_array_add(batch, statement);
	}
	return body;
}

static bool is_row_set(struct json_object *statement)
{
	struct json_object *results = json_get(statement, "results", json_type_object);
	struct json_object *columns = json_get(results, "columns", json_type_array);
	struct json_object *rows = json_get(results, "rows", json_type_array);

	if (columns == NULL || rows == NULL)
		return false;
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (!json_object_is_type(row, json_type_array) ||
		    json_object_array_length(row) != json_object_array_length(columns))
			return false;
	}
	return true;
}

/* What is relied on later, looked at once here. */
static int check_results(struct json_object *result, size_t count, struct err *err)
{
	if (!json_object_is_type(result, json_type_array))
		return err_set(err, ERR_FAILED, "the D1 API's result is not an array");
	if (json_object_array_length(result) != count)
		return err_set(err, ERR_FAILED, "the D1 API answered %zu statements with %zu results",
		    count, (size_t)json_object_array_length(result));
	for (size_t i = 0; i < count; i++) {
		struct json_object *statement = json_object_array_get_idx(result, i);

		if (!json_get_bool(statement, "success", true))
			return err_set(err, ERR_FAILED, "statement %zu of %zu failed without a reason", i + 1, count);
		if (!is_row_set(statement))
			return err_set(err, ERR_FAILED, "the D1 API's result %zu of %zu has no rows", i + 1, count);
	}
	return 0;
}

int d1_api_raw(struct d1_api *api, const char *database_id, const char *const *sql,
    size_t count, size_t max_answer_bytes, struct json_object **ret, struct err *err)
{
	AUTO_JSON body = batch_of(sql, count);
	AUTO_JSON result = NULL;
	size_t len;
	const char *text = json_object_to_json_string_length(body,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	if (call_api(api, database_id, "/raw", text, len, max_answer_bytes, &result, err) != 0)
		return -1;
	if (check_results(result, count, err) != 0)
		return err_wrap(err, "database %s", database_id);
	*ret = json_object_get(result);
	return 0;
}

int d1_api_bookmark(struct d1_api *api, const char *database_id, char **ret, struct err *err)
{
	AUTO_JSON result = NULL;
	const char *bookmark;

	if (call_api(api, database_id, "/time_travel/bookmark", NULL, 0, SMALL_ANSWER_BYTES,
	    &result, err) != 0)
		return -1;
	bookmark = json_get_str(result, "bookmark");
	if (bookmark == NULL || *bookmark == '\0')
		return err_set(err, ERR_FAILED, "database %s: the D1 API answered without a bookmark",
		    database_id);
	*ret = mem_strdup(bookmark);
	return 0;
}

int d1_api_database(struct d1_api *api, const char *database_id, char **ret_name,
    int64_t *ret_bytes, struct err *err)
{
	AUTO_JSON result = NULL;
	const char *name;

	if (call_api(api, database_id, "", NULL, 0, SMALL_ANSWER_BYTES, &result, err) != 0)
		return -1;
	name = json_get_str(result, "name");
	if (name == NULL)
		return err_set(err, ERR_FAILED, "database %s: the D1 API answered without its name",
		    database_id);
	if (ret_name != NULL)
		*ret_name = mem_strdup(name);
	if (ret_bytes != NULL)
		*ret_bytes = json_get_int(result, "file_size", -1);
	return 0;
}

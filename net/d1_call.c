#include "net/d1_call.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/sigv4.h"
#include "net/url.h"

#define MAX_URL 2048
#define HINT_EDIT "the token needs the permission Account > D1 > Edit: https://dash.cloudflare.com/profile/api-tokens"

struct d1_api {
	struct http *http;            /* not owned */
	struct url base;
	struct err unusable;          /* why no call can be made, or ERR_NONE */
	char *account_id;
	struct secret authorization;  /* the whole header line */
	atomic_uint_least64_t requests;
};

/* One request on its way. */
struct sending {
	struct d1_api *api;
	const struct d1_call *call;
	struct d1_answer *answer;
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

struct http *d1_api_http(const struct d1_api *api)
{
	return api->http;
}

bool d1_api_is_plain(const struct d1_api *api)
{
	return api->base.origin != NULL && strncmp(api->base.origin, "http:", 5) == 0;
}

/* Called before every try, retries too. */
static int count_request(void *ctx, struct http_request *request, struct err *err)
{
	struct sending *sending = ctx;

	(void)request, (void)err;
	(void)atomic_fetch_add(&sending->api->requests, 1);
	return 0;
}

static enum http_verdict judge(void *ctx, const struct http_response *response)
{
	struct sending *sending = ctx;

	d1_answer_read(sending->answer, response);
	if (sending->call->judge != NULL)
		return sending->call->judge(sending->answer, response);
	if (sending->call->changes)
		return d1_answer_judge_change(sending->answer, response);
	return d1_answer_judge(sending->answer, response);
}

static int make_url(const struct d1_api *api, const struct d1_call *call, struct buf *ret,
    struct err *err)
{
	if (buf_addf(ret, err, "%s%s/accounts/", api->base.origin, api->base.path) != 0 ||
	    sigv4_encode(ret, api->account_id, 0, err) != 0 ||
	    buf_adds(ret, call->service != NULL ? call->service : "/d1/database", err) != 0)
		return -1;
	if (call->database_id != NULL && (buf_adds(ret, "/", err) != 0 ||
	    sigv4_encode(ret, call->database_id, 0, err) != 0))
		return -1;
	return buf_adds(ret, call->tail, err);
}

static void set_body(struct http_request *request, const struct d1_call *call)
{
	request->method = call->post ? "POST" : "GET";
	if (!call->post)
		return;
	request->body = "";   /* with its Content-Length: 0 */
	if (call->body == NULL)
		return;
	request->headers[2] = "Content-Type: application/json";
	request->body = json_object_to_json_string_length(call->body,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &request->body_len);
}

static enum http_stop stop_of(const struct d1_call *call)
{
	if (call->unstoppable)
		return HTTP_STOPS_NEVER;
	return call->changes ? HTTP_STOPS_BETWEEN_TRIES : HTTP_STOPS;
}

int d1_call(struct d1_api *api, const struct d1_call *call, struct d1_reply *ret,
    struct err *err)
{
	struct sending sending = { .api = api, .call = call, .answer = &ret->answer };
	AUTO_BUF url = BUF_INIT(MAX_URL);
	struct http_request request = {
		.headers = { api->authorization.bytes, "Accept: application/json" },
		/* Plain HTTP is this very machine's: packing would only take time. */
		.repeatable = !call->changes, .compressed = !d1_api_is_plain(api),
		.max_answer_bytes = call->max_answer_bytes != 0 ? call->max_answer_bytes :
		    D1_SMALL_ANSWER_BYTES,
		.stop = stop_of(call), .pace = call->pace,
		.sign = count_request, .sign_ctx = &sending, .judge = judge, .judge_ctx = &sending,
	};
	int rc;

	*ret = (struct d1_reply){ .answer.cut_rows = call->cut_rows };
	if (api->unusable.code != ERR_NONE) {
		if (err != NULL)
			*err = api->unusable;
		return -1;
	}
	if (make_url(api, call, &url, err) != 0)
		return -1;
	request.url = buf_str(&url);
	set_body(&request, call);
	rc = http_do(api->http, &request, &ret->response, err);
	ret->in_doubt = call->changes && (rc != 0 ? request.in_doubt :
	    d1_answer_in_doubt(&ret->answer, &ret->response));
	return rc;
}

void d1_reply_release(struct d1_reply *reply)
{
	d1_answer_release(&reply->answer);
	http_response_release(&reply->response);
}

int d1_reply_result(const struct d1_api *api, const struct d1_call *call,
    const struct d1_reply *reply, struct json_object **ret, struct err *err)
{
	const char *subject = call->subject != NULL ? call->subject : call->database_id;

	if (d1_answer_result(&reply->answer, &reply->response, api->account_id, subject,
	    ret, err) == 0)
		return 0;
	if (call->changes && err != NULL && err->code == ERR_DENIED) {
		err->hint[0] = '\0';   /* that of a read */
		(void)err_hint(err, HINT_EDIT);
	}
	return -1;
}

int d1_call_result(struct d1_api *api, const struct d1_call *call, struct json_object **ret,
    struct err *err)
{
	struct d1_reply reply;
	int rc = d1_call(api, call, &reply, err);

	if (rc == 0)
		rc = d1_reply_result(api, call, &reply, ret, err);
	d1_reply_release(&reply);
	return rc;
}

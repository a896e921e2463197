#include "net/s3_call.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define MAX_URL 16384
#define MAX_LINES 7

/* A call on its way: what is to be signed anew for every try, and the header
 * lines of the try at hand. */
struct signing {
	struct s3 *s3;
	const struct s3_call *call;
	const char *path;
	char payload_sha256[SHA256_HEX_SIZE];
	char *lines[MAX_LINES];
	size_t count;
};

static void release_lines(struct signing *s)
{
	for (size_t i = 0; i < s->count; i++) {
		OPENSSL_cleanse(s->lines[i], strlen(s->lines[i]));
		free(s->lines[i]);
	}
	s->count = 0;
}

/* Sorted by name, as they are signed. */
static size_t own_headers(const struct s3_call *call, struct sigv4_header ret[3])
{
	size_t n = 0;

	if (call->content_type != NULL)
		ret[n++] = (struct sigv4_header){ "content-type", call->content_type };
	if (call->if_match != NULL)
		ret[n++] = (struct sigv4_header){ "if-match", call->if_match };
	if (call->if_absent)
		ret[n++] = (struct sigv4_header){ "if-none-match", "*" };
	return n;
}

static int sign(const struct signing *s, const struct sigv4_header *headers, size_t count,
    struct sigv4_result *ret, struct err *err)
{
	const struct s3 *s3 = s->s3;
	struct sigv4_request request = {
		.method = s->call->method, .path = s->path,
		.params = s->call->params, .param_count = s->call->param_count,
		.headers = headers, .header_count = count,
		.host = s3->url.host, .payload_sha256 = s->payload_sha256,
		.region = s3->region, .service = "s3",
		.access_key_id = &s3->access_key_id,
		.secret_access_key = &s3->secret_access_key,
		.session_token = &s3->session_token,
		.at = clock_now(s3->clock),
	};

	return sigv4_sign(&request, ret, err);
}

/* As Cloudflare counts them: every sending. Listing is a write to it. */
static void count_operation(struct s3 *s3, const struct s3_call *call)
{
	if (strcmp(call->method, "DELETE") == 0)
		(void)atomic_fetch_add(&s3->deletes, 1);
	else if (call->key != NULL && strcmp(call->method, "PUT") != 0)
		(void)atomic_fetch_add(&s3->reads, 1);
	else
		(void)atomic_fetch_add(&s3->writes, 1);
}

/* The `sign` hook of struct http_request: a signature is good for 15 minutes,
 * and back-off may take longer than that. */
static int sign_try(void *ctx, struct http_request *request, struct err *err)
{
	struct signing *s = ctx;
	struct sigv4_header extra[3];
	size_t extra_count = own_headers(s->call, extra);
	struct sigv4_result signature;

	if (s->call->guarded && s->s3->may_send != NULL &&
	    s->s3->may_send(s->s3->may_send_ctx, err) != 0)
		return -1;
	count_operation(s->s3, s->call);
	release_lines(s);
	if (sign(s, extra, extra_count, &signature, err) != 0)
		return -1;
	s->lines[s->count++] = mem_printf("Authorization: %s", signature.authorization);
	s->lines[s->count++] = mem_printf("x-amz-date: %s", signature.date);
	s->lines[s->count++] = mem_printf("x-amz-content-sha256: %s", s->payload_sha256);
	if (s->s3->session_token.bytes != NULL)
		s->lines[s->count++] = mem_printf("x-amz-security-token: %s",
		    s->s3->session_token.bytes);
	for (size_t i = 0; i < extra_count; i++)
		s->lines[s->count++] = mem_printf("%s: %s", extra[i].name, extra[i].value);
	free(signature.authorization);
	for (size_t i = 0; i < s->count; i++)
		request->headers[i] = s->lines[i];
	request->headers[s->count] = NULL;
	return 0;
}

/* What an S3 server says of an object that it has stored: its ETag, and no body.
 * Any other "success" is by something in between (a proxy, a portal), and nothing
 * was stored. */
static bool is_no_answer_of_s3(const struct s3_call *call, const struct http_response *response)
{
	return response->status >= 200 && response->status < 300 &&
	    strcmp(call->method, "PUT") == 0 &&
	    (response->etag[0] == '\0' || response->body.len > 0);
}

static enum http_verdict judge(void *ctx, const struct http_response *response)
{
	const struct signing *s = ctx;

	return is_no_answer_of_s3(s->call, response) || s3_error_is_transient(response) ?
	    HTTP_AGAIN : HTTP_BY_STATUS;
}

static int make_path(const struct s3 *s3, const char *key, struct buf *ret, struct err *err)
{
	if (buf_addf(ret, err, "%s/", s3->url.path) != 0 ||
	    sigv4_encode(ret, s3->bucket, 0, err) != 0)
		return -1;
	if (key == NULL)
		return 0;
	if (buf_adds(ret, "/", err) != 0)
		return -1;
	return sigv4_encode(ret, key, 1, err);
}

static int make_url(const struct s3 *s3, const struct s3_call *call, const char *path,
    struct buf *ret, struct err *err)
{
	if (buf_addf(ret, err, "%s%s", s3->url.origin, path) != 0)
		return -1;
	if (call->param_count == 0)
		return 0;
	if (buf_adds(ret, "?", err) != 0)
		return -1;
	return sigv4_query(ret, call->params, call->param_count, err);
}

static int refuse(const struct s3 *s3, const struct s3_call *call,
    struct http_response *response, struct err *err)
{
	struct s3_place place = {
		.origin = s3->url.origin, .bucket = s3->bucket, .key = call->key,
		.access_key_id = s3->access_key_id.bytes, .now = clock_now(s3->clock),
	};

	(void)s3_error(&place, response, err);
	buf_release(&response->body);
	return -1;
}

static int refuse_impostor(const struct s3 *s3, struct http_response *response, struct err *err)
{
	(void)err_set(err, ERR_AGAIN, "%s answered HTTP %d to an upload, but not as an S3 server does (%u tries)",
	    s3->url.origin, response->status, response->tries);
	buf_release(&response->body);
	return err_hint(err, "is the endpoint right, and is nothing between here and there that answers instead?");
}

/* All calls may be repeated: a conditional PUT that was carried out and
 * repeated is told by s3_put, which looks at what is there. */
int s3_do(struct s3 *s3, const struct s3_call *call, struct http_response *ret,
    struct err *err)
{
	struct signing signing = { .s3 = s3, .call = call };
	AUTO_BUF path = BUF_INIT(MAX_URL);
	AUTO_BUF url = BUF_INIT(MAX_URL);
	struct http_request request = {
		.method = call->method, .body = call->body, .body_len = call->body_len,
		.repeatable = true, .counted = call->if_absent || call->if_match != NULL,
		.max_answer_bytes = call->max_answer_bytes, .stop = call->stop, .pace = call->pace,
		.sign = sign_try, .sign_ctx = &signing,
		.judge = judge, .judge_ctx = &signing,
	};
	int rc;

	*ret = (struct http_response){ 0 };
	if (make_path(s3, call->key, &path, err) != 0 ||
	    make_url(s3, call, buf_str(&path), &url, err) != 0)
		return -1;
	sha256_hex(call->body != NULL ? call->body : "", call->body_len, signing.payload_sha256);
	signing.path = buf_str(&path);
	request.url = buf_str(&url);
	rc = http_do(s3->http, &request, ret, err);
	release_lines(&signing);
	if (rc != 0)
		return -1;
	if (is_no_answer_of_s3(call, ret))
		return refuse_impostor(s3, ret, err);
	return ret->status >= 200 && ret->status < 300 ? 0 : refuse(s3, call, ret, err);
}

#include "net/http_try.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/stop.h"
#include "net/http_file.h"
#include "net/retry.h"

#define MAX_HEADER_BYTES 262144
/* Slower than this counts as standing still. */
#define STALL_BYTES_PER_SECOND 10

/* What libcurl's callbacks see of the try. */
struct receiving {
	CURL *easy;
	const struct http_request *request;
	struct http_response *response;
	size_t header_bytes;
	bool too_big;
	bool cut;              /* an error's body, kept to HTTP_ERROR_BYTES */
	struct http_file_io io;
	char retry_after[64];
};

static bool header_value(const char *line, size_t len, const char *name, char *ret, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len > 0 && strchr("\r\n \t", line[len - 1]) != NULL)
		len--;
	if (len >= size)
		len = 0;   /* longer than any honest one: as if not sent */
	memcpy(ret, line, len);
	ret[len] = '\0';
	return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct receiving *r = ctx;
	struct http_response *response = r->response;
	size_t len = size * count;
	char date[64];

	r->header_bytes += len;
	if (r->header_bytes > MAX_HEADER_BYTES) {
		r->too_big = true;
		return 0;
	}
	if (header_value(line, len, "date", date, sizeof(date)))
		response->date = (int64_t)curl_getdate(date, NULL);
	if (header_value(line, len, "last-modified", date, sizeof(date)))
		response->last_modified = (int64_t)curl_getdate(date, NULL);
	(void)header_value(line, len, "etag", response->etag, sizeof(response->etag));
	(void)header_value(line, len, "content-type", response->content_type,
	    sizeof(response->content_type));
	(void)header_value(line, len, "retry-after", r->retry_after, sizeof(r->retry_after));
	return len;
}

/* Room left for the body: an error's is short and may be cut, a good one's
 * must fit. */
static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct receiving *r = ctx;
	struct buf *body = &r->response->body;
	size_t len = size * count;
	size_t max = r->request->max_answer_bytes;
	long status = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r->request->sink != NULL && status >= 200 && status < 300)
		return http_file_write(&r->io, data, len) ? len : 0;
	if (status >= 400 && max < HTTP_ERROR_BYTES)
		max = HTTP_ERROR_BYTES;
	if (len <= max - body->len)
		return buf_add(body, data, len, NULL) == 0 ? len : 0;
	r->cut = status >= 400;
	r->too_big = !r->cut;
	return 0;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct receiving *r = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return r->request->stop == HTTP_STOPS && stop_requested();
}

/* An option libcurl does not know would be a libcurl older than ours, or no
 * memory: neither is worth an error of its own but both must be seen. */
#define SET(easy, option, value)                                               \
	do {                                                                   \
		CURLcode set_ = curl_easy_setopt((easy), (option), (value));   \
		if (set_ != CURLE_OK)                                          \
			return set_;                                           \
	} while (0)

static CURLcode set_security(CURL *easy, const struct http_options *options)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (options->ca_file != NULL) {
		SET(easy, CURLOPT_CAINFO, options->ca_file);
		SET(easy, CURLOPT_CAPATH, NULL);   /* that authority and no other */
	}
	return CURLE_OK;
}

static CURLcode set_limits(CURL *easy, const struct http_options *options,
    const struct http_request *request)
{
	long stall_s = (long)(options->stall_timeout_ms + 999) / 1000;

	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
	SET(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_SECOND);
	SET(easy, CURLOPT_LOW_SPEED_TIME, stall_s);
	SET(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	/* One request a connection at a time: HTTP/2 would bring nothing but
	 * its flow control, which slows uploads. */
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	return CURLE_OK;
}

static CURLcode set_method(CURL *easy, const struct http_request *request)
{
	if (request->body != NULL) {
		SET(easy, CURLOPT_POST, 1L);
		SET(easy, CURLOPT_POSTFIELDS, request->body);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	}
	if (request->source != NULL) {
		SET(easy, CURLOPT_UPLOAD, 1L);
		SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->source->bytes);
	}
	if (strcmp(request->method, "HEAD") == 0)
		SET(easy, CURLOPT_NOBODY, 1L);
	else
		SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
	/* libcurl silently repeats a request whose reused connection turns out
	 * closed, though the server may have carried it out. */
	if (!request->repeatable || request->counted)
		SET(easy, CURLOPT_FRESH_CONNECT, 1L);
	/* Not CURLOPT_ACCEPT_ENCODING "identity": that would unpack an object
	 * that was stored with a Content-Encoding. */
	if (request->compressed)
		SET(easy, CURLOPT_ACCEPT_ENCODING, "");
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_URL, request->url);
	SET(easy, CURLOPT_USERAGENT, "d1keep/" D1KEEP_VERSION);
	return CURLE_OK;
}

static CURLcode set_callbacks(CURL *easy, struct receiving *r)
{
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, r);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, r);
	if (r->request->source != NULL) {
		SET(easy, CURLOPT_READFUNCTION, http_file_read);
		SET(easy, CURLOPT_READDATA, &r->io);
		SET(easy, CURLOPT_SEEKFUNCTION, http_file_seek);
		SET(easy, CURLOPT_SEEKDATA, &r->io);
	}
	SET(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(easy, CURLOPT_XFERINFODATA, r);
	SET(easy, CURLOPT_NOPROGRESS, 0L);
	SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);   /* a proxy's, not the server's */
	return CURLE_OK;
}

static bool has_header(const struct http_request *request, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; request->headers[i] != NULL; i++) {
		if (strncasecmp(request->headers[i], name, n) == 0 &&
		    request->headers[i][n] == ':')
			return true;
	}
	return false;
}

/* A line end in a header would be a second header. */
static bool headers_are_lines(const struct http_request *request)
{
	for (size_t i = 0; request->headers[i] != NULL; i++) {
		if (strpbrk(request->headers[i], "\r\n") != NULL)
			return false;
	}
	return true;
}

static bool append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static CURLcode set_headers(CURL *easy, const struct http_request *request,
    struct curl_slist **ret)
{
	bool ok = headers_are_lines(request) && append(ret, "Expect:");

	for (size_t i = 0; ok && request->headers[i] != NULL; i++)
		ok = append(ret, request->headers[i]);
	if (ok && !request->compressed)
		ok = append(ret, "Accept-Encoding: identity");
	if (ok && request->body != NULL && !has_header(request, "content-type"))
		ok = append(ret, "Content-Type:");   /* libcurl would call it a form */
	if (!ok)
		return CURLE_BAD_FUNCTION_ARGUMENT;
	SET(easy, CURLOPT_HTTPHEADER, *ret);
	return CURLE_OK;
}

static void read_answer(CURL *easy, struct receiving *r, const struct http_options *options,
    struct try_outcome *o)
{
	struct http_response *response = r->response;
	int64_t now = response->date > 0 ? response->date : clock_now(options->clock);
	curl_off_t length = -1;
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	response->status = (int)status;
	response->content_length = (int64_t)length;
	response->retry_after_ms = retry_after_ms(r->retry_after, now);
	o->result = TRY_ANSWERED;
	(void)snprintf(o->what, sizeof(o->what), "HTTP %ld", status);
}

static CURLcode prepare(CURL *easy, const struct http_options *options,
    struct receiving *r, struct curl_slist **headers)
{
	CURLcode code = set_security(easy, options);

	if (code == CURLE_OK)
		code = set_limits(easy, options, r->request);
	if (code == CURLE_OK)
		code = set_method(easy, r->request);
	if (code == CURLE_OK)
		code = set_callbacks(easy, r);
	if (code == CURLE_OK)
		code = set_headers(easy, r->request, headers);
	return code;
}

/* OpenSSL's words for a certificate of another name hold the one we asked for. */
static bool names_host(const struct http_request *request, const char *tls_message)
{
	return request->shown != NULL && strstr(tls_message, "target ") != NULL;
}

void http_try(CURL *easy, const struct http_options *options,
    const struct http_request *request, struct http_response *ret,
    struct try_outcome *ret_outcome)
{
	struct receiving r = { .easy = easy, .request = request, .response = ret,
		.io = { .source = request->source, .sink = request->sink } };
	char tls_message[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	long request_bytes = 0;
	CURLcode code;

	*ret_outcome = (struct try_outcome){ .result = TRY_LOST };
	*ret = (struct http_response){ .content_length = -1, .retry_after_ms = -1 };
	buf_init(&ret->body, request->max_answer_bytes > HTTP_ERROR_BYTES ?
	    request->max_answer_bytes : HTTP_ERROR_BYTES);
	curl_easy_reset(easy);
	code = prepare(easy, options, &r, &headers);
	if (code == CURLE_OK && http_file_begin(&r.io)) {
		(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, tls_message);
		code = curl_easy_perform(easy);
		(void)curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	}
	ret_outcome->sent = request_bytes > 0;
	if (r.io.sys != 0 || r.io.shrunk)
		http_file_failure(&r.io, ret_outcome);
	else if (code == CURLE_OK || r.cut)
		read_answer(easy, &r, options, ret_outcome);
	else if (r.too_big || r.io.too_big)
		ret_outcome->result = TRY_TOO_BIG;
	else
		http_failure(easy, code, options, names_host(request, tls_message) ? "" : tls_message,
		    ret_outcome);
	if (ret_outcome->result != TRY_ANSWERED)
		http_response_release(ret);
	curl_easy_reset(easy);   /* nothing of ours is kept but the connection */
	curl_slist_free_all(headers);
}

/* Answers of control/request.h. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "control/page.h"
#include "control/request.h"

#define STREAM_BLOCK 16384
#define STREAM_MAX (1u << 20)    /* one piece; what is longer than this is cut off */

void request_set_header(struct request *request, const char *name, const char *value)
{
	assert(request->header_count < REQUEST_HEADERS_MAX);
	request->headers[request->header_count].name = name;
	request->headers[request->header_count++].value = mem_strdup(value);
}

/* Nothing of ours is kept by a browser, guessed at, framed, or given scripts. */
static void add_headers(const struct request *request, struct MHD_Response *response,
    const char *type)
{
	const struct { const char *name, *value; } always[] = {
		{ "Content-Type", type },
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Content-Security-Policy", request->control->csp },
		/* Not no-referrer: then a form's Origin would be "null". */
		{ "Referrer-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		(void)MHD_add_response_header(response, always[i].name, always[i].value);
	for (size_t i = 0; i < request->header_count; i++)
		(void)MHD_add_response_header(response, request->headers[i].name,
		    request->headers[i].value);
}

void request_answer_response(struct request *request, unsigned status, const char *type,
    struct MHD_Response *response)
{
	if (response == NULL)
		return;
	add_headers(request, response, type);
	request->answered = MHD_queue_response(request->connection, status, response) == MHD_YES;
	MHD_destroy_response(response);
}

void request_answer(struct request *request, unsigned status, const char *type,
    struct buf *body)
{
	/* Ours is malloc's, as MHD's free wants it. */
	struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->data,
	    MHD_RESPMEM_MUST_FREE);

	if (response != NULL)
		*body = (struct buf){ .max = body->max };
	request_answer_response(request, status, type, response);
}

void request_answer_json(struct request *request, unsigned status, struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	AUTO_BUF body = BUF_INIT(SIZE_MAX / 2);

	(void)buf_adds(&body, text, NULL);
	(void)buf_adds(&body, "\n", NULL);
	request_answer(request, status, "application/json", &body);
}

void request_error(struct request *request, unsigned status, const char *code,
    const char *message, const char *hint)
{
	AUTO_JSON document = NULL;
	struct json_object *error;

	if (request_wants_page(request)) {
		page_error(request, status, message, hint);
		return;
	}
	document = json_object_new_object();
	error = json_object_new_object();
	json_set_str(error, "code", code);
	json_set_str(error, "message", message);
	json_set_str(error, "hint", hint != NULL && hint[0] != '\0' ? hint : NULL);
	json_set(document, "error", error);
	request_answer_json(request, status, document);
}

void request_redirect(struct request *request, const char *path)
{
	AUTO_BUF body = BUF_INIT(64);

	request_set_header(request, "Location", path);
	request_answer(request, MHD_HTTP_SEE_OTHER, "text/plain; charset=utf-8", &body);
}

/* ---- in pieces */

struct stream {
	struct request_stream parts;
	struct buf buf;
	size_t at;               /* what of buf is sent */
	bool ended;
};

static ssize_t read_stream(void *cls, uint64_t pos, char *ret, size_t max)
{
	struct stream *stream = cls;
	size_t len;

	(void)pos;
	while (stream->at == stream->buf.len && !stream->ended) {
		buf_reset(&stream->buf);
		stream->at = 0;
		stream->ended = !stream->parts.more(stream->parts.ctx, &stream->buf);
	}
	len = stream->buf.len - stream->at;
	if (len == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len > max)
		len = max;
	memcpy(ret, stream->buf.data + stream->at, len);
	stream->at += len;
	return (ssize_t)len;
}

static void free_stream(void *cls)
{
	struct stream *stream = cls;

	stream->parts.release(stream->parts.ctx);
	buf_release(&stream->buf);
	free(stream);
}

void request_answer_stream(struct request *request, unsigned status, const char *type,
    const struct request_stream *parts)
{
	struct stream *stream = mem_calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	stream->parts = *parts;
	buf_init(&stream->buf, STREAM_MAX);
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream,
	    stream, free_stream);
	if (response == NULL)
		free_stream(stream);
	request_answer_response(request, status, type, response);
}

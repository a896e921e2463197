/*
 * One request, from its headers to the last byte of its answer. A handler
 * answers at once, or says that it waits (request_wait) and is called again
 * when something called request_wake.
 */
#ifndef D1KEEP_CONTROL_REQUEST_H
#define D1KEEP_CONTROL_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "control/child.h"
#include "control/clients.h"
#include "control/internal.h"
#include "control/routes.h"

#define REQUEST_BODY_MAX 65536
#define REQUEST_HEADERS_MAX 3

struct request {
	TAILQ_ENTRY(request) link;       /* among those of the listener */
	struct control *control;
	struct server *server;
	struct client *client;
	struct MHD_Connection *connection;
	const struct route *route;       /* NULL: refused at its headers */
	char *path;
	const char *rest;                /* of the path, behind a route's prefix */
	struct buf body;
	bool http_1_0;
	bool suspended;
	bool answered;
	bool gone;                       /* the client is; do no more work */
	struct { const char *name; char *value; } headers[REQUEST_HEADERS_MAX];
	size_t header_count;

	/* What it waits for. `next` is called when it was woken; `job` belongs to
	 * whoever set it and is released with the request. */
	void (*next)(struct request *request);
	int64_t wake_at_ms;              /* woken then at the latest; 0: no such time */
	void *job;
	void (*job_free)(void *job);

	/* Called again and again while the loop is idle, until it says false:
	 * see request_work. */
	bool (*step)(struct request *request);
	TAILQ_ENTRY(request) work_link;
};

/* A query argument, or NULL: absent, twice, or holding a NUL. */
const char *request_argument(struct request *request, const char *name);
const char *request_header(struct request *request, const char *name);

/* Does a person look on? A browser says that it would like a page. */
bool request_wants_page(struct request *request);

/* ---- answers; each is the last thing a handler does with its request */

/* The contents of `body` become the answer's; `body` is empty afterwards. */
void request_answer(struct request *request, unsigned status, const char *type,
    struct buf *body);

struct json_object;
void request_answer_json(struct request *request, unsigned status, struct json_object *o);

/* {"error":{"code","message","hint"}}, or a small page where a person looks on. */
void request_error(struct request *request, unsigned status, const char *code,
    const char *message, const char *hint);

/* The same, from an error; the status follows its code. */
void request_err(struct request *request, const struct err *err);

/* … from a child that failed before it said anything else. */
void request_child_error(struct request *request, const struct child_end *end);

/* 404, with the names there are. */
void request_unknown_database(struct request *request);

/* See Other, to a path of ours. */
void request_redirect(struct request *request, const char *path);

/* An answer in pieces: `more` appends the next one to `buf` and returns false
 * when that was the last; `release` is called in any case. */
struct request_stream {
	bool (*more)(void *ctx, struct buf *buf);
	void (*release)(void *ctx);
	void *ctx;
};
void request_answer_stream(struct request *request, unsigned status, const char *type,
    const struct request_stream *stream);

/* An answer made elsewhere, with our headers added: takes the response over. */
void request_answer_response(struct request *request, unsigned status, const char *type,
    struct MHD_Response *response);

/* Add a header to the answer that comes next. The name is lent. */
void request_set_header(struct request *request, const char *name, const char *value);

/* ---- waiting */

/* Do nothing until request_wake; `next` is called then. */
void request_wait(struct request *request, void (*next)(struct request *request));
void request_wake(struct request *request);

/* Wait while `step` does its work in slices of a millisecond or two, one each
 * time the loop comes round; `next` is called when it returned false. */
void request_work(struct request *request, bool (*step)(struct request *request),
    void (*next)(struct request *request));

#endif

/*
 * One request to the D1 API and its answer: what net/d1_api.c, d1_import.c and
 * d1_export.c are made of. Nobody else needs it.
 */
#ifndef D1KEEP_NET_D1_CALL_H
#define D1KEEP_NET_D1_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "net/d1_answer.h"
#include "net/d1_api.h"
#include "net/http.h"

#define D1_SMALL_ANSWER_BYTES (1u << 20)

struct d1_call {
	const char *service;      /* NULL: "/d1/database" */
	const char *database_id;  /* NULL: the service itself */
	const char *subject;      /* what errors call the database; NULL: its id */
	const char *tail;         /* "/raw"; may have a query; "" for none */
	/* A POST with this JSON (not owned), or with no body; else a GET. */
	struct json_object *body;
	bool post;
	size_t max_answer_bytes;  /* 0: D1_SMALL_ANSWER_BYTES */
	/* It changes something: sent again only where it was turned away, and never
	 * stopped between the request and its answer. */
	bool changes;
	/* NULL: d1_answer_judge, or d1_answer_judge_change where it changes something. */
	enum http_verdict (*judge)(const struct d1_answer *answer,
	    const struct http_response *response);
	bool cut_rows;            /* as in struct d1_answer */
	bool unstoppable;         /* HTTP_STOPS_NEVER */
	const struct http_pace *pace;
};

/* An answer. Zeroed it is empty; d1_reply_release. */
struct d1_reply {
	struct d1_answer answer;
	struct http_response response;
	/* No answer that says whether the request was carried out. */
	bool in_doubt;
};

/* Send. 0 when an answer came, whatever it says; `ret` is always set, and its
 * `in_doubt` holds when the call fails, too. */
int d1_call(struct d1_api *api, const struct d1_call *call, struct d1_reply *ret,
    struct err *err);
void d1_reply_release(struct d1_reply *reply);

/* Take the result out of the envelope: d1_answer_result. */
int d1_reply_result(const struct d1_api *api, const struct d1_call *call,
    const struct d1_reply *reply, struct json_object **ret, struct err *err);

/* Both. */
int d1_call_result(struct d1_api *api, const struct d1_call *call, struct json_object **ret,
    struct err *err);

/* What signed URLs are fetched with, and whether they may be plain http (only
 * where the API itself is). */
struct http *d1_api_http(const struct d1_api *api);
bool d1_api_is_plain(const struct d1_api *api);

#endif

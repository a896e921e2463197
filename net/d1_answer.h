/*
 * An answer of the D1 API, read once: is it JSON, what does its envelope
 * {"success":…,"errors":[{"code":…,"message":…}],"result":…} say. Pure.
 */
#ifndef D1KEEP_NET_D1_ANSWER_H
#define D1KEEP_NET_D1_ANSWER_H

#include <stdbool.h>

#include "base/json.h"
#include "net/d1_rows.h"
#include "net/http.h"

struct d1_answer {
	struct json_object *doc;  /* NULL: not JSON; owned */
	bool cut_rows;            /* set it where rows are expected: they may be cut out */
	struct d1_cut cut;        /* found, not decoded; none when `doc` has them */
};

/* Read another answer; forgets the one before. */
void d1_answer_read(struct d1_answer *answer, const struct http_response *response);
void d1_answer_release(struct d1_answer *answer);

/* Should the request be sent again? */
enum http_verdict d1_answer_judge(const struct d1_answer *answer,
    const struct http_response *response);

/* The same for a request that changes something: only where it was turned away
 * at the door. */
enum http_verdict d1_answer_judge_change(const struct d1_answer *answer,
    const struct http_response *response);

/* Does the answer to such a request leave open whether it was carried out? A
 * gateway's 502 does, a refusal of the API's does not. */
bool d1_answer_in_doubt(const struct d1_answer *answer, const struct http_response *response);

/* 0 when the API did what it was asked; `*ret_result` is a new reference to the
 * envelope's `result`. Else the errors of net/d1_api.h, in a person's words. */
int d1_answer_result(const struct d1_answer *answer, const struct http_response *response,
    const char *account_id, const char *database_id, struct json_object **ret_result,
    struct err *err);

#endif

/*
 * What D1 answers about an import or an export that it runs (CLOUDFLARE.md 2.1,
 * 3.1, 3.2). In the envelope's `result`, or without an envelope:
 *
 *   {"success":true, "status":"active|complete|error", "at_bookmark":"…",
 *    "messages":["…"], "error":"…", "errors":["…"], "result":{…}}
 *
 * HTTP's status is 202 or 200, and is not relied on: failures come under 200, too.
 */
#ifndef D1KEEP_NET_D1_JOB_H
#define D1KEEP_NET_D1_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "net/d1_call.h"
#include "net/d1_errors.h"

enum d1_job_state {
	D1_JOB_NONE,       /* an answer without a status, and no failure */
	D1_JOB_ACTIVE,     /* runs; also under a status that is not known here */
	D1_JOB_COMPLETE,
	D1_JOB_FAILED,     /* status "error" */
	D1_JOB_REFUSED,    /* the request failed: that says nothing about the job */
};

struct d1_job {
	enum d1_job_state state;
	char message[D1_TEXT_SIZE];   /* the newest, or "" */
	char why[900];                /* of FAILED and REFUSED: every error told, or "" */
	struct json_object *fields;   /* the reply's; NULL when there are none */
};

/* Pure. The job lives no longer than the answer. */
void d1_job_read(struct d1_job *ret, const struct d1_answer *answer);

/* A member of the job or of its `result`: the API has used both places. NULL when
 * it is no string or empty. */
const char *d1_job_str(const struct d1_job *job, const char *key);

/* Turned away at the door: another job is running, or the database is
 * overloaded. */
bool d1_job_not_done(const struct d1_job *job);

/* It ran, failed and was rolled back. Not where the words are those of a lost
 * connection or a lost job: they may come with status "error", too. "Cancelled" may
 * have been sent for a poll that came late to a job that was done. */
bool d1_job_failed_for_certain(const struct d1_job *job);

/* The `judge` of a struct d1_call: of the request that begins a job (sent again
 * while another job is in the way; or once only), and of a poll. */
enum http_verdict d1_job_judge_begin(const struct d1_answer *answer,
    const struct http_response *response);
enum http_verdict d1_job_judge_begin_once(const struct d1_answer *answer,
    const struct http_response *response);
enum http_verdict d1_job_judge_poll(const struct d1_answer *answer,
    const struct http_response *response);

/* Say why it failed (FAILED, REFUSED, NONE). */
int d1_job_error(const struct d1_api *api, const struct d1_call *call,
    const struct d1_reply *reply, const struct d1_job *job, const char *what, struct err *err);

/* Was the request that begins a job answered in a way that leaves open whether
 * it has begun? */
bool d1_job_in_doubt(const struct d1_job *job, const struct d1_reply *reply);

/* How long to wait before poll number `n` (from 0): an eighth of a second at first,
 * three at most. The service cancels a job that is not polled for 15 s. */
int64_t d1_job_interval_ms(unsigned n);

#endif

#include "net/d1_job.h"

#include <string.h>

/* Most are done at once: a few short ones, doubling, before the second. */
#define SHORT_INTERVAL_MS 125
#define SHORT_INTERVALS 3
#define FIRST_INTERVAL_MS 1000
#define INTERVAL_STEP_MS 500
#define MAX_INTERVAL_MS 3000

/* A job's own members, wherever they lie. */
static struct json_object *fields_of(struct json_object *doc)
{
	struct json_object *result = json_get(doc, "result", json_type_object);

	/* Without an envelope, `result` is what the job yielded. */
	if (json_get_str(doc, "status") != NULL || json_get_str(doc, "at_bookmark") != NULL ||
	    result == NULL)
		return doc;
	return result;
}

static void add_reason(struct buf *why, const char *text)
{
	char printable_text[D1_TEXT_SIZE];

	if (text == NULL)
		return;
	d1_printable(text, strlen(text), printable_text);
	/* The same words often stand in `error` and in `errors`. */
	if (printable_text[0] == '\0' || strstr(buf_str(why), printable_text) != NULL)
		return;
	/* Past the ceiling the first ones have to do. */
	(void)buf_addf(why, NULL, "%s%s", why->len > 0 ? "; " : "", printable_text);
}

/* `errors` holds texts, or the envelope's {"code":…,"message":…}. */
static void add_reasons(struct buf *why, struct json_object *of)
{
	struct json_object *errors = json_get(of, "errors", json_type_array);

	for (size_t i = 0; errors != NULL && i < json_object_array_length(errors); i++) {
		struct json_object *one = json_object_array_get_idx(errors, i);

		if (json_object_is_type(one, json_type_string))
			add_reason(why, json_object_get_string(one));
		else
			add_reason(why, json_get_str(one, "message"));
	}
	add_reason(why, json_get_str(of, "error"));
}

static void read_message(struct d1_job *job)
{
	struct json_object *messages = json_get(job->fields, "messages", json_type_array);
	size_t count = messages != NULL ? json_object_array_length(messages) : 0;
	struct json_object *last = count > 0 ? json_object_array_get_idx(messages, count - 1) : NULL;
	const char *text = json_object_is_type(last, json_type_string) ?
	    json_object_get_string(last) : "";

	d1_printable(text, strlen(text), job->message);
}

static enum d1_job_state state_of(struct json_object *doc, struct json_object *fields)
{
	const char *status = json_get_str(fields, "status");

	if (status != NULL && strcmp(status, "error") == 0)
		return D1_JOB_FAILED;
	if (!json_get_bool(doc, "success", true) || !json_get_bool(fields, "success", true))
		return D1_JOB_REFUSED;
	if (status == NULL)
		return D1_JOB_NONE;
	return strcmp(status, "complete") == 0 ? D1_JOB_COMPLETE : D1_JOB_ACTIVE;
}

void d1_job_read(struct d1_job *ret, const struct d1_answer *answer)
{
	AUTO_BUF why = BUF_INIT(sizeof(ret->why) - 1);

	*ret = (struct d1_job){ .state = D1_JOB_REFUSED };
	if (answer->doc == NULL)
		return;
	ret->fields = fields_of(answer->doc);
	ret->state = state_of(answer->doc, ret->fields);
	read_message(ret);
	if (ret->state != D1_JOB_FAILED && ret->state != D1_JOB_REFUSED)
		return;
	add_reasons(&why, ret->fields);
	if (ret->fields != answer->doc)
		add_reasons(&why, answer->doc);
	memcpy(ret->why, buf_str(&why), why.len);
}

const char *d1_job_str(const struct d1_job *job, const char *key)
{
	const char *text = json_get_str(job->fields, key);

	if (text == NULL)
		text = json_get_str(json_get(job->fields, "result", json_type_object), key);
	return text != NULL && *text != '\0' ? text : NULL;
}

static bool is_good(int status)
{
	return status >= 200 && status < 300;
}

/* What the words inside of a job's answer mean. Its HTTP status says nothing
 * about them. */
static struct d1_verdict verdict_of(const struct d1_job *job)
{
	return d1_classify(200, 0, job->why);
}

bool d1_job_not_done(const struct d1_job *job)
{
	return (job->state == D1_JOB_REFUSED || job->state == D1_JOB_FAILED) &&
	    job->why[0] != '\0' && verdict_of(job).not_done;
}

bool d1_job_failed_for_certain(const struct d1_job *job)
{
	struct d1_verdict verdict = verdict_of(job);

	if (job->state != D1_JOB_FAILED)
		return false;
	return (!verdict.transient || verdict.not_done) &&
	    strcasestr(job->why, "Not currently import") == NULL &&
	    strcasestr(job->why, "Cancelled due to no poll") == NULL;
}

enum http_verdict d1_job_judge_begin(const struct d1_answer *answer,
    const struct http_response *response)
{
	struct d1_job job;

	d1_job_read(&job, answer);
	if (d1_job_not_done(&job))
		return HTTP_NOT_DONE;
	return d1_answer_judge_change(answer, response);
}

enum http_verdict d1_job_judge_begin_once(const struct d1_answer *answer,
    const struct http_response *response)
{
	(void)answer;
	return response->status == 429 ? HTTP_NOT_DONE : HTTP_FINAL;
}

enum http_verdict d1_job_judge_poll(const struct d1_answer *answer,
    const struct http_response *response)
{
	struct d1_job job;

	if (answer->doc == NULL)
		return d1_answer_judge(answer, response);
	d1_job_read(&job, answer);
	if (job.state == D1_JOB_REFUSED && job.why[0] != '\0' && verdict_of(&job).transient)
		return HTTP_AGAIN;
	return is_good(response->status) || job.state == D1_JOB_FAILED ? HTTP_FINAL :
	    d1_answer_judge(answer, response);
}

int d1_job_error(const struct d1_api *api, const struct d1_call *call,
    const struct d1_reply *reply, const struct d1_job *job, const char *what, struct err *err)
{
	struct d1_verdict verdict = verdict_of(job);

	/* A refusal in the envelope itself has codes, and words of its own. */
	if (job->state == D1_JOB_REFUSED &&
	    (job->why[0] == '\0' || !is_good(reply->response.status))) {
		struct json_object *ignored = NULL;

		if (d1_reply_result(api, call, reply, &ignored, err) != 0)
			return -1;
		json_free(&ignored);
	}
	if (job->state == D1_JOB_NONE || job->why[0] == '\0')
		return err_set(err, ERR_FAILED, "database %s: %s: the D1 API gave no reason (HTTP %d)",
		    call->database_id, what, reply->response.status);
	(void)err_set(err, verdict.code, "database %s: %s: %s", call->database_id, what, job->why);
	if (verdict.hint != NULL)
		(void)err_hint(err, "%s", verdict.hint);
	return -1;
}

bool d1_job_in_doubt(const struct d1_job *job, const struct d1_reply *reply)
{
	struct d1_verdict verdict = verdict_of(job);

	switch (job->state) {
	case D1_JOB_REFUSED:
		return reply->in_doubt || (verdict.transient && !verdict.not_done);
	case D1_JOB_FAILED:
		return !d1_job_failed_for_certain(job);
	case D1_JOB_NONE:
		return true;
	default:
		return false;
	}
}

int64_t d1_job_interval_ms(unsigned n)
{
	if (n < SHORT_INTERVALS)
		return (int64_t)SHORT_INTERVAL_MS << n;
	n -= SHORT_INTERVALS;
	if (n >= (MAX_INTERVAL_MS - FIRST_INTERVAL_MS) / INTERVAL_STEP_MS)
		return MAX_INTERVAL_MS;
	return FIRST_INTERVAL_MS + (int64_t)n * INTERVAL_STEP_MS;
}

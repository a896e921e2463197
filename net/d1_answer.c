#include "net/d1_answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/d1_errors.h"
#include "net/retry.h"

/* What is left of an answer with rows, or NULL when it is to be read as a whole. */
static struct json_object *read_without_rows(struct d1_answer *answer, const struct buf *body)
{
	AUTO_BUF rest = BUF_INIT(body->max);
	struct json_object *doc = NULL;

	if (d1_rows_find(&answer->cut, buf_str(body), body->len, &rest))
		doc = json_read(buf_str(&rest), rest.len, NULL);
	if (doc == NULL)
		d1_cut_release(&answer->cut);
	return doc;
}

void d1_answer_read(struct d1_answer *answer, const struct http_response *response)
{
	const struct buf *body = &response->body;

	d1_answer_release(answer);
	if (answer->cut_rows)
		answer->doc = read_without_rows(answer, body);
	if (answer->doc == NULL)
		answer->doc = json_read(buf_str(body), body->len, NULL);
	/* The envelope is an object; any other JSON is as foreign as HTML. */
	if (!json_object_is_type(answer->doc, json_type_object))
		json_free(&answer->doc);
}

void d1_answer_release(struct d1_answer *answer)
{
	json_free(&answer->doc);
	d1_cut_release(&answer->cut);
}

/* The first error of the envelope; a statement's own `error` counts too. */
static const char *first_error(const struct d1_answer *answer, int64_t *ret_code)
{
	struct json_object *errors = json_get(answer->doc, "errors", json_type_array);
	struct json_object *first = errors != NULL ? json_object_array_get_idx(errors, 0) : NULL;
	const char *message = json_get_str(first, "message");

	*ret_code = json_get_int(first, "code", 0);
	if (message == NULL)
		message = json_get_str(answer->doc, "error");
	return message != NULL ? message : "";
}

static bool succeeded(const struct d1_answer *answer, const struct http_response *response)
{
	return response->status >= 200 && response->status < 300 &&
	    json_get_bool(answer->doc, "success", false);
}

enum http_verdict d1_answer_judge(const struct d1_answer *answer,
    const struct http_response *response)
{
	const char *message;
	int64_t code;

	/* A 200 that is no JSON comes from something on the way; a 403 that is
	 * none is a firewall's, and final. */
	if (answer->doc == NULL)
		return response->status >= 200 && response->status < 300 ? HTTP_AGAIN :
		    HTTP_BY_STATUS;
	if (succeeded(answer, response))
		return HTTP_FINAL;
	message = first_error(answer, &code);
	return d1_classify(response->status, code, message).transient ? HTTP_AGAIN : HTTP_FINAL;
}

enum http_verdict d1_answer_judge_change(const struct d1_answer *answer,
    const struct http_response *response)
{
	const char *message;
	int64_t code;

	if (answer->doc == NULL)
		return response->status == 429 ? HTTP_NOT_DONE : HTTP_FINAL;
	if (succeeded(answer, response))
		return HTTP_FINAL;
	message = first_error(answer, &code);
	return d1_classify(response->status, code, message).not_done ? HTTP_NOT_DONE : HTTP_FINAL;
}

bool d1_answer_in_doubt(const struct d1_answer *answer, const struct http_response *response)
{
	struct d1_verdict verdict;
	const char *message;
	int64_t code;

	if (answer->doc == NULL)
		return (response->status >= 200 && response->status < 300) ||
		    (response->status != 429 && retry_status(response->status));
	if (succeeded(answer, response))
		return false;
	message = first_error(answer, &code);
	verdict = d1_classify(response->status, code, message);
	return verdict.transient && !verdict.not_done;
}

static int not_json(const struct http_response *response, struct err *err)
{
	const char *body = buf_str(&response->body);
	bool html = strncasecmp(response->content_type, "text/html", 9) == 0 ||
	    body[strspn(body, " \t\r\n")] == '<';
	struct d1_verdict verdict = d1_classify(response->status, 0, "");
	char text[D1_TEXT_SIZE];

	d1_printable(body, response->body.len, text);
	if (response->status >= 200 && response->status < 300)
		return err_set(err, ERR_AGAIN, "the D1 API answered with %s instead of JSON: is api_base right?",
		    html ? "HTML" : response->body.len == 0 ? "nothing" : "something else");
	if (html || text[0] == '\0')
		(void)err_set(err, verdict.code, "the D1 API answered HTTP %d with %s instead of JSON",
		    response->status, html ? "HTML" : "nothing");
	else
		(void)err_set(err, verdict.code, "the D1 API answered HTTP %d: %s",
		    response->status, text);
	/* Not one of Cloudflare's own refusals: those are JSON. */
	if (verdict.code != ERR_AGAIN)
		(void)err_hint(err, "is api_base right? A firewall or proxy may have answered instead of the API");
	return -1;
}

static int refused(const struct d1_answer *answer, const struct http_response *response,
    const char *account_id, const char *database_id, struct err *err)
{
	int64_t code;
	const char *message = first_error(answer, &code);
	struct d1_verdict verdict = d1_classify(response->status, code, message);
	char text[D1_TEXT_SIZE];

	d1_printable(message, strlen(message), text);
	if (text[0] == '\0')
		(void)snprintf(text, sizeof(text), "HTTP %d, and no reason", response->status);
	if (verdict.code == ERR_NOT_FOUND)
		(void)err_set(err, verdict.code, "database %s not found in account %s",
		    database_id, account_id);
	else if (verdict.code == ERR_DENIED)
		(void)err_set(err, verdict.code, "Cloudflare refused the API token for account %s: %s",
		    account_id, text);
	else if (verdict.code == ERR_AGAIN && response->tries > 1)
		(void)err_set(err, verdict.code, "database %s: %s (%u tries)", database_id, text,
		    response->tries);
	else
		(void)err_set(err, verdict.code, "database %s: %s", database_id, text);
	if (verdict.hint != NULL)
		(void)err_hint(err, "%s", verdict.hint);
	if (response->retry_after_ms > 0)
		(void)err_hint(err, "Cloudflare asks to wait %lld s",
		    (long long)response->retry_after_ms / 1000);
	return -1;
}

int d1_answer_result(const struct d1_answer *answer, const struct http_response *response,
    const char *account_id, const char *database_id, struct json_object **ret_result,
    struct err *err)
{
	struct json_object *result = NULL;

	if (answer->doc == NULL)
		return not_json(response, err);
	if (!succeeded(answer, response))
		return refused(answer, response, account_id, database_id, err);
	if (!json_object_object_get_ex(answer->doc, "result", &result) || result == NULL)
		return err_set(err, ERR_FAILED, "database %s: the D1 API answered without a result",
		    database_id);
	*ret_result = json_object_get(result);
	return 0;
}

/* GET /api/backup/list: `d1keep list --json`, shared and kept for a moment. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "control/handlers.h"
#include "control/listing.h"
#include "control/request.h"

/* The document with what could not be listed beside it, so that a list which
 * lacks something does not look whole. It is ours: an object, at least "{}". */
static bool splice_errors(struct buf *body, const struct child_end *end)
{
	struct json_object *array = json_object_new_array();
	size_t len = body->len;

	while (len > 0 && strchr(" \r\n\t", body->data[len - 1]) != NULL)
		len--;
	if (len < 2 || body->data[len - 1] != '}') {
		(void)json_object_put(array);
		return false;
	}
	body->len = len - 1;
	for (size_t i = 0; i < end->error_count; i++) {
		struct json_object *o = json_object_new_object();

		json_set_str(o, "code", end->errors[i].code);
		json_set_str(o, "message", end->errors[i].message);
		json_set_str(o, "hint", end->errors[i].hint[0] != '\0' ? end->errors[i].hint : NULL);
		(void)json_object_array_add(array, o);
	}
	(void)buf_addf(body, NULL, ",\"errors\":%s}\n",
	    json_object_to_json_string_ext(array, JSON_C_TO_STRING_NOSLASHESCAPE));
	(void)json_object_put(array);
	return true;
}

static void answer(struct request *request)
{
	const struct listing *listing = request->job;
	AUTO_BUF body = BUF_INIT(LISTING_MAX_BYTES + 65536);

	if (listing->text.len == 0) {
		request_child_error(request, &listing->end);
		return;
	}
	(void)buf_add(&body, listing->text.data, listing->text.len, NULL);
	if (splice_errors(&body, &listing->end))
		request_answer(request, MHD_HTTP_OK, "application/json", &body);
	else
		request_child_error(request, &listing->end);
}

static void release(void *job)
{
	listing_release(job);
}

void api_list(struct request *request)
{
	const struct control_host *host = &request->control->host;
	const char *name = request_argument(request, "database");
	struct host_database database;
	struct listing *listing;

	if (name != NULL && !host->find(host->ctx, name, &database)) {
		request_unknown_database(request);
		return;
	}
	listing = listings_get(request->control->listings, name != NULL ? name : "");
	if (listing == NULL) {
		request_err(request, &(struct err){ ERR_AGAIN, 0, "other lists are being fetched", "" });
		return;
	}
	request->job = listing;
	request->job_free = release;
	if (listing->done)
		answer(request);
	else
		request_wait(request, answer);
}

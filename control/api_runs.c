/* GET /api/backup/runs, and one of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "control/handlers.h"
#include "control/request.h"
#include "control/run_json.h"

#define LIMIT 50
#define LIMIT_MAX STATE_RUNS_KEPT

struct collection {
	const char *database;    /* only this one's; NULL: all */
	int64_t id;              /* only this one; 0: all */
	size_t limit;
	struct json_object *array;
};

static bool add_active(void *ctx, const struct host_run *run)
{
	struct collection *c = ctx;

	if ((c->database == NULL || strcmp(c->database, run->database) == 0) &&
	    (c->id == 0 || c->id == run->id))
		(void)json_object_array_add(c->array, run_json_active(run));
	return json_object_array_length(c->array) < c->limit;
}

/* Those that go are in the notes too: they were told already. */
static int add_recent(void *ctx, const char *database, const struct state_run *run, struct err *err)
{
	struct collection *c = ctx;

	(void)err;
	if (run->finished_at != 0 && json_object_array_length(c->array) < c->limit)
		(void)json_object_array_add(c->array, run_json_ended(database, run));
	return 0;
}

static int add_ended(void *ctx, const struct state_run *run, struct err *err)
{
	struct collection *c = ctx;

	return add_recent(ctx, c->database, run, err);
}

/* A number from 1 to `max`, or `otherwise` where nothing is said; 0: no number. */
static int64_t read_number(const char *text, int64_t max, int64_t otherwise)
{
	size_t len = text != NULL ? strlen(text) : 0;
	long long number;

	if (text == NULL)
		return otherwise;
	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return 0;
	number = strtoll(text, NULL, 10);
	return number <= max ? number : 0;
}

static void answer_runs(struct request *request, struct collection *c)
{
	const struct control_host *host = &request->control->host;
	struct state *state = host->state(host->ctx);
	AUTO_JSON document = json_object_new_object();
	struct err err = ERR_INIT;
	int rc = 0;

	c->array = json_object_new_array();
	json_set(document, "runs", c->array);
	host->each_active(host->ctx, add_active, c);
	if (state != NULL && c->database != NULL)
		rc = state_each_run(state, c->database, c->limit, add_ended, c, &err);
	else if (state != NULL)
		rc = state_each_recent_run(state, c->limit, add_recent, c, &err);
	if (rc == 0)
		request_answer_json(request, MHD_HTTP_OK, document);
	else
		request_error(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "failed", err.msg, err.hint);
}

void api_runs(struct request *request)
{
	const struct control_host *host = &request->control->host;
	struct host_database database;
	struct collection c = {
		.database = request_argument(request, "database"),
		.limit = (size_t)read_number(request_argument(request, "limit"), LIMIT_MAX, LIMIT),
	};

	if (c.limit == 0)
		request_error(request, MHD_HTTP_BAD_REQUEST, "usage", "limit is a number from 1 to 200", NULL);
	else if (c.database != NULL && !host->find(host->ctx, c.database, &database))
		request_unknown_database(request);
	else
		answer_runs(request, &c);
}

void api_run(struct request *request)
{
	const struct control_host *host = &request->control->host;
	struct collection c = { .id = read_number(request->rest, INT64_MAX, 0), .limit = 1 };
	struct state *state = host->state(host->ctx);
	AUTO_JSON array = json_object_new_array();
	AUTO_JSON o = NULL;
	struct state_run run;
	char database[256];

	c.array = array;
	if (c.id != 0)
		host->each_active(host->ctx, add_active, &c);
	if (json_object_array_length(array) > 0)
		o = json_object_get(json_object_array_get_idx(array, 0));
	else if (c.id != 0 && state != NULL && state_get_run(state, c.id, database, &run, NULL) == 0)
		o = run_json_ended(database, &run);
	if (o != NULL)
		request_answer_json(request, MHD_HTTP_OK, o);
	else
		request_error(request, MHD_HTTP_NOT_FOUND, "not-found", "there is no such run",
		    "the last 200 of each database are kept: /api/backup/runs lists them");
}

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/refuse.h"
#include "control/request_internal.h"
#include "control/server.h"

struct request *request_new(struct control *control, struct server *server,
    struct client *client, struct MHD_Connection *connection, const char *path)
{
	struct request *request = mem_calloc(1, sizeof(*request));

	request->control = control;
	request->server = server;
	request->client = client;
	request->connection = connection;
	request->path = mem_strdup(path);
	request->rest = "";
	buf_init(&request->body, REQUEST_BODY_MAX);
	TAILQ_INSERT_TAIL(&control->requests, request, link);
	return request;
}

static void stop_work(struct request *request)
{
	if (request->step == NULL)
		return;
	TAILQ_REMOVE(&request->control->working, request, work_link);
	request->step = NULL;
}

void request_free(struct request *request)
{
	stop_work(request);
	if (request->job_free != NULL)
		request->job_free(request->job);
	TAILQ_REMOVE(&request->control->requests, request, link);
	buf_release(&request->body);
	for (size_t i = 0; i < request->header_count; i++)
		free(request->headers[i].value);
	free(request->path);
	free(request);
}

/* ---- from the listener */

bool request_begin(struct request *request, const char *method)
{
	if (refuse_route(request, method) || refuse_stranger(request, method) ||
	    refuse_arguments(request) || refuse_body(request))
		return request->answered;
	request->rest = routes_rest(request->route, request->path);
	request->next = request->route->handle;
	return true;
}

bool request_take_body(struct request *request, const char *data, size_t len)
{
	/* refuse_body has seen its length: more is against the protocol. */
	return request->answered || buf_add(&request->body, data, len, NULL) == 0;
}

bool request_go(struct request *request)
{
	void (*next)(struct request *request) = request->next;

	request->suspended = false;
	request->next = NULL;
	if (request->gone || next == NULL)
		return request->answered;
	next(request);
	return request->answered || request->suspended;
}

/* ---- what it says */

struct twice {
	const char *name;
	const char *value;
	size_t count;
};

static enum MHD_Result count_argument(void *cls, enum MHD_ValueKind kind, const char *key,
    size_t key_len, const char *value, size_t value_len)
{
	struct twice *twice = cls;

	(void)kind;
	if (strlen(key) != key_len || strcmp(key, twice->name) != 0)
		return MHD_YES;
	twice->count++;
	twice->value = value != NULL && strlen(value) == value_len ? value : NULL;
	return MHD_YES;
}

const char *request_argument(struct request *request, const char *name)
{
	struct twice twice = { .name = name };

	(void)MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND,
	    count_argument, &twice);
	return twice.count == 1 ? twice.value : NULL;
}

const char *request_header(struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

bool request_wants_page(struct request *request)
{
	const char *accept = request_header(request, "Accept");

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

/* ---- waiting */

void request_wait(struct request *request, void (*next)(struct request *request))
{
	request->next = next;
	request->suspended = true;
	MHD_suspend_connection(request->connection);
}

void request_wake(struct request *request)
{
	stop_work(request);
	if (!request->suspended)
		return;
	request->suspended = false;
	request->wake_at_ms = 0;
	MHD_resume_connection(request->connection);
	server_poke(request->server);
}

void request_resume_all(struct control *control, struct server *server)
{
	struct request *request;

	TAILQ_FOREACH(request, &control->requests, link) {
		if (request->server != server)
			continue;
		request->gone = true;
		request_wake(request);
	}
}

/* A suspended connection's socket is not looked at by libmicrohttpd. */
void request_sweep(struct control *control, int64_t now_ms)
{
	struct request *request;

	TAILQ_FOREACH(request, &control->requests, link) {
		if (!request->suspended)
			continue;
		if (client_is_gone(request->client))
			request->gone = true;
		else if (request->wake_at_ms == 0 || now_ms < request->wake_at_ms)
			continue;
		request_wake(request);
	}
}

/* One slice of one request, then the loop; each gets its turn. */
static void on_idle(uv_idle_t *idle)
{
	struct control *control = idle->data;
	struct request *request = TAILQ_FIRST(&control->working);

	if (request == NULL) {
		(void)uv_idle_stop(idle);
	} else if (request->step(request)) {
		TAILQ_REMOVE(&control->working, request, work_link);
		TAILQ_INSERT_TAIL(&control->working, request, work_link);
	} else {
		request_wake(request);
	}
}

void request_work(struct request *request, bool (*step)(struct request *request),
    void (*next)(struct request *request))
{
	struct control *control = request->control;

	request->step = step;
	TAILQ_INSERT_TAIL(&control->working, request, work_link);
	(void)uv_idle_start(&control->idle, on_idle);
	request_wait(request, next);
}

#include "control/refuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "control/server.h"

#define TELL_EVERY_MS 60000

/* A path that nothing has is nobody's business without a token either. */
static const struct route nowhere = { .method = "GET", .path = "", .right = RIGHT_READ };

bool refuse_route(struct request *request, const char *method)
{
	const char *allow;

	request->route = routes_find(method, request->path, &allow);
	if (request->route != NULL || allow == NULL) {
		if (request->route == NULL)
			request->route = &nowhere;
		return false;
	}
	request->route = &nowhere;
	request_set_header(request, "Allow", allow);
	request_error(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method-not-allowed",
	    "this path does not take this method", NULL);
	return true;
}

/* Not the token itself, nor the name that came with it: a person may have typed
 * the one into the other's field. */
static void note_failure(struct request *request)
{
	struct login_failures *failures = &request->control->failures;
	const struct control_host *host = &request->control->host;
	int64_t now = clock_monotonic_ms();
	AUTO_STR line = NULL;

	failures->count++;
	(void)snprintf(failures->last, sizeof(failures->last), "%s", request->client->address);
	if (failures->told_at_ms != 0 && now - failures->told_at_ms < TELL_EVERY_MS)
		return;
	line = mem_printf("control: a wrong token from %s%s", failures->last,
	    failures->count > 1 ? ", not the only one since this was last told" : "");
	host->log(host->ctx, LOG_LEVEL_WARNING, line);
	failures->told_at_ms = now;
	failures->count = 0;
}

static void answer_refusal(struct request *request, enum auth_verdict verdict)
{
	switch (verdict) {
	case AUTH_WHO:
		request_set_header(request, "WWW-Authenticate",
		    "Basic realm=\"d1keep\", charset=\"UTF-8\"");
		request_error(request, MHD_HTTP_UNAUTHORIZED, "unauthorized",
		    "a token is needed", "send \"Authorization: Bearer TOKEN\", or log in with any name and the token as password");
		break;
	case AUTH_NOT_YOU:
		request_error(request, MHD_HTTP_FORBIDDEN, "forbidden",
		    "this token may only look", "use control_token");
		break;
	case AUTH_HOST:
		request_error(request, MHD_HTTP_FORBIDDEN, "foreign-host",
		    "without a control_token only this machine's own names are answered",
		    "ask 127.0.0.1 or localhost, or set control_token");
		break;
	default:
		request_error(request, MHD_HTTP_FORBIDDEN, "cross-site",
		    "another site had your browser ask for this", NULL);
		break;
	}
}

static enum auth_verdict check(struct request *request, bool post, enum right right,
    bool *ret_wrong)
{
	struct auth_request asks = {
		.on_socket = server_is_socket(request->server),
		.post = post,
		.page = request->route->page,
		.authorization = request_header(request, "Authorization"),
		.host = request_header(request, "Host"),
		.origin = request_header(request, "Origin"),
		.sec_fetch_site = request_header(request, "Sec-Fetch-Site"),
	};

	return auth_check(&request->control->auth, &asks, right, ret_wrong);
}

bool refuse_would_pass(struct request *request, enum right right)
{
	return check(request, false, right, NULL) == AUTH_YES;
}

bool refuse_stranger(struct request *request, const char *method)
{
	bool post = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0, wrong;
	enum auth_verdict verdict = check(request, post, request->route->right, &wrong);

	if (wrong)
		note_failure(request);
	if (verdict != AUTH_YES) {
		answer_refusal(request, verdict);
		return true;
	}
	if (request->route != &nowhere)
		return false;
	request_error(request, MHD_HTTP_NOT_FOUND, "not-found", "there is nothing here",
	    "docs/control.md lists what there is");
	return true;
}

static bool is_word_of(const char *words, const char *word)
{
	size_t len = strlen(word), piece;

	for (; *words != '\0'; words += piece + (words[piece] == ' ')) {
		piece = strcspn(words, " ");
		if (piece == len && strncmp(words, word, len) == 0)
			return true;
	}
	return false;
}

struct arguments {
	struct request *request;
	bool strange;
};

static enum MHD_Result look_at_argument(void *cls, enum MHD_ValueKind kind, const char *key,
    size_t key_len, const char *value, size_t value_len)
{
	struct arguments *arguments = cls;
	struct request *request = arguments->request;

	(void)kind;
	(void)value;
	(void)value_len;
	if (strlen(key) != key_len || !is_word_of(request->route->arguments, key) ||
	    request_argument(request, key) == NULL)
		arguments->strange = true;
	return MHD_YES;
}

/* A misspelt "database" would show those of all. */
bool refuse_arguments(struct request *request)
{
	const char *words = request->route->arguments;
	struct arguments arguments = { .request = request };
	AUTO_STR hint = NULL;

	if (words != NULL)
		(void)MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND,
		    look_at_argument, &arguments);
	if (!arguments.strange)
		return false;
	hint = mem_printf(words[0] != '\0' ? "it takes, once each: %s" : "it takes none%s", words);
	request_error(request, MHD_HTTP_BAD_REQUEST, "usage",
	    "an argument that this path does not take, or twice", hint);
	return true;
}

bool refuse_body(struct request *request)
{
	const char *text = request_header(request, "Content-Length");
	char *end;

	if (request_header(request, "Transfer-Encoding") != NULL) {
		request_error(request, MHD_HTTP_LENGTH_REQUIRED, "length-required",
		    "a body must come with its Content-Length", NULL);
		return true;
	}
	if (text == NULL || (strlen(text) < 10 && strtol(text, &end, 10) <= REQUEST_BODY_MAX))
		return false;
	request_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "too-big",
	    "a body may have 64 KiB", NULL);
	return true;
}

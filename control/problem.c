/* What went wrong, as an answer (control/request.h). */
#include <string.h>

#include "base/mem.h"
#include "control/request.h"

#define NAMES_TOLD 20

static const struct {
	const char *code;
	enum err_code err;
	unsigned status;
} problems[] = {
	{ "failed", ERR_FAILED, MHD_HTTP_BAD_GATEWAY },
	{ "usage", ERR_USAGE, MHD_HTTP_BAD_REQUEST },
	{ "corrupt", ERR_CORRUPT, MHD_HTTP_INTERNAL_SERVER_ERROR },
	{ "refused", ERR_REFUSED, MHD_HTTP_CONFLICT },
	{ "again", ERR_AGAIN, MHD_HTTP_SERVICE_UNAVAILABLE },
	{ "not-found", ERR_NOT_FOUND, MHD_HTTP_NOT_FOUND },
	{ "denied", ERR_DENIED, MHD_HTTP_BAD_GATEWAY },
	{ "too-big", ERR_TOO_BIG, MHD_HTTP_BAD_GATEWAY },
	{ "interrupted", ERR_INTERRUPTED, MHD_HTTP_SERVICE_UNAVAILABLE },
};

#define COUNT (sizeof(problems) / sizeof(problems[0]))

static void answer(struct request *request, size_t i, const char *message, const char *hint)
{
	if (problems[i].status == MHD_HTTP_SERVICE_UNAVAILABLE)
		request_set_header(request, "Retry-After", "10");
	request_error(request, problems[i].status, problems[i].code, message, hint);
}

void request_err(struct request *request, const struct err *err)
{
	size_t i = 0;

	while (i < COUNT && problems[i].err != err->code)
		i++;
	answer(request, i < COUNT ? i : 0, err->msg, err->hint);
}

void request_child_error(struct request *request, const struct child_end *end)
{
	const struct child_error *error = &end->errors[0];
	size_t i = 0;

	if (end->timed_out) {
		request_error(request, MHD_HTTP_GATEWAY_TIMEOUT, "again",
		    "the bucket did not answer in time", NULL);
		return;
	}
	if (end->error_count == 0) {
		AUTO_STR message = mem_printf("d1keep ended with exit code %d and said no reason", end->exit_code);

		answer(request, 0, message, NULL);
		return;
	}
	while (i < COUNT && strcmp(problems[i].code, error->code) != 0)
		i++;
	answer(request, i < COUNT ? i : 0, error->message, error->hint);
}

void request_unknown_database(struct request *request)
{
	const struct control_host *host = &request->control->host;
	AUTO_BUF names = BUF_INIT(8192);
	const char *name;
	size_t i = 0;

	(void)buf_adds(&names, "there are", NULL);
	for (; i < NAMES_TOLD && (name = host->name(host->ctx, i)) != NULL; i++)
		(void)buf_addf(&names, NULL, "%s %s", i > 0 ? "," : "", name);
	if (host->name(host->ctx, i) != NULL)
		(void)buf_adds(&names, ", …", NULL);
	request_error(request, MHD_HTTP_NOT_FOUND, "not-found", "there is no such database",
	    i > 0 ? buf_str(&names) : "none is configured");
}

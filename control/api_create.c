/* POST /api/backup/create: a backup now, by the daemon. */
#include "base/buf.h"
#include "base/json.h"
#include "control/form.h"
#include "control/handlers.h"
#include "control/html.h"
#include "control/request.h"

/* To the database's page, which shows how the run goes on. */
static void go_back(struct request *request, const char *database)
{
	AUTO_BUF path = BUF_INIT(4096);

	html_put(&path, "/database?name=");
	html_query(&path, database);
	request_redirect(request, buf_str(&path));
}

static void answer_json(struct request *request, const struct form *form, int64_t run, bool is_new)
{
	AUTO_JSON o = json_object_new_object();

	json_set_int(o, "run", run);
	json_set_str(o, "database", form->database);
	json_set_str(o, "label", form->label);
	json_set_bool(o, "new", is_new);
	request_answer_json(request, is_new ? MHD_HTTP_ACCEPTED : MHD_HTTP_OK, o);
}

static void create(struct request *request, const struct form *form)
{
	const struct control_host *host = &request->control->host;
	struct err err = ERR_INIT;
	bool is_new = false;
	int64_t run = 0;

	if (host->create(host->ctx, form->database, form->label, &run, &is_new, &err) != 0)
		request_err(request, &err);
	else if (request_wants_page(request))
		go_back(request, form->database);
	else
		answer_json(request, form, run, is_new);
}

void api_create(struct request *request)
{
	const struct control_host *host = &request->control->host;
	struct host_database database;
	struct form form = { .database = NULL };
	struct err err = ERR_INIT;

	if (form_read(request_header(request, "Content-Type"), buf_str(&request->body),
	    request->body.len, &form, &err) != 0)
		request_err(request, &err);
	else if (!host->find(host->ctx, form.database, &database))
		request_unknown_database(request);
	else
		create(request, &form);
	form_release(&form);
}

/* /healthz: the loop goes round. /readyz: and d1keepd does its work as it should. */
#include "base/json.h"
#include "control/handlers.h"
#include "control/request.h"

void health_alive(struct request *request)
{
	AUTO_JSON o = json_object_new_object();

	json_set_bool(o, "alive", true);
	json_set_str(o, "version", request->control->host.version);
	request_answer_json(request, MHD_HTTP_OK, o);
}

void health_ready(struct request *request)
{
	const struct control_host *host = &request->control->host;
	const char *why = host->not_ready(host->ctx);
	AUTO_JSON o = json_object_new_object();

	json_set_bool(o, "ready", why == NULL);
	json_set_str(o, "why", why);
	request_answer_json(request, why == NULL ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, o);
}

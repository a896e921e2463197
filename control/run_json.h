/*
 * Runs as the API tells them.
 */
#ifndef D1KEEP_CONTROL_RUN_JSON_H
#define D1KEEP_CONTROL_RUN_JSON_H

#include <json-c/json.h>

#include "control/host.h"

/* One that waits or goes; one that has ended. */
struct json_object *run_json_active(const struct host_run *run);
struct json_object *run_json_ended(const char *database, const struct state_run *run);

#endif

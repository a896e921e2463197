#include "cli/events.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/stop.h"

#define PROGRESS_MS 1000
#define MAX_PROBLEMS 20

/* A daemon that has gone away is no reason to stop a backup. */
static void tell(struct events *e, struct json_object *o)
{
	AUTO_JSON line = o;
	const char *text = json_object_to_json_string_ext(line, JSON_C_TO_STRING_NOSLASHESCAPE);

	if (file_write_fd(e->fd, text, strlen(text), "events", NULL) != 0 ||
	    file_write_fd(e->fd, "\n", 1, "events", NULL) != 0)
		e->fd = -1;
}

static struct json_object *new_event(const char *name)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "event", name);
	return o;
}

/* The kernel tells of the parent's death only from now on: it may have died
 * before. Then nobody has the other end. */
static bool nobody_listens(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

int events_listener(const char *text)
{
	int fd = atoi(text);

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (nobody_listens(fd))
		stop_request();
	return fd;
}

void events_start(struct events *e, const char *database)
{
	struct json_object *o;

	if (e->fd < 0)
		return;
	o = new_event("start");
	json_set_str(o, "database", database);
	tell(e, o);
}

void events_progress(struct events *e, int64_t rows, int64_t bytes)
{
	int64_t now = clock_monotonic_ms();
	struct json_object *o;

	if (e->fd < 0 || now - e->progress_ms < PROGRESS_MS)
		return;
	e->progress_ms = now;
	o = new_event("progress");
	json_set_int(o, "rows", rows);
	json_set_int(o, "bytes", bytes);
	tell(e, o);
}

void events_done(struct events *e, const struct manifest *m, const struct events_cost *cost,
    int exit_status)
{
	struct json_object *o;

	if (e->fd < 0)
		return;
	o = new_event("done");
	json_set_str(o, "snapshot", m->id);
	json_set_int(o, "rows", manifest_rows(m));
	json_set_int(o, "sql_bytes", manifest_sql_bytes(m));
	json_set_int(o, "stored_bytes", manifest_stored_bytes(m));
	json_set_int(o, "new_bytes", m->new_bytes);
	json_set_int(o, "requests", m->requests);
	json_set_int(o, "retries", cost->retries);
	json_set_int(o, "rows_read", m->rows_read);
	json_set_int(o, "ms", cost->ms);
	json_set_int(o, "exceptions", (int64_t)m->exception_count);
	json_set_int(o, "exit", exit_status);
	tell(e, o);
}

void events_taken(struct events *e, const char *id)
{
	struct json_object *o;

	if (e->fd < 0)
		return;
	o = new_event("taken");
	json_set_str(o, "snapshot", id);
	tell(e, o);
}

/* Damaged chunks are told by their number: there may be thousands. */
static struct json_object *problems_json(const struct verdict *v)
{
	struct json_object *a = json_object_new_array();
	char damaged[64];

	if (v->damaged_count > 0) {
		(void)snprintf(damaged, sizeof(damaged), "%zu chunks are damaged or missing", v->damaged_count);
		(void)json_object_array_add(a, json_object_new_string(damaged));
	}
	for (size_t i = 0; i < v->problem_count && i < MAX_PROBLEMS; i++)
		(void)json_object_array_add(a, json_object_new_string(v->problems[i]));
	return a;
}

void events_verified(struct events *e, const struct verdict *v, int64_t ms)
{
	struct json_object *o;

	if (e->fd < 0)
		return;
	o = new_event("verified");
	json_set_str(o, "how", v->how);
	json_set_bool(o, "good", v->good);
	json_set_int(o, "ms", ms);
	json_set(o, "problems", problems_json(v));
	tell(e, o);
}

void events_pruned(struct events *e, int64_t removed, int64_t kept, int64_t freed_bytes,
    const char *blocked)
{
	struct json_object *o;

	if (e->fd < 0)
		return;
	o = new_event("pruned");
	json_set_int(o, "removed", removed);
	json_set_int(o, "kept", kept);
	json_set_int(o, "freed_bytes", freed_bytes);
	if (blocked != NULL)
		json_set_str(o, "blocked", blocked);
	tell(e, o);
}

static const char *code_name(enum err_code code)
{
	static const char *const names[] = {
		"none", "failed", "usage", "corrupt", "refused", "again", "not-found",
		"exists", "denied", "too-big", "changed", "interrupted", "held",
	};

	return names[code];
}

static void set_error(struct json_object *o, const struct err *err)
{
	json_set_str(o, "code", code_name(err->code));
	json_set_str(o, "message", err->msg);
	json_set_str(o, "hint", err->hint[0] != '\0' ? err->hint : NULL);
}

struct json_object *error_json(const struct err *err)
{
	struct json_object *o = json_object_new_object();

	set_error(o, err);
	return o;
}

void events_error(struct events *e, const struct err *err)
{
	struct json_object *o;

	if (e->fd < 0)
		return;
	o = new_event("error");
	set_error(o, err);
	tell(e, o);
}

/* d1keep notify: tell those whom the configuration names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "cli/targets.h"

enum { OPT_TEST = 300, OPT_LIST, OPT_DELIVER };

static const struct option_def options[] = {
	{ OPT_TEST, "test", NULL, "send a test notice, and say what came of it" },
	{ OPT_LIST, "list", NULL, "show who is told of what; nothing is sent" },
	{ OPT_DELIVER, "deliver", NULL, "send the notice on standard input (as d1keepd does)" },
	{ OPT_JSON, "json", NULL, "one JSON document: {\"targets\":[…]}" },
	{ 0, NULL, NULL, NULL },
};

struct request {
	const struct command *command;
	int mode;                    /* the option */
	bool json;
	char **names;                /* none: all */
	int name_count;
	const struct config *config;
};

/* ---- who */

static bool is_named(const struct request *r, const struct config_notify *target)
{
	for (int i = 0; i < r->name_count; i++) {
		if (strcmp(r->names[i], target->name) == 0)
			return true;
	}
	return r->name_count == 0;
}

static const struct config_notify *find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->notify_count; i++) {
		if (strcmp(c->notifies[i]->name, name) == 0)
			return c->notifies[i];
	}
	return NULL;
}

static int check_names(const struct request *r, struct err *err)
{
	const struct config *c = r->config;
	AUTO_BUF there = BUF_INIT(300);

	for (size_t i = 0; i < c->notify_count; i++)
		(void)buf_addf(&there, NULL, "%s%s", i > 0 ? ", " : "", c->notifies[i]->name);
	if (c->notify_count == 0) {
		(void)err_set(err, ERR_USAGE, "%s has no section notify: nobody is told", c->path);
		return err_hint(err, "notify \"ops\" { type = \"webhook\" url = \"file:…\" }");
	}
	for (int i = 0; i < r->name_count; i++) {
		if (find(c, r->names[i]) != NULL)
			continue;
		(void)err_set(err, ERR_USAGE, "%s has no notify \"%s\"", c->path, r->names[i]);
		return err_hint(err, "there are: %s", buf_str(&there));
	}
	return 0;
}

/* ---- --list */

static struct json_object *target_json(const struct config_notify *target)
{
	struct json_object *o = json_object_new_object();
	AUTO_STR events = target_events(target);

	json_set_str(o, "name", target->name);
	json_set_str(o, "type", target_type(target));
	json_set_str(o, "environment", target->environment);
	json_set_str(o, "events", events);
	json_set_str(o, "repeat_after", target->repeat_after);
	json_set_bool(o, "signed", target->secret != NULL);
	return o;
}

static int list(const struct request *r)
{
	static const char *const headings[] = { "NAME", "TYPE", "ENVIRONMENT", "EVENTS", "REPEATED AFTER" };
	struct columns *columns = columns_new(headings, sizeof(headings) / sizeof(headings[0]));
	AUTO_JSON document = json_object_new_object();
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < r->config->notify_count; i++) {
		const struct config_notify *target = r->config->notifies[i];
		AUTO_STR events = target_events(target);

		if (!is_named(r, target))
			continue;
		(void)json_object_array_add(array, target_json(target));
		columns_add(columns, target->name);
		columns_add(columns, target_type(target));
		columns_add(columns, target->environment != NULL ? target->environment : "all");
		columns_add(columns, events[0] != '\0' ? events : "-");
		columns_add(columns, events[0] != '\0' ? target->repeat_after : "-");
	}
	json_set(document, "targets", array);
	if (r->json)
		print_json(document);
	else
		columns_print(columns);
	columns_free(columns);
	return EXIT_DONE;
}

/* ---- --test */

static void hex_id(char ret[33])
{
	(void)snprintf(ret, 33, "%08x%08x%08x%08x", clock_random(&clock_system),
	    clock_random(&clock_system), clock_random(&clock_system), clock_random(&clock_system));
}

/* As d1keepd would write it: docs/notifications.md. */
static struct json_object *test_document(void)
{
	struct json_object *o = json_object_new_object();
	char host[256] = "", stamp[STAMP_ISO_SIZE], id[33];

	hex_id(id);
	(void)gethostname(host, sizeof(host) - 1);
	json_set_str(o, "event", "test");
	json_set_str(o, "id", id);
	json_set_str(o, "at", stamp_iso(clock_now(&clock_system), stamp));
	json_set_str(o, "host", host);
	json_set_str(o, "message", "a test of d1keep's notifications: nothing has happened");
	return o;
}

static void add_outcome(const struct request *r, struct json_object *array,
    const struct config_notify *target, const struct err *err)
{
	struct json_object *o;

	if (!r->json) {
		if (err == NULL)
			(void)printf("%s (%s): delivered\n", target->name, target_type(target));
		return;
	}
	o = target_json(target);
	json_set_bool(o, "delivered", err == NULL);
	json_set_str(o, "error", err != NULL ? err->msg : NULL);
	json_set_str(o, "hint", err != NULL && err->hint[0] != '\0' ? err->hint : NULL);
	(void)json_object_array_add(array, o);
}

/* Each for itself: one that cannot be told keeps no other from it. */
static int tell_all(const struct request *r, const struct notice *notice, struct json_object *array)
{
	int status = EXIT_DONE;

	for (size_t i = 0; i < r->config->notify_count; i++) {
		const struct config_notify *target = r->config->notifies[i];
		struct err err = ERR_INIT;
		bool told;

		if (!is_named(r, target) || (r->name_count == 0 && !target_wants(target, notice)))
			continue;
		if (stop_requested())
			return EXIT_INTERRUPTED;
		told = target_tell(r->config, target, notice, &err) == 0;
		if (!told) {
			log_err(&err);
			status = EXIT_FAILED;
		}
		if (array != NULL)
			add_outcome(r, array, target, told ? NULL : &err);
	}
	return stop_requested() ? EXIT_INTERRUPTED : status;
}

static int test(const struct request *r)
{
	AUTO_JSON document = test_document();
	const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_NOSLASHESCAPE);
	AUTO_JSON answer = json_object_new_object();
	struct json_object *array = json_object_new_array();
	struct notice notice;
	struct err err = ERR_INIT;
	int status;

	json_set(answer, "targets", array);
	if (notice_read(&notice, text, strlen(text), &err) != 0)
		return fail(&err);
	status = tell_all(r, &notice, array);
	notice_release(&notice);
	if (r->json)
		print_json(answer);
	return status;
}

/* ---- --deliver */

static int read_input(struct buf *ret, struct err *err)
{
	ssize_t n = 1;

	while (n > 0) {
		char *to = buf_reserve(ret, 4096, err);

		if (to == NULL)
			return err_wrap(err, "standard input");
		n = read(STDIN_FILENO, to, 4096);
		if (n > 0)
			buf_commit(ret, (size_t)n);
	}
	return n == 0 ? 0 : err_set(err, ERR_FAILED, "cannot read standard input");
}

static int deliver(const struct request *r)
{
	AUTO_BUF text = BUF_INIT(NOTICE_MAX_BYTES + 4096);
	struct notice notice;
	struct err err = ERR_INIT;
	int status;

	if (read_input(&text, &err) != 0 || notice_read(&notice, buf_str(&text), text.len, &err) != 0) {
		(void)fail(&err);
		return EXIT_USAGE;
	}
	status = tell_all(r, &notice, NULL);
	notice_release(&notice);
	return status;
}

/* ---- */

static int carry_out(const struct cli *cli, struct request *r)
{
	struct session session;
	struct err err = ERR_INIT;
	int status = session_open(&session, cli);

	if (status != EXIT_DONE)
		return status;
	r->config = session.config;
	if (check_names(r, &err) != 0)
		status = fail(&err);
	else
		status = r->mode == OPT_TEST ? test(r) : r->mode == OPT_LIST ? list(r) : deliver(r);
	session_close(&session);
	return finish_output(status);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct request r = { .command = command };
	bool several = false;
	const char *value;
	struct args args;
	int id;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		if (id == OPT_JSON) {
			r.json = true;
		} else {
			several = several || (r.mode != 0 && r.mode != id);
			r.mode = id;
		}
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (r.mode == 0 || several)
		return usage_error(command, "one of --test, --list and --deliver");
	if (r.json && r.mode == OPT_DELIVER)
		return usage_error(command, "--deliver has no --json: its exit status is its answer");
	r.names = args.rest;
	r.name_count = args.rest_count;
	return carry_out(cli, &r);
}

const struct command command_notify = {
	.name = "notify",
	.arguments = "[NAME…]",
	.summary = "Try whom d1keepd tells when something is wrong.",
	.details =
	    "NAME is a section notify of the configuration; none means all of them. --test sends\n"
	    "each a notice whose event is \"test\"; a heartbeat's address is asked as if all were\n"
	    "well. --deliver reads a notice from standard input and sends it to the targets named,\n"
	    "or to all that want it. Exit status 1 when one could not be told.",
	.options = options,
	.run = run,
};

/* d1keep status: what the daemon did and will do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "cli/cli.h"
#include "cli/daemon_link.h"
#include "cli/format.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "state/lock.h"
#include "state/state.h"

static const struct option_def options[] = {
	{ OPT_JSON, "json", NULL, "one JSON document: {\"databases\":[…]}" },
	{ 0, NULL, NULL, NULL },
};

static const char *const headings[] = {
	"DATABASE", "STATE", "LAST RUN", ">AGE", "SNAPSHOT", "NEXT RUN", "MESSAGE",
};

/* What the daemon itself says of a database that it works on, or will next: the
 * notes do not tell that. NULL: nothing. */
static const char *active_state(struct json_object *active)
{
	return active != NULL ? json_get_str(active, "state") : NULL;
}

static const char *state_word(const struct state_database *db, struct json_object *active)
{
	if (active_state(active) != NULL)
		return active_state(active);
	if (db->running)
		return "running";
	if (db->last.started_at == 0)
		return "never ran";
	if (db->last.exit_code == EXIT_EXCEPTIONS)
		return "incomplete";
	return state_run_succeeded(&db->last) ? "good" : "failed";
}

static const char *moment(int64_t at, char stamp[STAMP_ISO_SIZE])
{
	return at > 0 ? stamp_iso(at, stamp) : "-";
}

/* "12,403 rows, 1.9 MiB so far" */
static char *progress_words(struct json_object *active)
{
	char rows[FORMAT_SIZE], bytes[FORMAT_SIZE];
	int64_t n = json_get_int(active, "rows", 0);

	if (active == NULL || json_get_int(active, "sql_bytes", 0) == 0)
		return NULL;
	return mem_printf("%s %s, %s so far", format_count(n, rows), plural(n, "row", "rows"),
	    format_bytes(json_get_int(active, "sql_bytes", 0), bytes));
}

static void add_row(struct columns *c, const char *name, const struct state_database *db,
    struct json_object *active)
{
	AUTO_STR progress = progress_words(active);
	char stamp[STAMP_ISO_SIZE], age[FORMAT_SIZE];
	const struct state_run *last = &db->last;

	columns_add(c, name);
	columns_add(c, state_word(db, active));
	columns_add(c, moment(last->started_at, stamp));
	columns_add(c, last->started_at > 0 ?
	    format_age(clock_now(&clock_system) - last->started_at, age) : "-");
	columns_add(c, last->snapshot[0] != '\0' ? last->snapshot : "-");
	columns_add(c, moment(db->next_at, stamp));
	columns_add(c, progress != NULL ? progress : last->message);
}

static void set_moment(struct json_object *o, const char *key, int64_t at)
{
	char stamp[STAMP_ISO_SIZE];

	json_set_str(o, key, at > 0 ? stamp_iso(at, stamp) : NULL);
}

static struct json_object *row_json(const char *name, const struct state_database *db,
    struct json_object *active)
{
	struct json_object *o = json_object_new_object();
	const struct state_run *last = &db->last;

	json_set_str(o, "database", name);
	json_set_str(o, "state", state_word(db, active));
	json_set_bool(o, "running", db->running);
	set_moment(o, "next_at", db->next_at);
	set_moment(o, "last_success_at", db->last_success_at);
	set_moment(o, "last_started_at", last->started_at);
	set_moment(o, "last_finished_at", last->finished_at);
	json_set(o, "last_exit_code", last->finished_at > 0 ? json_object_new_int(last->exit_code) : NULL);
	json_set_str(o, "last_snapshot_id", last->snapshot[0] != '\0' ? last->snapshot : NULL);
	json_set_str(o, "last_message", last->message[0] != '\0' ? last->message : NULL);
	json_set_int(o, "last_rows", last->rows);
	json_set_int(o, "last_stored_bytes", last->stored_bytes);
	json_set_int(o, "last_new_bytes", last->new_bytes);
	set_moment(o, "last_verified_at", db->last_verified_at);
	json_set_int(o, "failures_in_a_row", db->failures);
	json_set(o, "active_run", json_object_get(active));
	return o;
}

/* Runs that go or wait, by their databases; NULL when there is no daemon to ask, or
 * it cannot be asked by this user: the notes are there all the same. */
static struct json_object *ask_daemon(const struct config *config)
{
	struct daemon_link *link = state_is_locked(config->state_dir) ?
	    daemon_link_open(config, NULL) : NULL;
	AUTO_JSON answer = link != NULL ?
	    daemon_link_ask(link, "/api/backup/runs?limit=200", NULL, NULL) : NULL;
	struct json_object *array = json_get(answer, "runs", json_type_array);
	struct json_object *by_name = array != NULL ? json_object_new_object() : NULL;

	daemon_link_close(link);
	for (size_t i = 0; array != NULL && i < json_object_array_length(array); i++) {
		struct json_object *run = json_object_array_get_idx(array, i);
		const char *name = json_get_str(run, "database"), *state = json_get_str(run, "state");

		if (name != NULL && state != NULL && strcmp(state, "ended") != 0)
			json_set(by_name, name, json_object_get(run));
	}
	return by_name;
}

/* The configured databases, in their order; nothing known is a row as well. */
static int collect(const struct session *session, struct state *state, struct columns *columns,
    struct json_object *array, bool *ret_any_failed, struct err *err)
{
	const struct config *c = session->config;
	AUTO_JSON active = ask_daemon(c);

	for (size_t i = 0; i < c->database_count; i++) {
		AUTO_STR name = mem_printf("%s/%s", c->databases[i]->environment->name,
		    c->databases[i]->name);
		struct json_object *run = json_get(active, name, json_type_object);
		struct state_database db = { .running = false };

		if (state != NULL && state_get(state, name, &db, err) != 0) {
			if (err->code != ERR_NOT_FOUND)
				return -1;
			err_clear(err);
			db = (struct state_database){ .running = false };
		}
		/* What a dead daemon left unfinished is not running. */
		db.running = db.running && state_is_locked(c->state_dir);
		if (strcmp(state_word(&db, NULL), "failed") == 0)
			*ret_any_failed = true;
		if (array != NULL)
			(void)json_object_array_add(array, row_json(name, &db, run));
		else
			add_row(columns, name, &db, run);
	}
	return 0;
}

static int status_of(const struct session *session, bool json)
{
	struct columns *columns = columns_new(headings, sizeof(headings) / sizeof(headings[0]));
	AUTO_JSON document = json ? json_object_new_object() : NULL;
	struct json_object *array = json ? json_object_new_array() : NULL;
	struct err err = ERR_INIT;
	struct state *state = state_open(session->config->state_dir, false, &err);
	bool any_failed = false;
	int status = EXIT_DONE;

	if (state == NULL && err.code != ERR_NOT_FOUND) {
		status = fail(&err);
	} else if (collect(session, state, columns, array, &any_failed, &err) != 0) {
		status = fail(&err);
	} else if (json) {
		json_set(document, "databases", json_object_get(array));
		print_json(document);
	} else {
		columns_print(columns);
	}
	if (state == NULL && status == EXIT_DONE)
		log_info("no daemon has run with state_dir \"%s\" yet", session->config->state_dir);
	else if (status == EXIT_DONE && !state_is_locked(session->config->state_dir))
		log_warning("d1keepd is not running");
	if (status == EXIT_DONE && any_failed)
		status = EXIT_FAILED;
	state_close(state);
	columns_free(columns);
	json_free(&array);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct session session;
	char **rest;
	bool json;
	int rest_count, status;

	if (!args_only_json(command, argc, argv, &json, &rest, &rest_count))
		return EXIT_USAGE;
	if (rest_count > 0)
		return usage_error(command, "status takes no names");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	status = status_of(&session, json);
	session_close(&session);
	return finish_output(status);
}

const struct command command_status = {
	.name = "status",
	.arguments = "",
	.summary = "Show what the daemon did last and will do next, database by database.",
	.details =
	    "Exit status 1 when the last run of a database failed. Backups taken by hand are\n"
	    "not the daemon's: see list. While d1keepd runs and this user may use its socket,\n"
	    "what goes and what waits comes from there; else from its notes in state_dir.",
	.options = options,
	.run = run,
};

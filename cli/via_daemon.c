#include "cli/via_daemon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/daemon_link.h"
#include "cli/format.h"
#include "cli/progress.h"

#define LOOK_EVERY_MS 300

static char *name_of(const struct config_database *database)
{
	return mem_printf("%s/%s", database->environment->name, database->name);
}

/* The run's id; -1 with the error told. */
static int64_t ask(struct daemon_link *link, const struct via_daemon_options *options,
    const char *name, struct err *err)
{
	AUTO_JSON body = json_object_new_object();
	AUTO_JSON answer = NULL;
	int64_t run;

	json_set_str(body, "database", name);
	if (options->label != NULL)
		json_set_str(body, "label", options->label);
	answer = daemon_link_ask(link, "/api/backup/create", body, err);
	if (answer == NULL || json_need_int(answer, "run", &run, err) != 0)
		return -1;
	(void)printf("%s   run %" PRId64 "%s\n", name, run,
	    json_get_bool(answer, "new", true) ? "" : ", asked for or begun before");
	(void)fflush(stdout);
	return run;
}

/* ---- to its end */

static void print_end(struct json_object *run, const char *name)
{
	const char *snapshot = json_get_str(run, "snapshot_id");
	char rows[FORMAT_SIZE], sql[FORMAT_SIZE], stored[FORMAT_SIZE], fresh[FORMAT_SIZE],
	    iso[STAMP_ISO_SIZE];
	int64_t n = json_get_int(run, "rows", 0), at;

	if (snapshot == NULL)
		return;
	(void)printf("%s@%s   %s %s   %s read   %s stored (%s new)\n", name,
	    stamp_parse(snapshot, &at) ? stamp_iso(at, iso) : snapshot,
	    format_count(n, rows), plural(n, "row", "rows"),
	    format_bytes(json_get_int(run, "sql_bytes", 0), sql),
	    format_bytes(json_get_int(run, "stored_bytes", 0), stored),
	    format_bytes(json_get_int(run, "new_bytes", 0), fresh));
	(void)fflush(stdout);
}

static int end_of(struct json_object *run, const char *name)
{
	const char *message = json_get_str(run, "message");
	int status = (int)json_get_int(run, "exit_code", EXIT_FAILED);

	print_end(run, name);
	if (status == EXIT_EXCEPTIONS)
		log_warning("%s: something could not be kept exactly: d1keep show %s@latest", name, name);
	else if (status != EXIT_DONE)
		log_error("%s: %s", name, message != NULL ? err_without(message, name) : "it failed");
	return status;
}

static bool has_ended(struct json_object *run)
{
	const char *state = json_get_str(run, "state");

	return state != NULL && strcmp(state, "ended") == 0;
}

static void show(struct progress *progress, struct json_object *run)
{
	const char *state = json_get_str(run, "state");

	if (state != NULL && strcmp(state, "waiting") == 0)
		progress_say(progress, "waits for its turn");
	else
		progress_update(progress, json_get_int(run, "sql_bytes", 0), json_get_int(run, "rows", 0));
}

/* The run at its end; NULL with the error. */
static struct json_object *wait_for_end(struct daemon_link *link, struct progress *progress,
    int64_t id, struct err *err)
{
	AUTO_STR path = mem_printf("/api/backup/runs/%" PRId64, id);
	struct json_object *run;

	for (;;) {
		run = daemon_link_ask(link, path, NULL, err);
		if (run == NULL || has_ended(run))
			return run;
		show(progress, run);
		json_free(&run);
		clock_sleep_ms(&clock_system, LOOK_EVERY_MS);
		if (stop_check(err) != 0) {
			(void)err_hint(err, "run %" PRId64 " goes on: d1keep status tells of it", id);
			return NULL;
		}
	}
}

static int follow(struct daemon_link *link, const char *name, int64_t id, bool quiet)
{
	struct progress progress;
	struct err err = ERR_INIT;
	AUTO_JSON run = NULL;

	progress_begin(&progress, name, 0, quiet);
	run = wait_for_end(link, &progress, id, &err);
	progress_end(&progress);
	if (run != NULL)
		return end_of(run, name);
	(void)err_wrap(&err, "%s", name);
	/* It went away with the run: the next one makes it up. */
	if (err.code == ERR_NOT_FOUND)
		err.code = ERR_AGAIN;
	return fail(&err);
}

static int ask_all(struct daemon_link *link, const struct via_daemon_options *options,
    int64_t *ret_runs)
{
	int status = EXIT_DONE;

	for (size_t i = 0; i < options->count; i++) {
		AUTO_STR name = name_of(options->databases[i]);
		struct err err = ERR_INIT;

		ret_runs[i] = ask(link, options, name, &err);
		if (ret_runs[i] >= 0)
			continue;
		(void)err_wrap(&err, "%s", name);
		if (status == EXIT_DONE)
			status = fail(&err);
		else
			log_err(&err);
	}
	return status;
}

int via_daemon_backup(const struct via_daemon_options *options)
{
	int64_t *runs = mem_calloc(options->count + 1, sizeof(*runs));
	struct err err = ERR_INIT;
	struct daemon_link *link = daemon_link_open(options->config, &err);
	int status = link == NULL ? fail(&err) : ask_all(link, options, runs);

	for (size_t i = 0; link != NULL && options->follow && i < options->count; i++) {
		AUTO_STR name = name_of(options->databases[i]);
		int end = runs[i] >= 0 ? follow(link, name, runs[i], options->quiet) : EXIT_DONE;

		if (status == EXIT_DONE || status == EXIT_EXCEPTIONS)
			status = end != EXIT_DONE ? end : status;
		if (end == EXIT_INTERRUPTED)
			break;
	}
	daemon_link_close(link);
	free(runs);
	return status;
}

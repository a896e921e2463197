/* d1keep verify: the signature and every hash of a snapshot. */
#include "base/json.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/events.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "cli/verifying.h"

enum { OPT_REPLAY = OPT_JSON + 1 };

static const struct option_def options[] = {
	{ OPT_REPLAY, "replay", NULL, "also rebuild it in SQLite and check that" },
	{ OPT_JSON, "json", NULL, "one JSON document: {\"snapshots\":[…]}" },
	{ 0, NULL, NULL, NULL },
};

struct request {
	bool replay, quiet;
	struct json_object *array;   /* of what was found, or NULL: it is printed */
};

static int verify_open(const struct session *session, const struct request *r,
    struct open_snapshot *open, struct err *err)
{
	struct verdict verdict;
	int64_t ms;
	int status = EXIT_DONE;

	if (verifying_run(&(struct verifying){
		.session = session, .store = &open->open.store, .snapshot = &open->snapshot,
		.replay = r->replay, .quiet = r->quiet,
	}, &verdict, &ms, err) != 0)
		return -1;
	if (r->array == NULL) {
		status = verifying_print(&open->snapshot, &verdict, ms);
	} else {
		(void)json_object_array_add(r->array, verifying_json(&open->snapshot, &verdict, ms));
		status = verdict.good ? EXIT_DONE : EXIT_DAMAGE;
	}
	verdict_release(&verdict);
	return status;
}

static int tell_failure(const struct request *r, const char *text, const struct err *err)
{
	if (r->array != NULL) {
		struct json_object *o = json_object_new_object();

		json_set_str(o, "snapshot", text);
		json_set(o, "error", error_json(err));
		(void)json_object_array_add(r->array, o);
	}
	return fail(err);
}

static int verify_one(const struct session *session, const char *text, const struct request *r)
{
	struct open_snapshot open;
	struct err err = ERR_INIT;
	int status;

	if (open_snapshot(session, text, &open, &err) != 0)
		return tell_failure(r, text, &err);
	status = verify_open(session, r, &open, &err);
	if (status < 0) {
		(void)err_wrap(&err, "%s", text);
		status = tell_failure(r, text, &err);
	}
	close_snapshot(&open);
	return status;
}

/* The exit status is that of the first that was not good. */
static int verify_all(const struct session *session, char **names, int count,
    const struct request *r)
{
	int i, status, result = EXIT_DONE;

	for (i = 0; i < count && !stop_requested(); i++) {
		status = verify_one(session, names[i], r);
		if (result == EXIT_DONE)
			result = status;
	}
	return result == EXIT_DONE && i < count ? EXIT_INTERRUPTED : result;
}

static void print_document(struct json_object *array)
{
	AUTO_JSON document = json_object_new_object();

	json_set(document, "snapshots", array);
	print_json(document);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct request r = { .quiet = cli->quiet };
	struct session session;
	struct args args;
	const char *value;
	bool as_json = false;
	int id, status;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		r.replay = r.replay || id == OPT_REPLAY;
		as_json = as_json || id == OPT_JSON;
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count == 0)
		return usage_snapshot(command, args.rest_count);
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	r.array = as_json ? json_object_new_array() : NULL;
	status = verify_all(&session, args.rest, args.rest_count, &r);
	if (as_json)
		print_document(r.array);
	session_close(&session);
	return finish_output(status);
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "SNAPSHOT…",
	.summary = "Check the signature and every hash of a snapshot, or rebuild it.",
	.details =
	    "Fetches every chunk and compares it with the manifest. --replay also rebuilds\n"
	    "the database in a temporary SQLite file (below $TMPDIR) and checks its pages,\n"
	    "rows, hashes and foreign keys: then it is known to come back.\n\n"
	    "The verdict is kept beside the snapshot, and list shows it; the next backup\n"
	    "stores damaged chunks anew. Exit status 3 means damage.",
	.options = options,
	.run = run,
};

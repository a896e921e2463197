/* d1keep verify: the signature and every hash of a snapshot. */
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "cli/verifying.h"

enum { OPT_REPLAY = 256 };

static const struct option_def options[] = {
	{ OPT_REPLAY, "replay", NULL, "also rebuild it in SQLite and check that" },
	{ 0, NULL, NULL, NULL },
};

static int verify_one(const struct session *session, const char *text, bool replay, bool quiet)
{
	struct open_snapshot open;
	struct verdict verdict;
	struct err err = ERR_INIT;
	int64_t ms;
	int status;

	if (open_snapshot(session, text, &open, &err) != 0)
		return fail(&err);
	if (verifying_run(&(struct verifying){
		.session = session, .store = &open.open.store, .snapshot = &open.snapshot,
		.replay = replay, .quiet = quiet,
	}, &verdict, &ms, &err) != 0) {
		(void)err_wrap(&err, "%s", text);
		status = fail(&err);
	} else {
		status = verifying_print(&open.snapshot, &verdict, ms);
		verdict_release(&verdict);
	}
	close_snapshot(&open);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct session session;
	struct args args;
	const char *value;
	bool replay = false;
	int i, id, status, result = EXIT_DONE;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		replay = true;
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count == 0)
		return usage_error(command, "which snapshot? (as in production/auth@latest)");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	for (i = 0; i < args.rest_count && !stop_requested(); i++) {
		status = verify_one(&session, args.rest[i], replay, cli->quiet);
		if (result == EXIT_DONE)
			result = status;
	}
	if (result == EXIT_DONE && i < args.rest_count)
		result = EXIT_INTERRUPTED;
	session_close(&session);
	return finish_output(result);
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

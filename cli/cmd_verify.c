/* d1keep verify: the signature and every hash of a snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "restore/verify.h"

enum { OPT_REPLAY = 256 };

static const struct option_def options[] = {
	{ OPT_REPLAY, "replay", NULL, "also rebuild it in SQLite and check that" },
	{ 0, NULL, NULL, NULL },
};

static void on_damage(void *ctx, const struct err *err)
{
	struct progress *progress = ctx;

	progress_end(progress);
	log_error("%s", err->msg);
}

static void on_not_kept(void *ctx, const struct err *err)
{
	progress_end(ctx);
	log_warning("the verdict cannot be kept beside the snapshot: %s", err->msg);
}

static int verify(const struct session *session, struct open_snapshot *open, bool replay,
    struct progress *progress, struct verdict *ret, struct err *err)
{
	int rc = verify_snapshot(&(struct verify_options){
		.store = &open->open.store, .snapshot = &open->snapshot,
		.workers = session->workers, .replay = replay, .clock = &clock_system,
		.progress = progress_bytes, .progress_ctx = progress,
		.damaged = on_damage, .damaged_ctx = progress,
		.not_kept = on_not_kept, .not_kept_ctx = progress,
	}, ret, err);

	progress_end(progress);
	return rc;
}

static int print_verdict(const struct open_snapshot *open, const struct verdict *v, int64_t ms)
{
	const struct manifest *m = &open->snapshot.manifest;
	AUTO_STR name = snapshot_name(m);
	char size[FORMAT_SIZE], took[FORMAT_SIZE];

	for (size_t i = 0; i < v->problem_count; i++)
		log_error("%s: %s", name, v->problems[i]);
	if (v->damaged_count > 0) {
		log_error("%s: %zu of %zu %s %s damaged or missing", name, v->damaged_count,
		    m->object_count, plural((int64_t)m->object_count, "chunk", "chunks"),
		    plural((int64_t)v->damaged_count, "is", "are"));
		log_info("hint: back up this database now: what its rows still make is stored anew; for older rows use an earlier snapshot");
	}
	if (!v->good)
		return EXIT_DAMAGE;
	if (v->broken_references < 0)
		log_warning("%s: its foreign keys cannot be checked: one of them does not fit the table it refers to", name);
	if (v->broken_references > 0)
		log_warning("%s: %lld %s to rows that are not there; so it was when it was taken", name,
		    (long long)v->broken_references,
		    plural(v->broken_references, "row refers", "rows refer"));
	(void)printf("%s   good%s   signature %s   %zu %s   %s of SQL   %s\n", name,
	    strcmp(v->how, "replay") == 0 ? ", rebuilt" : "",
	    signature_name(open->snapshot.signature), m->object_count,
	    plural((int64_t)m->object_count, "chunk", "chunks"),
	    format_bytes(manifest_sql_bytes(m), size), format_duration_ms(ms, took));
	(void)fflush(stdout);
	return EXIT_DONE;
}

static int verify_one(const struct session *session, const char *text, bool replay, bool quiet)
{
	int64_t started = clock_monotonic_ms();
	struct open_snapshot open;
	struct progress progress;
	struct verdict verdict;
	struct err err = ERR_INIT;
	int status;

	if (open_snapshot(session, text, &open, &err) != 0)
		return fail(&err);
	progress_begin(&progress, text, manifest_sql_bytes(&open.snapshot.manifest), quiet);
	if (verify(session, &open, replay, &progress, &verdict, &err) != 0) {
		(void)err_wrap(&err, "%s", text);
		status = fail(&err);
	} else {
		status = print_verdict(&open, &verdict, clock_monotonic_ms() - started);
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

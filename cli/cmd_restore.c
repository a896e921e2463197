/* d1keep restore: bring a snapshot back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "restore/restore.h"

enum { OPT_TO = 256, OPT_REPLACE };

static const struct option_def options[] = {
	{ OPT_TO, "to", "TARGET", "sqlite:PATH, sql:PATH or sql:- (standard output)" },
	{ OPT_REPLACE, "replace", NULL, "replace an existing file" },
	{ 0, NULL, NULL, NULL },
};

static void print_done(const struct manifest *m, const char *to, int64_t ms)
{
	AUTO_STR name = snapshot_name(m);
	char rows[FORMAT_SIZE], took[FORMAT_SIZE];
	int64_t n = manifest_rows(m);

	log_info("restored %s to %s: %zu %s, %s %s, %s", name, to, m->table_count,
	    plural((int64_t)m->table_count, "table", "tables"), format_count(n, rows),
	    plural(n, "row", "rows"), format_duration_ms(ms, took));
	if (strcmp(m->consistency, "best-effort") == 0)
		log_warning("this snapshot may mix two moments: the database was written to while it was read");
	for (size_t i = 0; i < m->exception_count; i++)
		log_warning("not in this snapshot: \"%s\": %s", m->exceptions[i].object,
		    m->exceptions[i].reason);
}

static int restore(const struct session *session, const char *text, const char *to,
    const struct target *target, bool replace, bool quiet)
{
	int64_t started = clock_monotonic_ms();
	struct open_snapshot open;
	struct progress progress;
	struct err err = ERR_INIT;
	int status, rc;

	if (open_snapshot(session, text, &open, &err) != 0)
		return fail(&err);
	progress_begin(&progress, text, manifest_sql_bytes(&open.snapshot.manifest), quiet);
	rc = restore_snapshot(&(struct restore_options){
		.store = &open.open.store, .manifest = &open.snapshot.manifest,
		.target = target, .replace = replace, .workers = session->workers,
		.progress = progress_bytes, .progress_ctx = &progress,
	}, &err);
	progress_end(&progress);
	if (rc != 0) {
		(void)err_wrap(&err, "restore %s", text);
		status = fail(&err);
	} else {
		print_done(&open.snapshot.manifest, to, clock_monotonic_ms() - started);
		status = open.snapshot.manifest.exception_count > 0 ? EXIT_EXCEPTIONS : EXIT_DONE;
	}
	close_snapshot(&open);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct target target = { .path = NULL };
	const char *value, *to = NULL;
	struct err err = ERR_INIT;
	struct session session;
	struct args args;
	bool replace = false;
	int id, status;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		if (id == OPT_TO)
			to = value;
		else if (id == OPT_REPLACE)
			replace = true;
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count != 1)
		return usage_error(command, "which snapshot? (as in production/auth@latest)");
	if (to == NULL)
		return usage_error(command, "where to? (--to sqlite:PATH)");
	if (target_parse(to, &target, &err) != 0)
		return fail(&err);
	status = session_open(&session, cli);
	if (status == EXIT_DONE) {
		status = restore(&session, args.rest[0], to, &target, replace, cli->quiet);
		session_close(&session);
	}
	target_release(&target);
	return finish_output(status);
}

const struct command command_restore = {
	.name = "restore",
	.arguments = "SNAPSHOT --to TARGET",
	.summary = "Bring a snapshot back.",
	.details =
	    "Signature and hashes are checked on the way, row counts at the end. A file\n"
	    "appears whole or not at all; one that exists is refused without --replace\n"
	    "(exit status 4).",
	.options = options,
	.run = run,
};

/* d1keep undo: a D1 becomes what it was at a Time Travel bookmark. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/session.h"
#include "net/d1_api.h"

enum { OPT_YES = 256 };

static const struct option_def options[] = {
	{ OPT_YES, "yes-i-mean", "ENV/DB", "for production: instead of typing the name" },
	{ 0, NULL, NULL, NULL },
};

static int undo_on(const struct session *session, const struct config_database *d,
    const char *bookmark, struct err *err)
{
	AUTO_STR previous = NULL;
	struct open_db open;
	int rc;

	if (open_db(session, d, &open, err) != 0)
		return -1;
	rc = d1_api_restore(open.api, d->id, bookmark, &previous, err);
	close_db(&open);
	if (rc != 0)
		return -1;
	log_info("%s/%s is what it was at %s", d->environment->name, d->name, bookmark);
	if (previous != NULL)
		log_info("to take this back: d1keep undo %s/%s %s", d->environment->name, d->name, previous);
	return 0;
}

static int undo(const struct session *session, const char *name, const char *bookmark,
    const char *meant, struct err *err)
{
	const struct config_database *d = session_database(session, name, err);
	AUTO_STR why = mem_printf("everything written to %s since %s will be gone", name, bookmark);

	if (d == NULL)
		return -1;
	if (d->source != CONFIG_SOURCE_D1)
		return err_set(err, ERR_USAGE, "%s is no D1 of Cloudflare's: only those travel in time", name);
	/* A name that is given has to be this one, wherever it is asked for. */
	if ((meant != NULL || session_is_production(session, d)) &&
	    confirm_name(name, why, meant, err) != 0)
		return -1;
	return undo_on(session, d, bookmark, err);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	const char *value, *meant = NULL;
	struct err err = ERR_INIT;
	struct session session;
	struct args args;
	int id, status;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		meant = value;
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count != 2)
		return usage_error(command, "which database, and to which bookmark? (as d1keep restore printed it)");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	if (undo(&session, args.rest[0], args.rest[1], meant, &err) != 0)
		status = fail(&err);
	session_close(&session);
	return finish_output(status);
}

const struct command command_undo = {
	.name = "undo",
	.arguments = "ENV/DB BOOKMARK",
	.summary = "Set a D1 back to a Time Travel bookmark, as restore prints one.",
	.details =
	    "The whole database becomes what it was: what was written since is gone, and\n"
	    "queries in flight are cancelled. The bookmark that takes this back is printed.\n"
	    "Bookmarks live 30 days (7 on the free plan), and die with the database.",
	.options = options,
	.run = run,
};

/* d1keep check: every problem of the configuration, with file and line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/session.h"
#include "config/config.h"

static const struct option_def options[] = {
	{ 0, NULL, NULL, NULL },
};

/* Returns how many of them are more than warnings. */
static size_t print_problems(const char *path, const struct config_problems *problems)
{
	size_t count = 0;

	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *p = &problems->items[i];

		const char *word = p->warning ? "warning: " : "";

		count += p->warning ? 0 : 1;
		if (p->line > 0)
			(void)printf("%s:%d: %s%s\n", path, p->line, word, p->message);
		else
			(void)printf("%s: %s%s\n", path, word, p->message);
		if (p->hint != NULL)
			(void)printf("    hint: %s\n", p->hint);
	}
	return count;
}

static void print_summary(const char *path, const struct config *c)
{
	(void)printf("%s: good: %zu %s, %zu %s, %zu %s\n", path,
	    c->environment_count, plural((int64_t)c->environment_count, "environment", "environments"),
	    c->database_count, plural((int64_t)c->database_count, "database", "databases"),
	    c->bucket_count, plural((int64_t)c->bucket_count, "bucket", "buckets"));
}

/* The keys themselves: can they be read, and would our own snapshots be trusted?
 * A credential is there only within the service. */
static int check_keys(const struct cli *cli, const struct config *config)
{
	struct err err = ERR_INIT;
	struct session session;
	int status;

	if (config->sign_key != NULL && strncmp(config->sign_key, "credential:", 11) == 0 &&
	    getenv("CREDENTIALS_DIRECTORY") == NULL)
		return EXIT_DONE;
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	if (session_load_signer(&session, &err) != 0)
		status = fail(&err);
	session_close(&session);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct config_problems problems = { .count = 0 };
	struct config *config;
	struct err err = ERR_INIT;
	AUTO_STR path = NULL;
	struct args args;
	const char *value;
	int id, status = EXIT_DONE;
	size_t wrong;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		;
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count > 0)
		return usage_error(command, "check takes no names");
	path = config_find(cli->config_path, &err);
	if (path == NULL)
		return fail(&err);
	config = config_read(path, &problems);
	if (config != NULL)
		config_check_surroundings(config, &problems);
	wrong = print_problems(path, &problems);
	if (wrong > 0) {
		log_error("%zu %s", wrong, plural((int64_t)wrong, "problem", "problems"));
		status = EXIT_USAGE;
	} else {
		status = check_keys(cli, config);
		if (status == EXIT_DONE)
			print_summary(path, config);
	}
	config_problems_release(&problems);
	config_free(config);
	return finish_output(status);
}

const struct command command_check = {
	.name = "check",
	.arguments = "",
	.summary = "Check the configuration: every problem, with file and line.",
	.details =
	    "Unknown options, bad schedules, unknown accounts and buckets, secret files that\n"
	    "are missing or readable by others, two databases with one destination. Nothing\n"
	    "is asked over the network.",
	.options = options,
	.run = run,
};

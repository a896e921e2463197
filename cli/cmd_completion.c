/* d1keep completion: what shells complete, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/completion.h"
#include "config/config.h"

enum { OPT_NAMES = 256, OPT_TABLE };

static const struct option_def options[] = {
	{ OPT_NAMES, "names", "KIND", NULL },
	{ OPT_TABLE, "table", NULL, NULL },
	{ 0, NULL, NULL, NULL },
};

static const struct { const char *name; void (*print)(void); } shells[] = {
	{ "bash", completion_print_bash },
	{ "zsh", completion_print_zsh },
	{ "fish", completion_print_fish },
};

/* ---- names of the configuration ---- */

static void print_target(const struct config_database *d)
{
	if (d->source == CONFIG_SOURCE_D1)
		(void)printf("d1:%s/%s\n", d->environment->name, d->name);
	else if (d->source == CONFIG_SOURCE_WRANGLER)
		(void)printf("wrangler:%s/%s\n", d->environment->name, d->name);
}

static void print_config_names(const struct config *c, enum completion_kind kind)
{
	bool environments = kind == COMPLETE_NAMES || kind == COMPLETE_ENVIRONMENTS;

	for (size_t i = 0; environments && i < c->environment_count; i++)
		(void)printf("%s\n", c->environments[i]->name);
	for (size_t i = 0; i < c->database_count; i++) {
		if (kind == COMPLETE_TARGETS)
			print_target(c->databases[i]);
		else if (kind != COMPLETE_ENVIRONMENTS)
			(void)printf("%s/%s\n", c->databases[i]->environment->name,
			    c->databases[i]->name);
	}
	if (kind == COMPLETE_TARGETS)
		(void)printf("sqlite:\nsql:\nsql:-\n");
}

/* A shell asks while a person types: nothing is said about what is wrong. */
static int print_names(const struct cli *cli, const char *kind_name)
{
	struct config_problems problems = { .count = 0 };
	struct err err = ERR_INIT;
	AUTO_STR path = config_find(cli->config_path, &err);
	struct config *config = path != NULL ? config_read(path, &problems) : NULL;
	int status = config != NULL ? EXIT_DONE : EXIT_USAGE;

	for (int kind = 0; config != NULL && kind < COMPLETE_KINDS; kind++) {
		const char *name = completion_kind_name((enum completion_kind)kind);

		if (name != NULL && strcmp(name, kind_name) == 0)
			print_config_names(config, (enum completion_kind)kind);
	}
	config_problems_release(&problems);
	config_free(config);
	return status;
}

/* ---- the table itself, for the test that holds the manual page to it ---- */

static void print_table_options(const char *command, const struct option_def *o)
{
	for (; o != NULL && o->id != 0; o++) {
		if (o->help != NULL)
			(void)printf("%s\t--%s\t%s\n", command, o->name,
			    o->argument != NULL ? o->argument : "");
	}
}

static int print_table(void)
{
	print_table_options("d1keep", program_options);
	for (size_t i = 0; i < command_count; i++) {
		(void)printf("%s\n", commands[i]->name);
		print_table_options(commands[i]->name, commands[i]->options);
	}
	return EXIT_DONE;
}

static int print_script(const struct command *command, const char *shell)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].print();
			return EXIT_DONE;
		}
	}
	return usage_error(command, "\"%s\" is none of bash, zsh and fish", shell);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct args args;
	const char *value, *names = NULL;
	bool table = false;
	int id;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		if (id == OPT_NAMES)
			names = value;
		table = table || id == OPT_TABLE;
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (names != NULL)
		return finish_output(print_names(cli, names));
	if (table)
		return finish_output(print_table());
	if (args.rest_count != 1)
		return usage_error(command, "which shell? (bash, zsh or fish)");
	return finish_output(print_script(command, args.rest[0]));
}

const struct command command_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "Print what a shell needs to complete d1keep's command line.",
	.details =
	    "make install has put it where shells look for it. By hand:\n"
	    "  bash   eval \"$(d1keep completion bash)\"                in ~/.bashrc\n"
	    "  zsh    d1keep completion zsh >_d1keep                  in a folder of $fpath\n"
	    "  fish   d1keep completion fish | source                 in config.fish\n"
	    "Names of databases come from the configuration.",
	.options = options,
	.run = run,
};

#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/nearest.h"

#define HELP_ID 'h'
#define HELP_COLUMN 26

static size_t count_options(const struct option_def *defs)
{
	size_t n = 0;

	while (defs != NULL && defs[n].id != 0)
		n++;
	return n;
}

void args_init(struct args *args, const struct command *command, int argc, char **argv)
{
	size_t n = count_options(command->options), used = 0;

	*args = (struct args){ .command = command, .argc = argc, .argv = argv };
	args->long_options = mem_calloc(n + 2, sizeof(*args->long_options));
	args->short_options = mem_calloc(2 * n + 4, 1);
	args->short_options[used++] = ':';
	args->short_options[used++] = HELP_ID;
	for (size_t i = 0; i < n; i++) {
		const struct option_def *def = &command->options[i];

		args->long_options[i] = (struct option){
			def->name, def->argument != NULL ? required_argument : no_argument,
			NULL, def->id,
		};
		if (def->id < 256) {
			args->short_options[used++] = (char)def->id;
			if (def->argument != NULL)
				args->short_options[used++] = ':';
		}
	}
	args->long_options[n] = (struct option){ "help", no_argument, NULL, HELP_ID };
	optind = 0;
}

static void print_option(const struct option_def *def)
{
	char left[80];

	if (def->help == NULL)
		return;
	if (def->id < 256)
		(void)snprintf(left, sizeof(left), "-%c, --%s%s%s", def->id, def->name,
		    def->argument != NULL ? " " : "", def->argument != NULL ? def->argument : "");
	else
		(void)snprintf(left, sizeof(left), "    --%s%s%s", def->name,
		    def->argument != NULL ? " " : "", def->argument != NULL ? def->argument : "");
	(void)printf("  %-*s %s\n", HELP_COLUMN, left, def->help);
}

void print_options(const struct option_def *options)
{
	for (; options->id != 0; options++)
		print_option(options);
}

static void print_command_help(const struct command *command)
{
	(void)printf("usage: d1keep [-c FILE] %s%s%s%s\n\n%s\n", command->name,
	    count_options(command->options) > 0 ? " [OPTIONS]" : "",
	    command->arguments[0] != '\0' ? " " : "", command->arguments, command->summary);
	if (command->details != NULL)
		(void)printf("\n%s\n", command->details);
	(void)printf("\noptions:\n");
	if (command->options != NULL)
		print_options(command->options);
	(void)printf("  %-*s %s\n", HELP_COLUMN, "-h, --help", "show this");
}

static void no_such_option(const struct command *command, const char *arg)
{
	AUTO_STR name = mem_strndup(arg + strspn(arg, "-"), strcspn(arg + strspn(arg, "-"), "="));
	struct nearest nearest = { .written = name };

	for (const struct option_def *o = command->options; o != NULL && o->name != NULL; o++) {
		if (o->help != NULL)
			nearest_offer(&nearest, o->name);
	}
	if (nearest.best == NULL)
		(void)usage_error(command, "there is no option %s", arg);
	else
		(void)usage_error(command, "there is no option %s: did you mean --%s?", arg, nearest.best);
}

int args_next(struct args *args, const char **ret_value)
{
	int id;

	opterr = 0;
	id = getopt_long(args->argc, args->argv, args->short_options, args->long_options, NULL);
	*ret_value = optarg;
	switch (id) {
	case -1:
		args->rest = args->argv + optind;
		args->rest_count = args->argc - optind;
		return 0;
	case HELP_ID:
		print_command_help(args->command);
		exit(finish_output(EXIT_DONE));
	case ':':
		(void)usage_error(args->command, "%s needs a value", args->argv[optind - 1]);
		return -1;
	case '?':
		if (optopt == 'c' || optopt == 'q' ||
		    strncmp(args->argv[optind - 1], "--config", 8) == 0) {
			(void)usage_error(args->command, "-c FILE and -q go before the command: d1keep -c FILE %s …",
			    args->command->name);
			return -1;
		}
		/* A letter within a bundle: getopt is still at that argument. */
		if (optopt > 0 && optopt < 256 && strchr(args->short_options, optopt) == NULL)
			(void)usage_error(args->command, "there is no option -%c", optopt);
		else
			no_such_option(args->command, args->argv[optind - 1]);
		return -1;
	default:
		return id;
	}
}

void args_release(struct args *args)
{
	free(args->long_options);
	free(args->short_options);
}

bool args_only_json(const struct command *command, int argc, char **argv, bool *ret_json,
    char ***ret_rest, int *ret_count)
{
	struct args args;
	const char *value;
	int id;

	*ret_json = false;
	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		*ret_json = *ret_json || id == OPT_JSON;
	args_release(&args);
	*ret_rest = args.rest;
	*ret_count = args.rest_count;
	return id == 0;
}

int usage_error(const struct command *command, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s", text);
	log_info("hint: d1keep %s --help", command->name);
	return EXIT_USAGE;
}

int usage_snapshot(const struct command *command, int count)
{
	return usage_error(command, count > 1 ? "one snapshot at a time" :
	    "which snapshot? (as in production/auth@latest)");
}

static int exit_of(const struct err *err)
{
	switch (err->code) {
	case ERR_NONE:
		return EXIT_DONE;
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_CORRUPT:
		return EXIT_DAMAGE;
	case ERR_REFUSED:
		return EXIT_REFUSED;
	case ERR_AGAIN:
	case ERR_CHANGED:
	case ERR_HELD:
		return EXIT_AGAIN;
	case ERR_INTERRUPTED:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_FAILED;
	}
}

int fail(const struct err *err)
{
	log_err(err);
	return exit_of(err);
}

int finish_output(int status)
{
	const char *why = fflush(stdout) != 0 ? strerror(errno) : NULL;

	if (why == NULL && !ferror(stdout))
		return status;
	/* Why a write failed that was some time ago is not known any more. */
	log_error("cannot write to standard output%s%s", why != NULL ? ": " : "",
	    why != NULL ? why : "");
	return status == EXIT_DONE ? EXIT_FAILED : status;
}

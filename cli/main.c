/* d1keep: options that come before the command, and the table of commands. */
#include <curl/curl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/nearest.h"

/* In the order of --help. */
const struct command *const commands[] = {
	&command_backup,
	&command_list,
	&command_show,
	&command_cat,
	&command_verify,
	&command_diff,
	&command_restore,
	&command_undo,
	&command_pin,
	&command_unpin,
	&command_prune,
	&command_remove,
	&command_status,
	&command_timetable,
	&command_estimate,
	&command_notify,
	&command_init,
	&command_check,
	&command_doctor,
	&command_keygen,
	&command_completion,
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

const struct option_def program_options[] = {
	{ 'c', "config", "FILE", "the configuration" },
	{ 'q', "quiet", NULL, "no progress line" },
	{ 'V', "version", NULL, "show the version" },
	{ 'h', "help", NULL, "show this; d1keep COMMAND --help shows more" },
	{ 0, NULL, NULL, NULL },
};

static void print_help(void)
{
	(void)printf("usage: d1keep [-c FILE] COMMAND …\n\n"
	    "Backups of Cloudflare D1 databases: every byte, signed, in your own bucket.\n\ncommands:\n");
	for (size_t i = 0; i < command_count; i++)
		(void)printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	(void)printf("\noptions:\n");
	print_options(program_options);
	(void)printf("\nWithout -c the configuration is the file that $D1KEEP_CONFIG names, ./backup.conf or\n"
	    "/etc/d1keep/backup.conf.\n\n"
	    "exit status: 0 done, 1 failed, 2 usage or configuration, 3 damage found, 4 refused\n"
	    "for safety, 5 done but something could not be kept, 75 try again later, 130\n"
	    "interrupted\n");
}

/* `meant` may be NULL. */
static int bad_start(const char *what, const char *subject, const char *meant)
{
	log_error("%s%s%s%s", what, subject != NULL ? " \"" : "", subject != NULL ? subject : "",
	    subject != NULL ? "\"" : "");
	if (meant != NULL)
		log_info("hint: did you mean d1keep %s?", meant);
	else
		log_info("hint: d1keep --help lists the commands");
	return EXIT_USAGE;
}

static int no_such_command(const char *name)
{
	struct nearest nearest = { .written = name };

	for (size_t i = 0; i < command_count; i++)
		nearest_offer(&nearest, commands[i]->name);
	return bad_start("there is no command", name, nearest.best);
}

static int no_such_option(const char *arg)
{
	struct nearest nearest = { .written = arg + strspn(arg, "-") };
	AUTO_STR option = NULL;

	for (size_t i = 0; program_options[i].name != NULL; i++)
		nearest_offer(&nearest, program_options[i].name);
	if (nearest.best != NULL)
		option = mem_printf("--%s", nearest.best);
	return bad_start("there is no option", arg, option);
}

static int run_command(const struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; i < command_count; i++) {
		if (strcmp(commands[i]->name, argv[0]) == 0)
			return commands[i]->run(cli, commands[i], argc, argv);
	}
	if (strcmp(argv[0], "help") == 0) {
		print_help();
		return finish_output(EXIT_DONE);
	}
	return no_such_command(argv[0]);
}

static bool is(const char *arg, const char *letter, const char *name)
{
	return strcmp(arg, letter) == 0 || strcmp(arg, name) == 0;
}

/* The few options before the command; what follows belongs to the command. */
static int dispatch(int argc, char **argv)
{
	struct cli cli = { .config_path = NULL };

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			return run_command(&cli, argc - i, argv + i);
		if (is(argv[i], "-h", "--help")) {
			print_help();
			return finish_output(EXIT_DONE);
		} else if (is(argv[i], "-V", "--version")) {
			(void)printf("d1keep %s\n", D1KEEP_VERSION);
			return finish_output(EXIT_DONE);
		} else if (is(argv[i], "-q", "--quiet")) {
			cli.quiet = true;
		} else if (is(argv[i], "-c", "--config")) {
			if (i + 1 == argc)
				return bad_start("a file's name is missing after", argv[i], NULL);
			cli.config_path = argv[++i];
		} else if (strncmp(argv[i], "--config=", 9) == 0) {
			cli.config_path = argv[i] + 9;
		} else {
			return no_such_option(argv[i]);
		}
	}
	return bad_start("which command?", NULL, NULL);
}

/* From here on a piece of memory has pages of its own, which go back when it is
 * freed. Else glibc raises this to whatever is freed, and chunks that come and go
 * leave holes in the heap: half of what a restore takes was that. */
#define OWN_PAGES_BYTES (128 << 10)

int main(int argc, char **argv)
{
	int status;

	log_setup("d1keep", LOG_STYLE_PLAIN, LOG_LEVEL_INFO);
	(void)mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES);
	secret_protect_process();
	stop_install();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		log_error("libcurl cannot start");
		return EXIT_FAILED;
	}
	status = dispatch(argc, argv);
	curl_global_cleanup();
	return status;
}

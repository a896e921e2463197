/*
 * The commands of d1keep: one file each (cmd_*.c), one table (main.c). Options,
 * --help and completions all come from the tables. What the completions offer
 * for an argument goes by what it is called there: cli/completion.h.
 *
 * Standard output is the result; standard error is talk. A command returns the
 * program's exit status:
 *
 *   0 done · 1 failed · 2 usage or configuration · 3 damage found · 4 refused for
 *   safety · 5 done, but something could not be kept exactly · 75 try again later
 *   · 130 interrupted
 */
#ifndef D1KEEP_CLI_CLI_H
#define D1KEEP_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DAMAGE = 3,
	EXIT_REFUSED = 4,
	EXIT_EXCEPTIONS = 5,
	EXIT_AGAIN = 75,
	EXIT_INTERRUPTED = 130,
};

struct option_def {
	int id;                  /* its letter, or a number above 255; 0 ends a table */
	const char *name;        /* the long form, without dashes */
	const char *argument;    /* what --help calls it, or NULL for a switch */
	const char *help;        /* NULL: not shown */
};

struct cli {
	const char *config_path; /* from -c, or NULL */
	bool quiet;
};

struct command {
	const char *name;
	const char *arguments;   /* "SNAPSHOT --to TARGET", or "" */
	const char *summary;     /* one line, for the list of commands */
	const char *details;     /* paragraphs for --help, or NULL */
	const struct option_def *options;
	/* argv[0] is the command's own name. */
	int (*run)(const struct cli *cli, const struct command *command, int argc, char **argv);
};

extern const struct command command_backup;
extern const struct command command_list;
extern const struct command command_show;
extern const struct command command_cat;
extern const struct command command_verify;
extern const struct command command_diff;
extern const struct command command_restore;
extern const struct command command_undo;
extern const struct command command_pin;
extern const struct command command_unpin;
extern const struct command command_prune;
extern const struct command command_remove;
extern const struct command command_status;
extern const struct command command_timetable;
extern const struct command command_estimate;
extern const struct command command_check;
extern const struct command command_notify;
extern const struct command command_keygen;
extern const struct command command_completion;
extern const struct command command_init;
extern const struct command command_doctor;

/* All of them, and the options that come before a command (main.c). */
extern const struct command *const commands[];
extern const size_t command_count;
extern const struct option_def program_options[];

/* ---- options ---- */

struct args {
	const struct command *command;
	int argc;
	char **argv;
	char **rest;             /* what is no option, once args_next said 0 */
	int rest_count;
	/* getopt_long's own form of the table */
	struct option *long_options;
	char *short_options;
};

void args_init(struct args *args, const struct command *command, int argc, char **argv);

/* The next option's id, its argument in `*ret_value`; 0 when all are read; -1
 * after printing what is wrong with the command line (return EXIT_USAGE).
 * --help is answered here and ends the program. */
int args_next(struct args *args, const char **ret_value);
void args_release(struct args *args);

/* For commands whose one option is --json: true and the rest of the arguments;
 * false after printing what is wrong (return EXIT_USAGE). */
enum { OPT_JSON = 256 };
bool args_only_json(const struct command *command, int argc, char **argv, bool *ret_json,
    char ***ret_rest, int *ret_count);

/* Print "error: …" with a pointer to --help; returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


/* For a command that takes one snapshot (or one at least) and was given `count`. */
int usage_snapshot(const struct command *command, int count);

void print_options(const struct option_def *options);

/* ---- errors ---- */

/* Print it, with its hint, and return the exit status. */
int fail(const struct err *err);

/* Flush standard output; a result that could not be written is no result. */
int finish_output(int status);

#endif

/*
 * Completions for shells, written from the table of commands: a command or
 * option that is added is completed without a line here.
 *
 * What is offered for an argument goes by what the tables call it:
 *
 *   ENV[/DB]               environments and databases of the configuration
 *   ENV/DB                 databases
 *   SNAPSHOT, A [B]        databases, to which @WHICH may be added
 *   ENV                    environments
 *   TARGET                 what restore --to takes
 *   FILE, PATH             files
 *   DIR, FOLDER            folders
 *   this|that              these words
 *
 * The names come from `d1keep completion --names KIND`, which reads the
 * configuration and asks nothing over the network.
 */
#ifndef D1KEEP_CLI_COMPLETION_H
#define D1KEEP_CLI_COMPLETION_H

#include "cli/cli.h"

enum completion_kind {
	COMPLETE_NOTHING,
	COMPLETE_NAMES,
	COMPLETE_DATABASES,
	COMPLETE_SNAPSHOTS,
	COMPLETE_ENVIRONMENTS,
	COMPLETE_TARGETS,
	COMPLETE_FILES,
	COMPLETE_FOLDERS,
	COMPLETE_WORDS,
	COMPLETE_KINDS,
};

/* By what an option's argument, or a command's arguments are called. */
enum completion_kind completion_kind(const char *argument);

/* "names", "databases" …: what --names takes; NULL when it is no matter of the
 * configuration. */
const char *completion_kind_name(enum completion_kind kind);

/* The words of "[this|that]", one space between them; a string of its own. */
char *completion_words(const char *argument);

/* The whole script, to standard output. */
void completion_print_bash(void);
void completion_print_zsh(void);
void completion_print_fish(void);

/* The inside of a text in single quotes of a shell; `escaped` are bytes that get
 * a backslash before them, `quote` is how the shell spells a single quote there. */
void completion_print_escaped(const char *text, const char *escaped, const char *quote);

#endif

/* fish: a line for each command and each option. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/completion.h"

#define SPECIAL "\\"

static const char head[] =
    "# fish completion for d1keep, written by `d1keep completion fish`\n"
    "\n"
    "# What stands before the cursor: the command, and the -c that comes before it.\n"
    "function __d1keep_read\n"
    "    set -g __d1keep_command\n"
    "    set -g __d1keep_config\n"
    "    set -l words (commandline -opc)\n"
    "    set -l i 2\n"
    "    while test $i -le (count $words)\n"
    "        switch $words[$i]\n"
    "            case -c --config\n"
    "                set i (math $i + 1)\n"
    "                test $i -le (count $words); and set -g __d1keep_config -c $words[$i]\n"
    "            case '--config=*'\n"
    "                set -g __d1keep_config $words[$i]\n"
    "            case '-*'\n"
    "            case '*'\n"
    "                set -g __d1keep_command $words[$i]\n"
    "                return\n"
    "        end\n"
    "        set i (math $i + 1)\n"
    "    end\n"
    "end\n"
    "\n"
    "function __d1keep_in\n"
    "    __d1keep_read\n"
    "    test \"$__d1keep_command\" = \"$argv[1]\"\n"
    "end\n"
    "\n"
    "function __d1keep_names\n"
    "    __d1keep_read\n"
    "    set -l program (commandline -opc)[1]\n"
    "    set -l token (commandline -ct)\n"
    "    if test \"$argv[1]\" = snapshots; and string match -q '*@*' -- $token\n"
    "        echo (string split -m1 @ -- $token)[1]@latest\n"
    "    else\n"
    "        $program $__d1keep_config completion --names $argv[1] 2>/dev/null\n"
    "    end\n"
    "end\n"
    "\n"
    "complete -c d1keep -f\n";

/* What may follow: -F: files, too; -a: these. */
static void print_offer(const char *argument)
{
	enum completion_kind kind = completion_kind(argument);
	AUTO_STR words = kind == COMPLETE_WORDS ? completion_words(argument) : NULL;

	if (kind == COMPLETE_FILES)
		(void)printf(" -F");
	else if (kind == COMPLETE_FOLDERS)
		(void)printf(" -a '(__fish_complete_directories (commandline -ct))'");
	else if (kind == COMPLETE_WORDS)
		(void)printf(" -a '%s'", words);
	else if (kind != COMPLETE_NOTHING)
		(void)printf(" -a '(__d1keep_names %s)'", completion_kind_name(kind));
}

static void print_option(const char *command, const struct option_def *o)
{
	if (o->help == NULL)
		return;
	(void)printf("complete -c d1keep -n '__d1keep_in \"%s\"' -l %s", command, o->name);
	if (o->id < 256)
		(void)printf(" -s %c", o->id);
	if (o->argument != NULL) {
		(void)printf(completion_kind(o->argument) == COMPLETE_FILES ? " -r" : " -x");
		print_offer(o->argument);
	}
	(void)printf(" -d '");
	completion_print_escaped(o->help, SPECIAL, "\\'");
	(void)printf("'\n");
}

static void print_command(const struct command *c)
{
	const struct option_def *o = c->options;

	(void)printf("complete -c d1keep -n '__d1keep_in \"\"' -a %s -d '", c->name);
	completion_print_escaped(c->summary, SPECIAL, "\\'");
	(void)printf("'\n");
	for (; o != NULL && o->id != 0; o++)
		print_option(c->name, o);
	(void)printf("complete -c d1keep -n '__d1keep_in \"%s\"' -l help -s h -d 'show help'\n", c->name);
	if (completion_kind(c->arguments) == COMPLETE_NOTHING)
		return;
	(void)printf("complete -c d1keep -n '__d1keep_in \"%s\"'", c->name);
	print_offer(c->arguments);
	(void)printf("\n");
}

void completion_print_fish(void)
{
	(void)fputs(head, stdout);
	for (const struct option_def *o = program_options; o->id != 0; o++)
		print_option("", o);
	for (size_t i = 0; i < command_count; i++)
		print_command(commands[i]);
}

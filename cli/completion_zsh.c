/* zsh: a list of specifications for _arguments, for each command. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/completion.h"

#define SPECIAL "\\[]:"           /* means something in a specification */

static const char head[] =
    "#compdef d1keep\n"
    "# zsh completion for d1keep, written by `d1keep completion zsh`\n"
    "\n"
    "_d1keep_names() {\n"
    "    local -a names config\n"
    "    [[ -z $d1keep_config ]] || config=(-c $d1keep_config)\n"
    "    names=(${(f)\"$($d1keep_program $config completion --names $1 2>/dev/null)\"})\n"
    "    compadd -a names\n"
    "}\n"
    "\n"
    "_d1keep_snapshots() {\n"
    "    if compset -P '*@'; then compadd latest; else _d1keep_names snapshots; fi\n"
    "}\n"
    "\n"
    "_d1keep_targets() {\n"
    "    if compset -P 'sql(ite|):'; then _files; else _d1keep_names targets; fi\n"
    "}\n"
    "\n"
    "_d1keep() {\n"
    "    local context state state_descr line curcontext=$curcontext\n"
    "    local d1keep_program=$words[1] d1keep_config\n"
    "    local -a commands\n"
    "    typeset -A opt_args\n"
    "    commands=(\n";

static void print_action(const char *argument)
{
	enum completion_kind kind = completion_kind(argument);
	AUTO_STR words = kind == COMPLETE_WORDS ? completion_words(argument) : NULL;

	switch (kind) {
	case COMPLETE_FILES:
		(void)printf("_files");
		break;
	case COMPLETE_FOLDERS:
		(void)printf("_files -/");
		break;
	case COMPLETE_SNAPSHOTS:
		(void)printf("_d1keep_snapshots");
		break;
	case COMPLETE_TARGETS:
		(void)printf("_d1keep_targets");
		break;
	case COMPLETE_WORDS:
		(void)printf("(%s)", words);
		break;
	default:
		/* A blank in front: called as it stands, without zsh's own arguments. */
		if (completion_kind_name(kind) != NULL)
			(void)printf(" _d1keep_names %s", completion_kind_name(kind));
	}
}

static void print_text(const char *text)
{
	completion_print_escaped(text, SPECIAL, "'\\''");
}

/* '*' before a specification: it may be given again. */
static void print_form(const struct option_def *o, const char *name, const char *indent)
{
	(void)printf("%s'*%s[", indent, name);
	print_text(o->help);
	(void)printf("]");
	if (o->argument != NULL) {
		(void)printf(":");
		print_text(o->argument);
		(void)printf(":");
		print_action(o->argument);
	}
	(void)printf("' \\\n");
}

static void print_option(const struct option_def *o, const char *indent)
{
	AUTO_STR full = mem_printf("--%s", o->name);
	const char letter[3] = { '-', (char)o->id, '\0' };

	if (o->help == NULL)
		return;
	print_form(o, full, indent);
	if (o->id < 256)
		print_form(o, letter, indent);
}

static void print_command(const struct command *c)
{
	const struct option_def *o = c->options;

	(void)printf("        %s)\n            _arguments -S \\\n", c->name);
	for (; o != NULL && o->id != 0; o++)
		print_option(o, "                ");
	(void)printf("                '(- *)'{-h,--help}'[show help]' \\\n                '*:");
	print_text(c->arguments);
	(void)printf(":");
	print_action(c->arguments);
	(void)printf("' ;;\n");
}

void completion_print_zsh(void)
{
	(void)fputs(head, stdout);
	for (size_t i = 0; i < command_count; i++) {
		(void)printf("        '%s:", commands[i]->name);
		print_text(commands[i]->summary);
		(void)printf("'\n");
	}
	(void)printf("    )\n    _arguments -C -S \\\n");
	for (const struct option_def *o = program_options; o->id != 0; o++)
		print_option(o, "        ");
	(void)printf("        '1:command:->command' '*::argument:->argument'\n"
	    "    d1keep_config=${(Q)opt_args[--config]:-${(Q)opt_args[-c]}}\n"
	    "    case $state in\n"
	    "    command) _describe -t commands command commands ;;\n"
	    "    argument)\n"
	    "        case $words[1] in\n");
	for (size_t i = 0; i < command_count; i++)
		print_command(commands[i]);
	(void)printf("        esac ;;\n    esac\n}\n\n"
	    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _d1keep \"$@\"; else compdef _d1keep d1keep; fi\n");
}

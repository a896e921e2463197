/*
 * bash. It breaks words at ':' and '@', which are parts of ours, so the script
 * takes the line apart by itself and gives back only what follows the last of
 * them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/completion.h"

static const char head[] =
    "# bash completion for d1keep, written by `d1keep completion bash`\n"
    "\n"
    "_d1keep_names() {\n"
    "    \"${words[0]}\" \"${config[@]}\" completion --names \"$1\" 2>/dev/null\n"
    "}\n"
    "\n"
    "_d1keep_offer() {\n"
    "    local cut='' i\n"
    "    case $1 in\n"
    "    files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n"
    "    folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n"
    "    targets)\n"
    "        case $cur in\n"
    "        sqlite:* | sql:*) cut=${cur%%:*}:; mapfile -t COMPREPLY < <(compgen -P \"$cut\" -f -- \"${cur#*:}\") ;;\n"
    "        *) mapfile -t COMPREPLY < <(compgen -W \"$(_d1keep_names targets)\" -- \"$cur\") ;;\n"
    "        esac\n"
    "        [[ ${COMPREPLY[0]-} == *: || -n $cut ]] && compopt -o nospace ;;\n"
    "    snapshots)\n"
    "        case $cur in\n"
    "        *@*) mapfile -t COMPREPLY < <(compgen -W \"${cur%%@*}@latest\" -- \"$cur\") ;;\n"
    "        *) mapfile -t COMPREPLY < <(compgen -W \"$(_d1keep_names snapshots)\" -- \"$cur\") ;;\n"
    "        esac ;;\n"
    "    words) mapfile -t COMPREPLY < <(compgen -W \"$2\" -- \"$cur\") ;;\n"
    "    nothing) ;;\n"
    "    *) mapfile -t COMPREPLY < <(compgen -W \"$(_d1keep_names \"$1\")\" -- \"$cur\") ;;\n"
    "    esac\n"
    "    for ((i = ${#cur}; i > 0; i--)); do\n"
    "        [[ $COMP_WORDBREAKS == *\"${cur:i-1:1}\"* ]] && break\n"
    "    done\n"
    "    cut=${cur:0:i}\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
    "}\n"
    "\n"
    "_d1keep() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words cur prev command='' config=() i\n"
    "    COMPREPLY=()\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    cur=${words[-1]} prev=${words[-2]-}\n"
    "    for ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
    "        case ${words[i]} in\n"
    "        -c | --config) config=(-c \"${words[++i]}\") ;;\n"
    "        --config=*) config=(\"${words[i]}\") ;;\n"
    "        -*) ;;\n"
    "        *) command=${words[i]}; break ;;\n"
    "        esac\n"
    "    done\n"
    "    case $command,$prev in\n";

static const char tail[] =
    "    esac\n"
    "}\n"
    "complete -F _d1keep d1keep\n";

static void print_offer(const char *argument)
{
	enum completion_kind kind = completion_kind(argument);
	AUTO_STR words = kind == COMPLETE_WORDS ? completion_words(argument) : NULL;

	(void)printf("_d1keep_offer ");
	if (kind == COMPLETE_WORDS) {
		(void)printf("words '%s'", words);
	} else {
		(void)printf("%s", kind == COMPLETE_NOTHING ? "nothing" : kind == COMPLETE_FILES ?
		    "files" : kind == COMPLETE_FOLDERS ? "folders" : completion_kind_name(kind));
	}
	(void)printf("; return ;;\n");
}

/* After an option that takes an argument. */
static void print_option_arguments(const char *command, const struct option_def *o)
{
	for (; o->id != 0; o++) {
		if (o->argument == NULL || o->help == NULL)
			continue;
		(void)printf("    %s,--%s", command, o->name);
		if (o->id < 256)
			(void)printf(" | %s,-%c", command, o->id);
		(void)printf(") ");
		print_offer(o->argument);
	}
}

static void print_names(const struct option_def *o)
{
	for (; o != NULL && o->id != 0; o++) {
		if (o->help == NULL)
			continue;
		if (o->id < 256)
			(void)printf("-%c ", o->id);
		(void)printf("--%s ", o->name);
	}
}

void completion_print_bash(void)
{
	(void)fputs(head, stdout);
	print_option_arguments("", program_options);
	for (size_t i = 0; i < command_count; i++) {
		if (commands[i]->options != NULL)
			print_option_arguments(commands[i]->name, commands[i]->options);
	}
	(void)printf("    esac\n    case $command,$cur in\n    ,-*) _d1keep_offer words '");
	print_names(program_options);
	(void)printf("' ;;\n    ,*) _d1keep_offer words '");
	for (size_t i = 0; i < command_count; i++)
		(void)printf("%s%s", i > 0 ? " " : "", commands[i]->name);
	(void)printf("' ;;\n");
	for (size_t i = 0; i < command_count; i++) {
		(void)printf("    %s,-*) _d1keep_offer words '", commands[i]->name);
		print_names(commands[i]->options);
		(void)printf("-h --help' ;;\n    %s,*) ", commands[i]->name);
		print_offer(commands[i]->arguments);
	}
	(void)fputs(tail, stdout);
}

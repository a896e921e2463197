#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const char *const kind_names[COMPLETE_KINDS] = {
	[COMPLETE_NAMES] = "names",
	[COMPLETE_DATABASES] = "databases",
	[COMPLETE_SNAPSHOTS] = "snapshots",
	[COMPLETE_ENVIRONMENTS] = "environments",
	[COMPLETE_TARGETS] = "targets",
};

/* The first that stands in the text decides. */
static const struct { const char *text; enum completion_kind kind; } meanings[] = {
	{ "|", COMPLETE_WORDS },
	{ "ENV[/DB]", COMPLETE_NAMES },
	{ "ENV/DB", COMPLETE_DATABASES },
	{ "SNAPSHOT", COMPLETE_SNAPSHOTS },
	{ "A [B]", COMPLETE_SNAPSHOTS },
	{ "ENV", COMPLETE_ENVIRONMENTS },
	{ "TARGET", COMPLETE_TARGETS },
	{ "FILE", COMPLETE_FILES },
	{ "PATH", COMPLETE_FILES },
	{ "DIR", COMPLETE_FOLDERS },
	{ "FOLDER", COMPLETE_FOLDERS },
};

/* Options within a command's arguments ("SNAPSHOT --to TARGET") are completed as
 * options. */
enum completion_kind completion_kind(const char *argument)
{
	AUTO_STR own = mem_strdup(argument != NULL ? argument : "");
	char *option = strstr(own, "--");

	if (option != NULL)
		*option = '\0';
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (strstr(own, meanings[i].text) != NULL)
			return meanings[i].kind;
	}
	return COMPLETE_NOTHING;
}

const char *completion_kind_name(enum completion_kind kind)
{
	return kind_names[kind];
}

char *completion_words(const char *argument)
{
	char *words = mem_strdup(argument), *to = words;

	for (const char *at = argument; *at != '\0'; at++) {
		if (*at == '|')
			*to++ = ' ';
		else if (strchr("[]", *at) == NULL)
			*to++ = *at;
	}
	*to = '\0';
	return words;
}

void completion_print_escaped(const char *text, const char *escaped, const char *quote)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'') {
			(void)fputs(quote, stdout);
			continue;
		}
		if (strchr(escaped, *text) != NULL)
			(void)putchar('\\');
		(void)putchar(*text);
	}
}

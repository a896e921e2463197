#include "config/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "config/problem.h"

#define NESTING_MAX 8
#define BRACES_MAX 20000        /* each section costs libConfuse some kilobytes */
#define COMPLAINTS_MAX 50       /* then it is something else */

struct scan {
	char *at;
	int line;
	struct config_problems *problems;
	int open[NESTING_MAX];  /* lines of the braces that are open */
	int depth;
	int braces;
	int star_line;          /* of the last complaint about a '*' */
	bool in_word;
};

static void blank(struct scan *s, size_t len)
{
	memset(s->at, ' ', len);
	s->at += len;
}

static void skip_block_comment(struct scan *s)
{
	int begun = s->line;

	blank(s, 2);
	for (; *s->at != '\0' && (s->at[0] != '*' || s->at[1] != '/'); s->at++) {
		if (*s->at == '\n')
			s->line++;
		else
			*s->at = ' ';
	}
	if (*s->at != '\0')
		blank(s, 2);
	else
		problem_add(s->problems, begun, "the comment that begins here has no end");
}

/* libConfuse makes nothing at all of a variable that is not set. */
static void check_variable(struct scan *s, const char *name, size_t len)
{
	AUTO_STR variable = mem_strndup(name, len);
	char *otherwise = strchr(variable, ':');

	if (otherwise != NULL && otherwise[1] == '-')
		return;
	if (getenv(variable) != NULL)
		return;
	problem_add(s->problems, s->line, "${%.64s}: there is no environment variable of this name",
	    variable);
	problem_hint(s->problems, "set it, or write what holds otherwise: ${%.64s:-VALUE}", variable);
}

/* "${NAME}" stands for an environment variable, quotes and all; "${NAME:-VALUE}" for
 * VALUE where it is not set. */
static void skip_variable(struct scan *s)
{
	size_t len = strcspn(s->at, "}\n");

	if (s->at[len] == '}') {
		check_variable(s, s->at + 2, len - 2);
		s->at += len + 1;
		return;
	}
	problem_add(s->problems, s->line, "\"${\" without \"}\"");
	s->at += 2;
}

static void skip_string(struct scan *s)
{
	char quote = *s->at++;

	while (*s->at != quote && *s->at != '\n' && *s->at != '\0') {
		if (*s->at == '\\' && s->at[1] != '\0') {
			s->line += s->at[1] == '\n';
			s->at += 2;
		} else if (quote == '"' && s->at[0] == '$' && s->at[1] == '{') {
			skip_variable(s);
		} else {
			s->at++;
		}
	}
	if (*s->at == quote)
		s->at++;
	else
		problem_add(s->problems, s->line, "a string does not end on its line");
}

static void count_brace(struct scan *s)
{
	if (*s->at == '}') {
		s->depth -= s->depth > 0;
		return;
	}
	if (s->depth < NESTING_MAX)
		s->open[s->depth] = s->line;
	s->depth++;
	if (++s->braces == BRACES_MAX)
		problem_add(s->problems, s->line, "more than %d sections", BRACES_MAX - 1);
}

/* libConfuse would drop it, and read the next word as the value. */
static void complain_of_star(struct scan *s)
{
	if (s->star_line == s->line)
		return;
	s->star_line = s->line;
	problem_add(s->problems, s->line, "\"%c\" outside quotes", *s->at);
	problem_hint(s->problems, "put the value in double quotes");
}

static void step(struct scan *s)
{
	char c = s->at[0], next = s->at[1];
	bool in_word = s->in_word;

	s->in_word = strchr(" \t\r\n{}()=,\"'", c) == NULL;
	if (c == '#' || (c == '/' && next == '/' && !in_word)) {
		blank(s, strcspn(s->at, "\n"));
	} else if (c == '/' && next == '*') {
		skip_block_comment(s);
	} else if (c == '"' || c == '\'') {
		skip_string(s);
	} else if (c == '$' && next == '{') {
		skip_variable(s);
	} else {
		if (c == '{' || c == '}')
			count_brace(s);
		else if (c == '*' || (c == '+' && next != '='))
			complain_of_star(s);
		s->line += c == '\n';
		s->at++;
	}
}

/* The line of the first byte that no text has, or 0. */
static int line_of_binary(const char *text, size_t len)
{
	int line = 1;

	for (const char *p = text; p < text + len; line++) {
		const char *newline = memchr(p, '\n', (size_t)(text + len - p));
		const char *end = newline != NULL ? newline : text + len;

		if (!utf8_valid(p, (size_t)(end - p)))
			return line;
		for (; p < end; p++) {
			if (((unsigned char)*p < 0x20 && *p != '\t' && *p != '\r') || *p == 0x7f)
				return line;
		}
		p = end + 1;
	}
	return 0;
}

int text_prepare(char *text, size_t len, struct config_problems *problems)
{
	struct scan s = { .at = text, .line = 1, .problems = problems };
	size_t before = problems->count;
	int line = line_of_binary(text, len);

	if (line != 0) {
		problem_add(problems, line, "this is not text in UTF-8");
		return -1;
	}
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		blank(&s, 3);
	while (*s.at != '\0' && problems->count < before + COMPLAINTS_MAX)
		step(&s);
	if (s.depth > 0 && problems->count == before)
		problem_add(problems, s.open[s.depth < NESTING_MAX ? s.depth - 1 : NESTING_MAX - 1],
		    "the \"{\" in this line has no \"}\"");
	return problems->count > before ? -1 : 0;
}

#include "config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define TEXT_SIZE 1024

void problem_add(struct config_problems *problems, int line, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The last place is written over, so that a hint finds its problem. */
	if (problems->count > PROBLEMS_MAX)
		problem_truncate(problems, PROBLEMS_MAX);
	problems->items = mem_grow(problems->items, problems->count, &problems->cap,
	    sizeof(*problems->items));
	problems->items[problems->count++] = (struct config_problem){ .line = line,
	    .message = mem_strdup(text) };
}

void problem_add_err(struct config_problems *problems, int line, const struct err *err)
{
	problem_add(problems, line, "%s", err->msg);
	if (err->hint[0] != '\0')
		problem_hint(problems, "%s", err->hint);
}

void problem_hint(struct config_problems *problems, const char *fmt, ...)
{
	struct config_problem *last = &problems->items[problems->count - 1];
	char text[TEXT_SIZE];
	va_list ap;

	if (last->hint != NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	last->hint = mem_strdup(text);
}

void problem_warn(struct config_problems *problems)
{
	problems->items[problems->count - 1].warning = true;
}

void problem_truncate(struct config_problems *problems, size_t count)
{
	while (problems->count > count) {
		struct config_problem *last = &problems->items[--problems->count];

		free(last->message);
		free(last->hint);
	}
}

/* Insertion sort: nearly sorted already, and equal lines keep their order. */
void problem_sort(struct config_problems *problems, size_t first)
{
	for (size_t i = first + 1; i < problems->count; i++) {
		struct config_problem item = problems->items[i];
		size_t at = i;

		for (; at > first && problems->items[at - 1].line > item.line; at--)
			problems->items[at] = problems->items[at - 1];
		problems->items[at] = item;
	}
}

void problem_say_more(struct config_problems *problems)
{
	if (problems->count > PROBLEMS_MAX)
		problem_add(problems, 0, "and more: mend these %d first", PROBLEMS_MAX);
}

void config_problems_release(struct config_problems *problems)
{
	problem_truncate(problems, 0);
	free(problems->items);
	*problems = (struct config_problems){ 0 };
}

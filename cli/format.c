#include "cli/format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"

struct columns {
	const char *const *headings;
	size_t count;
	char **cells;
	size_t used, cap;
};

struct columns *columns_new(const char *const *headings, size_t count)
{
	struct columns *c = mem_calloc(1, sizeof(*c));

	c->headings = headings;
	c->count = count;
	return c;
}

void columns_add(struct columns *c, const char *cell)
{
	c->cells = mem_grow(c->cells, c->used, &c->cap, sizeof(*c->cells));
	c->cells[c->used++] = printable(mem_strdup(cell));
}

static bool is_right(const char *heading)
{
	return heading[0] == '>';
}

static const char *plain_heading(const char *heading)
{
	return heading + (heading[0] == '>' || heading[0] == '?');
}

static bool is_left_out(const struct columns *c, size_t column)
{
	if (c->headings[column][0] != '?')
		return false;
	for (size_t i = column; i < c->used; i += c->count) {
		if (strcmp(c->cells[i], "-") != 0)
			return false;
	}
	return true;
}

/* Characters, not bytes: those that begin one. */
static int width(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int column_width(const struct columns *c, size_t column)
{
	int widest = width(plain_heading(c->headings[column]));

	for (size_t i = column; i < c->used; i += c->count) {
		if (width(c->cells[i]) > widest)
			widest = width(c->cells[i]);
	}
	return widest;
}

static void print_cell(const struct columns *c, size_t column, const char *text, int widest)
{
	bool last = column + 1 == c->count;
	int blanks = widest - width(text);

	if (widest < 0)
		return;   /* the column is left out */
	if (is_right(c->headings[column]))
		(void)printf("%*s%s", blanks, "", text);
	else
		(void)printf("%s%*s", text, last ? 0 : blanks, "");
	(void)printf("%s", last ? "\n" : "  ");
}

void columns_print(const struct columns *c)
{
	int *widest = mem_calloc(c->count, sizeof(*widest));

	for (size_t i = 0; i < c->count; i++) {
		widest[i] = is_left_out(c, i) ? -1 : column_width(c, i);
		print_cell(c, i, plain_heading(c->headings[i]), widest[i]);
	}
	for (size_t i = 0; i < c->used; i++)
		print_cell(c, i % c->count, c->cells[i], widest[i % c->count]);
	free(widest);
}

size_t columns_count(const struct columns *c)
{
	return c->used / c->count;
}

void columns_free(struct columns *c)
{
	for (size_t i = 0; i < c->used; i++)
		free(c->cells[i]);
	free(c->cells);
	free(c);
}

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/option.h"

#define WORD_MAX 32

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: row by row, with the two rows before. */
size_t word_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t a_len = strnlen(a, WORD_MAX + 1), b_len = strnlen(b, WORD_MAX + 1);

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = smaller(row[j], smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], above2[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

bool word_is_near(const char *meant, const char *written)
{
	return strcasecmp(meant, written) == 0 ||
	    word_distance(meant, written) <= (strlen(meant) < 6 ? 1 : 2);
}

const char *option_nearest(enum section_kind section, const char *name)
{
	enum section_kind kind = section_find(section, name, true);
	const char *best = kind != SECTION_FILE ? section_name(kind) : NULL;
	size_t least = best != NULL ? word_distance(best, name) : WORD_MAX;

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];

		if ((o->sections & IN(section)) != 0 && word_is_near(o->name, name) &&
		    word_distance(o->name, name) < least) {
			least = word_distance(o->name, name);
			best = o->name;
		}
	}
	return best;
}

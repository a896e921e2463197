#include "cli/nearest.h"

#include <stdbool.h>
#include <string.h>

#include "config/option.h"

/* "prod" is short for "production"; one or two letters are short for anything. */
#define SHORTEST_BEGINNING 3

void nearest_offer(struct nearest *n, const char *name)
{
	size_t len = strlen(n->written), distance = word_distance(name, n->written);
	bool begins = len >= SHORTEST_BEGINNING && strncmp(name, n->written, len) == 0;

	if (!begins && !word_is_near(name, n->written))
		return;
	if (n->best != NULL && distance >= n->distance)
		return;
	n->best = name;
	n->distance = distance;
}

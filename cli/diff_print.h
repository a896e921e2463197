/* A comparison, for people and as JSON. */
#ifndef D1KEEP_CLI_DIFF_PRINT_H
#define D1KEEP_CLI_DIFF_PRINT_H

#include <json-c/json.h>

#include "restore/diff.h"

struct diff_shown {
	const struct diff *diff;
	const char *name_a, *name_b;
	const struct manifest *a, *b;        /* for what could not be compared */
};

/* On standard output. */
void diff_print(const struct diff_shown *shown);

/* A document of its own: always the same members. */
struct json_object *diff_json(const struct diff_shown *shown);

#endif

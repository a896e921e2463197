/*
 * A snapshot for --json: one stable shape, used by list and show.
 */
#ifndef D1KEEP_CLI_SNAPSHOT_JSON_H
#define D1KEEP_CLI_SNAPSHOT_JSON_H

#include <json-c/json.h>
#include <stdbool.h>

#include "cli/format.h"
#include "storage/store.h"

/* An object of its own. `verdict` and `pin` may be NULL, a pin of 0 is none. With
 * `full`, also tables, exceptions and objects. */
struct json_object *snapshot_json(const struct snapshot *s, const struct verdict *verdict,
    const struct pin *pin, bool full);

/* What a verdict says for people: also whether it was rebuilt. */
const char *verdict_words(const struct verdict *verdict);

/* "yes", "until 2026-12-31T22:59:59Z", or "-" for one that is none or has run out. */
char *pin_words(const struct pin *pin, int64_t now, char ret[FORMAT_SIZE]);

/* Print a document and a newline to standard output. */
void print_json(struct json_object *o);

#endif

/* What a restore would do, and what it did, for people. */
#ifndef D1KEEP_CLI_RESTORE_PRINT_H
#define D1KEEP_CLI_RESTORE_PRINT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "restore/restore.h"

/* A table on standard output. */
void restore_print_plan(const struct manifest *m, const char *to,
    const struct restore_result *result);

/* Lines of talk. `some`: only chosen tables. */
void restore_print_done(const struct manifest *m, const char *to,
    const struct restore_result *result, bool some, int64_t ms);

/* Both for programs, as an object of its own; the notes are lines of talk here too. */
struct json_object *restore_json(const struct manifest *m, const char *to, bool dry_run,
    const struct restore_result *result, int64_t ms);

#endif

/*
 * Retention as the configuration wishes it, and its report for people and programs:
 * for `prune`, `remove`, and `backup --prune`.
 */
#ifndef D1KEEP_CLI_PRUNING_H
#define D1KEEP_CLI_PRUNING_H

#include <json-c/json.h>
#include <stdbool.h>

#include "cli/session.h"
#include "retention/prune.h"

/* The policy of a database, at this moment. may_go_on is the caller's to set, and
 * whether the last run failed. */
struct prune_options pruning_options(const struct session *session,
    const struct config_database *database, struct open_store *open);

/* Did the daemon's last run of this database fail, and is there no snapshot that is
 * newer? By state.db, where there is one. */
bool pruning_last_run_failed(const struct session *session,
    const struct config_database *database, struct open_store *open);

/* "2 snapshots removed, 9 kept; 14 objects, 1.2 MiB freed" (a dry run: "would be …"),
 * a string of its own. */
char *pruning_summary(const struct prune_report *report, bool dry_run);

/* What a person should know of it, on standard error, each line beginning with
 * `name` ("production/auth"). Returns EXIT_DONE, or EXIT_FAILED when something that
 * was deleted is still there. */
int pruning_warn(const char *name, const struct prune_report *report);

/* Every snapshot with its fate, newest first: a table on standard output. */
void pruning_print(const char *name, const struct prune_report *report, bool dry_run);

struct json_object *pruning_json(const char *name, const struct prune_report *report,
    bool dry_run);

#endif

/*
 * A verification as a person sees it: with progress, each damaged chunk as it is
 * found, and the verdict in words. Used by verify and after each backup.
 */
#ifndef D1KEEP_CLI_VERIFYING_H
#define D1KEEP_CLI_VERIFYING_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/session.h"
#include "storage/store.h"

struct verifying {
	const struct session *session;
	struct store *store;
	const struct snapshot *snapshot;
	bool replay;
	bool quiet;
};

/* As verify_snapshot: 0 and a verdict (release it), good or bad. `ret_ms` is how
 * long it took. */
int verifying_run(const struct verifying *v, struct verdict *ret, int64_t *ret_ms,
    struct err *err);

/* Print it; the exit status: EXIT_DONE or EXIT_DAMAGE. */
int verifying_print(const struct snapshot *snapshot, const struct verdict *verdict, int64_t ms);

/* The same for programs, an object of its own; what is wrong is told as well. */
struct json_object *verifying_json(const struct snapshot *snapshot,
    const struct verdict *verdict, int64_t ms);

#endif

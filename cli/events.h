/*
 * What a backup tells the daemon: JSON lines on a descriptor (--events-fd),
 * described in daemon/event.h.
 */
#ifndef D1KEEP_CLI_EVENTS_H
#define D1KEEP_CLI_EVENTS_H

#include <stdint.h>

#include "base/err.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct events {
	int fd;                  /* -1: nobody listens */
	int64_t progress_ms;     /* when progress was last told */
};

/* The descriptor that --events-fd names. Whoever writes there is the daemon's child
 * and ends with it, also when that is killed. */
int events_listener(const char *text);

void events_start(struct events *e, const char *database);
/* At most one a second. */
void events_progress(struct events *e, int64_t rows, int64_t bytes);

/* What the manifest does not say of the work. */
struct events_cost {
	int64_t retries;         /* of requests, to the API and to the bucket */
	int64_t ms;
};
void events_done(struct events *e, const struct manifest *m, const struct events_cost *cost,
    int exit_status);
/* The slot had been answered, by this snapshot. */
void events_taken(struct events *e, const char *id);
void events_verified(struct events *e, const struct verdict *v, int64_t ms);
/* `blocked`: why nothing, or no garbage, was removed; or NULL. */
void events_pruned(struct events *e, int64_t removed, int64_t kept, int64_t freed_bytes,
    const char *blocked);
void events_error(struct events *e, const struct err *err);

/* {"code":…,"message":…,"hint":…} for a document of --json; an object of its own. */
struct json_object *error_json(const struct err *err);

#endif

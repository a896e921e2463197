/*
 * A command that publishes or deletes in a database's folder holds its lease
 * meanwhile (storage/lease.h): open_store, lease_scope_begin, work, close_store.
 */
#ifndef D1KEEP_CLI_LEASE_SCOPE_H
#define D1KEEP_CLI_LEASE_SCOPE_H

#include <stdint.h>

#include "base/err.h"
#include "cli/session.h"

/* `open->store.lease` is held from here to close_store (or lease_scope_end), and
 * store_publish and whoever deletes check it. `what` as in storage/lease.h:
 * "backup", "prune", "pin", "remove". Another holder is waited for `wait_s` seconds,
 * which is told to the person; then, or at once with 0, it is ERR_HELD (exit
 * status 75, event code "held"). */
int lease_scope_begin(struct open_store *open, const struct config_database *database,
    const char *what, int64_t wait_s, struct err *err);

/* Gives it back, if one is held; close_store does so too. */
void lease_scope_end(struct open_store *open);

#endif

/*
 * The configured databases with what is known of their runs.
 */
#ifndef D1KEEP_DAEMON_WATCH_H
#define D1KEEP_DAEMON_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "daemon/alerts.h"
#include "daemon/history.h"
#include "state/state.h"

struct watched {
	char *name;                  /* environment/database */
	const struct config_database *database;   /* lent */
	struct history history;
	int64_t watched_at;          /* known since, without a verified snapshot; 0: not noted */
	bool is_read;                /* its past is in the history */
};

struct watch {
	struct watched *items;       /* sorted by name */
	size_t count;
};

/* Of this configuration, which is lent. What `old` (or NULL) knows of databases
 * of the same names is taken over, and gone from it. */
struct watch *watch_new(const struct config *config, struct watch *old);
/* Of no database: what nobody will be told takes no room. */
struct watch *watch_none(void);
void watch_free(struct watch *watch);   /* NULL is fine */

struct watched *watch_find(const struct watch *watch, const char *name);

/* Are a database's snapshots verified, so that no other counts? */
bool watch_verifies(const struct watched *item);

/* Fill the history from the notes; `state` may be NULL: then there is none. */
void watch_read(struct watched *item, struct state *state, int64_t now);

/* Its staleness is counted from the newest verified snapshot, or from watched_at
 * where there is none. */
struct alerts_facts watch_facts(const struct watched *item);

#endif

/*
 * How old the newest verified snapshot of a database may be before somebody
 * should look: its max_age, or twice the time between two scheduled runs. Pure.
 */
#ifndef D1KEEP_CONFIG_FRESHNESS_H
#define D1KEEP_CONFIG_FRESHNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

/* Has it a schedule or a max_age? Of others nobody knows how old is too old. */
bool freshness_matters(const struct config_database *database);

/* For how many seconds a snapshot of the moment `at` is fresh; 0: it does not
 * matter. Without a max_age that ends when the second run after it is due: a
 * schedule of working days is not stale on Sunday. But never less than ten minutes. */
int64_t freshness_age(const struct config_database *database, int64_t at);

#endif

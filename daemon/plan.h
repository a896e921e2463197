/*
 * From the configuration and what is known of the past to a timetable.
 */
#ifndef D1KEEP_DAEMON_PLAN_H
#define D1KEEP_DAEMON_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "daemon/record.h"
#include "daemon/timetable.h"

/* Every database; the `subject` of each plan is its struct config_database, so
 * the table may not outlive the configuration. Where `old` (or NULL; its own
 * configuration must still be there) knows a database, it is believed before the
 * record. With `once` a scheduled database of which no run is known is due now. */
struct timetable *plan_make(const struct config *config, struct record *record,
    const struct timetable *old, bool once, int64_t now);

/* Note each database's next time. */
void plan_note(const struct timetable *table, struct record *record);

/* How many are due by themselves at all. */
size_t plan_scheduled(const struct timetable *table);

#endif

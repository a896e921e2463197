/*
 * What targets were told, between daemon/alerts.h and the notes (state/alerts.h).
 */
#ifndef D1KEEP_DAEMON_MEMORIES_H
#define D1KEEP_DAEMON_MEMORIES_H

#include "daemon/alerts.h"
#include "daemon/record.h"
#include "daemon/watch.h"

struct memories {
	struct record *record;
	const struct watch *watch;
	const struct alerts_target *targets;   /* both in the order of the alerts */
	size_t target_count;
};

/* Note one; told_at 0: it is forgotten. */
void memories_note(const struct memories *memories, size_t target, size_t database,
    enum alert_kind kind, const struct alerts_memory *memory);

/* Since when a target is known, and since when a database is that has no verified
 * snapshot. */
void memories_note_target(const struct memories *memories, const char *target, int64_t at);
void memories_note_database(const struct memories *memories, const char *database, int64_t at);

/* Since when the notes know a target; 0: they don't. */
int64_t memories_known_at(struct record *record, const char *target);

/* All that the notes hold, to `alerts` and `watch`. What belongs to nobody any
 * more is removed from them. */
void memories_read(const struct memories *memories, struct alerts *alerts, struct watch *watch);

#endif

/*
 * Time zones, through libc's own rules (TZ and the system's zoneinfo). The
 * only place that touches TZ: localtime knows one zone a process, so these are
 * for one thread at a time. TZ stays set to the zone asked for last, for
 * child processes too: nothing here restores what it was.
 */
#ifndef D1KEEP_SCHEDULE_ZONE_H
#define D1KEEP_SCHEDULE_ZONE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Is there such a zone on this machine, under $TZDIR or /usr/share/zoneinfo?
 * ("UTC" always is; libc itself takes unknown names for UTC in silence.) */
bool zone_exists(const char *name);

/* Local time in the zone, tm_gmtoff included. */
void zone_local(const char *name, int64_t at, struct tm *ret);

/* The first moment at which the zone's clock shows this local time or, when it
 * never does, a later one (fields out of range are carried as timegm does;
 * seconds count; tm_isdst does not). Sets `*ret_skipped` when the clock never
 * shows it; the result is then the end of the gap. */
int64_t zone_to_utc(const char *name, const struct tm *local, bool *ret_skipped);

/* The first moment after `from` and before `to` at which the zone's offset is
 * another than at `from`; `to` when there is none. At most a day apart. */
int64_t zone_next_change(const char *name, int64_t from, int64_t to);

#endif

/*
 * Time zones by their name, from the system's zone database (RFC 8536 files
 * under $TZDIR or /usr/share/zoneinfo). Not through libc: it knows one zone a
 * process and takes one that it cannot read for UTC, in silence. Here a zone is
 * read once and kept, whatever becomes of its file, until zone_check finds
 * another in its place. Any thread may ask.
 */
#ifndef D1KEEP_SCHEDULE_ZONE_H
#define D1KEEP_SCHEDULE_ZONE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

/* Read the zone, anew if its file has changed. ERR_USAGE when there is no such
 * zone on this machine, it cannot be read or makes no sense; what was read of
 * it earlier stays in use then. "UTC" needs no file. Names that come from
 * outside go through here first: the functions below take a zone that they
 * cannot read for UTC. */
int zone_check(const char *name, struct err *err);
bool zone_exists(const char *name);   /* the same as a question */

/* Local time in the zone, tm_gmtoff and tm_zone (the abbreviation, which
 * lives for ever) included. */
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

/*
 * A file of the zone database: bytes in, offsets out, no I/O. Source: RFC 8536
 * (TZif). Where the daemon would lose more than an hour's sleep over a wrong
 * answer, a file that is not wholly right is refused.
 */
#ifndef D1KEEP_SCHEDULE_TZFILE_H
#define D1KEEP_SCHEDULE_TZFILE_H

#include "base/err.h"
#include "schedule/tzrule.h"

#define TZFILE_MAX_BYTES (256 * 1024)

struct tzfile;

/* NULL and ERR_CORRUPT for anything else than a time zone, also for one of the
 * "right/" family, whose seconds are not those of Unix time. */
struct tzfile *tzfile_new(const void *bytes, size_t len, struct err *err);
void tzfile_free(struct tzfile *file);  /* NULL is fine */

/* What holds at `at`; lives as long as the file. */
const struct tztype *tzfile_at(const struct tzfile *file, int64_t at);

#endif

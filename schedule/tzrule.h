/*
 * The rule at the end of a zone's file, "CET-1CEST,M3.5.0,M10.5.0/3": what
 * holds for all years after those that the file lists. Pure. Source: POSIX, TZ,
 * with the extension of RFC 8536 3.3.1 (hours from -167 to 167).
 */
#ifndef D1KEEP_SCHEDULE_TZRULE_H
#define D1KEEP_SCHEDULE_TZRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TZ_NAME_SIZE 16          /* of an abbreviation, with the NUL */

/* One of a zone's two or more times. */
struct tztype {
	int32_t offset_s;        /* east of UTC */
	bool is_dst;
	char name[TZ_NAME_SIZE]; /* "CEST", "+0330" */
};

/* The day of a change. */
struct tzday {
	char kind;               /* 'M': month.week.day; 'J': day 1 to 365, no leap day; 'N': 0 to 365 */
	int month, week, day;
	int32_t time_s;          /* after midnight of that day, by the clock before the change */
};

struct tzrule {
	struct tztype standard, summer;
	bool has_summer;
	struct tzday begin, end; /* of summer time */
};

/* The whole of the text; false when it is no rule. */
bool tzrule_parse(const char *text, struct tzrule *ret);

/* What holds at `at`; lives as long as the rule. */
const struct tztype *tzrule_at(const struct tzrule *rule, int64_t at);

#endif

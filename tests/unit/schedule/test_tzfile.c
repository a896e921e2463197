/*
 * The zone database as we read it against libc's reading of it: every zone of
 * this machine, at random moments and around the ones where it changes.
 */
#include "schedule/tzfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "schedule/zone.h"
#include "tests/unit/chance.h"
#include "tests/unit/unit.h"

#define FIRST_MOMENT (-INT64_C(2208988800))     /* 1900 */
#define LAST_MOMENT INT64_C(17514144000)        /* 2525 */

static void compare_at(const char *zone, int64_t at)
{
	time_t t = (time_t)at;
	struct tm ours, theirs;

	zone_local(zone, at, &ours);
	(void)localtime_r(&t, &theirs);
	if (ours.tm_gmtoff != theirs.tm_gmtoff || (ours.tm_isdst != 0) != (theirs.tm_isdst != 0) ||
	    strcmp(ours.tm_zone, theirs.tm_zone) != 0 || ours.tm_sec != theirs.tm_sec ||
	    ours.tm_min != theirs.tm_min || ours.tm_hour != theirs.tm_hour ||
	    ours.tm_mday != theirs.tm_mday || ours.tm_mon != theirs.tm_mon ||
	    ours.tm_year != theirs.tm_year || ours.tm_wday != theirs.tm_wday)
		ck_abort_msg("%s at %lld: %ld %s, not %ld %s", zone, (long long)at, ours.tm_gmtoff,
		    ours.tm_zone, theirs.tm_gmtoff, theirs.tm_zone);
}

static void compare_zone(const char *zone, struct chance *chance)
{
	AUTO_STR value = mem_printf(":%s", zone);
	int64_t step = 86400 * 90, change;

	(void)setenv("TZ", value, 1);
	tzset();
	ck_assert_msg(zone_exists(zone), "%s", zone);
	for (int i = 0; i < 100; i++)
		compare_at(zone, FIRST_MOMENT + (int64_t)chance_below(chance, LAST_MOMENT - FIRST_MOMENT));
	for (int64_t at = -INT64_C(1000000000); at < INT64_C(5000000000); at += step) {
		change = zone_next_change(zone, at, at + step);
		if (change == at + step)
			continue;
		compare_at(zone, change - 1);
		compare_at(zone, change);
	}
}

START_TEST(agrees_with_libc_about_every_zone)
{
	struct chance chance = { 20261128 };
	char line[512], zone[128];
	int count = 0;
	FILE *f = fopen("/usr/share/zoneinfo/tzdata.zi", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Z %127s", zone) != 1 && sscanf(line, "L %*s %127s", zone) != 1)
			continue;
		compare_zone(zone, &chance);
		count++;
	}
	(void)fclose(f);
	ck_assert_int_gt(count, 400);
}
END_TEST

/* Rules that stand in no file of today, by libc's own reading of TZ. */
static const char *const rules[] = {
	"UTC0", "EST5EDT,M3.2.0,M11.1.0", "EST5EDT4,M3.2.0/2:30:15,M11.1.0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
	"IST-1GMT0,M10.5.0,M3.5.0/1", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EET-2EEST,M3.4.4/50,M10.4.4/50",
	"AAA3BBB,J60/0,J300/24", "AAA-3BBB,59,299/3", "AAA-12BBB,J32/0,J335/23", "NZST-12NZDT,M9.5.0,M4.1.0/3",
	"<-0345>3:45<-0245>,M1.1.1,M12.5.6",
};

START_TEST(agrees_with_libc_about_rules)
{
	struct chance chance = { 7 + (uint64_t)_i };
	struct tzrule rule;

	ck_assert(tzrule_parse(rules[_i], &rule));
	(void)setenv("TZ", rules[_i], 1);
	tzset();
	for (int i = 0; i < 20000; i++) {
		time_t at = (time_t)chance_below(&chance, LAST_MOMENT);
		const struct tztype *type = tzrule_at(&rule, at);
		struct tm tm;

		(void)localtime_r(&at, &tm);
		if (type->offset_s != tm.tm_gmtoff || strcmp(type->name, tm.tm_zone) != 0)
			ck_abort_msg("%s at %lld: %d %s, not %ld %s", rules[_i], (long long)at,
			    type->offset_s, type->name, tm.tm_gmtoff, tm.tm_zone);
	}
}
END_TEST

START_TEST(summer_time_for_ever)
{
	struct tzrule rule;

	ck_assert(tzrule_parse("XXX3EDT4,0/0,J365/23", &rule));
	for (int64_t at = 0; at < 4 * INT64_C(31557600); at += 1800)
		ck_assert_str_eq(tzrule_at(&rule, at)->name, "EDT");
}
END_TEST

static const char *const no_rules[] = {
	"", "CET", "CE-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-25",
	"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
	"CET-1CEST,J0,J365", "CET-1CEST,J1,J366", "CET-1CEST,M3.5.0/168,M10.5.0", "<CET-1", "<C,T>-1",
	"CET-1:60", "ABCDEFGHIJKLMNOP-1", "CET-1000", ":Europe/Berlin",
};

START_TEST(refuses_what_is_no_rule)
{
	struct tzrule rule;

	ck_assert(!tzrule_parse(no_rules[_i], &rule));
}
END_TEST

/* Cut short anywhere, or with any byte changed, a file is refused or read, and
 * what is read answers. */
START_TEST(survives_broken_files)
{
	AUTO_BUF bytes = BUF_INIT(1 << 20);

	ck_assert_int_eq(file_read("/usr/share/zoneinfo/America/Sao_Paulo", &bytes, NULL), 0);
	for (size_t len = 0; len < bytes.len; len++) {
		char *copy = mem_calloc(len, 1);
		struct tzfile *file;

		memcpy(copy, bytes.data, len);
		file = tzfile_new(copy, len, NULL);
		free(copy);
		ck_assert(file == NULL);
	}
	for (size_t i = 0; i < bytes.len * 3; i++) {
		char *byte = &bytes.data[i % bytes.len], was = *byte;
		struct tzfile *file;

		*byte = (char)(i < bytes.len ? 0xff : i < 2 * bytes.len ? 0 : was + 1);
		file = tzfile_new(bytes.data, bytes.len, NULL);
		*byte = was;
		for (int64_t at = -(INT64_C(1) << 33); file != NULL && at < INT64_C(1) << 34; at += 1 << 30)
			ck_assert_int_lt(tzfile_at(file, at)->offset_s, 100000);
		tzfile_free(file);
	}
}
END_TEST

UNIT_CASE(tzfile)
{
	tcase_add_test(tc, agrees_with_libc_about_every_zone);
	tcase_add_loop_test(tc, agrees_with_libc_about_rules, 0, sizeof(rules) / sizeof(rules[0]));
	tcase_add_test(tc, summer_time_for_ever);
	tcase_add_loop_test(tc, refuses_what_is_no_rule, 0, sizeof(no_rules) / sizeof(no_rules[0]));
	tcase_add_test(tc, survives_broken_files);
}

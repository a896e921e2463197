#include "schedule/zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/unit.h"

START_TEST(knows_the_zones_of_this_machine)
{
	static const char *const real[] = { "UTC", "Europe/Berlin", "America/New_York", "Etc/GMT+5",
		"America/Argentina/Buenos_Aires", "CET" };

	for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++)
		ck_assert_msg(zone_exists(real[i]), "%s", real[i]);
}
END_TEST

START_TEST(refuses_what_is_none)
{
	static const char *const none[] = { "", "Europe/Berlim", "europe/berlin ", "Europe", "Europe/",
		"/usr/share/zoneinfo/UTC", "../zoneinfo/UTC", "Europe/../UTC", "zone.tab", "tzdata.zi",
		":UTC", "CET-1CEST", "leapseconds", "Europe//Berlin" };
	char huge[5000];

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(!zone_exists(none[i]), "%s", none[i]);
	for (size_t i = 0; i < sizeof(huge); i++)
		huge[i] = i + 1 < sizeof(huge) ? 'A' : '\0';
	ck_assert(!zone_exists(huge));
}
END_TEST

static const char *path_in(const char *folder, const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* One of the system's zones under another name, with a new modification time. */
static void copy_zone(const char *from, const char *folder, const char *name)
{
	AUTO_BUF bytes = BUF_INIT(1 << 20);

	ck_assert_int_eq(file_read(path_in("/usr/share/zoneinfo", from), &bytes, NULL), 0);
	ck_assert_int_eq(file_write(path_in(folder, name), bytes.data, bytes.len, 0644, false, NULL), 0);
}

static void assert_offset(const char *zone, long offset_s)
{
	struct tm tm;

	zone_local(zone, 1795313820, &tm);
	ck_assert_int_eq(tm.tm_gmtoff, offset_s);
}

static void assert_refused(const char *zone, const char *message, const char *hint)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(zone_check(zone, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_msg(strstr(err.msg, message) != NULL, "%s", err.msg);
	ck_assert_msg(strstr(err.hint, hint) != NULL, "%s", err.hint);
}

START_TEST(looks_where_TZDIR_says)
{
	const char *folder = unit_folder();

	copy_zone("Asia/Tokyo", folder, "Mine");
	(void)setenv("TZDIR", folder, 1);
	ck_assert(zone_exists("Mine"));
	ck_assert(zone_exists("UTC"));
	ck_assert(!zone_exists("Europe/Berlin"));
	assert_offset("Mine", 9 * 3600);
}
END_TEST

/* The package removed, a chroot entered: what is known goes on, nothing becomes
 * UTC behind our back, and the next reading of the configuration says so. */
START_TEST(a_zone_outlives_its_file)
{
	const char *folder = unit_folder();

	copy_zone("Asia/Tokyo", folder, "A");
	copy_zone("America/New_York", folder, "B");
	(void)setenv("TZDIR", folder, 1);
	ck_assert(zone_exists("A") && zone_exists("B"));
	ck_assert_int_eq(unlink(path_in(folder, "A")), 0);
	assert_offset("B", -5 * 3600);
	assert_offset("A", 9 * 3600);
	assert_refused("A", "\"A\" is no time zone of this machine", "such as");
	assert_offset("A", 9 * 3600);
	ck_assert(zone_exists("B"));
	(void)setenv("TZDIR", path_in(folder, "gone"), 1);
	assert_refused("B", "\"B\" is no time zone of this machine", "install tzdata");
	assert_offset("B", -5 * 3600);
	ck_assert(zone_exists("UTC"));
	assert_offset("UTC", 0);
}
END_TEST

START_TEST(a_new_file_is_taken_when_it_is_checked)
{
	const char *folder = unit_folder();

	copy_zone("Asia/Tokyo", folder, "A");
	(void)setenv("TZDIR", folder, 1);
	ck_assert(zone_exists("A"));
	copy_zone("Asia/Kolkata", folder, "A");
	assert_offset("A", 9 * 3600);
	ck_assert(zone_exists("A"));
	assert_offset("A", 19800);
	/* One that makes no sense is refused; the old one stays. */
	ck_assert_int_eq(file_write(path_in(folder, "A"), "TZif2", 5, 0644, false, NULL), 0);
	assert_refused("A", "time zone \"A\": not a file of the time zone database", "");
	assert_offset("A", 19800);
}
END_TEST

static void *ask(void *ctx)
{
	struct tm tm;

	for (int i = 0; i < 200000; i++) {
		zone_local(i % 2 == 0 ? "A" : "B", 1795313820, &tm);
		if (i % 2 != 0 && tm.tm_gmtoff != -5 * 3600)
			*(bool *)ctx = true;
	}
	return NULL;
}

/* The daemon reads its configuration beside its loop, which goes on asking. */
START_TEST(threads_share_the_zones)
{
	const char *folder = unit_folder();
	bool wrong = false;
	pthread_t thread;

	copy_zone("Asia/Tokyo", folder, "A");
	copy_zone("America/New_York", folder, "B");
	(void)setenv("TZDIR", folder, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, ask, &wrong), 0);
	for (int i = 0; i < 200; i++) {
		copy_zone(i % 2 == 0 ? "Asia/Kolkata" : "Asia/Tokyo", folder, "A");
		ck_assert(zone_exists("A"));
		assert_offset("A", i % 2 == 0 ? 19800 : 9 * 3600);
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(!wrong);
}
END_TEST

START_TEST(leap_seconds_are_not_counted)
{
	assert_refused("right/Europe/Berlin", "counts leap seconds", "");
}
END_TEST

static int64_t to_utc(const char *zone, int month, int day, int hour, int minute, bool *skipped)
{
	struct tm tm = { .tm_year = 126, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour,
		.tm_min = minute, .tm_isdst = 1 };

	return zone_to_utc(zone, &tm, skipped);
}

START_TEST(turns_local_time_to_utc)
{
	bool skipped;

	ck_assert_int_eq(to_utc("Europe/Berlin", 11, 22, 3, 17, &skipped), 1795313820);
	ck_assert(!skipped);
	/* The hour that comes twice: the first. */
	ck_assert_int_eq(to_utc("Europe/Berlin", 10, 25, 2, 0, &skipped), 1792886400);
	ck_assert(!skipped);
	ck_assert_int_eq(to_utc("Europe/Berlin", 10, 25, 3, 0, &skipped), 1792893600);
	/* The hour that never comes: the end of the gap. */
	ck_assert_int_eq(to_utc("Europe/Berlin", 3, 29, 2, 30, &skipped), 1774746000);
	ck_assert(skipped);
	ck_assert_int_eq(to_utc("Europe/Berlin", 3, 29, 3, 0, &skipped), 1774746000);
	ck_assert(!skipped);
	/* Carried as timegm does. */
	ck_assert_int_eq(to_utc("UTC", 11, 22 + 31, 0, 0, &skipped),
	    to_utc("UTC", 12, 23, 0, 0, &skipped));
}
END_TEST

START_TEST(changes_zones_as_asked)
{
	struct tm tm;

	zone_local("Asia/Kathmandu", 1795313820, &tm);
	ck_assert_int_eq(tm.tm_hour * 60 + tm.tm_min, 8 * 60 + 2);
	zone_local("UTC", 1795313820, &tm);
	ck_assert_int_eq(tm.tm_hour * 60 + tm.tm_min, 2 * 60 + 17);
	zone_local("America/New_York", 1795313820, &tm);
	ck_assert_int_eq(tm.tm_mday * 10000 + tm.tm_hour * 60 + tm.tm_min, 21 * 10000 + 21 * 60 + 17);
	ck_assert_int_eq(tm.tm_gmtoff, -5 * 3600);
}
END_TEST

UNIT_CASE(zone)
{
	tcase_add_test(tc, knows_the_zones_of_this_machine);
	tcase_add_test(tc, refuses_what_is_none);
	tcase_add_test(tc, looks_where_TZDIR_says);
	tcase_add_test(tc, a_zone_outlives_its_file);
	tcase_add_test(tc, a_new_file_is_taken_when_it_is_checked);
	tcase_add_test(tc, threads_share_the_zones);
	tcase_add_test(tc, leap_seconds_are_not_counted);
	tcase_add_test(tc, turns_local_time_to_utc);
	tcase_add_test(tc, changes_zones_as_asked);
}

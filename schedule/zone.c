#include "schedule/zone.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "schedule/tzfile.h"

#define ZONEINFO "/usr/share/zoneinfo"
#define ZONE_NAME_MAX 128
#define DAY 86400

/* A zone that has been read; a configuration names a few. None is ever dropped,
 * for others may be looking at it: one that is read again is put before what was
 * known of it. The one asked for last is the first. */
struct zone {
	char *name;
	struct tzfile *file;
	struct stat seen;        /* of its file when it was read */
	struct zone *next;
};

static struct zone *zones;
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct tztype utc = { 0, false, "UTC" };

/* A name of the zone database: no path that leads out of its folder. */
static bool name_is_plain(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= ZONE_NAME_MAX || name[0] == '/' || name[len - 1] == '/')
		return false;
	if (strstr(name, "..") != NULL || strstr(name, "//") != NULL)
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789/_+-.") == len;
}

static const char *folder(void)
{
	const char *given = getenv("TZDIR");

	return given != NULL && given[0] != '\0' ? given : ZONEINFO;
}

static struct zone *find_locked(const char *name)
{
	for (struct zone **at = &zones; *at != NULL; at = &(*at)->next) {
		struct zone *zone = *at;

		if (strcmp(zone->name, name) != 0)
			continue;
		*at = zone->next;
		zone->next = zones;
		zones = zone;
		return zone;
	}
	return NULL;
}

/* NULL when it has not been read yet. */
static const struct zone *find(const char *name)
{
	struct zone *zone;

	(void)pthread_mutex_lock(&zones_lock);
	zone = find_locked(name);
	(void)pthread_mutex_unlock(&zones_lock);
	return zone;
}

static struct tzfile *read_file(const char *path, struct err *err)
{
	AUTO_BUF bytes = BUF_INIT(TZFILE_MAX_BYTES);

	if (file_read(path, &bytes, err) != 0)
		return NULL;
	return tzfile_new(buf_str(&bytes), bytes.len, err);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void keep(const char *name, struct tzfile *file, const struct stat *seen)
{
	struct zone *zone = mem_calloc(1, sizeof(*zone));

	zone->name = mem_strdup(name);
	zone->file = file;
	zone->seen = *seen;
	(void)pthread_mutex_lock(&zones_lock);
	zone->next = zones;
	zones = zone;
	(void)pthread_mutex_unlock(&zones_lock);
}

/* What is missing: this zone, or all of them? */
static int not_there(const char *name, struct err *err)
{
	struct stat st;

	(void)err_set(err, ERR_USAGE, "\"%.100s\" is no time zone of this machine", name);
	if (stat(folder(), &st) != 0)
		return err_hint(err, "there is no time zone data in %s: install tzdata", folder());
	return err_hint(err, "a name such as \"Europe/Berlin\" or \"UTC\"");
}

int zone_check(const char *name, struct err *err)
{
	AUTO_STR path = NULL;
	const struct zone *zone;
	struct tzfile *file;
	struct stat st;

	if (strcmp(name, utc.name) == 0)
		return 0;
	if (!name_is_plain(name))
		return not_there(name, err);
	path = mem_printf("%s/%s", folder(), name);
	/* A folder holds more zones; other files are tables in plain text. */
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return not_there(name, err);
	zone = find(name);
	if (zone != NULL && same_file(&st, &zone->seen))
		return 0;
	file = read_file(path, err);
	if (file == NULL) {
		if (err != NULL)
			err->code = ERR_USAGE;
		return err_wrap(err, "time zone \"%.100s\"", name);
	}
	keep(name, file, &st);
	return 0;
}

bool zone_exists(const char *name)
{
	return zone_check(name, NULL) == 0;
}

static const struct tztype *type_at(const char *name, int64_t at)
{
	const struct zone *zone;

	if (strcmp(name, utc.name) == 0)
		return &utc;
	zone = find(name);
	if (zone == NULL && zone_check(name, NULL) == 0)
		zone = find(name);
	return zone != NULL ? tzfile_at(zone->file, at) : &utc;
}

void zone_local(const char *name, int64_t at, struct tm *ret)
{
	const struct tztype *type = type_at(name, at);
	time_t shifted = (time_t)(at + type->offset_s);

	/* Fails only for years that do not fit an int. */
	if (gmtime_r(&shifted, ret) == NULL)
		*ret = (struct tm){ .tm_year = 70, .tm_mday = 1 };
	ret->tm_isdst = type->is_dst;
	ret->tm_gmtoff = type->offset_s;
	ret->tm_zone = type->name;
}

static int64_t offset_at(const char *name, int64_t at)
{
	return type_at(name, at)->offset_s;
}

/* A gap lies between `before` (the clock shows less than `wall`) and `after`
 * (it shows more): the first moment that shows more. */
static int64_t end_of_gap(const char *name, int64_t wall, int64_t before, int64_t after)
{
	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (middle + offset_at(name, middle) < wall)
			before = middle;
		else
			after = middle;
	}
	return after;
}

/*
 * mktime answers one of the two moments of a repeated time by a guess that
 * depends on its previous call, so it is not used. No clock is more than 16
 * hours from UTC: the offset that holds at this local time is the one a day
 * before its reading as UTC, or a day after, or at it.
 */
int64_t zone_to_utc(const char *name, const struct tm *local, bool *ret_skipped)
{
	struct tm copy = *local;
	int64_t wall = timegm(&copy);
	int64_t samples[3] = { wall - DAY, wall, wall + DAY };
	int64_t first = INT64_MAX, low = INT64_MAX, high = INT64_MIN;

	for (int i = 0; i < 3; i++) {
		int64_t at = wall - offset_at(name, samples[i]);

		if (at + offset_at(name, at) == wall && at < first)
			first = at;
		if (at < low)
			low = at;
		if (at > high)
			high = at;
	}
	*ret_skipped = first == INT64_MAX;
	return *ret_skipped ? end_of_gap(name, wall, low, high) : first;
}

int64_t zone_next_change(const char *name, int64_t from, int64_t to)
{
	int64_t offset = offset_at(name, from);

	if (offset_at(name, to) == offset)
		return to;
	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;

		if (offset_at(name, middle) == offset)
			from = middle;
		else
			to = middle;
	}
	return to;
}

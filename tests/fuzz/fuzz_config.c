/*
 * backup.conf (config/config.h): either problems, each with a line that is there,
 * or a configuration that is whole.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/config.h"
#include "schedule/zone.h"
#include "storage/bucket_key.h"
#include "tests/fuzz/fuzz.h"

/* Its text lies in memory, as when d1keepd hands it to a child. */
static const char *put(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("backup.conf", MFD_CLOEXEC);
		REQUIRE(fd >= 0);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	REQUIRE(ftruncate(fd, 0) == 0);
	REQUIRE(size == 0 || pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

static int count_lines(const uint8_t *data, size_t size)
{
	int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

static void check_problems(const struct config_problems *problems, int lines)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *p = &problems->items[i];

		REQUIRE(p->message != NULL && p->message[0] != '\0');
		REQUIRE(p->line >= 0 && p->line <= lines);
	}
}

/* A name is a folder in the bucket. */
static void check_name(const char *name)
{
	AUTO_STR key = mem_printf("%s/x", name);

	REQUIRE(name[0] != '.' && strchr(name, '/') == NULL && bucket_key_ok(key));
}

static void check_database(const struct config_database *d)
{
	check_name(d->name);
	check_name(d->environment->name);
	REQUIRE(d->policy.bucket != NULL && d->policy.attempts > 0);
	REQUIRE(d->source != CONFIG_SOURCE_D1 || (d->id != NULL && d->policy.account != NULL));
	REQUIRE(d->source != CONFIG_SOURCE_SQLITE || d->path != NULL);
	REQUIRE(d->source != CONFIG_SOURCE_WRANGLER || (d->project != NULL && d->id != NULL));
	REQUIRE(zone_exists(d->policy.timezone));
	if (d->policy.schedule != NULL)
		REQUIRE(cron_next(&d->policy.cron, "UTC", 1700000000) > 1700000000);
}

static void check_bucket(const struct config_bucket *bucket)
{
	AUTO_STR key = mem_printf("%s%sx", bucket->prefix, bucket->prefix[0] != '\0' ? "/" : "");

	check_name(bucket->name);
	REQUIRE(bucket_key_ok(key));
	if (bucket->type == CONFIG_BUCKET_DIRECTORY)
		REQUIRE(bucket->path != NULL && bucket->path[0] == '/');
	else
		REQUIRE(bucket->access_key_id != NULL && bucket->secret_access_key != NULL &&
		    (bucket->endpoint != NULL || bucket->account != NULL));
}

static void check_config(const struct config *config, const uint8_t *data, size_t size)
{
	REQUIRE(config->environment_count > 0);
	REQUIRE(strlen(config->text) == size && memcmp(config->text, data, size) == 0);
	REQUIRE(config->jobs > 0);
	for (size_t i = 0; i < config->bucket_count; i++)
		check_bucket(config->buckets[i]);
	for (size_t i = 0; i < config->database_count; i++)
		check_database(config->databases[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_problems problems = { 0 };
	struct config *config = config_read_from("/etc/d1keep/backup.conf", put(data, size),
	    &problems);

	REQUIRE((config == NULL) == (problems.count > 0));
	check_problems(&problems, count_lines(data, size));
	if (config != NULL)
		check_config(config, data, size);
	config_free(config);
	config_problems_release(&problems);
	return 0;
}

#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "config/build.h"
#include "config/outline.h"
#include "config/path.h"
#include "config/problem.h"
#include "config/text.h"
#include "config/value.h"

/* Ten thousand databases with options of their own take 1.3 MB. */
#define FILE_MAX_BYTES (16 * 1024 * 1024)
#define SYSTEM_FILE "/etc/d1keep/backup.conf"

char *config_find(const char *given, struct err *err)
{
	static const char *const usual[] = { "./backup.conf", SYSTEM_FILE };
	const char *named = given != NULL ? given : getenv("D1KEEP_CONFIG");

	if (named != NULL && named[0] != '\0')
		return mem_strdup(named);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (access(usual[i], F_OK) == 0)
			return mem_strdup(usual[i]);
	}
	(void)err_set(err, ERR_USAGE, "no configuration: neither ./backup.conf nor %s is there",
	    SYSTEM_FILE);
	(void)err_hint(err, "name one with -c FILE or D1KEEP_CONFIG; d1keep init makes a first one");
	return NULL;
}

static void add_empty(struct config_problems *problems, const char *text, const char *path)
{
	problem_add(problems, 0, "%s", text);
	problem_hint(problems, "d1keep init --force --output %s makes a first one; backup.conf(5) describes it", path);
}

/* The outline, or -1 when there is no sense in going on. */
static int read_outline(const char *path, char **ret_text, struct outline *ret,
    struct config_problems *problems)
{
	struct err err = ERR_INIT;
	size_t before = problems->count;
	AUTO_BUF text = BUF_INIT(FILE_MAX_BYTES);

	if (file_read(path, &text, &err) != 0) {
		problem_add_err(problems, 0, &err);
		if (err.code == ERR_NOT_FOUND)
			problem_hint(problems, "d1keep init --output %s makes a first one", path);
	} else if (text.len > 0) {
		*ret_text = mem_strndup(text.data, text.len);
		if (text_prepare(text.data, text.len, problems) == 0)
			outline_read(ret, text.data, problems);
	}
	if (text.len == 0 && problems->count == before)
		add_empty(problems, "the file is empty", path);
	return ret->count > 0 ? 0 : -1;
}

struct config *config_read(const char *path, struct config_problems *problems)
{
	return config_read_from(path, path, problems);
}

struct config *config_read_from(const char *path, const char *text_path,
    struct config_problems *problems)
{
	struct config *config = mem_calloc(1, sizeof(*config));
	AUTO_STR folder = path_folder(path);
	struct outline outline = { 0 };
	size_t before = problems->count;

	config->path = mem_strdup(path);
	if (read_outline(text_path, &config->text, &outline, problems) == 0)
		config_build(config, &outline, folder, problems);
	if (problems->count == before && config->environment_count == 0)
		add_empty(problems, "the file has no environment", path);
	outline_release(&outline);
	problem_sort(problems, before);
	problem_say_more(problems);
	if (problems->count == before)
		return config;
	config_free(config);
	return NULL;
}

static void free_environment(struct config_environment *environment)
{
	for (size_t i = 0; i < environment->database_count; i++) {
		struct config_database *database = environment->databases[i];

		value_release(SECTION_DATABASE, false, database);
		value_release(SECTION_DATABASE, true, &database->policy);
		free(database->name);
		free(database);
	}
	value_release(SECTION_ENVIRONMENT, true, &environment->policy);
	free(environment->databases);
	free(environment->name);
	free(environment);
}

static void free_lists(struct config *config)
{
	for (size_t i = 0; i < config->account_count; i++) {
		value_release(SECTION_ACCOUNT, false, config->accounts[i]);
		free(config->accounts[i]->name);
		free(config->accounts[i]);
	}
	for (size_t i = 0; i < config->notify_count; i++) {
		value_release(SECTION_NOTIFY, false, config->notifies[i]);
		free(config->notifies[i]->name);
		free(config->notifies[i]);
	}
	for (size_t i = 0; i < config->bucket_count; i++) {
		value_release(SECTION_BUCKET, false, config->buckets[i]);
		free(config->buckets[i]->name);
		free(config->buckets[i]);
	}
	for (size_t i = 0; i < config->trusted_key_count; i++)
		free(config->trusted_keys[i]);
	free(config->accounts);
	free(config->buckets);
	free(config->notifies);
	free(config->trusted_keys);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->environment_count; i++)
		free_environment(config->environments[i]);
	free(config->environments);
	free(config->databases);
	free_lists(config);
	value_release(SECTION_FILE, false, config);
	free(config->path);
	free(config->text);
	free(config);
}

struct slots config_slots(const struct config_database *database)
{
	const struct config_policy *policy = &database->policy;
	AUTO_STR name = mem_printf("%s/%s", database->environment->name, database->name);

	return (struct slots){
		.cron = policy->cron, .zone = policy->timezone,
		.offset_s = slots_offset(name, policy->spread), .blackout = policy->blackout_windows,
	};
}

/* Names of databases and buckets, and the environments that are in them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "setup/draft.h"

#define BETWEEN "-_."             /* what parts words of a name */
#define DEFAULT_ENVIRONMENT "production"

/* Words that people use, and the environment they mean. */
static const struct { const char *word, *environment; } usual[] = {
	{ "production", "production" }, { "prod", "production" }, { "live", "live" },
	{ "staging", "staging" }, { "stage", "staging" }, { "stg", "staging" },
	{ "preview", "preview" }, { "development", "development" }, { "dev", "development" },
	{ "test", "test" }, { "testing", "test" }, { "qa", "qa" }, { "uat", "uat" },
	{ "demo", "demo" }, { "sandbox", "sandbox" },
};

/* The environment that `len` letters mean, or NULL. */
static const char *environment_of(const char *word, size_t len, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++) {
		if (strlen(*words) == len && strncasecmp(*words, word, len) == 0)
			return *words;
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (strlen(usual[i].word) == len && strncasecmp(usual[i].word, word, len) == 0)
			return usual[i].environment;
	}
	return NULL;
}

/* At an end of the name, parted from the rest. A wished environment may have such
 * a letter in its own name, so every place is tried. */
static const char *find_environment(const char *name, const char *const *words,
    const char **ret_rest, size_t *ret_rest_len)
{
	size_t len = strlen(name);

	for (size_t i = 1; i + 1 < len; i++) {
		const char *found;

		if (strchr(BETWEEN, name[i]) == NULL)
			continue;
		if ((found = environment_of(name + i + 1, len - i - 1, words)) != NULL) {
			*ret_rest = name;
			*ret_rest_len = i;
			return found;
		}
		if ((found = environment_of(name, i, words)) != NULL) {
			*ret_rest = name + i + 1;
			*ret_rest_len = len - i - 1;
			return found;
		}
	}
	return NULL;
}

bool group_split(const char *name, const char *const *words, char **ret_environment,
    char **ret_rest)
{
	const char *rest, *environment;
	size_t len;

	environment = find_environment(name, words, &rest, &len);
	if (environment == NULL)
		return false;
	*ret_environment = mem_strdup(environment);
	*ret_rest = mem_strndup(rest, len);
	return true;
}

/* ---- databases ---- */

static bool is_wished(const char *environment, const char *const *only)
{
	if (only == NULL || *only == NULL)
		return true;
	for (; *only != NULL; only++) {
		if (strcasecmp(*only, environment) == 0)
			return true;
	}
	return false;
}

static void leave_out(struct draft *draft, const char *name)
{
	draft->left_out = mem_grow(draft->left_out, draft->left_out_count, &draft->left_out_cap,
	    sizeof(*draft->left_out));
	draft->left_out[draft->left_out_count++] = mem_strdup(name);
}

void group_databases(struct draft *draft, const struct group_item *items, size_t count,
    const char *const *only)
{
	const char *rest_goes_to = only != NULL && *only != NULL ? *only : DEFAULT_ENVIRONMENT;

	for (size_t i = 0; i < count; i++) {
		AUTO_STR environment = NULL;
		AUTO_STR rest = NULL;
		bool evident = group_split(items[i].name, only, &environment, &rest);
		struct draft_wish wish = {
			.title = evident ? rest : items[i].name, .name = items[i].name, .id = items[i].id,
			.note = evident ? NULL : "its name says no environment: is this the right one?",
		};

		if (evident && !is_wished(environment, only)) {
			leave_out(draft, items[i].name);
			continue;
		}
		draft_add(draft_environment(draft, evident ? environment : rest_goes_to), &wish);
	}
}

/* ---- buckets ---- */

/* Do the words of the name include one of this environment's? */
static const char *environment_in(const char *name, const char *const *words)
{
	while (*name != '\0') {
		size_t len = strcspn(name, BETWEEN);
		const char *found = environment_of(name, len, words);

		if (found != NULL)
			return found;
		name += len;
		name += strspn(name, BETWEEN);
	}
	return NULL;
}

static bool is_for_backups(const char *name)
{
	return strcasestr(name, "backup") != NULL || strcasestr(name, "d1keep") != NULL;
}

/* 0: does not fit; the higher the better. A bucket that is not called a backup's
 * is somebody's own: it is never taken. */
static int fit(const char *bucket, const char *environment)
{
	const char *const words[] = { environment, NULL };
	const char *in = environment_in(bucket, words);

	if (!is_for_backups(bucket))
		return 0;
	if (in != NULL)
		return strcasecmp(in, environment) == 0 ? 2 : 0;
	return strcmp(environment, DEFAULT_ENVIRONMENT) == 0 ? 1 : 0;
}

void group_buckets(struct draft *draft, char *const *buckets, size_t count)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct draft_environment *e = &draft->environments[i];
		int best = 0;

		for (size_t j = 0; j < count && !e->is_local; j++) {
			if (fit(buckets[j], e->name) <= best)
				continue;
			best = fit(buckets[j], e->name);
			free(e->bucket);
			e->bucket = mem_strdup(buckets[j]);
		}
	}
}

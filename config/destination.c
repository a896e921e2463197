#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/build.h"
#include "config/problem.h"

struct destination {
	const struct config_database *database;
	char *place;
};

/* The folder itself, if it is there: a link may lead two paths to one place. */
static char *directory_place(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : mem_strdup(path);
}

static char *bucket_place(const struct config_bucket *bucket)
{
	const char *name = bucket->bucket != NULL ? bucket->bucket : bucket->name;

	if (bucket->type == CONFIG_BUCKET_DIRECTORY)
		return bucket->path != NULL ? directory_place(bucket->path) : NULL;
	if (bucket->endpoint != NULL)
		return mem_printf("%s/%s", bucket->endpoint, name);
	if (bucket->account != NULL && bucket->account->id != NULL)
		return mem_printf("https://%s.r2.cloudflarestorage.com/%s", bucket->account->id, name);
	return NULL;
}

/* Where the database's objects lie, in lower case (some file systems know no
 * other) and with slashes that sort before every other character, so that what
 * lies in a folder follows it directly. NULL when that is not known. */
static char *place_of(const struct config *config, const struct config_database *database,
    char *const *roots)
{
	const struct config_bucket *bucket = database->policy.bucket;
	const char *root = NULL;
	char *place;

	for (size_t i = 0; i < config->bucket_count; i++) {
		if (config->buckets[i] == bucket)
			root = roots[i];
	}
	if (root == NULL)
		return NULL;
	place = mem_printf("%s%s%s/%s/%s", root, bucket->prefix[0] != '\0' ? "/" : "",
	    bucket->prefix, database->environment->name, database->name);
	for (char *p = place; *p != '\0'; p++)
		*p = *p == '/' ? '\x01' : (char)tolower((unsigned char)*p);
	return place;
}

static int compare(const void *a, const void *b)
{
	const struct destination *x = a, *y = b;
	int order = strcmp(x->place, y->place);

	return order != 0 ? order : x->database->line - y->database->line;
}

/* `inner` is `outer`, or lies in it. */
static bool lies_in(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return strncmp(inner, outer, len) == 0 && (inner[len] == '\0' || inner[len] == '\x01');
}

static void complain(const struct destination *outer, const struct destination *inner,
    struct config_problems *problems)
{
	const struct config_database *a = outer->database, *b = inner->database;
	bool same = strcmp(outer->place, inner->place) == 0;

	/* The same name twice has been said already. */
	if (strcmp(a->name, b->name) == 0 && strcmp(a->environment->name, b->environment->name) == 0)
		return;
	problem_add(problems, b->line, "database \"%s/%s\" writes %s \"%s/%s\" of line %d",
	    b->environment->name, b->name, same ? "to the same place as" : "into the folder of",
	    a->environment->name, a->name, a->line);
	problem_hint(problems, "give one of their buckets another prefix, or one of them another name");
}

void config_check_destinations(const struct config *config, struct config_problems *problems)
{
	struct destination *all = mem_calloc(config->database_count, sizeof(*all));
	char **roots = mem_calloc(config->bucket_count, sizeof(char *));
	size_t count = 0, outer = 0;

	/* Once for each bucket: it asks the file system. */
	for (size_t i = 0; i < config->bucket_count; i++)
		roots[i] = bucket_place(config->buckets[i]);
	for (size_t i = 0; i < config->database_count; i++) {
		char *place = place_of(config, config->databases[i], roots);

		if (place != NULL)
			all[count++] = (struct destination){ config->databases[i], place };
	}
	qsort(all, count, sizeof(*all), compare);
	for (size_t i = 1; i < count; i++) {
		if (lies_in(all[i].place, all[outer].place))
			complain(&all[outer], &all[i], problems);
		else
			outer = i;
	}
	for (size_t i = 0; i < count; i++)
		free(all[i].place);
	for (size_t i = 0; i < config->bucket_count; i++)
		free(roots[i]);
	free(roots);
	free(all);
}

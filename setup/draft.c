#include "setup/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TITLE_MAX 64
#define TITLE_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

static void release_database(struct draft_database *d)
{
	free(d->title);
	free(d->name);
	free(d->id);
	free(d->project);
	free(d->note);
}

static void release_environment(struct draft_environment *e)
{
	for (size_t i = 0; i < e->count; i++)
		release_database(&e->databases[i]);
	free(e->databases);
	free(e->name);
	free(e->bucket);
}

void draft_release(struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++)
		release_environment(&draft->environments[i]);
	free(draft->environments);
	for (size_t i = 0; i < draft->left_out_count; i++)
		free(draft->left_out[i]);
	free(draft->left_out);
	*draft = (struct draft){ 0 };
}

/* What config/value.h takes for a title. */
static char *title_of(const char *text)
{
	char *title = mem_strndup(text, strlen(text) < TITLE_MAX ? strlen(text) : TITLE_MAX);

	for (char *p = title; *p != '\0'; p++) {
		if (strchr(TITLE_LETTERS, *p) == NULL)
			*p = '-';
	}
	if (title[0] == '-' || title[0] == '.')
		title[0] = 'x';
	if (title[0] == '\0') {
		free(title);
		return mem_strdup("database");
	}
	return title;
}

struct draft_environment *draft_environment(struct draft *draft, const char *name)
{
	AUTO_STR title = title_of(name);

	for (size_t i = 0; i < draft->count; i++) {
		if (strcmp(draft->environments[i].name, title) == 0)
			return &draft->environments[i];
	}
	draft->environments = mem_grow(draft->environments, draft->count, &draft->cap,
	    sizeof(*draft->environments));
	draft->environments[draft->count] = (struct draft_environment){ .name = mem_strdup(title) };
	return &draft->environments[draft->count++];
}

static bool is_taken(const struct draft_environment *e, const char *title)
{
	for (size_t i = 0; i < e->count; i++) {
		if (strcmp(e->databases[i].title, title) == 0)
			return true;
	}
	return false;
}

static char *free_title(const struct draft_environment *e, const struct draft_wish *wish)
{
	char *title = title_of(wish->title);

	if (is_taken(e, title)) {
		free(title);
		title = title_of(wish->name);
	}
	for (unsigned n = 2; is_taken(e, title); n++) {
		AUTO_STR numbered = mem_printf("%.50s-%u", wish->title, n);

		free(title);
		title = title_of(numbered);
	}
	return title;
}

void draft_add(struct draft_environment *e, const struct draft_wish *wish)
{
	struct draft_database database = {
		.title = free_title(e, wish), .name = mem_strdup(wish->name),
		.id = mem_strdup(wish->id), .source = wish->source,
		.project = mem_strdup(wish->project), .note = mem_strdup(wish->note),
	};

	e->databases = mem_grow(e->databases, e->count, &e->cap, sizeof(*e->databases));
	e->databases[e->count++] = database;
}

static int rank(const struct draft_environment *e)
{
	if (e->is_local)
		return 2;
	return strcmp(e->name, "production") == 0 ? 0 : 1;
}

static int compare_environments(const void *a, const void *b)
{
	const struct draft_environment *x = a, *y = b;

	return rank(x) != rank(y) ? rank(x) - rank(y) : strcmp(x->name, y->name);
}

static int compare_databases(const void *a, const void *b)
{
	const struct draft_database *x = a, *y = b;

	return strcmp(x->title, y->title);
}

void draft_sort(struct draft *draft)
{
	if (draft->count == 0)
		return;
	qsort(draft->environments, draft->count, sizeof(*draft->environments), compare_environments);
	for (size_t i = 0; i < draft->count; i++) {
		struct draft_environment *e = &draft->environments[i];

		if (e->count > 0)
			qsort(e->databases, e->count, sizeof(*e->databases), compare_databases);
	}
}

#include "config/require.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/mem.h"
#include "config/problem.h"
#include "config/value.h"

/* The option that tells of which sort a section is. */
static const char *variant_option(const struct outline_section *section)
{
	return section->kind == SECTION_DATABASE ? "source" : "type";
}

/* The bit of a bucket's type or a database's source in an option's sets; all
 * bits where there is neither, 0 where it is written wrongly or missing. */
static unsigned variant(const struct outline_section *section)
{
	const char *name = variant_option(section);
	const struct option *option = option_find(section->kind, name);
	const struct outline_value *value;
	int choice;

	if (option == NULL)
		return OPTION_NEEDED;
	value = outline_find(section, name);
	if (value == NULL && option->fallback == NULL)
		return 0;
	choice = option_choice(option, value != NULL ? value->text : option->fallback);
	return choice >= 0 ? 1u << choice : 0;
}

static const char *variant_name(const struct outline_section *section)
{
	const struct outline_value *value = outline_find(section, variant_option(section));

	return value != NULL ? value->text : "d1";
}

static void check_missing(const struct outline_section *section, unsigned bits,
    struct config_problems *problems)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];
		AUTO_STR label = NULL;

		if ((o->sections & IN(section->kind)) == 0 || outline_find(section, o->name) != NULL)
			continue;
		if (o->needed_for != OPTION_NEEDED && (o->needed_for & bits) == 0)
			continue;
		label = outline_label(section);
		problem_add(problems, section->line, "%s has no %s", label, o->name);
		problem_hint(problems, "%s: %s", o->name, o->help);
	}
}

static void check_useless(const struct outline_section *section, unsigned bits,
    struct config_problems *problems)
{
	for (size_t i = 0; i < section->count && bits != 0; i++) {
		const struct outline_value *value = &section->values[i];

		if (value->option->only_for != 0 && (value->option->only_for & bits) == 0)
			problem_add(problems, value->line, "%s has no meaning for %s \"%s\"",
			    value->option->name,
			    section->kind == SECTION_BUCKET ? "a bucket of type" :
			    section->kind == SECTION_NOTIFY ? "a notify of type" :
			    "a database of source",
			    variant_name(section));
	}
}

/* Sections of one name stand together, in the order of the file. */
static int by_name(const void *a, const void *b)
{
	const struct outline_section *x = *(const struct outline_section *const *)a;
	const struct outline_section *y = *(const struct outline_section *const *)b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->parent != y->parent)
		return x->parent->number < y->parent->number ? -1 : 1;
	order = strcmp(x->title, y->title);
	if (order != 0)
		return order;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Tell each section of the first one with its name. Not by looking through all
 * the others: there may be thousands. */
static void find_namesakes(const struct outline *outline)
{
	size_t count = outline->count - 1;   /* the file itself has no name */
	struct outline_section **sorted = mem_calloc(count, sizeof(struct outline_section *));

	memcpy(sorted, outline->sections + 1, count * sizeof(struct outline_section *));
	qsort(sorted, count, sizeof(struct outline_section *), by_name);
	for (size_t i = 1; i < count; i++) {
		const struct outline_section *before = sorted[i - 1];

		if (before->kind == sorted[i]->kind && before->parent == sorted[i]->parent &&
		    strcmp(before->title, sorted[i]->title) == 0)
			sorted[i]->namesake = before->namesake != NULL ? before->namesake : before;
	}
	free(sorted);
}

static void check_title(const struct outline_section *section, struct config_problems *problems)
{
	bool good = value_is_name(section->title);
	AUTO_STR label = good && section->namesake == NULL ? NULL : outline_label(section);

	if (!good) {
		problem_add(problems, section->line, "%s: \"%.64s\" cannot be a name", label,
		    section->title);
		problem_hint(problems, "at most 64 letters, digits, \"-\", \"_\" and \".\", not beginning with \"-\" or \".\"");
	}
	if (section->namesake != NULL)
		problem_add(problems, section->line, "%s is there twice, first in line %d", label,
		    section->namesake->line);
}

static bool is_uuid(const char *text)
{
	static const char shape[] = "00000000-0000-0000-0000-000000000000";
	size_t i = 0;

	for (; text[i] != '\0' && i < sizeof(shape) - 1; i++) {
		if (shape[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return i == sizeof(shape) - 1 && text[i] == '\0';
}

static void check_bucket(const struct outline_section *section, unsigned bits,
    struct config_problems *problems)
{
	if ((bits & 1u << CONFIG_BUCKET_R2) == 0 || outline_find(section, "account") != NULL ||
	    outline_find(section, "endpoint") != NULL)
		return;
	problem_add(problems, section->line, "bucket \"%.64s\" has neither account nor endpoint",
	    section->title);
	problem_hint(problems, "account for Cloudflare R2, endpoint for any other S3");
}

static void check_d1(const struct outline_section *section, struct config_problems *problems)
{
	const struct config_database *database = section->built;
	const struct outline_value *id = outline_find(section, "id");

	if (id != NULL && !is_uuid(id->text)) {
		problem_add(problems, id->line, "id: \"%.100s\" is not a UUID", id->text);
		problem_hint(problems, "\"wrangler d1 list\" and \"wrangler d1 info NAME\" show it");
	}
	if (database->policy.account == NULL && outline_find(section, "account") == NULL &&
	    outline_find(section->parent, "account") == NULL)
		problem_add(problems, section->line, "database \"%.64s/%.64s\" has no account",
		    section->parent->title, section->title);
}

static void check_database(const struct outline_section *section, unsigned bits,
    struct config_problems *problems)
{
	if ((bits & 1u << CONFIG_SOURCE_D1) != 0)
		check_d1(section, problems);
	if (outline_find(section, "bucket") != NULL || outline_find(section->parent, "bucket") != NULL)
		return;
	problem_add(problems, section->line, "database \"%.64s/%.64s\" has no bucket",
	    section->parent->title, section->title);
	problem_hint(problems, "bucket = … here or in the environment");
}

static void check_environment(const struct outline_section *section,
    struct config_problems *problems)
{
	const struct config_environment *environment = section->built;

	if (environment->database_count == 0)
		problem_add(problems, section->line, "environment \"%.64s\" has no database",
		    section->title);
}

/* Who is told of an end only would never be told: see docs/notifications.md. */
static void check_events(const struct outline_section *section, struct config_problems *problems)
{
	const struct config_notify *notify = section->built;
	unsigned beginnings = CONFIG_EVENT_FAILURE | CONFIG_EVENT_STALE;

	if ((notify->events & CONFIG_EVENT_RECOVERY) == 0 || (notify->events & beginnings) != 0)
		return;
	problem_add(problems, outline_line(section, "events"),
	    "events: \"recovery\" is only told of what was told before");
	problem_hint(problems, "add \"failure\" or \"stale\"");
}

static void check_notify(const struct outline *outline, const struct outline_section *section,
    struct config_problems *problems)
{
	const struct outline_value *wanted = outline_find(section, "environment");
	const char *near = NULL;

	check_events(section, problems);
	if (wanted == NULL)
		return;
	for (size_t i = 1; i < outline->count; i++) {
		const struct outline_section *other = outline->sections[i];

		if (other->kind != SECTION_ENVIRONMENT)
			continue;
		if (strcmp(other->title, wanted->text) == 0)
			return;
		if (word_is_near(other->title, wanted->text))
			near = other->title;
	}
	problem_add(problems, wanted->line, "environment: \"%.64s\" is not an environment of this file",
	    wanted->text);
	if (near != NULL)
		problem_hint(problems, "did you mean \"%s\"?", near);
}

/* What others can reach must know who they are. */
static void check_listen(const struct outline_section *file, struct config_problems *problems)
{
	const struct outline_value *listen = outline_find(file, "listen");
	struct address address;

	if (listen == NULL || outline_find(file, "control_token") != NULL ||
	    address_parse(listen->text, &address, NULL) != 0 ||
	    address_is_loopback((const struct sockaddr *)&address.storage))
		return;
	problem_add(problems, listen->line,
	    "listen: other machines can reach \"%.64s\", so there must be a control_token", listen->text);
	problem_hint(problems, "control_token = \"file:/etc/d1keep/control.token\", or listen = \"127.0.0.1:8417\"");
}

void require_all(const struct outline *outline, struct config_problems *problems)
{
	find_namesakes(outline);
	check_listen(outline->sections[0], problems);
	for (size_t i = 1; i < outline->count; i++) {
		const struct outline_section *section = outline->sections[i];
		unsigned bits = variant(section);

		check_title(section, problems);
		check_missing(section, bits, problems);
		check_useless(section, bits, problems);
		if (section->kind == SECTION_BUCKET)
			check_bucket(section, bits, problems);
		else if (section->kind == SECTION_ENVIRONMENT)
			check_environment(section, problems);
		else if (section->kind == SECTION_NOTIFY)
			check_notify(outline, section, problems);
		else if (section->kind == SECTION_DATABASE)
			check_database(section, bits, problems);
	}
}

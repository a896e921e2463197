#include "config/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/problem.h"
#include "config/require.h"
#include "config/value.h"

struct builder {
	struct config *config;
	struct outline *outline;
	struct value_scope scope;
	struct config_problems *problems;
};

/* Where an option's field lies: in the section's struct, or in its policy. */
static void *base_of(const struct option *option, void *own, struct config_policy *policy)
{
	return option_is_inherited(option) ? (void *)policy : own;
}

/* A database's inherited options have no default but its environment's. */
static void set_defaults(struct builder *b, enum section_kind kind, void *own,
    struct config_policy *policy)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];

		if ((o->sections & IN(kind)) == 0 || o->fallback == NULL ||
		    (kind == SECTION_DATABASE && option_is_inherited(o)))
			continue;
		(void)value_set(o, o->fallback, &b->scope, base_of(o, own, policy), NULL);
	}
}

static void set_values(struct builder *b, const struct outline_section *section, void *own,
    struct config_policy *policy)
{
	set_defaults(b, section->kind, own, policy);
	for (size_t i = 0; i < section->count; i++) {
		const struct outline_value *value = &section->values[i];
		struct err err = ERR_INIT;

		if (value_set(value->option, value->text, &b->scope,
		    base_of(value->option, own, policy), &err) != 0)
			problem_add_err(b->problems, value->line, &err);
	}
}

/* An array without a capacity of its own: it doubles at every power of two. */
static void *room_for_one(void *array, size_t count, size_t size)
{
	return (count & (count - 1)) != 0 ? array : mem_realloc(array, count > 0 ? 2 * count : 1, size);
}

static void build_account(struct builder *b, struct outline_section *section)
{
	struct config *config = b->config;
	struct config_account *account = mem_calloc(1, sizeof(*account));

	config->accounts = room_for_one(config->accounts, config->account_count,
	    sizeof(struct config_account *));
	config->accounts[config->account_count++] = account;
	account->name = mem_strdup(section->title);
	account->line = section->line;
	set_values(b, section, account, NULL);
}

static void build_bucket(struct builder *b, struct outline_section *section)
{
	struct config *config = b->config;
	struct config_bucket *bucket = mem_calloc(1, sizeof(*bucket));

	config->buckets = room_for_one(config->buckets, config->bucket_count,
	    sizeof(struct config_bucket *));
	config->buckets[config->bucket_count++] = bucket;
	bucket->name = mem_strdup(section->title);
	bucket->line = section->line;
	set_values(b, section, bucket, NULL);
}

static void build_notify(struct builder *b, struct outline_section *section)
{
	struct config *config = b->config;
	struct config_notify *notify = mem_calloc(1, sizeof(*notify));

	config->notifies = room_for_one(config->notifies, config->notify_count,
	    sizeof(struct config_notify *));
	config->notifies[config->notify_count++] = notify;
	notify->name = mem_strdup(section->title);
	notify->line = section->line;
	section->built = notify;
	set_values(b, section, notify, NULL);
}

static void build_environment(struct builder *b, struct outline_section *section)
{
	struct config *config = b->config;
	struct config_environment *environment = mem_calloc(1, sizeof(*environment));

	config->environments = room_for_one(config->environments, config->environment_count,
	    sizeof(struct config_environment *));
	config->environments[config->environment_count++] = environment;
	environment->name = mem_strdup(section->title);
	environment->line = section->line;
	section->built = environment;
	environment->policy.timezone = mem_strdup(config->timezone);
	set_values(b, section, environment, &environment->policy);
}

static void inherit(struct config_policy *to, const struct config_policy *from)
{
	*to = *from;
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];
		char **copy = (char **)((char *)to + o->offset);

		if (option_is_inherited(o) && option_is_string(o))
			*copy = mem_strdup(*copy);
	}
}

static void build_database(struct builder *b, struct outline_section *section)
{
	struct config_environment *environment = section->parent->built;
	struct config_database *database = mem_calloc(1, sizeof(*database));

	environment->databases = room_for_one(environment->databases, environment->database_count,
	    sizeof(struct config_database *));
	environment->databases[environment->database_count++] = database;
	database->name = mem_strdup(section->title);
	database->line = section->line;
	database->environment = environment;
	section->built = database;
	inherit(&database->policy, &environment->policy);
	set_values(b, section, database, &database->policy);
}

static void build_all(struct builder *b, enum section_kind kind,
    void (*build)(struct builder *b, struct outline_section *section))
{
	for (size_t i = 0; i < b->outline->count; i++) {
		if (b->outline->sections[i]->kind == kind)
			build(b, b->outline->sections[i]);
	}
}

/* The default lies beside the state, wherever that is. */
static void set_socket(struct config *config, const struct outline_section *file)
{
	if (outline_find(file, "control_socket") == NULL && config->state_dir != NULL)
		config->control_socket = mem_printf("%s/control.sock", config->state_dir);
}

/* All databases in one list, environment by environment. */
static void list_databases(struct config *config)
{
	for (size_t i = 0; i < config->environment_count; i++) {
		struct config_environment *environment = config->environments[i];

		config->databases = mem_realloc(config->databases,
		    config->database_count + environment->database_count,
		    sizeof(struct config_database *));
		for (size_t j = 0; j < environment->database_count; j++)
			config->databases[config->database_count++] = environment->databases[j];
	}
}

void config_build(struct config *config, struct outline *outline, const char *folder,
    struct config_problems *problems)
{
	struct builder b = { config, outline, { folder, config }, problems };

	/* Whatever their order in the file: what is referred to comes first. */
	set_values(&b, outline->sections[0], config, NULL);
	build_all(&b, SECTION_ACCOUNT, build_account);
	build_all(&b, SECTION_BUCKET, build_bucket);
	build_all(&b, SECTION_NOTIFY, build_notify);
	build_all(&b, SECTION_ENVIRONMENT, build_environment);
	build_all(&b, SECTION_DATABASE, build_database);
	list_databases(config);
	set_socket(config, outline->sections[0]);
	require_all(outline, problems);
	config_check_destinations(config, problems);
}

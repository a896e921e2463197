#include "restore/authorize.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static int authorize_function(const char *name)
{
	/* Built in, and yet able to reach outside the file. */
	static const char *const denied[] = {
		"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer",
	};

	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if (strcasecmp(name, denied[i]) == 0)
			return SQLITE_DENY;
	}
	return SQLITE_OK;
}

/* A dump's own; and what FTS5 and rtree ask for by themselves, which changes
 * nothing. */
static int authorize_pragma(const char *name, const char *argument)
{
	static const char *const settings[] = { "defer_foreign_keys", "user_version", "application_id" };
	static const char *const questions[] = { "data_version", "page_size" };

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcasecmp(name, settings[i]) == 0)
			return SQLITE_OK;
	}
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (argument == NULL && strcasecmp(name, questions[i]) == 0)
			return SQLITE_OK;
	}
	return SQLITE_DENY;
}

/* The modules D1 has. */
static int authorize_module(const char *module)
{
	static const char *const allowed[] = { "fts5", "fts5vocab", "rtree", "rtree_i32" };

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strcasecmp(module, allowed[i]) == 0)
			return SQLITE_OK;
	}
	return SQLITE_DENY;
}

/* ANALYZE of the schema alone: makes the table that the dump then fills. */
static int authorize_analyze(const char *table)
{
	return strcasecmp(table, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
}

/* sqlite.org/c3ref/c_alter_table.html names the actions and their arguments. */
static int judge(int action, const char *a, const char *b, const char *schema)
{
	switch (action) {
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_INDEX:
	case SQLITE_CREATE_VIEW:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_DROP_TABLE:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return schema == NULL || strcmp(schema, "main") == 0 ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_READ:
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
	case SQLITE_REINDEX:
		return SQLITE_OK;
	case SQLITE_CREATE_VTABLE:
		return authorize_module(b);
	case SQLITE_ANALYZE:
		return authorize_analyze(a);
	case SQLITE_FUNCTION:
		return authorize_function(b);
	case SQLITE_PRAGMA:
		return authorize_pragma(a, b);
	default:
		return SQLITE_DENY;
	}
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *schema,
    const char *trigger)
{
	const struct authorize *authorize = ctx;
	int verdict = judge(action, a, b, schema);

	(void)trigger;
	if (verdict == SQLITE_OK && authorize->seen != NULL)
		authorize->seen(authorize->ctx, action, a, b);
	return verdict;
}

bool authorize_allows_function(const char *name)
{
	return authorize_function(name) == SQLITE_OK;
}

void authorize_install(sqlite3 *sqlite, const struct authorize *authorize_ctx)
{
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_set_authorizer(sqlite, authorize, (void *)(uintptr_t)authorize_ctx);
}

void authorize_remove(sqlite3 *sqlite)
{
	(void)sqlite3_set_authorizer(sqlite, NULL, NULL);
}

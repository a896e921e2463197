/* What a table's rows are read by: their values in tuple order, and the key. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "tables/schema_internal.h"

bool schema_has_column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->column_count; i++) {
		if (strcasecmp(t->columns[i].name, name) == 0)
			return true;
	}
	return false;
}

/* The column that *is* the rowid: INTEGER PRIMARY KEY. The type must be
 * exactly that, and a primary key with an index of its own is not it
 * (INTEGER PRIMARY KEY DESC; sqlite.org/lang_createtable.html#rowid). */
static const struct column *rowid_column(const struct table *t)
{
	const struct column *found = NULL;

	for (size_t i = 0; i < t->column_count; i++) {
		if (!t->columns[i].in_pk)
			continue;
		if (found != NULL || strcasecmp(t->columns[i].type, "INTEGER") != 0)
			return NULL;
		found = &t->columns[i];
	}
	return t->pk_count > 0 ? NULL : found;
}

static const char *name_of_rowid(const struct table *t)
{
	static const char *const names[] = { "rowid", "_rowid_", "oid" };

	for (size_t i = 0; i < 3; i++) {
		if (!schema_has_column(t, names[i]))
			return names[i];
	}
	return NULL;
}

/* sqlite.org/datatype3.html#determination_of_column_affinity: the first that fits. */
static enum affinity affinity_of(const char *type)
{
	static const struct { const char *part; enum affinity affinity; } rules[] = {
		{ "INT", AFFINITY_INTEGER },
		{ "CHAR", AFFINITY_TEXT }, { "CLOB", AFFINITY_TEXT }, { "TEXT", AFFINITY_TEXT },
		{ "BLOB", AFFINITY_OTHER },
		{ "REAL", AFFINITY_REAL }, { "FLOA", AFFINITY_REAL }, { "DOUB", AFFINITY_REAL },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcasestr(type, rules[i].part) != NULL)
			return rules[i].affinity;
	}
	return AFFINITY_OTHER;
}

static void add_values(struct table *t, bool with_rowid)
{
	t->values = mem_calloc(t->column_count + 1, sizeof(*t->values));
	t->affinities = mem_calloc(t->column_count + 1, sizeof(*t->affinities));
	t->key = mem_calloc(t->pk_count + 1, sizeof(*t->key));
	t->key_collations = mem_calloc(t->pk_count + 1, sizeof(*t->key_collations));
	if (with_rowid) {
		t->affinities[t->value_count] = AFFINITY_INTEGER;
		t->values[t->value_count++] = t->rowid;
	}
	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].generated)
			continue;
		t->affinities[t->value_count] = affinity_of(t->columns[i].type);
		t->values[t->value_count++] = t->columns[i].name;
	}
}

static int add_key(struct table *t, const char *name, const char *collation, struct err *err)
{
	size_t place = 0;

	while (place < t->value_count && strcmp(t->values[place], name) != 0)
		place++;
	if (place == t->value_count)
		return err_set(err, ERR_CORRUPT, "table \"%s\": its key \"%s\" is none of its columns",
		    t->name, name);
	t->key_collations[t->key_count] = collation;
	t->key[t->key_count++] = place;
	return 0;
}

/* Collations are named only where the table names any: that keeps statements
 * plain, and an explicit one keeps SQLite from using all of a composite key's
 * index. */
static int settle_primary_key(struct table *t, struct err *err)
{
	bool collates = strcasestr(t->sql, "COLLATE") != NULL;

	add_values(t, false);
	for (size_t i = 0; i < t->pk_count; i++) {
		if (add_key(t, t->pk[i].name, collates ? t->pk[i].collation : NULL, err) != 0)
			return -1;
	}
	return t->key_count > 0 ? 0 :
	    err_set(err, ERR_CORRUPT, "table \"%s\" has no rowid and shows no primary key", t->name);
}

/* An rtree's first column is its rowid, whatever it is called. */
int schema_settle_keys(struct table *t, struct err *err)
{
	const struct column *alias;

	if (t->without_rowid)
		return settle_primary_key(t, err);
	alias = t->kind == TABLE_RTREE ? &t->columns[0] : rowid_column(t);
	t->rowid = alias != NULL ? alias->name : name_of_rowid(t);
	if (t->rowid == NULL)
		return 0;
	add_values(t, alias == NULL);
	return add_key(t, t->rowid, NULL, err);
}

#include "storage/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void release_objects(struct manifest *m)
{
	for (size_t i = 0; i < m->object_count; i++) {
		free(m->objects[i].table);
		free(m->objects[i].key);
	}
	free(m->objects);
	for (size_t i = 0; i < m->table_count; i++)
		free(m->tables[i].name);
	free(m->tables);
	for (size_t i = 0; i < m->exception_count; i++) {
		free(m->exceptions[i].object);
		free(m->exceptions[i].reason);
	}
	free(m->exceptions);
}

void manifest_release(struct manifest *m)
{
	release_objects(m);
	free(m->id);
	free(m->label);
	free(m->environment);
	free(m->database);
	free(m->database_id);
	free(m->source);
	free(m->tool);
	free(m->consistency);
	free(m->bookmark_before);
	free(m->bookmark_after);
	free(m->schema_version);
	free(m->previous_id);
	*m = (struct manifest){ 0 };
}

struct manifest_object *manifest_add_object(struct manifest *m)
{
	struct manifest_object *o;

	m->objects = mem_grow(m->objects, m->object_count, &m->object_cap, sizeof(*o));
	o = &m->objects[m->object_count++];
	*o = (struct manifest_object){ 0 };
	return o;
}

struct manifest_table *manifest_add_table(struct manifest *m)
{
	struct manifest_table *t;

	m->tables = mem_grow(m->tables, m->table_count, &m->table_cap, sizeof(*t));
	t = &m->tables[m->table_count++];
	*t = (struct manifest_table){ 0 };
	return t;
}

void manifest_add_exception(struct manifest *m, const char *object, const char *reason)
{
	m->exceptions = mem_grow(m->exceptions, m->exception_count, &m->exception_cap,
	    sizeof(*m->exceptions));
	m->exceptions[m->exception_count++] = (struct manifest_exception){
		.object = mem_strdup(object), .reason = mem_strdup(reason),
	};
}

int64_t manifest_rows(const struct manifest *m)
{
	int64_t sum = 0;

	for (size_t i = 0; i < m->table_count; i++)
		sum += m->tables[i].rows;
	return sum;
}

int64_t manifest_sql_bytes(const struct manifest *m)
{
	int64_t sum = 0;

	for (size_t i = 0; i < m->object_count; i++)
		sum += m->objects[i].sql_bytes;
	return sum;
}

int64_t manifest_stored_bytes(const struct manifest *m)
{
	int64_t sum = 0;

	for (size_t i = 0; i < m->object_count; i++)
		sum += m->objects[i].stored_bytes;
	return sum;
}

int manifest_check_rows(const struct manifest *m, struct err *err)
{
	for (size_t i = 0; i < m->table_count; i++) {
		const struct manifest_table *t = &m->tables[i];
		int64_t rows = 0;

		for (size_t k = 0; k < m->object_count; k++) {
			const struct manifest_object *o = &m->objects[k];

			if (o->kind == MANIFEST_ROWS && strcmp(o->table, t->name) == 0)
				rows += o->rows;
		}
		if (rows != t->rows)
			return err_set(err, ERR_CORRUPT, "table \"%s\" has %lld rows instead of %lld",
			    t->name, (long long)rows, (long long)t->rows);
	}
	return 0;
}

const char *manifest_kind_name(enum manifest_kind kind)
{
	static const char *const names[] = { "schema", "rows", "post" };

	return names[kind];
}

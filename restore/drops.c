#include "restore/drops.h"

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "tables/literal.h"

#define STAND_IN_MAX_BYTES 100000

struct drops {
	struct buf *ret;
	size_t *count;
};

static int drop(struct drops *d, const char *kind, const char *name, struct err *err)
{
	(*d->count)++;
	return buf_addf(d->ret, err, "DROP %s ", kind) != 0 ||
	    literal_add_name(d->ret, name, err) != 0 ||
	    buf_adds(d->ret, ";\n", err) != 0 ? -1 : 0;
}

/* Chosen tables take their own triggers and indexes with them; a view may have the
 * name that one of them needs. */
static int drop_objects(struct drops *d, const struct schema *schema, enum schema_kind kind,
    const char *word, const struct selection *selection, struct err *err)
{
	for (size_t i = 0; i < schema->object_count; i++) {
		const struct schema_object *o = &schema->objects[i];
		bool wanted = selection->count == 0 ||
		    (kind != SCHEMA_TRIGGER && selection_has(selection, o->name));

		if (o->kind == kind && wanted && drop(d, word, o->name, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- circles ---- */

static const struct table *table_named(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcasecmp(schema->tables[i].name, name) == 0)
			return &schema->tables[i];
	}
	return NULL;
}

/* A key of the stand-in: UNIQUE("a","b"), or PRIMARY KEY(…). */
struct stand_in {
	struct buf columns;          /* "a","b" */
	struct buf keys;             /* ,UNIQUE("a","b") */
	const char *names[200];      /* of the columns; D1 has 100 at the most */
	size_t count;
};

static int add_column(struct stand_in *s, const char *name, struct err *err)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcasecmp(s->names[i], name) == 0)
			return 0;
	}
	if (s->count == sizeof(s->names) / sizeof(s->names[0]))
		return err_set(err, ERR_FAILED, "too many columns are referred to");
	s->names[s->count++] = name;
	return (s->count > 1 && buf_adds(&s->columns, ",", err) != 0) ||
	    literal_add_name(&s->columns, name, err) != 0 ? -1 : 0;
}

static int add_key_column(struct stand_in *s, const char *name, bool first, struct err *err)
{
	return add_column(s, name, err) != 0 || (!first && buf_adds(&s->keys, ",", err) != 0) ||
	    literal_add_name(&s->keys, name, err) != 0 ? -1 : 0;
}

static int add_primary_key(struct stand_in *s, const struct table *t, struct err *err)
{
	bool first = true;

	if (buf_adds(&s->keys, ",PRIMARY KEY(", err) != 0)
		return -1;
	for (size_t i = 0; i < t->column_count; i++) {
		if (!t->columns[i].in_pk)
			continue;
		if (add_key_column(s, t->columns[i].name, first, err) != 0)
			return -1;
		first = false;
	}
	return buf_adds(&s->keys, ")", err);
}

/* What others refer to in `t`: its primary key, and each list of columns that one of
 * them names. */
static int gather_keys(struct stand_in *s, const struct references *references,
    const struct table *t, struct err *err)
{
	bool has_primary_key = false;

	for (size_t i = 0; i < references->count; ) {
		const struct reference *r = &references->items[i];
		size_t end = i + 1;

		while (end < references->count && !references->items[end].begins)
			end++;
		if (strcasecmp(r->parent, t->name) == 0 && r->parent_column == NULL && !has_primary_key) {
			has_primary_key = true;
			if (add_primary_key(s, t, err) != 0)
				return -1;
		} else if (strcasecmp(r->parent, t->name) == 0 && r->parent_column != NULL) {
			if (buf_adds(&s->keys, ",UNIQUE(", err) != 0)
				return -1;
			for (size_t k = i; k < end; k++) {
				if (add_key_column(s, references->items[k].parent_column, k == i, err) != 0)
					return -1;
			}
			if (buf_adds(&s->keys, ")", err) != 0)
				return -1;
		}
		i = end;
	}
	return 0;
}

static int stand_in(struct drops *d, const struct references *references, const struct table *t,
    struct err *err)
{
	struct stand_in s = { .count = 0 };
	int rc = -1;

	buf_init(&s.columns, STAND_IN_MAX_BYTES);
	buf_init(&s.keys, STAND_IN_MAX_BYTES);
	if (gather_keys(&s, references, t, err) == 0 &&
	    buf_adds(d->ret, "CREATE TABLE ", err) == 0 &&
	    literal_add_name(d->ret, t->name, err) == 0)
		rc = buf_addf(d->ret, err, "(%s%s);\n", buf_str(&s.columns), buf_str(&s.keys));
	buf_release(&s.columns);
	buf_release(&s.keys);
	return rc;
}

/* Names `count` tables of a circle, in the order they go. */
static int drop_circle(struct drops *d, const struct schema *schema,
    const struct references *references, const char *const *names, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (drop(d, "TABLE", names[i], err) != 0 ||
		    (i + 1 < count && stand_in(d, references, table_named(schema, names[i]), err) != 0))
			return -1;
	}
	for (size_t i = 0; i + 1 < count; i++) {
		(*d->count)--;   /* stand-ins do not count */
		if (drop(d, "TABLE", names[i], err) != 0)
			return -1;
	}
	return 0;
}

/* ---- tables ---- */

/* Those that are chosen, parents last; each circle's stand together. */
static int drop_ordinary(struct drops *d, const struct schema *schema,
    const struct references *references, const struct selection *selection,
    const size_t *order, const size_t *group, struct err *err)
{
	const char **names = mem_calloc(schema->table_count + 1, sizeof(*names));
	size_t count = 0;
	int rc = 0;

	for (size_t i = schema->table_count; i > 0 && rc == 0; i--) {
		const struct table *t = &schema->tables[order[i - 1]];
		size_t circle = group[order[i - 1]];

		if (t->kind == TABLE_ORDINARY && selection_has(selection, t->name))
			names[count++] = t->name;
		if (circle != 0 && i > 1 && group[order[i - 2]] == circle)
			continue;
		rc = drop_circle(d, schema, references, names, count, err);
		count = 0;
	}
	free(names);
	return rc;
}

/* Nothing can refer to these. */
static int drop_virtual(struct drops *d, const struct schema *schema,
    const struct selection *selection, struct err *err)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		const struct table *t = &schema->tables[i];

		if (t->kind != TABLE_ORDINARY && selection_has(selection, t->name) &&
		    drop(d, "TABLE", t->name, err) != 0)
			return -1;
	}
	return 0;
}

static int drop_tables(struct drops *d, const struct schema *schema,
    const struct references *references, const struct selection *selection, struct err *err)
{
	size_t n = schema->table_count;
	const char **names = mem_calloc(n + 1, sizeof(*names));
	size_t *order = mem_calloc(2 * n + 1, sizeof(*order));
	int rc;

	for (size_t i = 0; i < n; i++)
		names[i] = schema->tables[i].name;
	references_order(references, names, n, order, order + n);
	rc = drop_virtual(d, schema, selection, err);
	if (rc == 0)
		rc = drop_ordinary(d, schema, references, selection, order, order + n, err);
	free(order);
	free(names);
	return rc;
}

int drops_write(const struct schema *schema, const struct references *references,
    const struct selection *selection, struct buf *ret, size_t *ret_count, struct err *err)
{
	struct drops d = { ret, ret_count };

	if (drop_objects(&d, schema, SCHEMA_TRIGGER, "TRIGGER", selection, err) != 0 ||
	    drop_objects(&d, schema, SCHEMA_VIEW, "VIEW", selection, err) != 0 ||
	    drop_objects(&d, schema, SCHEMA_VIRTUAL, "TABLE", selection, err) != 0 ||
	    drop_tables(&d, schema, references, selection, err) != 0)
		return -1;
	/* Rows may have outlived their tables. */
	if (schema->has_sequence && selection->count == 0)
		return buf_adds(ret, "DELETE FROM sqlite_sequence;\n", err);
	return 0;
}

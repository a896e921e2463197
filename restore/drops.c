#include "restore/drops.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tables/literal.h"

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

/* Chosen tables take their own triggers and indexes with them. */
static int drop_objects(struct drops *d, const struct schema *schema, enum schema_kind kind,
    const char *word, const struct selection *selection, struct err *err)
{
	for (size_t i = 0; i < schema->object_count; i++) {
		const struct schema_object *o = &schema->objects[i];
		bool wanted = selection->count == 0 ||
		    (kind == SCHEMA_VIRTUAL && selection_has(selection, o->name));

		if (o->kind == kind && wanted && drop(d, word, o->name, err) != 0)
			return -1;
	}
	return 0;
}

/* Virtual tables, which nothing can refer to, and then the others: parents last. */
static int drop_tables(struct drops *d, const struct schema *schema,
    const struct references *references, const struct selection *selection, struct err *err)
{
	size_t n = schema->table_count;
	const char **names = mem_calloc(n + 1, sizeof(*names));
	size_t *order = mem_calloc(2 * n + 1, sizeof(*order));
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		names[i] = schema->tables[i].name;
	references_order(references, names, n, order, order + n);
	for (int virtual = 1; virtual >= 0; virtual--) {
		for (size_t i = n; i > 0 && rc == 0; i--) {
			const struct table *t = &schema->tables[order[i - 1]];

			if ((t->kind != TABLE_ORDINARY) == virtual && selection_has(selection, t->name))
				rc = drop(d, "TABLE", t->name, err);
		}
	}
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

#include "tables/references.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "tables/schema_internal.h"

/* ---- reading ---- */

static const char references_sql[] =
    "SELECT hex(CAST(t AS BLOB)), hex(CAST(f.\"table\" AS BLOB)), f.on_delete, f.seq, hex(CAST(f.\"to\" AS BLOB)), f.\"to\" IS NULL FROM "
    "(SELECT name AS t FROM sqlite_schema WHERE type='table' AND "
    "substr(lower(name),1,4)<>'_cf_') JOIN pragma_foreign_key_list(t) AS f ORDER BY t, f.id, f.seq";

int references_read(struct db *db, struct references *ret, struct err *err)
{
	AUTO_ANSWER answer = { 0 };
	const struct db_rows *rows;

	*ret = (struct references){ NULL, 0, 0 };
	if (db_query(db, (const char *const[]){ references_sql }, 1, &answer, err) != 0)
		return err_wrap(err, "read the foreign keys");
	rows = &answer.rows[0];
	if (rows->count > 0 && rows->columns != 6)
		return err_set(err, ERR_CORRUPT, "read the foreign keys: the answer has %zu columns",
		    rows->columns);
	for (size_t i = 0; i < rows->count; i++) {
		struct db_cell action = db_cell(rows, i, 2);
		int64_t place = 0, to_primary_key = 1;

		(void)db_cell_int(db_cell(rows, i, 3), &place);
		(void)db_cell_int(db_cell(rows, i, 5), &to_primary_key);

		ret->items = mem_grow(ret->items, ret->count, &ret->cap, sizeof(*ret->items));
		ret->items[ret->count++] = (struct reference){
			.child = schema_unhex(db_cell(rows, i, 0)),
			.parent = schema_unhex(db_cell(rows, i, 1)),
			.acts = action.text == NULL || (strcasecmp(action.text, "NO ACTION") != 0 &&
			    strcasecmp(action.text, "RESTRICT") != 0),
			.begins = place == 0,
			.parent_column = to_primary_key ? NULL : schema_unhex(db_cell(rows, i, 4)),
		};
	}
	return 0;
}

void references_release(struct references *references)
{
	for (size_t i = 0; i < references->count; i++) {
		free(references->items[i].child);
		free(references->items[i].parent);
		free(references->items[i].parent_column);
	}
	free(references->items);
	*references = (struct references){ NULL, 0, 0 };
}

/* ---- ordering: Tarjan's strongly connected components, which come out parents
 * first; without recursion, as a chain of tables may be long ---- */

struct ordering {
	const struct references *references;
	const char *const *names;
	size_t count;
	size_t *first_edge;      /* of each table, into edges; count + 1 entries */
	size_t *edges;           /* places of parents */
	size_t *number, *low;    /* 0: not visited */
	bool *on_stack;
	size_t *stack, stack_count;
	size_t *path, path_count;
	size_t *next_edge;
	size_t visited, groups;
	size_t *ret_order, ordered, *ret_group;
};

static size_t place_of(const struct ordering *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcasecmp(o->names[i], name) == 0)
			return i;
	}
	return o->count;
}

static void gather_edges(struct ordering *o)
{
	size_t n = 0;

	o->edges = mem_calloc(o->references->count + 1, sizeof(*o->edges));
	o->first_edge = mem_calloc(o->count + 1, sizeof(*o->first_edge));
	for (size_t i = 0; i < o->count; i++) {
		o->first_edge[i] = n;
		for (size_t k = 0; k < o->references->count; k++) {
			const struct reference *r = &o->references->items[k];
			size_t parent;

			if (strcasecmp(r->child, o->names[i]) == 0 &&
			    (parent = place_of(o, r->parent)) < o->count)
				o->edges[n++] = parent;
		}
	}
	o->first_edge[o->count] = n;
}

static bool refers_to_itself(const struct ordering *o, size_t table)
{
	for (size_t e = o->first_edge[table]; e < o->first_edge[table + 1]; e++) {
		if (o->edges[e] == table)
			return true;
	}
	return false;
}

static void enter(struct ordering *o, size_t table)
{
	o->number[table] = o->low[table] = ++o->visited;
	o->next_edge[table] = o->first_edge[table];
	o->stack[o->stack_count++] = table;
	o->on_stack[table] = true;
	o->path[o->path_count++] = table;
}

/* All tables of a circle are at the top of the stack. */
static void close_component(struct ordering *o, size_t table)
{
	bool circle = o->stack[o->stack_count - 1] != table || refers_to_itself(o, table);
	size_t member;

	if (circle)
		o->groups++;
	do {
		member = o->stack[--o->stack_count];
		o->on_stack[member] = false;
		o->ret_group[member] = circle ? o->groups : 0;
		o->ret_order[o->ordered++] = member;
	} while (member != table);
}

static void leave(struct ordering *o, size_t table)
{
	o->path_count--;
	if (o->low[table] == o->number[table])
		close_component(o, table);
	if (o->path_count > 0) {
		size_t child = o->path[o->path_count - 1];

		if (o->low[table] < o->low[child])
			o->low[child] = o->low[table];
	}
}

static void visit(struct ordering *o, size_t start)
{
	enter(o, start);
	while (o->path_count > 0) {
		size_t table = o->path[o->path_count - 1], parent;

		if (o->next_edge[table] == o->first_edge[table + 1]) {
			leave(o, table);
			continue;
		}
		parent = o->edges[o->next_edge[table]++];
		if (o->number[parent] == 0)
			enter(o, parent);
		else if (o->on_stack[parent] && o->number[parent] < o->low[table])
			o->low[table] = o->number[parent];
	}
}

void references_order(const struct references *references, const char *const *names,
    size_t count, size_t *ret_order, size_t *ret_group)
{
	size_t *room = mem_calloc(5 * count + 1, sizeof(*room));
	struct ordering o = {
		.references = references, .names = names, .count = count,
		.number = room, .low = room + count, .stack = room + 2 * count,
		.path = room + 3 * count, .next_edge = room + 4 * count,
		.on_stack = mem_calloc(count + 1, sizeof(bool)),
		.ret_order = ret_order, .ret_group = ret_group,
	};

	gather_edges(&o);
	for (size_t i = 0; i < count; i++) {
		if (o.number[i] == 0)
			visit(&o, i);
	}
	free(o.edges);
	free(o.first_edge);
	free(o.on_stack);
	free(room);
}

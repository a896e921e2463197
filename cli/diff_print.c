#include "cli/diff_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "cli/format.h"

static const char signs[] = { [DIFF_ADDED] = '+', [DIFF_REMOVED] = '-', [DIFF_CHANGED] = '~' };

/* Each exception of either side, once. */
typedef void each_exception(void *ctx, const struct manifest_exception *e);

static bool has_exception(const struct manifest *m, const struct manifest_exception *e)
{
	for (size_t i = 0; i < m->exception_count; i++) {
		if (strcmp(m->exceptions[i].object, e->object) == 0 &&
		    strcmp(m->exceptions[i].reason, e->reason) == 0)
			return true;
	}
	return false;
}

static void visit_exceptions(const struct diff_shown *shown, each_exception *visit, void *ctx)
{
	for (size_t i = 0; i < shown->a->exception_count; i++)
		visit(ctx, &shown->a->exceptions[i]);
	for (size_t i = 0; i < shown->b->exception_count; i++) {
		if (!has_exception(shown->a, &shown->b->exceptions[i]))
			visit(ctx, &shown->b->exceptions[i]);
	}
}

/* ---- for people ---- */

/* Line by line, each behind `prefix`. */
static void print_text(const char *prefix, const char *text)
{
	AUTO_STR copy = mem_strdup(text);
	char *rest = copy, *line;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		(void)printf("%s%s\n", prefix, printable(line));
}

static bool is_value(const struct diff_object *o)
{
	return strcmp(o->kind, "sequence") == 0 || strcmp(o->kind, "pragma") == 0;
}

static void print_object(const struct diff_object *o)
{
	AUTO_STR name = mem_strdup(o->name);

	(void)printf("%c %s \"%s\"", signs[o->change], o->kind, printable(name));
	if (is_value(o)) {
		AUTO_STR values = mem_printf("%s -> %s", o->a != NULL ? o->a : "none",
		    o->b != NULL ? o->b : "none");

		(void)printf(": %s\n", printable(values));
		return;
	}
	(void)printf("\n");
	/* Their tables tell more than their texts. */
	if (strcmp(o->kind, "statistics") == 0)
		return;
	if (o->a != NULL)
		print_text("    - ", o->a);
	if (o->b != NULL)
		print_text("    + ", o->b);
}

static const char *note_of(const struct diff_table *t)
{
	if (t->rows_a < 0)
		return "table added";
	if (t->rows_b < 0)
		return "table removed";
	if (t->key_changed)
		return "its key is another: no row can be found again";
	return t->columns_changed ? "compared by the columns both have" : "-";
}

static void add_rows(struct columns *c, int64_t rows)
{
	char text[FORMAT_SIZE];

	columns_add(c, rows < 0 ? "-" : format_count(rows, text));
}

static bool any_note(const struct diff *diff)
{
	for (size_t i = 0; i < diff->table_count; i++) {
		if (strcmp(note_of(&diff->tables[i]), "-") != 0)
			return true;
	}
	return false;
}

static void print_tables(const struct diff *diff)
{
	static const char *const headings[] = {
		"TABLE", ">ROWS A", ">ROWS B", ">ADDED", ">REMOVED", ">CHANGED", ">MOVED", "NOTE",
	};
	bool notes = any_note(diff);
	struct columns *c = columns_new(headings, notes ? 8 : 7);

	for (size_t i = 0; i < diff->table_count; i++) {
		const struct diff_table *t = &diff->tables[i];

		columns_add(c, t->name);
		add_rows(c, t->rows_a);
		add_rows(c, t->rows_b);
		add_rows(c, t->added);
		add_rows(c, t->removed);
		add_rows(c, t->changed);
		add_rows(c, t->moved);
		if (notes)
			columns_add(c, note_of(t));
	}
	(void)printf("\n");
	columns_print(c);
	columns_free(c);
}

static void print_keys(const struct diff_table *t)
{
	int64_t all = t->added + t->removed + t->changed;
	AUTO_STR name = mem_strdup(t->name);
	char more[FORMAT_SIZE];

	if (t->key_count == 0)
		return;
	(void)printf("\n%s\n", printable(name));
	for (size_t i = 0; i < t->key_count; i++) {
		AUTO_STR key = mem_strdup(t->keys[i].text);

		(void)printf("%c (%s)\n", signs[t->keys[i].change], printable(key));
	}
	if (all > (int64_t)t->key_count)
		(void)printf("  and %s more\n", format_count(all - (int64_t)t->key_count, more));
}

static void print_exception(void *ctx, const struct manifest_exception *e)
{
	AUTO_STR shown = mem_printf("\"%s\": %s", e->object, e->reason);
	bool *any = ctx;

	(void)printf("%s%s\n", *any ? "" : "\nnot compared:\n", printable(shown));
	*any = true;
}

void diff_print(const struct diff_shown *shown)
{
	const struct diff *diff = shown->diff;
	bool any = false;

	(void)printf("A  %s\nB  %s\n", shown->name_a, shown->name_b);
	if (diff_is_empty(diff))
		(void)printf("no difference\n");
	for (size_t i = 0; i < diff->object_count; i++) {
		if (i == 0)
			(void)printf("\n");
		print_object(&diff->objects[i]);
	}
	if (diff->table_count > 0)
		print_tables(diff);
	for (size_t i = 0; i < diff->table_count; i++)
		print_keys(&diff->tables[i]);
	visit_exceptions(shown, print_exception, &any);
}

/* ---- as JSON ---- */

static struct json_object *objects_json(const struct diff *diff)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < diff->object_count; i++) {
		const struct diff_object *object = &diff->objects[i];
		struct json_object *o = json_object_new_object();

		json_set_str(o, "change", diff_change_name(object->change));
		json_set_str(o, "kind", object->kind);
		json_set_str(o, "name", object->name);
		json_set_str(o, "a", object->a);
		json_set_str(o, "b", object->b);
		(void)json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *keys_json(const struct diff_table *t)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < t->key_count; i++) {
		struct json_object *o = json_object_new_object();

		json_set_str(o, "change", diff_change_name(t->keys[i].change));
		json_set_str(o, "key", t->keys[i].text);
		(void)json_object_array_add(a, o);
	}
	return a;
}

static void set_rows(struct json_object *o, const char *key, int64_t rows)
{
	json_set(o, key, rows < 0 ? NULL : json_object_new_int64(rows));
}

static struct json_object *table_json(const struct diff_table *t)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "change", diff_change_name(t->rows_a < 0 ? DIFF_ADDED :
	    t->rows_b < 0 ? DIFF_REMOVED : DIFF_CHANGED));
	json_set_str(o, "name", t->name);
	set_rows(o, "rows_a", t->rows_a);
	set_rows(o, "rows_b", t->rows_b);
	json_set_int(o, "rows_added", t->added);
	json_set_int(o, "rows_removed", t->removed);
	json_set_int(o, "rows_changed", t->changed);
	json_set_int(o, "rows_moved", t->moved);
	json_set_bool(o, "columns_changed", t->columns_changed);
	json_set_bool(o, "key_changed", t->key_changed);
	json_set(o, "rows", keys_json(t));
	return o;
}

static struct json_object *tables_json(const struct diff *diff)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < diff->table_count; i++)
		(void)json_object_array_add(a, table_json(&diff->tables[i]));
	return a;
}

static void add_exception(void *ctx, const struct manifest_exception *e)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "object", e->object);
	json_set_str(o, "reason", e->reason);
	(void)json_object_array_add(ctx, o);
}

struct json_object *diff_json(const struct diff_shown *shown)
{
	struct json_object *o = json_object_new_object();
	struct json_object *exceptions = json_object_new_array();

	json_set_str(o, "a", shown->name_a);
	json_set_str(o, "b", shown->name_b);
	json_set_bool(o, "different", !diff_is_empty(shown->diff));
	json_set(o, "schema", objects_json(shown->diff));
	json_set(o, "tables", tables_json(shown->diff));
	visit_exceptions(shown, add_exception, exceptions);
	json_set(o, "not_compared", exceptions);
	json_set_int(o, "chunks_fetched", shown->diff->chunks_fetched);
	return o;
}

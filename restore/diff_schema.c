/* What differs in the statements of schema and post. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "restore/diff_internal.h"
#include "tables/tuple.h"

#define TEXT_MAX_BYTES (256u << 20)
#define SPARE_MAX_BYTES (1u << 20)
#define STATISTICS "INSERT INTO sqlite_stat1"

/* One thing that a side has. */
struct thing {
	const char *kind;
	char *name;
	struct buf text;
};

struct things {
	struct thing *items;
	size_t count, cap;
};

static void things_release(struct things *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->items[i].name);
		buf_release(&t->items[i].text);
	}
	free(t->items);
}

static struct thing *find(const struct things *t, const char *kind, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->items[i].kind, kind) == 0 && strcasecmp(t->items[i].name, name) == 0)
			return &t->items[i];
	}
	return NULL;
}

/* Joins the one of that name, if there is one. */
static int add(struct things *t, const char *kind, const char *name, const char *text,
    size_t len, struct err *err)
{
	struct thing *thing = find(t, kind, name);

	if (thing == NULL) {
		t->items = mem_grow(t->items, t->count, &t->cap, sizeof(*t->items));
		thing = &t->items[t->count++];
		*thing = (struct thing){ kind, mem_strdup(name), BUF_INIT(TEXT_MAX_BYTES) };
	} else if (buf_adds(&thing->text, ";\n", err) != 0) {
		return -1;
	}
	return buf_add(&thing->text, text, len, err);
}

static size_t without_semicolon(const char *sql)
{
	size_t len = strlen(sql);

	return len > 0 && sql[len - 1] == ';' ? len - 1 : len;
}

/* PRAGMA user_version=5; */
static int add_pragma(struct things *t, const char *sql, struct err *err)
{
	const char *value = strchr(sql, '=');
	AUTO_STR name = NULL;

	if (strncasecmp(sql, "PRAGMA ", 7) != 0 || value == NULL)
		return 0;
	name = mem_strndup(sql + 7, (size_t)(value - sql) - 7);
	if (strcasecmp(name, "defer_foreign_keys") == 0)
		return 0;
	return add(t, "pragma", name, value + 1, without_semicolon(value + 1), err);
}

/* INSERT INTO sqlite_sequence(name,seq) VALUES('t',5); */
static int add_sequence(struct things *t, const struct inventory_statement *s, struct err *err)
{
	static const char before[] = "VALUES";
	const char *values = strstr(s->sql, before);
	struct tuple_scan scan;
	AUTO_BUF spare = BUF_INIT(SPARE_MAX_BYTES);
	struct span tuple = { s->sql, without_semicolon(s->sql) };

	if (values != NULL) {
		values += strlen(before);
		tuple_scan_init(&scan, values, without_semicolon(values), 2);
		if (tuple_next(&scan, &spare, &tuple, NULL) == 1)
			tuple = tuple_literal(tuple, 1);
	}
	return add(t, "sequence", s->table != NULL ? s->table : "", tuple.text, tuple.len, err);
}

/* What belongs to the thing that has this name. */
static int add_setting(struct things *t, const struct inventory_statement *s, struct err *err)
{
	const char *kind = find(t, "virtual table", s->table) != NULL ? "virtual table" : "table";

	return add(t, kind, s->table, s->sql, without_semicolon(s->sql), err);
}

static int add_statement(struct things *t, const struct inventory_statement *s, struct err *err)
{
	static const char *const kinds[] = {
		[INVENTORY_TABLE] = "table", [INVENTORY_INDEX] = "index", [INVENTORY_VIEW] = "view",
		[INVENTORY_VIRTUAL] = "virtual table", [INVENTORY_TRIGGER] = "trigger",
	};

	switch (s->kind) {
	case INVENTORY_PRAGMA:
		return add_pragma(t, s->sql, err);
	case INVENTORY_SEQUENCE:
		return add_sequence(t, s, err);
	case INVENTORY_SETTING:
		return s->table != NULL ? add_setting(t, s, err) : 0;
	case INVENTORY_OWN:
		return strncmp(s->sql, STATISTICS, strlen(STATISTICS)) != 0 ? 0 :
		    add(t, "statistics", "sqlite_stat1", s->sql, without_semicolon(s->sql), err);
	default:
		return s->object == NULL ? 0 :
		    add(t, kinds[s->kind], s->object, s->sql, without_semicolon(s->sql), err);
	}
}

static int collect(const struct inventory *inventory, const struct selection *selection,
    struct things *ret, struct err *err)
{
	for (size_t i = 0; i < inventory->count; i++) {
		const struct inventory_statement *s = &inventory->items[i];

		if ((selection == NULL || selection_wants(selection, s)) &&
		    add_statement(ret, s, err) != 0)
			return -1;
	}
	return 0;
}

static void add_object(struct diff *ret, enum diff_change change, const struct thing *a,
    const struct thing *b)
{
	const struct thing *known = b != NULL ? b : a;

	ret->objects = mem_grow(ret->objects, ret->object_count, &ret->object_cap,
	    sizeof(*ret->objects));
	ret->objects[ret->object_count++] = (struct diff_object){
		.change = change, .kind = known->kind, .name = mem_strdup(known->name),
		.a = a != NULL ? mem_strdup(buf_str(&a->text)) : NULL,
		.b = b != NULL ? mem_strdup(buf_str(&b->text)) : NULL,
	};
}

static void compare(const struct things *a, const struct things *b, struct diff *ret)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct thing *before = &a->items[i];
		const struct thing *after = find(b, before->kind, before->name);

		if (after == NULL)
			add_object(ret, DIFF_REMOVED, before, NULL);
		else if (strcmp(buf_str(&before->text), buf_str(&after->text)) != 0)
			add_object(ret, DIFF_CHANGED, before, after);
	}
	for (size_t i = 0; i < b->count; i++) {
		if (find(a, b->items[i].kind, b->items[i].name) == NULL)
			add_object(ret, DIFF_ADDED, NULL, &b->items[i]);
	}
}

int diff_schema(const struct inventory *a, const struct inventory *b,
    const struct selection *selection, struct diff *ret, struct err *err)
{
	struct things before = { 0 }, after = { 0 };
	int rc = -1;

	if (collect(a, selection, &before, err) == 0 && collect(b, selection, &after, err) == 0) {
		compare(&before, &after, ret);
		rc = 0;
	}
	things_release(&before);
	things_release(&after);
	return rc;
}

#include "restore/needs.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "tables/literal.h"
#include "tables/virtual.h"

#define SQL_MAX_BYTES (1u << 20)
/* That read each other. */
#define MAX_VIEWS 8

/* ---- words of SQL ---- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* As a whole word, quoted or not: one too many does no harm. */
static bool speaks_of(const char *sql, const char *name)
{
	size_t len = strlen(name);
	const char *p = sql;

	while (len > 0 && (p = strcasestr(p, name)) != NULL) {
		/* Behind a point stands a column. */
		if ((p == sql || (!is_word(p[-1]) && p[-1] != '.')) && !is_word(p[len]))
			return true;
		p++;
	}
	return false;
}

/* ---- full text ---- */

int needs_check_full_text(const struct needs *n, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n->inventory->count && rc == 0; i++) {
		const struct inventory_statement *s = &n->inventory->items[i];
		struct virtual_decl decl = { .kind = VIRTUAL_OTHER };

		if (s->kind != INVENTORY_VIRTUAL || !selection_wants(n->selection, s) ||
		    !virtual_read(s->sql, &decl))
			continue;
		if (decl.kind == VIRTUAL_FTS5_EXTERNAL && !selection_has(n->selection, decl.content)) {
			n->not_chosen(n->ctx, decl.content);
			if (!n->is_there(n->ctx, decl.content)) {
				(void)err_set(err, ERR_REFUSED, "the full-text index \"%s\" is made from \"%s\", which is neither chosen nor in %s",
				    s->object, decl.content, n->target_name);
				rc = err_hint(err, "add --table %s", decl.content);
			}
		}
		virtual_release(&decl);
	}
	return rc;
}

/* Is what is chosen read under this name, itself or through views? */
static bool reads_chosen(const struct schema *there, const struct selection *selection,
    const char *name, unsigned depth)
{
	if (selection_has(selection, name))
		return true;
	for (size_t i = 0; i < there->object_count && depth > 0; i++) {
		const struct schema_object *o = &there->objects[i];

		if (o->kind != SCHEMA_VIEW || strcasecmp(o->name, name) != 0)
			continue;
		for (size_t k = 0; k < selection->count; k++) {
			if (speaks_of(o->sql, selection->names[k]))
				return true;
		}
		for (size_t k = 0; k < there->object_count; k++) {
			const struct schema_object *other = &there->objects[k];

			if (k != i && other->kind == SCHEMA_VIEW && speaks_of(o->sql, other->name) &&
			    reads_chosen(there, selection, other->name, depth - 1))
				return true;
		}
	}
	return false;
}

int needs_rebuilds(const struct schema *there, const struct selection *selection, struct buf *ret,
    size_t *ret_count, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; selection->count > 0 && i < there->object_count && rc == 0; i++) {
		const struct schema_object *o = &there->objects[i];
		struct virtual_decl decl = { .kind = VIRTUAL_OTHER };

		/* One that could not be rebuilt before cannot be now. */
		if (o->kind != SCHEMA_VIRTUAL || o->fill == NULL || selection_has(selection, o->name) ||
		    !virtual_read(o->sql, &decl))
			continue;
		if (decl.kind == VIRTUAL_FTS5_EXTERNAL &&
		    reads_chosen(there, selection, decl.content, MAX_VIEWS)) {
			(*ret_count)++;
			rc = buf_adds(ret, "INSERT INTO ", err) != 0 ||
			    literal_add_name(ret, o->name, err) != 0 || buf_adds(ret, "(", err) != 0 ||
			    literal_add_name(ret, o->name, err) != 0 ||
			    buf_adds(ret, ") VALUES('rebuild');\n", err) != 0 ? -1 : 0;
		}
		virtual_release(&decl);
	}
	return rc;
}

/* ---- triggers ---- */

static void note_tables_in(const struct needs *n, const char *sql)
{
	for (size_t i = 0; i < n->inventory->count; i++) {
		const struct inventory_statement *s = &n->inventory->items[i];
		bool is_table = s->kind == INVENTORY_TABLE || s->kind == INVENTORY_VIRTUAL;

		if (is_table && !selection_has(n->selection, s->object) && speaks_of(sql, s->object))
			n->not_chosen(n->ctx, s->object);
	}
}

void needs_note_triggers(const struct needs *n)
{
	for (size_t i = 0; n->selection->count > 0 && i < n->inventory->count; i++) {
		const struct inventory_statement *s = &n->inventory->items[i];

		if (s->kind == INVENTORY_TRIGGER && selection_wants(n->selection, s))
			note_tables_in(n, s->sql);
	}
}

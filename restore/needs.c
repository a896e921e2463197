#include "restore/needs.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "db/db.h"
#include "tables/literal.h"
#include "tables/virtual.h"

#define SQL_MAX_BYTES (1u << 20)

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
		if (decl.kind == VIRTUAL_FTS5_EXTERNAL && selection_has(selection, decl.content)) {
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

/* ---- foreign keys ---- */

static bool has_rows(const struct needs *n, const char *table)
{
	for (size_t i = 0; i < n->manifest->table_count; i++) {
		if (strcasecmp(n->manifest->tables[i].name, table) == 0)
			return n->manifest->tables[i].rows > 0;
	}
	return false;
}

static bool is_made(const struct needs *n, const char *table)
{
	for (size_t i = 0; i < n->inventory->count; i++) {
		const struct inventory_statement *s = &n->inventory->items[i];

		if (s->kind == INVENTORY_TABLE && strcasecmp(s->object, table) == 0)
			return true;
	}
	return false;
}

static int refuse(const char *child, const char *why, struct err *err)
{
	(void)err_set(err, ERR_REFUSED, "table \"%s\": %s: a D1 takes none of these rows", child, why);
	return err_hint(err, "restore to sqlite: or wrangler:, which take them; mend the schema there");
}

static int check_parent(const struct needs *n, const struct reference *r, struct err *err)
{
	AUTO_STR why = NULL;

	if (is_made(n, r->parent) ||
	    (n->selection->count > 0 && !selection_has(n->selection, r->parent)))
		return 0;
	why = mem_printf("it refers to \"%s\", which is not in the snapshot", r->parent);
	return refuse(r->child, why, err);
}

/* SQLite itself says when a parent lacks the key: also of tables without rows, as
 * those of the inventory are. */
static int check_fit(struct db *db, const char *child, struct err *err)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);
	AUTO_ANSWER answer = { 0 };
	AUTO_STR why = NULL;

	if (buf_adds(&sql, "PRAGMA foreign_key_check(", err) != 0 ||
	    literal_add_name(&sql, child, err) != 0 || buf_adds(&sql, ")", err) != 0)
		return -1;
	if (db_query(db, (const char *const[]){ buf_str(&sql) }, 1, &answer, err) == 0)
		return 0;
	if (err->code != ERR_FAILED || strstr(err->msg, "mismatch") == NULL)
		return -1;
	why = mem_strdup(err->msg);
	return refuse(child, why, err);
}

int needs_check_keys(const struct needs *n, struct err *err)
{
	const struct references *references = &n->inventory->references;
	struct db *db = db_sqlite_open(n->inventory->path, "sqlite", err);
	int rc = 0;

	if (db == NULL)
		return -1;
	for (size_t i = 0; i < references->count && rc == 0; i++) {
		const struct reference *r = &references->items[i];

		bool child_has_rows = has_rows(n, r->child);

		if (!selection_has(n->selection, r->child))
			continue;
		if (child_has_rows)
			rc = check_parent(n, r, err);
		/* Deferred keys are looked up from the parent's side as well. */
		if (rc == 0 && (child_has_rows || has_rows(n, r->parent)))
			rc = check_fit(db, r->child, err);
	}
	db_free(db);
	return rc;
}

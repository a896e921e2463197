#include "restore/plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/mem.h"
#include "restore/drops.h"
#include "restore/needs.h"
#include "tables/literal.h"

#define DROPS_MAX_BYTES (16u << 20)
#define SQL_MAX_BYTES (1u << 20)
/* Statements in one call. */
#define COUNTS_A_CALL 40

struct planning {
	const struct plan_options *options;
	struct schema there;
	struct references references;   /* of what is there */
	struct plan *plan;
};

/* ---- what is there ---- */

static bool is_known(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcmp(schema->tables[i].name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < schema->object_count; i++) {
		if (schema->objects[i].kind == SCHEMA_VIRTUAL &&
		    strcmp(schema->objects[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Tables that no snapshot keeps (tables/schema.h) are there all the same, and may
 * be in the way: above all the note of a restore that ended midway. */
static int add_left_out(struct db *target, struct schema *there, struct err *err)
{
	/* Table by table, as in tables/schema.c. */
	static const char sql[] = "SELECT hex(CAST(s.name AS BLOB))"
	    " FROM sqlite_schema AS s JOIN pragma_table_list(s.name) AS l"
	    " WHERE s.type='table' AND l.schema='main' AND l.type IN ('table','virtual')"
	    " AND substr(lower(s.name),1,7)<>'sqlite_' AND substr(lower(s.name),1,4)<>'_cf_'";
	AUTO_ANSWER answer = { 0 };

	if (db_query(target, (const char *const[]){ sql }, 1, &answer, err) != 0)
		return err_wrap(err, "read the schema");
	for (size_t i = 0; i < answer.rows[0].count; i++) {
		struct db_cell cell = db_cell(&answer.rows[0], i, 0);
		char *name = mem_calloc(cell.len / 2 + 1, 1);

		if (cell.text == NULL || !hex_decode(cell.text, cell.len, (unsigned char *)name) ||
		    is_known(there, name)) {
			free(name);
			continue;
		}
		there->tables = mem_grow(there->tables, there->table_count, &there->table_cap,
		    sizeof(*there->tables));
		there->tables[there->table_count++] = (struct table){ .name = name };
	}
	return 0;
}

static bool is_there(const struct planning *p, const char *name)
{
	for (size_t i = 0; i < p->there.table_count; i++) {
		if (strcasecmp(p->there.tables[i].name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < p->there.object_count; i++) {
		const struct schema_object *o = &p->there.objects[i];

		if ((o->kind == SCHEMA_VIEW || o->kind == SCHEMA_VIRTUAL) &&
		    strcasecmp(o->name, name) == 0)
			return true;
	}
	return false;
}

/* Anything at all, or, of chosen tables, one of them. */
static const char *in_the_way(const struct planning *p)
{
	const struct selection *s = p->options->selection;

	for (size_t i = 0; i < s->count; i++) {
		if (is_there(p, s->names[i]))
			return s->names[i];
	}
	if (s->count > 0)
		return NULL;
	if (p->there.table_count > 0)
		return p->there.tables[0].name;
	return p->there.object_count > 0 ? p->there.objects[0].name : NULL;
}

static int check_in_the_way(const struct planning *p, struct err *err)
{
	const char *name = in_the_way(p);

	if (name == NULL || p->options->replace)
		return 0;
	if (p->options->selection->count > 0)
		(void)err_set(err, ERR_REFUSED, "%s has a table \"%s\"", p->options->target_name, name);
	else if (p->there.table_count == 0)
		(void)err_set(err, ERR_REFUSED, "%s is not empty: it has \"%s\"", p->options->target_name, name);
	else
		(void)err_set(err, ERR_REFUSED, "%s is not empty: it has %zu %s (\"%s\"%s)",
		    p->options->target_name, p->there.table_count,
		    p->there.table_count == 1 ? "table" : "tables", name,
		    p->there.table_count > 1 ? ", …" : "");
	return err_hint(err, "restore elsewhere, or add --replace; --dry-run shows what that would do");
}

/* ---- foreign keys ---- */

/* A table that stays loses rows when a chosen one is dropped. */
static int check_who_stays(const struct planning *p, struct err *err)
{
	const struct selection *s = p->options->selection;

	for (size_t i = 0; i < p->references.count; i++) {
		const struct reference *r = &p->references.items[i];

		if (s->count == 0 || !r->acts || !p->options->enforces_foreign_keys ||
		    selection_has(s, r->child) || !selection_has(s, r->parent) ||
		    !is_there(p, r->parent))
			continue;
		(void)err_set(err, ERR_REFUSED, "table \"%s\" stays and refers to \"%s\" with an action: replacing \"%s\" would delete or change its rows",
		    r->child, r->parent, r->parent);
		return err_hint(err, "add --table %s, or restore to another database", r->child);
	}
	return 0;
}

static void note_not_chosen(struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->not_chosen_count; i++) {
		if (strcasecmp(plan->not_chosen[i], name) == 0)
			return;
	}
	plan->not_chosen = mem_grow(plan->not_chosen, plan->not_chosen_count,
	    &plan->not_chosen_cap, sizeof(*plan->not_chosen));
	plan->not_chosen[plan->not_chosen_count++] = mem_strdup(name);
}

static int check_parents(const struct planning *p, struct err *err)
{
	const struct selection *s = p->options->selection;
	const struct references *of_snapshot = &p->options->inventory->references;

	for (size_t i = 0; i < of_snapshot->count; i++) {
		const struct reference *r = &of_snapshot->items[i];

		if (!selection_has(s, r->child) || selection_has(s, r->parent))
			continue;
		note_not_chosen(p->plan, r->parent);
		if (!p->options->enforces_foreign_keys || is_there(p, r->parent))
			continue;
		(void)err_set(err, ERR_REFUSED, "table \"%s\" refers to \"%s\", which is neither chosen nor in %s",
		    r->child, r->parent, p->options->target_name);
		return err_hint(err, "add --table %s", r->parent);
	}
	return 0;
}

/* ---- what else they need ---- */

static bool is_there_for(void *ctx, const char *name)
{
	return is_there(ctx, name);
}

static void not_chosen_for(void *ctx, const char *name)
{
	const struct planning *p = ctx;

	note_not_chosen(p->plan, name);
}

static int check_needs(struct planning *p, struct err *err)
{
	const struct plan_options *o = p->options;
	const struct needs needs = {
		.inventory = o->inventory, .selection = o->selection, .manifest = o->manifest,
		.there = &p->there, .references_there = &p->references,
		.target_name = o->target_name, .is_there = is_there_for, .not_chosen = not_chosen_for,
		.ctx = p,
	};

	needs_note_triggers(&needs);
	if (needs_check_full_text(&needs, err) != 0 ||
	    (o->enforces_foreign_keys && needs_check_keys(&needs, err) != 0))
		return -1;
	return needs_rebuilds(&p->there, o->selection, &p->plan->rebuilds,
	    &p->plan->rebuild_count, err);
}

/* ---- rows ---- */

static struct plan_table *plan_table_of(struct plan *plan, const char *name)
{
	struct plan_table *t;

	for (size_t i = 0; i < plan->table_count; i++) {
		if (strcasecmp(plan->tables[i].name, name) == 0)
			return &plan->tables[i];
	}
	plan->tables = mem_grow(plan->tables, plan->table_count, &plan->table_cap, sizeof(*t));
	t = &plan->tables[plan->table_count++];
	*t = (struct plan_table){ .name = mem_strdup(name), .before = -1, .after = -1 };
	return t;
}

static int take_counts(struct plan *plan, const struct plan_table *const *which,
    const struct db_answer *answer, struct err *err)
{
	for (size_t i = 0; i < answer->count; i++) {
		struct plan_table *t = plan_table_of(plan, which[i]->name);

		if (!db_cell_int(db_cell(&answer->rows[i], 0, 0), &t->before))
			return err_set(err, ERR_CORRUPT, "the database did not tell how many rows \"%s\" has",
			    t->name);
	}
	return 0;
}

static int count_some(const struct planning *p, size_t *at, struct err *err)
{
	const struct plan_table *which[COUNTS_A_CALL];
	struct buf texts[COUNTS_A_CALL];
	const char *sql[COUNTS_A_CALL];
	AUTO_ANSWER answer = { 0 };
	size_t n = 0;
	int rc = 0;

	for (; *at < p->plan->table_count && n < COUNTS_A_CALL && rc == 0; (*at)++) {
		const struct plan_table *t = &p->plan->tables[*at];

		if (!t->is_there)
			continue;
		buf_init(&texts[n], SQL_MAX_BYTES);
		which[n] = t;
		if (buf_adds(&texts[n], "SELECT count(*) FROM ", err) != 0 ||
		    literal_add_name(&texts[n], t->name, err) != 0)
			rc = -1;
		sql[n] = buf_str(&texts[n]);
		n++;
	}
	if (rc == 0 && n > 0)
		rc = db_query(p->options->target, sql, n, &answer, err);
	if (rc == 0 && n > 0)
		rc = take_counts(p->plan, which, &answer, err);
	for (size_t i = 0; i < n; i++)
		buf_release(&texts[i]);
	return rc;
}

static int list_tables(struct planning *p, struct err *err)
{
	const struct plan_options *o = p->options;

	for (size_t i = 0; i < o->manifest->table_count; i++) {
		const struct manifest_table *m = &o->manifest->tables[i];

		if (!selection_has(o->selection, m->name))
			continue;
		plan_table_of(p->plan, m->name)->after = m->rows;
		p->plan->rows += m->rows;
	}
	for (size_t i = 0; i < p->there.table_count; i++) {
		if (selection_has(o->selection, p->there.tables[i].name))
			plan_table_of(p->plan, p->there.tables[i].name)->is_there = true;
	}
	for (size_t at = 0; o->count_before && at < p->plan->table_count; ) {
		if (count_some(p, &at, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- what it takes ---- */

static void add_sizes(struct planning *p)
{
	const struct plan_options *o = p->options;

	for (size_t i = 0; i < o->inventory->count; i++) {
		const struct inventory_statement *s = &o->inventory->items[i];

		if (!selection_wants(o->selection, s))
			continue;
		p->plan->sql_bytes += (int64_t)strlen(s->sql) + 1;
		p->plan->create_count += s->object != NULL && s->kind != INVENTORY_OWN;
	}
	for (size_t i = 0; i < o->manifest->object_count; i++) {
		const struct manifest_object *object = &o->manifest->objects[i];

		if (object->kind == MANIFEST_ROWS && selection_has(o->selection, object->table))
			p->plan->sql_bytes += object->sql_bytes;
	}
}

static int64_t rows_of(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->table_count; i++) {
		if (strcasecmp(plan->tables[i].name, name) == 0)
			return plan->tables[i].after > 0 ? plan->tables[i].after : 0;
	}
	return 0;
}

static int add_rows_written(struct planning *p, struct err *err)
{
	static const char sql[] = "SELECT m.name, (SELECT count(*) FROM pragma_index_list(m.name))"
	    " FROM sqlite_schema AS m WHERE type='table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
	AUTO_ANSWER answer = { 0 };
	struct db *db = db_sqlite_open(p->options->inventory->path, "sqlite", err);
	int rc;

	if (db == NULL)
		return -1;
	rc = db_query(db, (const char *const[]){ sql }, 1, &answer, err);
	for (size_t i = 0; rc == 0 && i < answer.rows[0].count; i++) {
		struct db_cell name = db_cell(&answer.rows[0], i, 0);
		int64_t indexes = 0;

		(void)db_cell_int(db_cell(&answer.rows[0], i, 1), &indexes);
		if (name.text != NULL)
			p->plan->rows_written += rows_of(p->plan, name.text) * (1 + indexes);
	}
	db_free(db);
	return rc;
}

/* ---- all of it ---- */

static int read_target(struct planning *p, struct err *err)
{
	struct db *target = p->options->target;

	if (target == NULL)
		return 0;
	if (schema_read(target, &p->there, err) != 0 || add_left_out(target, &p->there, err) != 0)
		return -1;
	return references_read(target, &p->references, err);
}

static int make(struct planning *p, struct err *err)
{
	const struct plan_options *o = p->options;

	if (selection_check(o->selection, o->manifest, o->inventory, err) != 0)
		return -1;
	if (read_target(p, err) != 0)
		return err_wrap(err, "%s", o->target_name);
	if (check_in_the_way(p, err) != 0 || check_who_stays(p, err) != 0 ||
	    check_parents(p, err) != 0 || check_needs(p, err) != 0)
		return -1;
	add_sizes(p);
	if (list_tables(p, err) != 0 || add_rows_written(p, err) != 0)
		return -1;
	return drops_write(&p->there, &p->references, o->selection, &p->plan->drops,
	    &p->plan->drop_count, err);
}

int plan_make(const struct plan_options *options, struct plan *ret, struct err *err)
{
	struct planning p = { .options = options, .plan = ret };
	int rc;

	*ret = (struct plan){ .tables = NULL };
	buf_init(&ret->drops, DROPS_MAX_BYTES);
	buf_init(&ret->rebuilds, DROPS_MAX_BYTES);
	rc = make(&p, err);
	schema_release(&p.there);
	references_release(&p.references);
	if (rc != 0)
		plan_release(ret);
	return rc;
}

void plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->table_count; i++)
		free(plan->tables[i].name);
	free(plan->tables);
	for (size_t i = 0; i < plan->not_chosen_count; i++)
		free(plan->not_chosen[i]);
	free(plan->not_chosen);
	buf_release(&plan->drops);
	buf_release(&plan->rebuilds);
	*plan = (struct plan){ .tables = NULL };
}

#include "restore/diff.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/tempdir.h"
#include "db/db.h"
#include "restore/diff_internal.h"

/* What was found out of the two. */
struct comparing {
	const struct diff_options *options;
	struct diff *ret;
	struct inventory inventory_a, inventory_b;
	const struct inventory *of_b;        /* A's when there is no difference */
	struct schema schema_a, schema_b;    /* of the inventories' files */
	struct diff_pairs pairs;
	int64_t bytes;
};

/* ---- what the manifests tell ---- */

static const struct manifest_object *next_end(const struct manifest *m, size_t *at)
{
	while (*at < m->object_count && m->objects[*at].kind == MANIFEST_ROWS)
		(*at)++;
	return *at < m->object_count ? &m->objects[(*at)++] : NULL;
}

/* Schema and post are the same statements. */
static bool same_ends(const struct manifest *a, const struct manifest *b)
{
	const struct manifest_object *x, *y;
	size_t at_a = 0, at_b = 0;

	do {
		x = next_end(a, &at_a);
		y = next_end(b, &at_b);
		if ((x == NULL) != (y == NULL) ||
		    (x != NULL && strcmp(x->sql_sha256, y->sql_sha256) != 0))
			return false;
	} while (x != NULL);
	return true;
}

static const struct manifest_table *find_rows(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->table_count; i++) {
		if (strcasecmp(m->tables[i].name, name) == 0)
			return &m->tables[i];
	}
	return NULL;
}

static bool same_rows(const struct manifest_table *a, const struct manifest_table *b)
{
	return a->rows == b->rows && strcmp(a->sql_sha256, b->sql_sha256) == 0;
}

static bool all_rows_same(const struct manifest *a, const struct manifest *b)
{
	for (size_t i = 0; i < a->table_count; i++) {
		const struct manifest_table *other = find_rows(b, a->tables[i].name);

		if (other == NULL || !same_rows(&a->tables[i], other))
			return false;
	}
	return a->table_count == b->table_count;
}

/* ---- what the inventories tell ---- */

static int read_schema(const struct inventory *inventory, struct schema *ret, struct err *err)
{
	struct db *db = db_sqlite_open(inventory->path, "sqlite", err);
	int rc;

	if (db == NULL)
		return -1;
	rc = schema_read(db, ret, err);
	db_free(db);
	return rc;
}

static int read_side(const struct diff_options *o, const struct diff_side *side,
    struct inventory *ret, struct schema *ret_schema, struct err *err)
{
	if (inventory_read(side->store, side->manifest, o->workers, ret, err) != 0)
		return -1;
	return read_schema(ret, ret_schema, err);
}

static int read_sides(struct comparing *c, struct err *err)
{
	const struct diff_options *o = c->options;

	c->of_b = &c->inventory_a;
	if (read_side(o, &o->a, &c->inventory_a, &c->schema_a, err) != 0)
		return err_wrap(err, "the first of the two");
	if (same_ends(o->a.manifest, o->b.manifest))
		return read_schema(c->of_b, &c->schema_b, err);
	c->of_b = &c->inventory_b;
	return read_side(o, &o->b, &c->inventory_b, &c->schema_b, err) == 0 ? 0 :
	    err_wrap(err, "the second of the two");
}

/* A chosen table may be on one side alone. */
static int check_selection(const struct comparing *c, struct err *err)
{
	const struct diff_options *o = c->options;

	for (size_t i = 0; o->selection != NULL && i < o->selection->count; i++) {
		const struct selection one = { o->selection->names + i, 1 };
		struct err ignored = ERR_INIT;

		if (selection_check(&one, o->a.manifest, &c->inventory_a, &ignored) != 0 &&
		    selection_check(&one, o->b.manifest, c->of_b, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- tables ---- */

static const struct table *find_table(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcmp(schema->tables[i].name, name) == 0)
			return &schema->tables[i];
	}
	return NULL;
}

const struct column *diff_find_column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->column_count; i++) {
		if (!t->columns[i].generated && strcasecmp(t->columns[i].name, name) == 0)
			return &t->columns[i];
	}
	return NULL;
}

bool diff_has_hidden_rowid(const struct table *t)
{
	return t->rowid != NULL && diff_find_column(t, t->rowid) == NULL;
}

enum diff_key_kind diff_key_kind(const struct table *t)
{
	if (t->pk_count > 0)
		return DIFF_KEY_PRIMARY;
	return diff_has_hidden_rowid(t) ? DIFF_KEY_ROWID : DIFF_KEY_ALIAS;
}

static bool same_values(const struct table *a, const struct table *b)
{
	if (a->value_count != b->value_count)
		return false;
	for (size_t i = 0; i < a->value_count; i++) {
		if (strcasecmp(a->values[i], b->values[i]) != 0)
			return false;
	}
	return true;
}

static bool same_columns(const struct table *a, const struct table *b)
{
	size_t count_a = a->value_count - diff_has_hidden_rowid(a);
	size_t count_b = b->value_count - diff_has_hidden_rowid(b);

	for (size_t i = 0; i < a->column_count; i++) {
		if (!a->columns[i].generated && diff_find_column(b, a->columns[i].name) == NULL)
			return false;
	}
	return count_a == count_b;
}

static bool same_collation(const char *a, const char *b)
{
	return strcasecmp(a != NULL ? a : "BINARY", b != NULL ? b : "BINARY") == 0;
}

/* Other types could make one key equal to several. */
static bool same_key(const struct table *a, const struct table *b)
{
	if (diff_key_kind(a) != diff_key_kind(b) || a->pk_count != b->pk_count)
		return false;
	if (diff_key_kind(a) == DIFF_KEY_ALIAS)
		return strcasecmp(a->rowid, b->rowid) == 0;
	for (size_t i = 0; i < a->pk_count; i++) {
		const struct column *x = diff_find_column(a, a->pk[i].name);
		const struct column *y = diff_find_column(b, b->pk[i].name);

		if (x == NULL || y == NULL || strcasecmp(x->name, y->name) != 0 ||
		    strcasecmp(x->type, y->type) != 0 ||
		    !same_collation(a->pk[i].collation, b->pk[i].collation))
			return false;
	}
	return true;
}

static struct diff_table *add_table(struct diff *ret, const char *name, int64_t rows_a,
    int64_t rows_b)
{
	struct diff_table *t;

	ret->tables = mem_grow(ret->tables, ret->table_count, &ret->table_cap, sizeof(*t));
	t = &ret->tables[ret->table_count++];
	*t = (struct diff_table){ .name = mem_strdup(name), .rows_a = rows_a, .rows_b = rows_b };
	return t;
}

/* All that is there counts. */
static void count_all(struct diff_table *t)
{
	t->added = t->rows_b > 0 ? t->rows_b : 0;
	t->removed = t->rows_a > 0 ? t->rows_a : 0;
}

static int pair_up(struct comparing *c, const struct manifest_table *a,
    const struct manifest_table *b, struct err *err)
{
	const struct table *x = find_table(&c->schema_a, a->name);
	const struct table *y = find_table(&c->schema_b, b->name);
	struct diff_table *t;

	if (x == NULL || y == NULL)
		return err_set(err, ERR_CORRUPT, "nothing makes the table \"%s\"", b->name);
	if ((same_rows(a, b) && same_values(x, y)) || (a->rows == 0 && b->rows == 0))
		return 0;
	t = add_table(c->ret, b->name, a->rows, b->rows);
	t->columns_changed = !same_columns(x, y);
	t->key_changed = !same_key(x, y);
	if (t->key_changed) {
		count_all(t);
		return 0;
	}
	c->pairs.items = mem_grow(c->pairs.items, c->pairs.count, &c->pairs.cap,
	    sizeof(*c->pairs.items));
	c->pairs.items[c->pairs.count++] = (struct diff_pair){ x, y, c->ret->table_count - 1 };
	return 0;
}

static bool is_chosen(const struct comparing *c, const char *name)
{
	return c->options->selection == NULL || selection_has(c->options->selection, name);
}

static int compare_tables(struct comparing *c, struct err *err)
{
	const struct manifest *a = c->options->a.manifest, *b = c->options->b.manifest;

	for (size_t i = 0; i < a->table_count; i++) {
		const struct manifest_table *t = &a->tables[i], *other = find_rows(b, t->name);

		if (!is_chosen(c, t->name))
			continue;
		if (other == NULL)
			count_all(add_table(c->ret, t->name, t->rows, -1));
		else if (pair_up(c, t, other, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < b->table_count; i++) {
		const struct manifest_table *t = &b->tables[i];

		if (is_chosen(c, t->name) && find_rows(a, t->name) == NULL)
			count_all(add_table(c->ret, t->name, -1, t->rows));
	}
	return 0;
}

/* ---- rows ---- */

/* The manifests tell how many there are, so what was found must add up. */
static int check_sum(const struct diff_table *t, struct err *err)
{
	if (t->rows_a - t->removed + t->added == t->rows_b)
		return 0;
	return err_set(err, ERR_CORRUPT, "table \"%s\": %lld rows less %lld and %lld more are not %lld",
	    t->name, (long long)t->rows_a, (long long)t->removed, (long long)t->added,
	    (long long)t->rows_b);
}

static int compare_files(struct comparing *c, const char *path_a, const char *path_b,
    struct err *err)
{
	struct diff_rows *rows = diff_rows_open(path_a, path_b, err);
	int rc = rows != NULL ? 0 : -1;

	for (size_t i = 0; i < c->pairs.count && rc == 0; i++) {
		struct diff_table *t = &c->ret->tables[c->pairs.items[i].result];

		rc = diff_rows_compare(rows, &c->pairs.items[i], c->options->keys, t, err);
		if (rc == 0)
			rc = check_sum(t, err);
	}
	diff_rows_close(rows);
	return rc;
}

static int make_file(struct comparing *c, bool is_b, const char *path, struct err *err)
{
	const struct diff_options *o = c->options;
	const struct diff_file file = {
		.options = o, .side = is_b ? &o->b : &o->a, .other = is_b ? &o->a : &o->b,
		.inventory = is_b ? c->of_b : &c->inventory_a, .pairs = &c->pairs,
		.is_b = is_b, .path = path,
	};

	return diff_make_file(&file, c->ret, &c->bytes, err) == 0 ? 0 :
	    err_wrap(err, "the %s of the two", is_b ? "second" : "first");
}

static int compare_rows(struct comparing *c, struct err *err)
{
	char *folder = c->pairs.count > 0 ? tempdir_make(err) : NULL;
	AUTO_STR path_a = mem_printf("%s/a.sqlite", folder != NULL ? folder : "");
	AUTO_STR path_b = mem_printf("%s/b.sqlite", folder != NULL ? folder : "");
	int rc = -1;

	if (c->pairs.count == 0)
		return 0;
	if (folder != NULL && make_file(c, false, path_a, err) == 0 &&
	    make_file(c, true, path_b, err) == 0)
		rc = compare_files(c, path_a, path_b, err);
	tempdir_remove(folder);
	return rc;
}

/* Of one whose hash differs, nothing may be left: a real written in another way. */
static void drop_equal_tables(struct diff *diff)
{
	size_t kept = 0;

	for (size_t i = 0; i < diff->table_count; i++) {
		struct diff_table *t = &diff->tables[i];

		if (t->rows_a < 0 || t->rows_b < 0 || t->key_changed ||
		    t->added + t->removed + t->changed + t->moved > 0)
			diff->tables[kept++] = *t;
		else
			free(t->name);
	}
	diff->table_count = kept;
}

/* ---- all of it ---- */

static int compare(struct comparing *c, struct err *err)
{
	if (read_sides(c, err) != 0 || check_selection(c, err) != 0 ||
	    diff_schema(&c->inventory_a, c->of_b, c->options->selection, c->ret, err) != 0 ||
	    compare_tables(c, err) != 0 || compare_rows(c, err) != 0)
		return -1;
	drop_equal_tables(c->ret);
	return 0;
}

int diff_snapshots(const struct diff_options *options, struct diff *ret, struct err *err)
{
	struct comparing c = { .options = options, .ret = ret };
	bool some = options->selection != NULL && options->selection->count > 0;
	int rc;

	*ret = (struct diff){ .objects = NULL };
	/* A choice of tables has to be checked, which takes the inventory. */
	if (!some && same_ends(options->a.manifest, options->b.manifest) &&
	    all_rows_same(options->a.manifest, options->b.manifest))
		return 0;
	rc = compare(&c, err);
	inventory_release(&c.inventory_a);
	inventory_release(&c.inventory_b);
	schema_release(&c.schema_a);
	schema_release(&c.schema_b);
	free(c.pairs.items);
	if (rc != 0)
		diff_release(ret);
	return rc;
}

void diff_release(struct diff *diff)
{
	for (size_t i = 0; i < diff->object_count; i++) {
		free(diff->objects[i].name);
		free(diff->objects[i].a);
		free(diff->objects[i].b);
	}
	free(diff->objects);
	for (size_t i = 0; i < diff->table_count; i++) {
		for (size_t j = 0; j < diff->tables[i].key_count; j++)
			free(diff->tables[i].keys[j].text);
		free(diff->tables[i].keys);
		free(diff->tables[i].name);
	}
	free(diff->tables);
	*diff = (struct diff){ .objects = NULL };
}

bool diff_is_empty(const struct diff *diff)
{
	return diff->object_count == 0 && diff->table_count == 0;
}

const char *diff_change_name(enum diff_change change)
{
	static const char *const names[] = {
		[DIFF_ADDED] = "added", [DIFF_REMOVED] = "removed", [DIFF_CHANGED] = "changed",
	};

	return names[change];
}

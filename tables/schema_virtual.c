/*
 * Virtual tables. FTS5 with content of its own and rtree are tables like others:
 * created empty and filled row by row. An FTS5 index of another table is created
 * behind that and rebuilt from it. Shadow tables are never read for their rows:
 * the virtual table makes them.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "tables/literal.h"
#include "tables/reader.h"
#include "tables/schema_internal.h"
#include "tables/select.h"
#include "tables/virtual.h"

#define SQL_MAX_BYTES (1u << 20)

/* One virtual table while it is looked into. */
struct looking {
	struct schema *schema;
	struct db *db;
	char *name, *sql;              /* handed on */
	struct virtual_decl decl;
	char *settings;
};

/* ---- an FTS5 table's options: the rows of its shadow table f_config ---- */

struct settings {
	struct buf sql;
	const char *name;
};

/* INSERT INTO "f"("f","rank") VALUES('pgsz',64); as sqlite.org/fts5.html says,
 * "special INSERT commands". "version" is the file format's own. */
static int add_setting(void *ctx, struct span tuple, struct err *err)
{
	struct settings *s = ctx;
	struct span key = tuple_literal(tuple, 0), value = tuple_literal(tuple, 1);

	if (key.text[0] != '\'' || (key.len == 9 && memcmp(key.text, "'version'", 9) == 0))
		return 0;
	return buf_adds(&s->sql, "INSERT INTO ", err) != 0 ||
	    literal_add_name(&s->sql, s->name, err) != 0 ||
	    buf_adds(&s->sql, "(", err) != 0 ||
	    literal_add_name(&s->sql, s->name, err) != 0 ||
	    buf_addf(&s->sql, err, ",\"rank\") VALUES(%.*s,", (int)key.len, key.text) != 0 ||
	    buf_add(&s->sql, value.text, value.len, err) != 0 ||
	    buf_adds(&s->sql, ");\n", err) != 0 ? -1 : 0;
}

static int read_settings(struct looking *l, struct err *err)
{
	static const char *values[] = { "k", "v" };
	static size_t key[] = { 0 };
	AUTO_STR config = mem_printf("%s_config", l->name);
	const struct table table = {
		.name = config, .values = values, .value_count = 2, .key = key, .key_count = 1,
	};
	struct settings settings = { BUF_INIT(SQL_MAX_BYTES), l->name };
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);
	AUTO_ANSWER answer = { 0 };
	int rc = -1;

	if (select_page(&sql, &table, SELECT_HEX, (struct span){ NULL, 0 }, 0, err) == 0 &&
	    db_query(l->db, (const char *const[]){ buf_str(&sql) }, 1, &answer, err) == 0)
		rc = reader_rows(l->db, &answer.rows[0], &table, SELECT_HEX, add_setting,
		    &settings, err);
	if (rc == 0 && settings.sql.len > 0)
		l->settings = mem_strdup(buf_str(&settings.sql));
	buf_release(&settings.sql);
	return rc;
}

/* ---- columns ---- */

static int read_columns(struct db *db, const char *name, struct db_answer *ret, struct err *err)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);
	AUTO_BUF literal = BUF_INIT(SQL_MAX_BYTES);

	if (literal_add_text(&literal, name, strlen(name), err) != 0 ||
	    buf_addf(&sql, err, "SELECT hex(CAST(%s AS BLOB)), hex(CAST(name AS BLOB)), type, pk, hidden"
	    " FROM pragma_table_xinfo(%s) ORDER BY cid", buf_str(&literal), buf_str(&literal)) != 0 ||
	    db_query(db, (const char *const[]){ buf_str(&sql) }, 1, ret, err) != 0)
		return -1;
	return ret->rows[0].columns == 5 && ret->rows[0].count > 0 ? 0 :
	    err_set(err, ERR_CHANGED, "table \"%s\" shows no columns", name);
}

static int add_table(struct looking *l, enum table_kind kind, struct err *err)
{
	struct table *t = schema_add_table(l->schema, kind, l->name, l->sql);
	AUTO_ANSWER answer = { 0 };

	t->settings = l->settings;
	t->exact_reals = l->db->traits.exact_reals;
	l->name = l->sql = l->settings = NULL;
	if (read_columns(l->db, t->name, &answer, err) != 0)
		return -1;
	schema_take_columns(l->schema, &answer.rows[0]);
	return schema_settle_keys(t, err);
}

/* ---- indexes of another table ---- */

/* What a rebuild would read: SELECT rowid and each column of the content. */
static int content_select(struct looking *l, const struct db_rows *columns, struct buf *ret,
    struct err *err)
{
	if (buf_adds(ret, "SELECT ", err) != 0 ||
	    literal_add_name(ret, l->decl.content_rowid, err) != 0)
		return -1;
	for (size_t i = 0; i < columns->count; i++) {
		AUTO_STR name = schema_unhex(db_cell(columns, i, 1));
		int64_t hidden = 0;

		if (!db_cell_int(db_cell(columns, i, 4), &hidden) || hidden != 0)
			continue;
		/* The alias keeps a name that is no column from being read as a text. */
		if (buf_adds(ret, ",c.", err) != 0 || literal_add_name(ret, name, err) != 0)
			return -1;
	}
	return buf_adds(ret, " FROM ", err) != 0 ||
	    literal_add_name(ret, l->decl.content, err) != 0 ||
	    buf_adds(ret, " AS c LIMIT 0", err) != 0 ? -1 : 0;
}

/* Tells whether the content is still there, all its columns too. */
static int look_at_content(struct looking *l, bool *ret_there, struct err *err)
{
	AUTO_ANSWER columns = { 0 };
	AUTO_ANSWER nothing = { 0 };
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);

	*ret_there = true;
	if (read_columns(l->db, l->name, &columns, err) != 0 ||
	    content_select(l, &columns.rows[0], &sql, err) != 0)
		return -1;
	if (db_query(l->db, (const char *const[]){ buf_str(&sql) }, 1, &nothing, err) == 0)
		return 0;
	if (err->code != ERR_FAILED)
		return -1;
	err_clear(err);
	*ret_there = false;
	return 0;
}

static int add_rebuild(struct looking *l, struct err *err)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);

	if (buf_addf(&sql, err, "%sINSERT INTO ", l->settings != NULL ? l->settings : "") != 0 ||
	    literal_add_name(&sql, l->name, err) != 0 || buf_adds(&sql, "(", err) != 0 ||
	    literal_add_name(&sql, l->name, err) != 0 ||
	    buf_adds(&sql, ") VALUES('rebuild');\n", err) != 0)
		return -1;
	free(l->settings);
	l->settings = mem_strdup(buf_str(&sql));
	return 0;
}

static void add_object(struct looking *l)
{
	struct schema_object *object = schema_add_object(l->schema, SCHEMA_VIRTUAL, l->name, l->sql);

	object->fill = l->settings;
	l->name = l->sql = l->settings = NULL;
}

static bool is_left_out(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->exception_count; i++) {
		if (strcasecmp(schema->exceptions[i].object, name) == 0)
			return true;
	}
	return false;
}

static int add_external(struct looking *l, struct err *err)
{
	bool there;

	if (look_at_content(l, &there, err) != 0)
		return -1;
	there = there && !is_left_out(l->schema, l->decl.content);
	if (!there)
		schema_add_exception(l->schema, l->name, "its content table is missing, is not kept or has lost a column: its definition is kept, its words are not");
	else if (add_rebuild(l, err) != 0)
		return -1;
	add_object(l);
	return 0;
}

/* ---- each kind ---- */

static int take_fts5(struct looking *l, struct err *err)
{
	if (read_settings(l, err) != 0)
		return -1;
	if (l->decl.kind == VIRTUAL_FTS5)
		return add_table(l, TABLE_FTS5, err);
	if (l->decl.kind == VIRTUAL_FTS5_EXTERNAL)
		return add_external(l, err);
	schema_add_exception(l->schema, l->name, "a contentless FTS5 index: its definition is kept, its words are not");
	add_object(l);
	return 0;
}

static int take_one(struct looking *l, struct err *err)
{
	AUTO_STR reason = NULL;

	if (virtual_read(l->sql, &l->decl)) {
		switch (l->decl.kind) {
		case VIRTUAL_FTS5:
		case VIRTUAL_FTS5_EXTERNAL:
		case VIRTUAL_FTS5_CONTENTLESS:
			return take_fts5(l, err);
		case VIRTUAL_RTREE:
			return add_table(l, TABLE_RTREE, err);
		case VIRTUAL_FTS5_VOCAB:
			add_object(l);
			return 0;
		case VIRTUAL_OTHER:
			break;
		}
	}
	reason = mem_printf("a virtual table of the module %s, which D1 does not have: neither its definition nor its rows are in this snapshot",
	    l->decl.module != NULL ? l->decl.module : "?");
	schema_add_exception(l->schema, l->name, reason);
	return 0;
}

enum shadow schema_shadow(const struct db_rows *schema, const char *table)
{
	const char *end = strrchr(table, '_');
	size_t len = end != NULL ? (size_t)(end - table) : 0;
	enum shadow ret = SHADOW_KEPT;

	for (size_t i = 0; end != NULL && i < schema->count; i++) {
		AUTO_STR name = schema_unhex(db_cell(schema, i, 1));
		AUTO_STR sql = schema_unhex(db_cell(schema, i, 3));
		struct virtual_decl decl;

		if (strlen(name) != len || strncasecmp(name, table, len) != 0 || !virtual_read(sql, &decl))
			continue;
		if (virtual_owns(&decl, end + 1))
			ret = SHADOW_REAL;
		else if (decl.kind == VIRTUAL_FTS5)
			ret = SHADOW_LOST;
		virtual_release(&decl);
		return ret;
	}
	return SHADOW_REAL;
}

int schema_take_virtual(struct schema *ret, struct db *db, const struct db_rows *schema,
    const struct db_rows *tables, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < schema->count && rc == 0; i++) {
		const struct db_cell *row = &schema->cells[i * schema->columns];
		const struct db_cell *facts = schema_table_facts(tables, row[1]);
		struct looking l = { .schema = ret, .db = db };

		if (facts == NULL || facts[1].text == NULL || strcmp(facts[1].text, "virtual") != 0 ||
		    row[0].text == NULL || strcmp(row[0].text, "table") != 0)
			continue;
		l.name = schema_unhex(row[1]);
		l.sql = schema_unhex(row[3]);
		rc = take_one(&l, err);
		if (rc != 0 && l.name != NULL)
			(void)err_wrap(err, "virtual table \"%s\"", l.name);
		virtual_release(&l.decl);
		free(l.name);
		free(l.sql);
		free(l.settings);
	}
	return rc;
}

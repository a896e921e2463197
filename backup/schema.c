#include "backup/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/mem.h"

/* Names and SQL come as hex: they may be anything, and an answer is JSON. */
#define HEX(x) "hex(CAST(" x " AS BLOB))"
#define NOT_CLOUDFLARES(name) "substr(lower(" name "),1,4)<>'_cf_'"

/* Everything the statements below answer follows from this one. */
const char schema_fingerprint_sql[] =
    "SELECT type, " HEX("name") ", " HEX("tbl_name") ", " HEX("sql")
    " FROM sqlite_schema WHERE " NOT_CLOUDFLARES("name") " ORDER BY rowid";

static const char tables_sql[] =
    "SELECT " HEX("name") ", type, wr, strict FROM pragma_table_list"
    " WHERE schema='main' AND " NOT_CLOUDFLARES("name");

#define ORDINARY_TABLES \
	"(SELECT name AS t FROM pragma_table_list WHERE schema='main' AND type='table' AND " \
	NOT_CLOUDFLARES("name") ")"

static const char columns_sql[] =
    "SELECT " HEX("t") ", " HEX("x.name") ", x.type, x.pk, x.hidden"
    " FROM " ORDINARY_TABLES " JOIN pragma_table_xinfo(t) AS x ORDER BY t, x.cid";

static const char pk_indexes_sql[] =
    "SELECT " HEX("t") " FROM " ORDINARY_TABLES
    " JOIN pragma_index_list(t) AS i WHERE i.origin='pk'";

enum { ASK_SCHEMA, ASK_TABLES, ASK_COLUMNS, ASK_PK, ASK_CHANGES, ASK_COUNT };

static char *unhex(struct db_cell cell)
{
	char *text;

	if (cell.text == NULL)
		return NULL;
	text = mem_calloc(cell.len / 2 + 1, 1);
	if (!hex_decode(cell.text, cell.len, (unsigned char *)text))
		text[0] = '\0';
	return text;
}

static bool text_is(struct db_cell cell, const char *text)
{
	return cell.text != NULL && strcmp(cell.text, text) == 0;
}

static void add_exception(struct schema *schema, const char *object, const char *reason)
{
	schema->exceptions = mem_grow(schema->exceptions, schema->exception_count,
	    &schema->exception_cap, sizeof(*schema->exceptions));
	schema->exceptions[schema->exception_count++] = (struct schema_exception){
		mem_strdup(object), mem_strdup(reason),
	};
}

/* ---- tables ---- */

static struct table *find_table(struct schema *schema, struct db_cell hex_name)
{
	AUTO_STR name = unhex(hex_name);

	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcmp(schema->tables[i].name, name) == 0)
			return &schema->tables[i];
	}
	return NULL;
}

/* What pragma_table_list says of the table in row `row` of the schema: NULL
 * when it is not to be kept as a table. */
static const struct db_cell *table_facts(const struct db_rows *tables, struct db_cell hex_name)
{
	for (size_t i = 0; i < tables->count; i++) {
		if (text_is(db_cell(tables, i, 0), hex_name.text))
			return &tables->cells[i * tables->columns];
	}
	return NULL;
}

static void add_table(struct schema *schema, struct db_cell hex_name, struct db_cell sql,
    const struct db_cell *facts)
{
	struct table *t;

	schema->tables = mem_grow(schema->tables, schema->table_count, &schema->table_cap,
	    sizeof(*t));
	t = &schema->tables[schema->table_count++];
	*t = (struct table){
		.name = unhex(hex_name),
		.sql = unhex(sql),
		.without_rowid = text_is(facts[2], "1"),
		.strict = text_is(facts[3], "1"),
	};
}

static int take_table(struct schema *schema, const struct db_rows *tables,
    struct db_cell hex_name, struct db_cell sql, struct err *err)
{
	AUTO_STR name = unhex(hex_name);
	const struct db_cell *facts = table_facts(tables, hex_name);

	if (strncasecmp(name, "sqlite_", 7) == 0) {
		if (strcmp(name, "sqlite_sequence") == 0)
			schema->has_sequence = true;
		return 0;
	}
	if (facts == NULL)
		return err_set(err, ERR_CHANGED, "table \"%s\" appeared while the schema was read", name);
	if (text_is(facts[1], "virtual"))
		add_exception(schema, name, "virtual tables are not kept yet: neither its definition nor its rows are in this snapshot");
	else if (text_is(facts[1], "table"))
		add_table(schema, hex_name, sql, facts);
	return 0;
}

static void add_object(struct schema *schema, enum schema_kind kind, struct db_cell name,
    struct db_cell sql)
{
	/* The index of a UNIQUE or PRIMARY KEY has no SQL: its table makes it. */
	if (sql.text == NULL || sql.len == 0)
		return;
	schema->objects = mem_grow(schema->objects, schema->object_count,
	    &schema->object_cap, sizeof(*schema->objects));
	schema->objects[schema->object_count++] = (struct schema_object){
		kind, unhex(name), unhex(sql),
	};
}

static int take_schema(struct schema *schema, const struct db_answer *answer, struct err *err)
{
	const struct db_rows *rows = &answer->rows[ASK_SCHEMA];

	for (size_t i = 0; i < rows->count; i++) {
		struct db_cell type = db_cell(rows, i, 0), name = db_cell(rows, i, 1);
		struct db_cell sql = db_cell(rows, i, 3);

		if (text_is(type, "table")) {
			if (take_table(schema, &answer->rows[ASK_TABLES], name, sql, err) != 0)
				return -1;
		} else if (text_is(type, "index")) {
			add_object(schema, SCHEMA_INDEX, name, sql);
		} else if (text_is(type, "view")) {
			add_object(schema, SCHEMA_VIEW, name, sql);
		} else if (text_is(type, "trigger")) {
			add_object(schema, SCHEMA_TRIGGER, name, sql);
		}
	}
	return 0;
}

/* ---- columns ---- */

static void take_columns(struct schema *schema, const struct db_rows *rows)
{
	struct table *t = NULL;

	for (size_t i = 0; i < rows->count; i++) {
		int64_t pk = 0, hidden = 0;

		if (i == 0 || !text_is(db_cell(rows, i, 0), db_cell(rows, i - 1, 0).text))
			t = find_table(schema, db_cell(rows, i, 0));
		if (t == NULL)
			continue;
		(void)db_cell_int(db_cell(rows, i, 3), &pk);
		(void)db_cell_int(db_cell(rows, i, 4), &hidden);
		t->columns = mem_grow(t->columns, t->column_count, &t->column_cap,
		    sizeof(*t->columns));
		t->columns[t->column_count++] = (struct column){
			.name = unhex(db_cell(rows, i, 1)),
			.type = mem_strdup(db_cell(rows, i, 2).text != NULL ?
			    db_cell(rows, i, 2).text : ""),
			.pk = (int)pk,
			.generated = hidden != 0,
		};
	}
}

static void take_pk_indexes(struct schema *schema, const struct db_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct table *t = find_table(schema, db_cell(rows, i, 0));

		if (t != NULL)
			t->pk_index = true;
	}
}

/* ---- keys ---- */

static bool has_column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->column_count; i++) {
		if (strcasecmp(t->columns[i].name, name) == 0)
			return true;
	}
	return false;
}

/* The column that *is* the rowid: INTEGER PRIMARY KEY. The type must be
 * exactly that, and a primary key with an index of its own is not it
 * (INTEGER PRIMARY KEY DESC; sqlite.org/lang_createtable.html#rowid). */
static const struct column *rowid_column(const struct table *t)
{
	const struct column *found = NULL;

	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].pk == 0)
			continue;
		if (found != NULL || strcasecmp(t->columns[i].type, "INTEGER") != 0)
			return NULL;
		found = &t->columns[i];
	}
	return t->pk_index ? NULL : found;
}

static int name_rowid(struct table *t, struct err *err)
{
	static const char *const names[] = { "rowid", "_rowid_", "oid" };

	for (size_t i = 0; i < 3; i++) {
		if (!has_column(t, names[i])) {
			t->rowid = names[i];
			return 0;
		}
	}
	return err_set(err, ERR_FAILED, "table \"%s\" has columns named rowid, _rowid_ and oid: its real rowid cannot be reached", t->name);
}

static void add_values(struct table *t, bool with_rowid)
{
	t->values = mem_calloc(t->column_count + 1, sizeof(*t->values));
	t->key = mem_calloc(t->column_count + 1, sizeof(*t->key));
	if (with_rowid)
		t->values[t->value_count++] = t->rowid;
	for (size_t i = 0; i < t->column_count; i++) {
		if (!t->columns[i].generated)
			t->values[t->value_count++] = t->columns[i].name;
	}
}

static size_t value_place(const struct table *t, const char *name)
{
	size_t i = 0;

	while (t->values[i] != name)
		i++;
	return i;
}

static int settle_keys(struct table *t, struct err *err)
{
	const struct column *alias;

	if (t->without_rowid) {
		add_values(t, false);
		for (size_t i = 0; i < t->column_count; i++) {
			const struct column *c = &t->columns[i];

			if (c->pk > 0 && (size_t)c->pk <= t->column_count) {
				t->key[c->pk - 1] = value_place(t, c->name);
				t->key_count++;
			}
		}
		return 0;
	}
	alias = rowid_column(t);
	if (alias != NULL)
		t->rowid = alias->name;
	else if (name_rowid(t, err) != 0)
		return -1;
	add_values(t, alias == NULL);
	t->key[t->key_count++] = value_place(t, t->rowid);
	return 0;
}

/* ---- all of it ---- */

static void note_migrations(struct schema *schema)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		const struct table *t = &schema->tables[i];

		if (strcmp(t->name, "d1_migrations") == 0 && has_column(t, "id") &&
		    has_column(t, "name"))
			schema->has_migrations = true;
	}
}

static int schema_take(struct schema *schema, const struct db_answer *answer, struct err *err)
{
	schema->fingerprint = schema_fingerprint(&answer->rows[ASK_SCHEMA]);
	schema->database_bytes = answer->size_bytes;
	(void)db_cell_int(db_cell(&answer->rows[ASK_CHANGES], 0, 0), &schema->total_changes);
	if (take_schema(schema, answer, err) != 0)
		return -1;
	take_columns(schema, &answer->rows[ASK_COLUMNS]);
	take_pk_indexes(schema, &answer->rows[ASK_PK]);
	for (size_t i = 0; i < schema->table_count; i++) {
		struct table *t = &schema->tables[i];

		if (t->column_count == 0)
			return err_set(err, ERR_CHANGED, "table \"%s\" shows no columns", t->name);
		if (settle_keys(t, err) != 0)
			return -1;
	}
	note_migrations(schema);
	return 0;
}

int schema_read(struct db *db, struct schema *ret, struct err *err)
{
	const char *const sql[ASK_COUNT] = {
		schema_fingerprint_sql, tables_sql, columns_sql, pk_indexes_sql,
		"SELECT total_changes()",
	};
	AUTO_ANSWER answer = { 0 };

	*ret = (struct schema){ 0 };
	if (db_query(db, sql, ASK_COUNT, &answer, err) != 0)
		return err_wrap(err, "read the schema");
	if (schema_take(ret, &answer, err) != 0) {
		schema_release(ret);
		return -1;
	}
	return 0;
}

char *schema_fingerprint(const struct db_rows *rows)
{
	struct sha256 *h = sha256_new();
	unsigned char raw[SHA256_BYTES];
	char *hex = mem_calloc(SHA256_HEX_SIZE, 1);

	for (size_t i = 0; i < rows->count * rows->columns; i++) {
		const struct db_cell *cell = &rows->cells[i];

		sha256_add(h, cell->text != NULL ? cell->text : "",
		    cell->text != NULL ? cell->len : 0);
		sha256_add(h, cell->text != NULL ? "," : ";", 1);
	}
	sha256_end(h, raw);
	hex_encode(raw, sizeof(raw), hex);
	return hex;
}

static void release_table(struct table *t)
{
	for (size_t i = 0; i < t->column_count; i++) {
		free(t->columns[i].name);
		free(t->columns[i].type);
	}
	free(t->columns);
	free(t->values);
	free(t->key);
	free(t->name);
	free(t->sql);
}

void schema_release(struct schema *schema)
{
	for (size_t i = 0; i < schema->table_count; i++)
		release_table(&schema->tables[i]);
	free(schema->tables);
	for (size_t i = 0; i < schema->object_count; i++) {
		free(schema->objects[i].name);
		free(schema->objects[i].sql);
	}
	free(schema->objects);
	for (size_t i = 0; i < schema->exception_count; i++) {
		free(schema->exceptions[i].object);
		free(schema->exceptions[i].reason);
	}
	free(schema->exceptions);
	free(schema->fingerprint);
	*schema = (struct schema){ 0 };
}

static bool contains(const char *type, const char *word)
{
	return strcasestr(type, word) != NULL;
}

bool column_is_numeric(const char *type)
{
	if (contains(type, "INT"))
		return true;
	if (contains(type, "CHAR") || contains(type, "CLOB") || contains(type, "TEXT"))
		return false;
	return !contains(type, "BLOB") && type[0] != '\0';
}

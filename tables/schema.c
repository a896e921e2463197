#include "tables/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tables/schema_internal.h"

/* Names and SQL come as hex: they may be anything, and an answer is JSON. */
#define HEX(x) "hex(CAST(" x " AS BLOB))"
#define NOT_CLOUDFLARES(name) "substr(lower(" name "),1,4)<>'_cf_'"
/* Dumps make and drop tables of such names (dump.c, long_row.c). */
#define RESERVED_PREFIX "_d1keep_"

/* A database of D1 has tables of Cloudflare's own, which it lets nobody read; in
 * any other file such a name means nothing. */
#define ANY_NAME(name) "1"

struct schema_sql {
	const char *fingerprint;     /* everything the others answer follows from it */
	const char *tables, *columns, *pk_indexes;
};

/* Asked table by table: the list of all runs into a limit of D1's engine at about
 * 1,700 tables. */
#define TABLE_LIST(kept) \
	" FROM sqlite_schema AS s JOIN pragma_table_list(s.name) AS l" \
	" WHERE s.type='table' AND l.schema='main' AND " kept("s.name")

#define ORDINARY_TABLES(kept) \
	"(SELECT s.name AS t" TABLE_LIST(kept) " AND l.type IN ('table','shadow'))"

#define SCHEMA_SQL(kept) { \
	.fingerprint = "SELECT type, " HEX("name") ", " HEX("tbl_name") ", " HEX("sql") \
	    " FROM sqlite_schema WHERE " kept("name") " AND " kept("tbl_name") \
	    " ORDER BY rowid", \
	.tables = "SELECT " HEX("s.name") ", l.type, l.wr" TABLE_LIST(kept), \
	.columns = "SELECT " HEX("t") ", " HEX("x.name") ", x.type, x.pk, x.hidden" \
	    " FROM " ORDINARY_TABLES(kept) " JOIN pragma_table_xinfo(t) AS x ORDER BY t, x.cid", \
	.pk_indexes = "SELECT " HEX("t") ", " HEX("x.name") ", x.coll FROM " ORDINARY_TABLES(kept) \
	    " JOIN pragma_index_list(t) AS i JOIN pragma_index_xinfo(i.name) AS x" \
	    " WHERE i.origin='pk' AND x.key ORDER BY t, x.seqno", \
}

static const struct schema_sql *sql_for(const struct db *db)
{
	static const struct schema_sql of_d1 = SCHEMA_SQL(NOT_CLOUDFLARES);
	static const struct schema_sql of_file = SCHEMA_SQL(ANY_NAME);

	return db->traits.is_d1 ? &of_d1 : &of_file;
}

const char *schema_fingerprint_sql(const struct db *db)
{
	return sql_for(db)->fingerprint;
}

enum { ASK_SCHEMA, ASK_TABLES, ASK_COLUMNS, ASK_PK, ASK_CHANGES, ASK_NUMBERS, ASK_COUNT };

char *schema_unhex(struct db_cell cell)
{
	char *text = mem_calloc(cell.len / 2 + 1, 1);

	if (cell.text == NULL || !hex_decode(cell.text, cell.len, (unsigned char *)text))
		text[0] = '\0';
	return text;
}

static bool text_is(struct db_cell cell, const char *text)
{
	return cell.text != NULL && strcmp(cell.text, text) == 0;
}

void schema_add_exception(struct schema *schema, const char *object, const char *reason)
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
	AUTO_STR name = schema_unhex(hex_name);

	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcmp(schema->tables[i].name, name) == 0)
			return &schema->tables[i];
	}
	return NULL;
}

/* What pragma_table_list says of a table. */
const struct db_cell *schema_table_facts(const struct db_rows *tables, struct db_cell hex_name)
{
	for (size_t i = 0; i < tables->count; i++) {
		if (text_is(db_cell(tables, i, 0), hex_name.text))
			return &tables->cells[i * tables->columns];
	}
	return NULL;
}

struct table *schema_add_table(struct schema *schema, enum table_kind kind, char *name, char *sql)
{
	struct table *t;

	schema->tables = mem_grow(schema->tables, schema->table_count, &schema->table_cap,
	    sizeof(*t));
	t = &schema->tables[schema->table_count++];
	*t = (struct table){ .kind = kind, .name = name, .sql = sql };
	return t;
}

struct schema_object *schema_add_object(struct schema *schema, enum schema_kind kind,
    char *name, char *sql)
{
	struct schema_object *object;

	schema->objects = mem_grow(schema->objects, schema->object_count,
	    &schema->object_cap, sizeof(*schema->objects));
	object = &schema->objects[schema->object_count++];
	*object = (struct schema_object){ .kind = kind, .name = name, .sql = sql };
	return object;
}

/* `facts`: what pragma_table_list says. */
static bool is_ordinary(struct schema *schema, const struct db_rows *rows, const char *name,
    const struct db_cell *facts)
{
	enum shadow shadow;

	if (!text_is(facts[1], "shadow"))
		return text_is(facts[1], "table");
	shadow = schema_shadow(rows, name);
	if (shadow == SHADOW_LOST)
		schema_add_exception(schema, name, "it is named like a part of the full-text table that it stands beside, which a database may protect from every write: neither its definition nor its rows are in this snapshot");
	return shadow == SHADOW_KEPT;
}

static int take_table(struct schema *schema, const struct db_answer *answer,
    struct db_cell hex_name, struct db_cell sql, struct err *err)
{
	AUTO_STR name = schema_unhex(hex_name);
	const struct db_cell *facts = schema_table_facts(&answer->rows[ASK_TABLES], hex_name);

	if (strncasecmp(name, "sqlite_", 7) == 0) {
		if (strcmp(name, "sqlite_sequence") == 0)
			schema->has_sequence = true;
		if (strcmp(name, "sqlite_stat1") == 0)
			schema->has_stat = true;
		return 0;
	}
	if (facts == NULL || sql.text == NULL)
		return err_set(err, ERR_CORRUPT, "table \"%s\" has no definition", name);
	if (strncasecmp(name, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) == 0)
		schema_add_exception(schema, name, "tables whose names begin with _d1keep_ are a restore's own, and are not kept");
	else if (is_ordinary(schema, &answer->rows[ASK_SCHEMA], name, facts))
		schema_add_table(schema, TABLE_ORDINARY, schema_unhex(hex_name), schema_unhex(sql))
		    ->without_rowid = text_is(facts[2], "1");
	return 0;
}

static bool is_kept(const struct schema *schema, const char *table)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcasecmp(schema->tables[i].name, table) == 0)
			return true;
	}
	for (size_t i = 0; i < schema->object_count; i++) {
		if (schema->objects[i].kind == SCHEMA_VIEW &&
		    strcasecmp(schema->objects[i].name, table) == 0)
			return true;
	}
	return false;
}

/* `row`: type, name, tbl_name, sql. */
static void add_object(struct schema *schema, enum schema_kind kind, const struct db_cell *row)
{
	AUTO_STR table = schema_unhex(row[2]);
	AUTO_STR name = NULL;

	/* The index of a UNIQUE or PRIMARY KEY has no SQL: its table makes it. */
	if (row[3].text == NULL || row[3].len == 0)
		return;
	if (kind != SCHEMA_VIEW && !is_kept(schema, table)) {
		name = schema_unhex(row[1]);
		schema_add_exception(schema, name, "it belongs to a table that is not kept");
		return;
	}
	(void)schema_add_object(schema, kind, schema_unhex(row[1]), schema_unhex(row[3]));
}

static int take_tables_and_views(struct schema *schema, const struct db_answer *answer,
    struct err *err)
{
	const struct db_rows *rows = &answer->rows[ASK_SCHEMA];

	for (size_t i = 0; i < rows->count; i++) {
		const struct db_cell *row = &rows->cells[i * rows->columns];

		if (text_is(row[0], "view"))
			add_object(schema, SCHEMA_VIEW, row);
		else if (text_is(row[0], "table") &&
		    take_table(schema, answer, row[1], row[3], err) != 0)
			return -1;
	}
	return 0;
}

/* Looked up among the tables and views that are kept. */
static void take_their_objects(struct schema *schema, const struct db_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct db_cell *row = &rows->cells[i * rows->columns];

		if (text_is(row[0], "index"))
			add_object(schema, SCHEMA_INDEX, row);
		else if (text_is(row[0], "trigger"))
			add_object(schema, SCHEMA_TRIGGER, row);
	}
}

/* ---- columns ---- */

void schema_take_columns(struct schema *schema, const struct db_rows *rows)
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
			.name = schema_unhex(db_cell(rows, i, 1)),
			.type = mem_strdup(db_cell(rows, i, 2).text != NULL ?
			    db_cell(rows, i, 2).text : ""),
			.in_pk = pk > 0,
			.generated = hidden != 0,
		};
	}
}

static void take_pk_indexes(struct schema *schema, const struct db_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct table *t = find_table(schema, db_cell(rows, i, 0));

		if (t == NULL)
			continue;
		t->pk = mem_grow(t->pk, t->pk_count, &t->pk_cap, sizeof(*t->pk));
		t->pk[t->pk_count++] = (struct pk_part){
			.name = schema_unhex(db_cell(rows, i, 1)),
			.collation = mem_strdup(db_cell(rows, i, 2).text),
		};
	}
}

/* ---- what cannot be read ---- */

static void release_table(struct table *t);

/* A table with columns named rowid, _rowid_ and oid, and no key of its own. Its
 * indexes and triggers go with it. */
static void leave_out_unreachable(struct schema *schema)
{
	size_t kept = 0;

	for (size_t i = 0; i < schema->table_count; i++) {
		struct table *t = &schema->tables[i];

		if (t->key_count > 0) {
			schema->tables[kept++] = *t;
			continue;
		}
		schema_add_exception(schema, t->name, "its columns are named rowid, _rowid_ and oid, so that no name reaches its real rowid: neither its definition nor its rows are in this snapshot");
		release_table(t);
	}
	schema->table_count = kept;
}

/* ---- all of it ---- */

static void note_migrations(struct schema *schema)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		const struct table *t = &schema->tables[i];

		if (strcmp(t->name, "d1_migrations") == 0 && schema_has_column(t, "id") &&
		    schema_has_column(t, "name"))
			schema->has_migrations = true;
	}
}

static int check_columns(const struct db_answer *answer, struct err *err)
{
	static const size_t columns[ASK_COUNT] = { 4, 3, 5, 3, 1, 2 };

	for (size_t i = 0; i < ASK_COUNT; i++) {
		if (answer->rows[i].count > 0 && answer->rows[i].columns != columns[i])
			return err_set(err, ERR_CORRUPT, "the answer has %zu columns instead of %zu",
			    answer->rows[i].columns, columns[i]);
	}
	return 0;
}

static int schema_take(struct schema *schema, const struct db_answer *answer, struct err *err)
{
	if (check_columns(answer, err) != 0)
		return -1;
	schema->fingerprint = schema_fingerprint(&answer->rows[ASK_SCHEMA]);
	schema->database_bytes = answer->size_bytes;
	(void)db_cell_int(db_cell(&answer->rows[ASK_CHANGES], 0, 0), &schema->total_changes);
	(void)db_cell_int(db_cell(&answer->rows[ASK_NUMBERS], 0, 0), &schema->user_version);
	(void)db_cell_int(db_cell(&answer->rows[ASK_NUMBERS], 0, 1), &schema->application_id);
	if (take_tables_and_views(schema, answer, err) != 0)
		return -1;
	schema_take_columns(schema, &answer->rows[ASK_COLUMNS]);
	take_pk_indexes(schema, &answer->rows[ASK_PK]);
	for (size_t i = 0; i < schema->table_count; i++) {
		struct table *t = &schema->tables[i];

		if (t->column_count == 0)
			return err_set(err, ERR_CHANGED, "table \"%s\" shows no columns", t->name);
		if (schema_settle_keys(t, err) != 0)
			return -1;
	}
	leave_out_unreachable(schema);
	take_their_objects(schema, &answer->rows[ASK_SCHEMA]);
	note_migrations(schema);
	return 0;
}

int schema_read(struct db *db, struct schema *ret, struct err *err)
{
	const struct schema_sql *texts = sql_for(db);
	const char *const sql[ASK_COUNT] = {
		texts->fingerprint, texts->tables, texts->columns, texts->pk_indexes,
		"SELECT total_changes()",
		db->traits.is_d1 ? "SELECT 0, 0" :
		    "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id",
	};
	AUTO_ANSWER answer = { 0 };

	*ret = (struct schema){ 0 };
	if (db_query(db, sql, ASK_COUNT, &answer, err) != 0)
		return err_wrap(err, "read the schema");
	if (schema_take(ret, &answer, err) != 0 ||
	    schema_take_virtual(ret, db, &answer.rows[ASK_SCHEMA], &answer.rows[ASK_TABLES],
	    err) != 0) {
		schema_release(ret);
		return err_wrap(err, "read the schema");
	}
	for (size_t i = 0; i < ret->table_count; i++)
		ret->tables[i].exact_reals = db->traits.exact_reals;
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
	for (size_t i = 0; i < t->pk_count; i++) {
		free(t->pk[i].name);
		free(t->pk[i].collation);
	}
	free(t->pk);
	free(t->values);
	free(t->key);
	free(t->affinities);
	free(t->key_collations);
	free(t->name);
	free(t->sql);
	free(t->settings);
}

void schema_release(struct schema *schema)
{
	for (size_t i = 0; i < schema->table_count; i++)
		release_table(&schema->tables[i]);
	free(schema->tables);
	for (size_t i = 0; i < schema->object_count; i++) {
		free(schema->objects[i].name);
		free(schema->objects[i].sql);
		free(schema->objects[i].fill);
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

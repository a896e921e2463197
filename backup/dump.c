#include "backup/dump.h"

#include <stdlib.h>
#include <string.h>

#include "tables/ddl.h"
#include "tables/literal.h"
#include "base/mem.h"

void chunk_free(struct chunk *chunk)
{
	if (chunk == NULL)
		return;
	free(chunk->table);
	buf_release(&chunk->sql);
	free(chunk);
}

void dump_init(struct dump *dump, chunk_sink *sink, void *ctx)
{
	*dump = (struct dump){ .sink = sink, .ctx = ctx };
	buf_init(&dump->head, STATEMENT_MAX_BYTES);
}

void dump_release(struct dump *dump)
{
	chunk_free(dump->chunk);
	buf_release(&dump->head);
	hash_aside_free(dump->hash);
	*dump = (struct dump){ .sink = NULL };
}

/* ---- chunks ---- */

static struct buf *open_chunk(struct dump *d, enum manifest_kind kind)
{
	if (d->chunk == NULL) {
		d->chunk = mem_calloc(1, sizeof(*d->chunk));
		d->chunk->kind = kind;
		d->chunk->index = d->next_index++;
		d->chunk->table = kind == MANIFEST_ROWS ? mem_strdup(d->table->name) : NULL;
		buf_init(&d->chunk->sql, CHUNK_MAX_BYTES);
		buf_pool_take(d->pool, &d->chunk->sql);
		d->tuple_bytes = 0;
	}
	return &d->chunk->sql;
}

static int close_statement(struct dump *d, struct err *err)
{
	if (d->statement_bytes == 0)
		return 0;
	d->statement_bytes = 0;
	return buf_adds(&d->chunk->sql, ";\n", err);
}

static int close_chunk(struct dump *d, struct err *err)
{
	struct chunk *chunk = d->chunk;

	if (chunk == NULL)
		return 0;
	if (close_statement(d, err) != 0)
		return -1;
	if (chunk->kind == MANIFEST_ROWS)
		chunk->end_crc32 = boundary_end(&d->last, d->tuple_bytes);
	d->chunk = NULL;
	return d->sink(d->ctx, chunk, err);
}

/* A statement of schema or post; chunks of these are cut by size alone. */
static int add_statement(struct dump *d, enum manifest_kind kind, const char *sql,
    struct err *err)
{
	if (d->chunk != NULL && d->chunk->sql.len >= BOUNDARY_MAX_BYTES &&
	    close_chunk(d, err) != 0)
		return -1;
	return buf_addf(open_chunk(d, kind), err, "%s%s;\n", sql, ddl_comment_end(sql));
}

/* Statements that have their ";\n"; NULL: none. */
static int add_ready(struct dump *d, enum manifest_kind kind, const char *sql, struct err *err)
{
	return sql != NULL ? buf_adds(open_chunk(d, kind), sql, err) : 0;
}

/* ---- schema ---- */

static bool has_foreign_keys(const struct schema *schema)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcasestr(schema->tables[i].sql, "REFERENCES") != NULL)
			return true;
	}
	return false;
}

/* SQLite keeps the beginning of an index's SQL in this form. */
static bool is_unique_index(const struct schema_object *object)
{
	return object->kind == SCHEMA_INDEX &&
	    strncmp(object->sql, "CREATE UNIQUE INDEX ", 20) == 0;
}

/* The indexes that come before the rows, or the others, behind them. */
static int dump_indexes(struct dump *d, const struct schema *schema, enum manifest_kind kind,
    struct err *err)
{
	bool foreign_keys = has_foreign_keys(schema);

	for (size_t i = 0; i < schema->object_count; i++) {
		const struct schema_object *object = &schema->objects[i];
		bool before = foreign_keys && is_unique_index(object);

		if (object->kind == SCHEMA_INDEX && before == (kind == MANIFEST_SCHEMA) &&
		    add_statement(d, kind, object->sql, err) != 0)
			return -1;
	}
	return 0;
}

/* The two numbers an application may keep in a file's header. A D1 has none, and
 * refuses these statements. */
static int dump_numbers(struct dump *d, const struct schema *schema, struct err *err)
{
	AUTO_STR user = mem_printf("PRAGMA user_version=%lld", (long long)schema->user_version);
	AUTO_STR application = mem_printf("PRAGMA application_id=%lld",
	    (long long)schema->application_id);

	if (schema->user_version != 0 && add_statement(d, MANIFEST_SCHEMA, user, err) != 0)
		return -1;
	return schema->application_id == 0 ? 0 : add_statement(d, MANIFEST_SCHEMA, application, err);
}

int dump_schema(struct dump *dump, const struct schema *schema, struct err *err)
{
	if (add_statement(dump, MANIFEST_SCHEMA, "PRAGMA defer_foreign_keys=TRUE", err) != 0 ||
	    dump_numbers(dump, schema, err) != 0)
		return -1;
	for (size_t i = 0; i < schema->table_count; i++) {
		if (add_statement(dump, MANIFEST_SCHEMA, schema->tables[i].sql, err) != 0 ||
		    add_ready(dump, MANIFEST_SCHEMA, schema->tables[i].settings, err) != 0)
			return -1;
	}
	if (dump_indexes(dump, schema, MANIFEST_SCHEMA, err) != 0)
		return -1;
	return close_chunk(dump, err);
}

/* ---- rows ---- */

static int make_head(struct buf *ret, const struct table *t, struct err *err)
{
	buf_reset(ret);
	if (buf_adds(ret, "INSERT INTO ", err) != 0 ||
	    literal_add_name(ret, t->name, err) != 0 ||
	    buf_adds(ret, "(", err) != 0)
		return -1;
	for (size_t i = 0; i < t->value_count; i++) {
		if ((i > 0 && buf_adds(ret, ",", err) != 0) ||
		    literal_add_name(ret, t->values[i], err) != 0)
			return -1;
	}
	return buf_adds(ret, ") VALUES\n", err);
}

int dump_table_begin(struct dump *dump, const struct table *table, struct err *err)
{
	dump->table = table;
	dump->rows = 0;
	if (dump->hash == NULL)
		dump->hash = hash_aside_new();
	return make_head(&dump->head, table, err);
}

/* Joins the open INSERT while that stays within the limit, with its ';'. */
static int add_tuple(struct dump *d, struct buf *sql, struct span tuple, struct err *err)
{
	size_t joint = strlen(TUPLE_SEPARATOR);

	if (d->statement_bytes > 0 && d->table->value_count <= MANY_ROWS_MAX_VALUES &&
	    d->statement_bytes + joint + tuple.len + 1 <= STATEMENT_MAX_BYTES) {
		d->statement_bytes += joint + tuple.len;
		return buf_adds(sql, TUPLE_SEPARATOR, err) != 0 ||
		    buf_add(sql, tuple.text, tuple.len, err) != 0 ? -1 : 0;
	}
	if (close_statement(d, err) != 0)
		return -1;
	if (d->head.len + tuple.len + 1 > STATEMENT_MAX_BYTES)
		return long_row_write(sql, &d->head, tuple, err);
	d->statement_bytes = d->head.len + tuple.len;
	return buf_add(sql, d->head.data, d->head.len, err) != 0 ||
	    buf_add(sql, tuple.text, tuple.len, err) != 0 ? -1 : 0;
}

int dump_row(struct dump *dump, struct span tuple, struct err *err)
{
	struct buf *sql = open_chunk(dump, MANIFEST_ROWS);

	if (add_tuple(dump, sql, tuple, err) != 0) {
		if (err->code != ERR_TOO_BIG)
			return -1;
		return err_set(err, ERR_FAILED, "a row of %zu bytes as SQL: that is more than can be kept",
		    tuple.len);
	}
	hash_aside_add(dump->hash, tuple.text, tuple.len);
	hash_aside_add(dump->hash, "\n", 1);
	dump->rows++;
	dump->chunk->rows++;
	dump->tuple_bytes += tuple.len;
	if (dump->tuple_bytes < BOUNDARY_MIN_BYTES)
		return 0;
	dump->last = boundary_tuple(tuple.text, tuple.len);
	if (boundary_after(&dump->last, dump->tuple_bytes, dump->ends))
		return close_chunk(dump, err);
	return 0;
}

int dump_table_end(struct dump *dump, int64_t *ret_rows, char ret_sha256[SHA256_HEX_SIZE],
    struct err *err)
{
	unsigned char raw[SHA256_BYTES];

	if (close_chunk(dump, err) != 0)
		return -1;
	*ret_rows = dump->rows;
	hash_aside_end(dump->hash, raw);
	hex_encode(raw, sizeof(raw), ret_sha256);
	return 0;
}

/* ---- post ---- */

/* A statement for each of these tuples, behind `head`. */
static int dump_end_rows(struct dump *d, const char *head, const struct buf *tuples,
    size_t columns, struct err *err)
{
	struct tuple_scan scan;
	struct span tuple;
	AUTO_BUF spare = BUF_INIT(STATEMENT_MAX_BYTES);
	AUTO_BUF insert = BUF_INIT(STATEMENT_MAX_BYTES);
	int rc;

	tuple_scan_init(&scan, buf_str(tuples), tuples->len, columns);
	while ((rc = tuple_next(&scan, &spare, &tuple, err)) == 1) {
		buf_reset(&insert);
		if (buf_adds(&insert, head, err) != 0 ||
		    buf_add(&insert, tuple.text, tuple.len, err) != 0 ||
		    add_statement(d, MANIFEST_POST, buf_str(&insert), err) != 0)
			return -1;
	}
	return rc;
}

/* sqlite_sequence exists only once an AUTOINCREMENT table does, and outlives
 * the last of them: so one is made and dropped first. */
static int dump_sequence(struct dump *d, const struct buf *sequence, struct err *err)
{
	if (add_statement(d, MANIFEST_POST, "CREATE TABLE \"_d1keep_sequence\"(id INTEGER PRIMARY KEY AUTOINCREMENT)", err) != 0 ||
	    add_statement(d, MANIFEST_POST, "DROP TABLE \"_d1keep_sequence\"", err) != 0 ||
	    add_statement(d, MANIFEST_POST, "DELETE FROM sqlite_sequence", err) != 0)
		return -1;
	return dump_end_rows(d, "INSERT INTO sqlite_sequence(name,seq) VALUES", sequence, 2, err);
}

/* What ANALYZE once found: without it the planner may choose other ways than it
 * did. ANALYZE of the schema alone makes the table, as the sqlite3 shell's .dump
 * knows. */
static int dump_stat(struct dump *d, const struct buf *stat, struct err *err)
{
	if (add_statement(d, MANIFEST_POST, "ANALYZE sqlite_schema", err) != 0)
		return -1;
	return dump_end_rows(d, "INSERT INTO sqlite_stat1(tbl,idx,stat) VALUES", stat, 3, err);
}

static int dump_objects(struct dump *d, const struct schema *schema, enum schema_kind kind,
    struct err *err)
{
	for (size_t i = 0; i < schema->object_count; i++) {
		if (schema->objects[i].kind == kind &&
		    (add_statement(d, MANIFEST_POST, schema->objects[i].sql, err) != 0 ||
		    add_ready(d, MANIFEST_POST, schema->objects[i].fill, err) != 0))
			return -1;
	}
	return 0;
}

/* Triggers come before virtual tables: an engine may refuse one on a table that is
 * named like a shadow (tables/virtual.h). */
int dump_post(struct dump *dump, const struct schema *schema, const struct dump_end *end,
    struct err *err)
{
	if ((schema->has_sequence && dump_sequence(dump, &end->sequence, err) != 0) ||
	    dump_indexes(dump, schema, MANIFEST_POST, err) != 0 ||
	    dump_objects(dump, schema, SCHEMA_VIEW, err) != 0 ||
	    dump_objects(dump, schema, SCHEMA_TRIGGER, err) != 0 ||
	    dump_objects(dump, schema, SCHEMA_VIRTUAL, err) != 0 ||
	    (schema->has_stat && dump_stat(dump, &end->stat, err) != 0))
		return -1;
	return close_chunk(dump, err);
}

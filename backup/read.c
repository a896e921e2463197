#include "backup/read.h"

#include <stdlib.h>
#include <string.h>

#include "tables/reader.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"

/* A D1 up to this size, with few enough tables, is read in one call. */
#define ONE_CALL_BYTES (4 << 20)
#define ONE_CALL_TABLES 45
#define ONE_CALL_TRIES 5

/* What is read beside the tables' rows, in the same moment. */
enum { ASK_SCHEMA, ASK_CHANGES, ASK_SEQUENCE, ASK_STAT, ASK_MIGRATION, ASK_COUNT };

struct reading {
	const struct read_options *options;
	struct manifest *m;
	struct schema schema;
	struct dump dump;
	struct dump_end end;       /* rows of SQLite's own tables */
	struct take_progress progress;
};

/* ---- the end pieces ---- */

/* SQLite's own tables, read like any other. */
static const struct table *sequence_table(void)
{
	static const char *values[] = { "name", "seq" };
	static size_t key[] = { 0 };
	static const struct table table = {
		.name = (char *)(uintptr_t)"sqlite_sequence",
		.values = values, .value_count = 2, .key = key, .key_count = 1,
	};

	return &table;
}

static const struct table *stat_table(void)
{
	static const char *values[] = { "tbl", "idx", "stat" };
	static size_t key[] = { 0, 1 };
	static const struct table table = {
		.name = (char *)(uintptr_t)"sqlite_stat1",
		.values = values, .value_count = 3, .key = key, .key_count = 2,
	};

	return &table;
}

/* The statements of the end pieces, and the texts of two of them. */
struct end_sql {
	const char *sql[ASK_COUNT];
	struct buf sequence, stat;
};

static int end_statements(const struct db *db, const struct schema *schema, struct end_sql *e,
    struct err *err)
{
	static const char nothing[] = "SELECT NULL WHERE 0";
	struct span start = { NULL, 0 };

	buf_init(&e->sequence, STATEMENT_MAX_BYTES);
	buf_init(&e->stat, STATEMENT_MAX_BYTES);
	if (select_page(&e->sequence, sequence_table(), SELECT_HEX, start, 0, err) != 0 ||
	    select_page(&e->stat, stat_table(), SELECT_HEX, start, 0, err) != 0)
		return -1;
	e->sql[ASK_SCHEMA] = schema_fingerprint_sql(db);
	e->sql[ASK_CHANGES] = "SELECT total_changes()";
	e->sql[ASK_SEQUENCE] = schema->has_sequence ? buf_str(&e->sequence) : nothing;
	e->sql[ASK_STAT] = schema->has_stat ? buf_str(&e->stat) : nothing;
	e->sql[ASK_MIGRATION] = schema->has_migrations ?
	    "SELECT hex(CAST(name AS BLOB)) FROM d1_migrations ORDER BY id DESC LIMIT 1" : nothing;
	return 0;
}

static void end_sql_release(struct end_sql *e)
{
	buf_release(&e->sequence);
	buf_release(&e->stat);
}

static int add_end_row(void *ctx, struct span tuple, struct err *err)
{
	struct buf *rows = ctx;

	if (rows->len > 0 && buf_adds(rows, TUPLE_SEPARATOR, err) != 0)
		return -1;
	return buf_add(rows, tuple.text, tuple.len, err);
}

/* The rows of one of SQLite's own tables, joined by ",\n". */
static int take_end_rows(const struct db *db, const struct db_rows *rows,
    const struct table *table, struct buf *ret, struct err *err)
{
	buf_reset(ret);
	return reader_rows(db, rows, table, SELECT_HEX, add_end_row, ret, err);
}

static char *migration_name(const struct db_rows *rows)
{
	struct db_cell cell;
	char *name;

	if (rows->count == 0 || (cell = db_cell(rows, 0, 0)).text == NULL)
		return NULL;
	name = mem_calloc(cell.len / 2 + 1, 1);
	/* Anything may stand in a row; only what reads as a name is one. */
	if (cell.len > 2000 || !hex_decode(cell.text, cell.len, (unsigned char *)name) ||
	    strlen(name) != cell.len / 2 || !utf8_valid(name, cell.len / 2)) {
		free(name);
		return NULL;
	}
	return name;
}

static int take_end(struct reading *r, const struct db_answer *answer, struct err *err)
{
	const struct db *db = r->options->db;
	AUTO_STR fingerprint = schema_fingerprint(&answer->rows[ASK_SCHEMA]);

	if (strcmp(fingerprint, r->schema.fingerprint) != 0)
		return err_set(err, ERR_CHANGED, "the schema was changed while the database was read");
	free(r->m->schema_version);
	r->m->schema_version = migration_name(&answer->rows[ASK_MIGRATION]);
	if (take_end_rows(db, &answer->rows[ASK_SEQUENCE], sequence_table(), &r->end.sequence,
	    err) != 0)
		return -1;
	return take_end_rows(db, &answer->rows[ASK_STAT], stat_table(), &r->end.stat, err);
}

/* ---- rows ---- */

static int take_row(void *ctx, struct span tuple, struct err *err)
{
	struct reading *r = ctx;
	int64_t before = r->progress.sql_bytes;

	r->progress.rows++;
	r->progress.sql_bytes += (int64_t)tuple.len;
	/* About every 256 KiB. */
	if (r->options->progress != NULL && before >> 18 != r->progress.sql_bytes >> 18)
		r->options->progress(r->options->progress_ctx, &r->progress);
	return dump_row(&r->dump, tuple, err);
}

static int end_table(struct reading *r, const struct table *table, struct err *err)
{
	struct manifest_table *t = manifest_add_table(r->m);

	t->name = mem_strdup(table->name);
	return dump_table_end(&r->dump, &t->rows, t->sql_sha256, err);
}

/* ---- all in one call ---- */

struct one_call {
	const char **sql;
	struct buf *texts;       /* what sql points to, one a table */
	enum select_mode *modes; /* how each table is asked for */
	size_t table_count;
};

static int one_call_statements(struct reading *r, struct one_call *c, struct err *err)
{
	struct span start = { NULL, 0 };

	for (size_t i = 0; i < c->table_count; i++) {
		buf_reset(&c->texts[i]);
		if (select_page(&c->texts[i], &r->schema.tables[i],
		    c->modes[i], start, 0, err) != 0)
			return -1;
		c->sql[ASK_COUNT + i] = buf_str(&c->texts[i]);
	}
	return 0;
}

/* 1: some tables have to be asked for otherwise. */
static int has_better_modes(struct reading *r, struct one_call *c,
    const struct db_answer *answer, struct err *err)
{
	int any = 0;

	for (size_t i = 0; i < c->table_count; i++) {
		enum select_mode mode;

		if (reader_better_mode(r->options->db, &answer->rows[ASK_COUNT + i],
		    &r->schema.tables[i], c->modes[i], &mode, err) != 0)
			return err_wrap(err, "read table \"%s\"", r->schema.tables[i].name);
		any |= mode != c->modes[i];
		c->modes[i] = mode;
	}
	return any;
}

static int check_rows(const struct one_call *c, const struct db_answer *answer,
    struct err *err)
{
	for (size_t i = 0; i < c->table_count; i++) {
		if (rows_have_null(&answer->rows[ASK_COUNT + i]))
			return err_set(err, ERR_TOO_BIG, "a row is too big");
	}
	return 0;
}

static int one_call_dump(struct reading *r, struct one_call *c,
    const struct db_answer *answer, struct err *err)
{
	if (take_end(r, answer, err) != 0 || dump_schema(&r->dump, &r->schema, err) != 0)
		return -1;
	for (size_t i = 0; i < c->table_count; i++) {
		const struct table *t = &r->schema.tables[i];

		if (dump_table_begin(&r->dump, t, err) != 0 ||
		    reader_rows(r->options->db, &answer->rows[ASK_COUNT + i], t,
		    c->modes[i], take_row, r, err) != 0 ||
		    end_table(r, t, err) != 0)
			return err_wrap(err, "read table \"%s\"", t->name);
	}
	return dump_post(&r->dump, &r->schema, &r->end, err);
}

/* The answer may show that some tables must be asked for in another way; then all
 * is asked for again, since another call is another moment. */
static int one_call_read(struct reading *r, struct one_call *c, struct err *err)
{
	for (int i = 0; i < ONE_CALL_TRIES; i++) {
		AUTO_ANSWER answer = { 0 };
		int better;

		if (one_call_statements(r, c, err) != 0 ||
		    db_query(r->options->db, c->sql, ASK_COUNT + c->table_count, &answer, err) != 0 ||
		    check_rows(c, &answer, err) != 0)
			return -1;
		better = has_better_modes(r, c, &answer, err);
		if (better <= 0)
			return better == 0 ? one_call_dump(r, c, &answer, err) : -1;
	}
	return err_set(err, ERR_CHANGED, "the database was written to while it was read");
}

static int read_in_one_call(struct reading *r, struct err *err)
{
	size_t n = r->schema.table_count;
	struct one_call c = {
		.sql = mem_calloc(ASK_COUNT + n, sizeof(*c.sql)),
		.texts = mem_calloc(n, sizeof(*c.texts)),
		.modes = mem_calloc(n, sizeof(*c.modes)),
		.table_count = n,
	};
	struct end_sql end;
	int rc;

	for (size_t i = 0; i < n; i++) {
		buf_init(&c.texts[i], 1u << 20);
		c.modes[i] = select_first_mode(&r->schema.tables[i]);
	}
	rc = end_statements(r->options->db, &r->schema, &end, err);
	if (rc == 0) {
		memcpy(c.sql, end.sql, sizeof(end.sql));
		rc = one_call_read(r, &c, err);
	}
	end_sql_release(&end);
	for (size_t i = 0; i < n; i++)
		buf_release(&c.texts[i]);
	free(c.texts);
	free(c.modes);
	free(c.sql);
	return rc;
}

/* ---- page by page ---- */

static int read_tables(struct reading *r, struct reader *reader, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < r->schema.table_count && rc == 0; i++) {
		const struct table *t = &r->schema.tables[i];

		rc = dump_table_begin(&r->dump, t, err) != 0 || reader_table(reader, t, err) != 0 ||
		    end_table(r, t, err) != 0 ? -1 : 0;
	}
	reader_release(reader);
	return rc;
}

static int read_end(struct reading *r, struct reader *reader, struct err *err)
{
	AUTO_ANSWER answer = { 0 };
	struct end_sql end;
	int rc = end_statements(r->options->db, &r->schema, &end, err);

	if (rc == 0)
		rc = db_query(reader->db, end.sql, ASK_COUNT, &answer, err);
	end_sql_release(&end);
	if (rc != 0 || take_end(r, &answer, err) != 0)
		return -1;
	return reader->db->traits.one_moment ? 0 :
	    reader_check_changes(reader, &answer.rows[ASK_CHANGES], err);
}

static int check_bookmarks(struct reading *r, struct reader *reader, struct err *err)
{
	struct manifest *m = r->m;

	if (db_bookmark(reader->db, &m->bookmark_after, err) != 0)
		return -1;
	if (m->bookmark_before == NULL || strcmp(m->bookmark_before, m->bookmark_after) == 0)
		return 0;
	reader->changed = true;
	return reader->watch ?
	    err_set(err, ERR_CHANGED, "the database was written to while it was read") : 0;
}

/* A table that is gone or has lost a column makes a page fail: that is a change
 * like any other, when the schema is not what it was. */
static void blame_schema_change(struct reading *r, struct err *err)
{
	const char *sql = schema_fingerprint_sql(r->options->db);
	AUTO_ANSWER answer = { 0 };
	struct err ignored = ERR_INIT;
	AUTO_STR now = NULL;

	if (err->code != ERR_FAILED || r->options->db->traits.one_moment ||
	    db_query(r->options->db, &sql, 1, &answer, &ignored) != 0)
		return;
	now = schema_fingerprint(&answer.rows[0]);
	if (strcmp(now, r->schema.fingerprint) != 0)
		(void)err_set(err, ERR_CHANGED, "the schema was changed while the database was read");
}

static int read_by_pages(struct reading *r, struct err *err)
{
	struct reader reader = {
		.db = r->options->db, .visit = take_row, .ctx = r,
		.watch = !r->options->accept_changes,
		.total_changes = r->schema.total_changes,
		.clock = r->options->clock,
		.tables = r->schema.tables, .table_count = r->schema.table_count,
	};
	bool one_moment = reader.db->traits.one_moment;

	if (dump_schema(&r->dump, &r->schema, err) != 0 ||
	    read_tables(r, &reader, err) != 0 ||
	    read_end(r, &reader, err) != 0 ||
	    (!one_moment && check_bookmarks(r, &reader, err) != 0) ||
	    dump_post(&r->dump, &r->schema, &r->end, err) != 0)
		return -1;
	r->m->consistency = mem_strdup(one_moment ? "transaction" :
	    reader.changed ? "best-effort" : "unchanged");
	return 0;
}

/* ---- which way ---- */

static bool fits_one_call(const struct reading *r)
{
	const struct schema *s = &r->schema;

	return !r->options->db->traits.one_moment && s->database_bytes > 0 &&
	    s->database_bytes <= ONE_CALL_BYTES && s->table_count <= ONE_CALL_TABLES;
}

/* A call that turns out too big has handed nothing to the sink yet: once more
 * from the start, by pages. */
static int read_d1(struct reading *r, struct err *err)
{
	if (fits_one_call(r)) {
		if (read_in_one_call(r, err) == 0) {
			r->m->consistency = mem_strdup("transaction");
			return 0;
		}
		if (err->code != ERR_TOO_BIG || r->dump.next_index > 0) {
			blame_schema_change(r, err);
			return -1;
		}
		err_clear(err);
	}
	/* The bookmark has to be older than anything that is read. */
	schema_release(&r->schema);
	if (db_bookmark(r->options->db, &r->m->bookmark_before, err) != 0 ||
	    schema_read(r->options->db, &r->schema, err) != 0)
		return -1;
	if (read_by_pages(r, err) == 0)
		return 0;
	blame_schema_change(r, err);
	return -1;
}

static int read_all(struct reading *r, struct err *err)
{
	if (schema_read(r->options->db, &r->schema, err) != 0)
		return -1;
	if ((r->options->db->traits.one_moment ? read_by_pages(r, err) : read_d1(r, err)) != 0)
		return -1;
	for (size_t i = 0; i < r->schema.exception_count; i++)
		manifest_add_exception(r->m, r->schema.exceptions[i].object,
		    r->schema.exceptions[i].reason);
	return 0;
}

int read_database(const struct read_options *options, chunk_sink *sink, void *sink_ctx,
    struct manifest *m, struct err *err)
{
	struct reading r = {
		.options = options, .m = m,
		.progress = { .expected_bytes = options->expected_bytes },
	};
	int rc;

	buf_init(&r.end.sequence, CHUNK_MAX_BYTES);
	buf_init(&r.end.stat, CHUNK_MAX_BYTES);
	dump_init(&r.dump, sink, sink_ctx);
	r.dump.pool = options->pool;
	r.dump.ends = options->ends;
	rc = read_all(&r, err);
	dump_release(&r.dump);
	buf_release(&r.end.sequence);
	buf_release(&r.end.stat);
	schema_release(&r.schema);
	return rc;
}

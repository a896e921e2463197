#include "restore/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "restore/readback.h"
#include "tables/literal.h"
#include "tables/reader.h"
#include "tables/schema.h"

#define SQL_MAX_BYTES (1u << 20)

/* ---- rows ---- */

struct counting {
	const struct check_options *options;
	struct reader reader;
	struct sha256 *hash;
	int64_t rows, bytes;
};

static int count_tuples(void *ctx, struct span tuples, int64_t rows, struct err *err)
{
	struct counting *c = ctx;
	int64_t before = c->bytes;

	(void)err;
	sha256_add(c->hash, tuples.text, tuples.len);
	c->rows += rows;
	c->bytes += (int64_t)tuples.len;
	if (c->options->progress != NULL && before >> 18 != c->bytes >> 18)
		c->options->progress(c->options->progress_ctx, c->bytes);
	return 0;
}

static int count_row(void *ctx, struct span tuple, struct err *err)
{
	(void)count_tuples(ctx, tuple, 1, err);
	return count_tuples(ctx, (struct span){ "\n", 1 }, 0, err);
}

static const struct table *find_table(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->table_count; i++) {
		if (strcmp(schema->tables[i].name, name) == 0)
			return &schema->tables[i];
	}
	return NULL;
}

static void add_difference(struct check_result *ret, const struct manifest_table *t, int64_t rows)
{
	ret->differences = mem_grow(ret->differences, ret->difference_count,
	    &ret->difference_cap, sizeof(*ret->differences));
	ret->differences[ret->difference_count++] = (struct check_difference){
		mem_strdup(t->name), rows, t->rows,
	};
}

static int64_t sql_bytes_of(const struct manifest *m, const char *table)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < m->object_count; i++) {
		const struct manifest_object *o = &m->objects[i];

		if (o->kind == MANIFEST_ROWS && strcmp(o->table, table) == 0)
			bytes += o->sql_bytes;
	}
	return bytes;
}

/* All rows, by one thread or by several. */
static int count_all(struct counting *c, const struct table *table,
    const struct readback_options *threads, struct err *err)
{
	return threads != NULL ? readback_table(threads, err) : reader_table(&c->reader, table, err);
}

/* 1: it is as it was; 0: it is not. */
static int is_same(struct counting *c, const struct table *table,
    const struct readback_options *threads, const struct manifest_table *expected, struct err *err)
{
	unsigned char raw[SHA256_BYTES];
	char hex[SHA256_HEX_SIZE];
	int rc;

	c->rows = 0;
	c->hash = sha256_new();
	rc = count_all(c, table, threads, err);
	sha256_end(c->hash, raw);
	hex_encode(raw, sizeof(raw), hex);
	if (rc != 0)
		return -1;
	return c->rows == expected->rows && strcmp(hex, expected->sql_sha256) == 0;
}

/* That it is as it was is known however that was found out. That it is not is said
 * only of what one thread has read, in the simplest way there is. */
static int compare_content(struct counting *c, const struct table *table,
    const struct manifest_table *expected, struct check_result *ret, struct err *err)
{
	const struct check_options *o = c->options;
	struct readback_options threads = {
		.db = o->db, .path = o->path, .table = table, .workers = o->workers,
		.sql_bytes = sql_bytes_of(o->manifest, table->name),
		.visit = count_tuples, .ctx = c,
	};
	struct err ignored = ERR_INIT;
	int64_t bytes = c->bytes;
	int rc = 0;

	if (readback_is_worth(&threads))
		rc = is_same(c, table, &threads, expected, &ignored);
	if (rc <= 0) {
		c->bytes = bytes;
		rc = is_same(c, table, NULL, expected, err);
	}
	if (rc == 0)
		add_difference(ret, expected, c->rows);
	return rc >= 0 ? 0 : -1;
}

static int compare_count(struct db *db, const struct manifest_table *expected,
    struct check_result *ret, struct err *err)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);
	AUTO_ANSWER answer = { 0 };
	int64_t rows;

	if (buf_adds(&sql, "SELECT count(*) FROM ", err) != 0 ||
	    literal_add_name(&sql, expected->name, err) != 0 ||
	    db_query(db, (const char *const[]){ buf_str(&sql) }, 1, &answer, err) != 0)
		return -1;
	if (!db_cell_int(db_cell(&answer.rows[0], 0, 0), &rows))
		return err_set(err, ERR_CORRUPT, "the database did not tell how many rows \"%s\" has",
		    expected->name);
	if (rows != expected->rows)
		add_difference(ret, expected, rows);
	return 0;
}

static int compare_tables(const struct check_options *o, const struct schema *schema,
    struct check_result *ret, struct err *err)
{
	bool all = o->selection == NULL || o->selection->count == 0;
	struct counting counting = {
		.options = o,
		/* They were made in this order. */
		.reader = {
			.db = o->db, .visit = count_row, .ctx = &counting,
			.tables = schema->tables, .table_count = all ? schema->table_count : 0,
		},
	};
	int rc = 0;

	for (size_t i = 0; i < o->manifest->table_count && rc == 0; i++) {
		const struct manifest_table *expected = &o->manifest->tables[i];
		const struct table *table = find_table(schema, expected->name);

		if (o->selection != NULL && !selection_has(o->selection, expected->name))
			continue;
		ret->tables++;
		if (table == NULL)
			add_difference(ret, expected, -1);
		else if (o->content)
			rc = compare_content(&counting, table, expected, ret, err);
		else
			rc = compare_count(o->db, expected, ret, err);
		if (rc != 0)
			(void)err_wrap(err, "check table \"%s\"", expected->name);
	}
	reader_release(&counting.reader);
	return rc;
}

/* ---- foreign keys ---- */

static void add_violation(struct check_result *ret, struct db_cell table, int64_t rows)
{
	struct check_violation *last = ret->violation_count > 0 ?
	    &ret->violations[ret->violation_count - 1] : NULL;

	if (last != NULL && strcmp(last->table, table.text) == 0) {
		last->rows += rows;
		return;
	}
	ret->violations = mem_grow(ret->violations, ret->violation_count,
	    &ret->violation_cap, sizeof(*ret->violations));
	ret->violations[ret->violation_count++] = (struct check_violation){ mem_strdup(table.text), rows };
}

/* D1 has forbidden this pragma to some (workers-sdk #5598): then it says nothing. A
 * schema whose keys do not fit (a parent without the index) cannot be checked at
 * all. */
static int note_unchecked(struct check_result *ret, struct err *err)
{
	if (err->code != ERR_FAILED && err->code != ERR_TOO_BIG)
		return err_wrap(err, "check the foreign keys");
	if (strstr(err->msg, "not authorized") == NULL)
		ret->why_not = mem_strdup(err->msg);
	err_clear(err);
	return 0;
}

/* A file counts by itself, however many there are. */
static int check_foreign_keys(struct db *db, struct check_result *ret, struct err *err)
{
	static const char counted[] =
	    "SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1";
	const char *sql = db->traits.one_moment ? counted : "PRAGMA foreign_key_check";
	AUTO_ANSWER answer = { 0 };

	if (db_query(db, &sql, 1, &answer, err) != 0)
		return note_unchecked(ret, err);
	ret->violations_known = true;
	for (size_t i = 0; i < answer.rows[0].count; i++) {
		struct db_cell table = db_cell(&answer.rows[0], i, 0);
		int64_t rows = 1;

		if (sql == counted)
			(void)db_cell_int(db_cell(&answer.rows[0], i, 1), &rows);
		if (table.text != NULL)
			add_violation(ret, table, rows);
	}
	return 0;
}

/* ---- all of it ---- */

int check_database(const struct check_options *options, struct check_result *ret, struct err *err)
{
	struct schema schema;
	int rc;

	*ret = (struct check_result){ .content = options->content };
	if (schema_read(options->db, &schema, err) != 0)
		return -1;
	rc = compare_tables(options, &schema, ret, err);
	schema_release(&schema);
	if (rc == 0)
		rc = check_foreign_keys(options->db, ret, err);
	if (rc != 0)
		check_result_release(ret);
	return rc;
}

void check_result_release(struct check_result *result)
{
	for (size_t i = 0; i < result->difference_count; i++)
		free(result->differences[i].table);
	free(result->differences);
	for (size_t i = 0; i < result->violation_count; i++)
		free(result->violations[i].table);
	free(result->violations);
	free(result->why_not);
	*result = (struct check_result){ .tables = 0 };
}

int check_verdict(const struct check_result *result, struct err *err)
{
	const struct check_difference *d = result->differences;

	if (result->difference_count == 0)
		return 0;
	if (d->rows < 0)
		(void)err_set(err, ERR_CORRUPT, "table \"%s\" is not there", d->table);
	else if (d->rows != d->expected)
		(void)err_set(err, ERR_CORRUPT, "table \"%s\" has %lld %s instead of %lld", d->table,
		    (long long)d->rows, d->rows == 1 ? "row" : "rows", (long long)d->expected);
	else
		(void)err_set(err, ERR_CORRUPT, "table \"%s\" has all its rows, but not all of them are what they were",
		    d->table);
	if (result->difference_count > 1)
		return err_wrap(err, "%zu of %zu tables differ", result->difference_count, result->tables);
	return -1;
}

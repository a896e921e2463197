#include "tests/unit/tables/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "db/quote.h"
#include "tests/unit/unit.h"

/* ---- SQLite ---- */

const char *kept(char *text)
{
	static struct kept { struct kept *next; char *text; } *all;
	struct kept *one = mem_calloc(1, sizeof(*one));

	*one = (struct kept){ all, text };
	all = one;
	return text;
}

const char *new_path(const char *name)
{
	return kept(mem_printf("%s/%s", unit_folder(), name));
}

sqlite3 *sqlite_open(const char *path)
{
	sqlite3 *sqlite;

	ck_assert_int_eq(sqlite3_open(path, &sqlite), SQLITE_OK);
	sqlite_run(sqlite, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY");
	return sqlite;
}

void sqlite_run(sqlite3 *sqlite, const char *sql)
{
	int rc = sqlite3_exec(sqlite, sql, NULL, NULL, NULL);

	ck_assert_msg(rc == SQLITE_OK, "%s: %.200s", sqlite3_errmsg(sqlite), sql);
}

static sqlite3_stmt *prepare(sqlite3 *sqlite, const char *sql)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL);

	ck_assert_msg(rc == SQLITE_OK, "%s: %.200s", sqlite3_errmsg(sqlite), sql);
	return stmt;
}

int64_t sqlite_number(sqlite3 *sqlite, const char *sql)
{
	sqlite3_stmt *stmt = prepare(sqlite, sql);
	int64_t n;

	ck_assert_msg(sqlite3_step(stmt) == SQLITE_ROW, "%.200s", sql);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return n;
}

char *sqlite_text(sqlite3 *sqlite, const char *sql)
{
	sqlite3_stmt *stmt = prepare(sqlite, sql);
	char *text;

	ck_assert_msg(sqlite3_step(stmt) == SQLITE_ROW, "%.200s", sql);
	text = mem_strdup((const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	return text;
}

void sqlite_limit_as_d1(sqlite3 *sqlite)
{
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_LENGTH, 2200000);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_SQL_LENGTH, 100000);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_COLUMN, 100);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_EXPR_DEPTH, 100);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_COMPOUND_SELECT, 5);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_VDBE_OP, 25000);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_FUNCTION_ARG, 32);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_VARIABLE_NUMBER, 100);
}

const char *file_with(const char *sql)
{
	const char *path = new_path("source.sqlite");
	sqlite3 *sqlite = sqlite_open(path);

	sqlite_run(sqlite, "BEGIN");
	sqlite_run(sqlite, sql);
	sqlite_run(sqlite, "COMMIT");
	(void)sqlite3_close(sqlite);
	return path;
}

static void add_rows(sqlite3 *sqlite, const char *sql, struct buf *ret)
{
	sqlite3_stmt *stmt = prepare(sqlite, sql);
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt); i++)
			(void)buf_addf(ret, NULL, "%s|", (const char *)sqlite3_column_text(stmt, i));
		(void)buf_adds(ret, "\n", NULL);
	}
	ck_assert_msg(rc == SQLITE_DONE, "%s: %.200s", sqlite3_errmsg(sqlite), sql);
	(void)sqlite3_finalize(stmt);
}

/* The statement that shows a table's rows whole. */
static char *rows_sql(sqlite3 *sqlite, const char *table)
{
	char *columns = sqlite3_mprintf("SELECT name FROM pragma_table_xinfo(%Q)", table);
	sqlite3_stmt *stmt = prepare(sqlite, columns);
	sqlite3_str *sql = sqlite3_str_new(sqlite);
	const char *const names[] = { "rowid", "_rowid_", "oid" };
	bool taken[3] = { false };

	sqlite3_str_appendall(sql, "SELECT ");
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);

		sqlite3_str_appendf(sql, "typeof(\"%w\"),CASE typeof(\"%w\") WHEN 'text' THEN "
		    "hex(CAST(\"%w\" AS BLOB)) ELSE quote(\"%w\") END,", name, name, name, name);
		for (size_t i = 0; i < 3; i++)
			taken[i] = taken[i] || sqlite3_stricmp(name, names[i]) == 0;
	}
	(void)sqlite3_finalize(stmt);
	sqlite3_free(columns);
	columns = sqlite3_mprintf("SELECT wr FROM pragma_table_list WHERE name=%Q", table);
	if (sqlite_number(sqlite, columns) == 0) {
		for (size_t i = 0; i < 3; i++) {
			if (!taken[i]) {
				sqlite3_str_appendf(sql, "%s,", names[i]);
				break;
			}
		}
	}
	sqlite3_free(columns);
	sqlite3_str_appendf(sql, "'' FROM \"%w\"", table);
	return sqlite3_str_finish(sql);
}

void describe_database(sqlite3 *sqlite, struct buf *ret)
{
	sqlite3_stmt *stmt;

	add_rows(sqlite, "SELECT type,name,tbl_name,sql FROM sqlite_schema"
	    " WHERE name NOT LIKE 'sqlite_autoindex%' ORDER BY type,name", ret);
	if (sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema WHERE name='sqlite_sequence'"))
		add_rows(sqlite, "SELECT name,typeof(seq),quote(seq) FROM sqlite_sequence"
		    " ORDER BY 1,3", ret);
	stmt = prepare(sqlite, "SELECT name FROM pragma_table_list WHERE schema='main'"
	    " AND type='table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		char *sql = rows_sql(sqlite, name);

		(void)buf_addf(ret, NULL, "== %s\n", name);
		add_rows(sqlite, sql, ret);
		sqlite3_free(sql);
	}
	(void)sqlite3_finalize(stmt);
}

void same_databases(const char *path, const char *other, const char *what)
{
	sqlite3 *a = sqlite_open(path), *b = sqlite_open(other);
	AUTO_BUF one = BUF_INIT(1u << 30);
	AUTO_BUF two = BUF_INIT(1u << 30);
	size_t at = 0;

	describe_database(a, &one);
	describe_database(b, &two);
	while (at < one.len && at < two.len && one.data[at] == two.data[at])
		at++;
	if (at < one.len || at < two.len) {
		at = at > 150 ? at - 150 : 0;
		ck_abort_msg("%s: …%.300s…\nbecame …%.300s…", what,
		    at < one.len ? one.data + at : "(end)", at < two.len ? two.data + at : "(end)");
	}
	(void)sqlite3_close(a);
	(void)sqlite3_close(b);
}

/* ---- a D1 of our own ---- */

bool is_page(const char *sql)
{
	return strncmp(sql, PAGE_PLAIN, strlen(PAGE_PLAIN)) == 0 ||
	    strncmp(sql, PAGE_GROUPED, strlen(PAGE_GROUPED)) == 0 ||
	    strncmp(sql, PAGE_QUOTED, strlen(PAGE_QUOTED)) == 0;
}

/* The cells' texts one after the other, each with a NUL; first as offsets. */
struct gathered {
	struct buf text;
	struct db_cell *cells;       /* text: offset + 1, or NULL */
	size_t count, cap;
};

static void add_replaced(struct buf *ret, const char *text, size_t len)
{
	for (size_t i = 0; i < len; ) {
		size_t n = 4;

		while (n > 0 && (n > len - i || !utf8_valid(text + i, n)))
			n--;
		(void)buf_add(ret, n > 0 ? text + i : "\xef\xbf\xbd", n > 0 ? n : 3, NULL);
		i += n > 0 ? n : 1;
	}
}

static void gather(struct gathered *g, sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column), at = g->text.len;

	ck_assert_int_ne(sqlite3_column_type(stmt, column), SQLITE_BLOB);
	g->cells = mem_grow(g->cells, g->count, &g->cap, sizeof(*g->cells));
	if (text == NULL) {
		g->cells[g->count++] = (struct db_cell){ NULL, 0 };
		return;
	}
	if (utf8_valid(text, len))
		(void)buf_add(&g->text, text, len, NULL);
	else
		add_replaced(&g->text, text, len);
	g->cells[g->count++] = (struct db_cell){ (const char *)(at + 1), g->text.len - at };
	(void)buf_add(&g->text, "", 1, NULL);
}

static int engine_error(struct fake_d1 *d1, struct err *err)
{
	bool big = (sqlite3_errcode(d1->sqlite) & 0xff) == SQLITE_TOOBIG;

	return err_set(err, big ? ERR_TOO_BIG : ERR_FAILED, "%s", sqlite3_errmsg(d1->sqlite));
}

static int run_one(struct fake_d1 *d1, const char *sql, struct db_rows *ret,
    struct gathered *g, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	if (strlen(sql) > d1->most_sql_bytes)
		d1->most_sql_bytes = strlen(sql);
	if (d1->lie_for != NULL && (strncmp(sql, d1->lie_for, strlen(d1->lie_for)) == 0 ||
	    (is_page(d1->lie_for) && is_page(sql))))
		sql = d1->lie;
	if (sqlite3_prepare_v2(d1->sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
		return engine_error(d1, err);
	ret->columns = (size_t)sqlite3_column_count(stmt);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < (int)ret->columns; i++)
			gather(g, stmt, i);
		ret->count++;
	}
	(void)sqlite3_finalize(stmt);
	if (rc != SQLITE_DONE)
		return engine_error(d1, err);
	if (d1->answer_max_bytes != 0 && is_page(sql) &&
	    g->text.len > d1->answer_max_bytes)
		return err_set(err, ERR_TOO_BIG, "the answer is too big");
	return 0;
}

static void hand_out(struct gathered *g, struct db_answer *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < ret->count; i++) {
		struct db_rows *rows = &ret->rows[i];
		size_t n = rows->count * rows->columns;

		rows->cells = mem_calloc(n, sizeof(*rows->cells));
		for (size_t j = 0; j < n; j++, at++) {
			rows->cells[j] = g->cells[at];
			if (rows->cells[j].text != NULL)
				rows->cells[j].text = g->text.data + (size_t)rows->cells[j].text - 1;
		}
	}
	ret->backing = g->text.data;
	ret->free_backing = free;
}

static int fake_query(struct db *db, const char *const *sql, size_t count,
    struct db_answer *ret, struct err *err)
{
	struct fake_d1 *d1 = (struct fake_d1 *)db;
	struct gathered g = { .count = 0 };
	int rc = 0;

	d1->calls++;
	db->cost.requests++;
	if (d1->before != NULL)
		d1->before(d1, d1->calls, sql, count);
	if (d1->fail_at == d1->calls)
		return err_set(err, d1->fail_with, "this call was to fail");
	buf_init(&g.text, 1u << 30);
	ret->rows = mem_calloc(count, sizeof(*ret->rows));
	ret->count = count;
	ret->size_bytes = d1->size_bytes;
	sqlite_run(d1->sqlite, "BEGIN");
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = run_one(d1, sql[i], &ret->rows[i], &g, err);
	sqlite_run(d1->sqlite, "COMMIT");
	if (rc == 0) {
		hand_out(&g, ret);
	} else {
		buf_release(&g.text);
		db_answer_release(ret);
	}
	free(g.cells);
	return rc;
}

static int fake_bookmark(struct db *db, char **ret, struct err *err)
{
	struct fake_d1 *d1 = (struct fake_d1 *)db;

	(void)err;
	d1->bookmarks++;
	*ret = mem_printf("%08x-%08x", (unsigned)sqlite3_total_changes(d1->sqlite),
	    (unsigned)d1->drift);
	return 0;
}

static void fake_free(struct db *db)
{
	struct fake_d1 *d1 = (struct fake_d1 *)db;

	(void)sqlite3_close(d1->sqlite);
	free(d1);
}

struct fake_d1 *fake_d1_open(const char *path)
{
	static const struct db_ops ops = { .query = fake_query, .bookmark = fake_bookmark, .free = fake_free };
	struct fake_d1 *d1 = mem_calloc(1, sizeof(*d1));

	d1->db = (struct db){
		.ops = &ops,
		.traits = {
			.source = "d1", .page_bytes = 1u << 20, .page_bytes_max = 8u << 20,
			.replaces_invalid_utf8 = true, .is_d1 = true,
		},
	};
	d1->sqlite = sqlite_open(path);
	ck_assert_int_eq(quote_install(d1->sqlite), SQLITE_OK);
	sqlite_limit_as_d1(d1->sqlite);
	return d1;
}

/* ---- schemas ---- */

void schema_of(const char *path, struct schema *ret)
{
	struct err err = ERR_INIT;
	struct db *db = db_sqlite_open(path, "wrangler", &err);

	ck_assert_msg(db != NULL, "%s", err.msg);
	ck_assert_msg(schema_read(db, ret, &err) == 0, "%s", err.msg);
	db_free(db);
}

const struct table *table_of(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->table_count; i++) {
		if (strcmp(s->tables[i].name, name) == 0)
			return &s->tables[i];
	}
	ck_abort_msg("there is no table \"%s\"", name);
	return NULL;
}

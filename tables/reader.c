#include "tables/reader.h"

#include <string.h>

#include "tables/values.h"
#include "base/stop.h"
#include "base/utf8.h"

#define FIRST_ROWS 500
#define MOST_ROWS 50000
#define GROWTH 8
#define BIG_ROW_TRIES 5
#define DIRECT_MAX_VALUES 2000

/* One reading of one table. */
struct pages {
	struct reader *reader;
	const struct table *table;
	enum select_mode mode;
	int64_t rows;           /* to ask for next */
	struct buf last;        /* the last tuple visited; empty at the start */
	struct buf sql;
};

bool rows_have_replacement(const struct db_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct db_cell cell = db_cell(rows, i, 0);

		if (cell.text != NULL && utf8_has_replacement(cell.text, cell.len))
			return true;
	}
	return false;
}

bool rows_have_null(const struct db_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (db_cell(rows, i, 0).text == NULL)
			return true;
	}
	return false;
}

static int visit_cell(const struct db *db, struct db_cell cell, const struct table *table, struct buf *spare,
    row_visit *visit, void *ctx, struct span *ret_last, struct err *err)
{
	struct tuple_scan scan;
	int rc;

	if (cell.len == 0)
		return err_set(err, ERR_CORRUPT, "the database answered nothing for a row");
	tuple_scan_init(&scan, cell.text, cell.len, table->value_count);
	scan.exact_reals = db->traits.exact_reals;
	while ((rc = tuple_next(&scan, spare, ret_last, err)) == 1) {
		if (visit(ctx, *ret_last, err) != 0)
			return -1;
	}
	return rc;
}

int reader_rows(const struct db *db, const struct db_rows *rows, const struct table *table,
    enum select_mode mode, row_visit *visit, void *ctx, bool *ret_replaced,
    struct err *err)
{
	AUTO_BUF spare = BUF_INIT(TUPLE_MAX_BYTES);
	struct span last;

	*ret_replaced = mode == SELECT_QUOTED && db->traits.replaces_invalid_utf8 &&
	    rows_have_replacement(rows);
	if (*ret_replaced)
		return 0;
	for (size_t i = 0; i < rows->count; i++) {
		if (visit_cell(db, db_cell(rows, i, 0), table, &spare, visit, ctx, &last, err) != 0)
			return -1;
	}
	return 0;
}

/* The page's rows pass through here on their way, to keep the last key. */
struct passing {
	struct pages *pages;
	size_t bytes;
	int64_t rows;
};

static int pass_row(void *ctx, struct span tuple, struct err *err)
{
	struct passing *p = ctx;
	struct pages *pages = p->pages;

	/* Reading on behind it would go round in circles. */
	if (p->rows == 0 && pages->last.len == tuple.len &&
	    memcmp(pages->last.data, tuple.text, tuple.len) == 0)
		return err_set(err, ERR_CORRUPT, "the database answered the same row again");
	p->bytes += tuple.len;
	p->rows++;
	buf_reset(&pages->last);
	if (buf_add(&pages->last, tuple.text, tuple.len, err) != 0)
		return -1;
	return pages->reader->visit(pages->reader->ctx, tuple, err);
}

static struct span last_tuple(const struct pages *p)
{
	return (struct span){ p->last.len > 0 ? p->last.data : NULL, p->last.len };
}

int reader_check_changes(struct reader *r, const struct db_rows *rows, struct err *err)
{
	int64_t now;

	if (rows->count != 1 || !db_cell_int(db_cell(rows, 0, 0), &now))
		return err_set(err, ERR_CORRUPT, "the database did not tell its total_changes()");
	if (now != r->total_changes)
		r->changed = true;
	if (r->changed && r->watch)
		return err_set(err, ERR_CHANGED, "the database was written to while it was read");
	return 0;
}

/* How many rows next, from what the last page brought. */
static void adapt(struct pages *p, const struct passing *page)
{
	struct reader *r = p->reader;
	int64_t most = page->rows * GROWTH, fit;

	if (page->rows == 0)
		return;
	fit = (int64_t)(r->page_bytes / (page->bytes / (size_t)page->rows + 1));
	p->rows = fit < most ? fit : most;
	if (p->rows > MOST_ROWS)
		p->rows = MOST_ROWS;
	if (p->rows < 1)
		p->rows = 1;
	if (page->bytes >= r->page_bytes / 2 && r->page_bytes < r->db->traits.page_bytes_max)
		r->page_bytes *= 2;
}

static void ask_for_less(struct pages *p)
{
	p->rows = p->rows / 2 > 0 ? p->rows / 2 : 1;
	if (p->reader->page_bytes > 65536)
		p->reader->page_bytes /= 2;
}

/* Slices are calls of their own: when changes are accepted, a row that changes
 * between them is begun again. */
static int read_big_row(struct pages *p, struct passing *page, struct err *err)
{
	AUTO_BUF row = BUF_INIT(TUPLE_MAX_BYTES);
	int rc = -1;

	for (int i = 0; i < BIG_ROW_TRIES && rc == -1; i++) {
		buf_reset(&row);
		rc = slices_read_row(p->reader->db, p->table, last_tuple(p), &row, err);
		if (rc == -1 && (err->code != ERR_CHANGED || p->reader->watch))
			break;
		p->reader->changed |= rc == -1;
	}
	if (rc == 1)
		rc = pass_row(page, (struct span){ row.data, row.len }, err) == 0 ? 1 : -1;
	p->rows = 1;
	return rc;
}

static int query_page(struct pages *p, struct db_answer *ret, struct err *err)
{
	const struct reader *r = p->reader;
	const char *sql[2] = { NULL, "SELECT total_changes()" };

	buf_reset(&p->sql);
	if (select_page(&p->sql, p->table, p->mode, last_tuple(p), p->rows, err) != 0)
		return -1;
	sql[0] = buf_str(&p->sql);
	return db_query(r->db, sql, r->db->traits.one_moment ? 1 : 2, ret, err);
}

/* 1: there may be more; 0: the table's end. */
static int read_page(struct pages *p, struct err *err)
{
	struct passing page = { .pages = p };
	AUTO_ANSWER answer = { 0 };
	int64_t asked = p->rows;
	bool replaced;
	int rc;

	rc = query_page(p, &answer, err);
	if (rc == 0 && rows_have_null(&answer.rows[0]))
		rc = err_set(err, ERR_TOO_BIG, "a row is too big");
	if (rc != 0) {
		if (err->code != ERR_TOO_BIG)
			return -1;
		if (p->rows == 1)
			return read_big_row(p, &page, err);
		ask_for_less(p);
		return 1;
	}
	if (answer.count > 1 && reader_check_changes(p->reader, &answer.rows[1], err) != 0)
		return -1;
	if (reader_rows(p->reader->db, &answer.rows[0], p->table, p->mode, pass_row, &page,
	    &replaced, err) != 0)
		return -1;
	if (replaced) {
		p->mode = SELECT_HEX;
		return 1;
	}
	p->mode = SELECT_QUOTED;
	adapt(p, &page);
	return page.rows < asked ? 0 : 1;
}

/* ---- rows of a file, as they are ---- */

struct direct {
	const struct reader *reader;
	const struct table *table;
	struct buf tuple;
};

static int visit_values(void *ctx, const struct db_value *values, size_t count, struct err *err)
{
	struct direct *d = ctx;

	for (size_t i = 0; i < count; i++) {
		if (values[i].type >= DB_TEXT && values[i].len > VALUE_MAX_BYTES)
			return err_set(err, ERR_FAILED, "a value of %zu bytes in column \"%s\": no more than %d can be kept",
			    values[i].len, d->table->values[i], VALUE_MAX_BYTES);
	}
	buf_reset(&d->tuple);
	if (values_add_tuple(&d->tuple, values, count, err) != 0)
		return -1;
	return d->reader->visit(d->reader->ctx, (struct span){ d->tuple.data, d->tuple.len }, err);
}

static int read_directly(struct reader *reader, const struct table *table, struct err *err)
{
	struct direct d = { .reader = reader, .table = table, .tuple = BUF_INIT(TUPLE_MAX_BYTES) };
	AUTO_BUF sql = BUF_INIT(1u << 20);
	int rc = select_values(&sql, table, err);

	if (rc == 0)
		rc = db_each(reader->db, buf_str(&sql), visit_values, &d, err);
	buf_release(&d.tuple);
	return rc;
}

/* Virtual tables are read by their keys alone, and SQLite shows 2,000 values at once. */
static bool can_read_directly(const struct reader *reader, const struct table *table)
{
	return db_shows_values(reader->db) && table->kind == TABLE_ORDINARY &&
	    table->value_count <= DIRECT_MAX_VALUES;
}

int reader_table(struct reader *reader, const struct table *table, struct err *err)
{
	struct pages p = { .reader = reader, .table = table, .rows = FIRST_ROWS };
	int rc = 1;

	if (can_read_directly(reader, table)) {
		if (read_directly(reader, table, err) != 0)
			return err_wrap(err, "read table \"%s\"", table->name);
		return 0;
	}
	if (reader->page_bytes == 0)
		reader->page_bytes = reader->db->traits.page_bytes;
	buf_init(&p.last, TUPLE_MAX_BYTES);
	buf_init(&p.sql, 1u << 20);
	while (rc == 1)
		rc = stop_check(err) == 0 ? read_page(&p, err) : -1;
	buf_release(&p.last);
	buf_release(&p.sql);
	return rc == 0 ? 0 : err_wrap(err, "read table \"%s\"", table->name);
}

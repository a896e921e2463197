#include "tables/reader.h"

#include <stdlib.h>
#include <string.h>

#include "tables/first.h"
#include "tables/pages.h"
#include "tables/values.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/stop.h"
#include "base/utf8.h"

#define DIRECT_MAX_VALUES 2000
/* Fetched before they are wanted: neither who cuts rows nor the engine waits when one
 * page takes longer than the others. */
#define PAGES_AHEAD 2
/* More than any group has rows. */
#define GROUP_COUNT_DIGITS 9

/* ---- the rows of one answer ---- */

bool reader_is_replaced(const struct db *db, const struct db_rows *rows, enum select_mode mode)
{
	if (mode >= SELECT_HEX || !db->traits.replaces_invalid_utf8)
		return false;
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

void reader_scan(struct tuple_scan *ret, const struct db *db, struct db_cell cell,
    const struct table *table, enum select_mode mode)
{
	tuple_scan_init(ret, cell.text != NULL ? cell.text : "", cell.len, table->value_count);
	ret->exact_reals = db->traits.exact_reals;
	ret->as_quoted = mode == SELECT_PLAIN || mode == SELECT_GROUPED;
	ret->affinities = table->affinities;
}

/* As tuple_next() at last: 0, -1 or TUPLE_DOUBTFUL. */
static int visit_cell(struct tuple_scan *scan, int64_t rows, struct buf *spare, row_visit *visit,
    void *ctx, struct err *err)
{
	struct span tuple;
	int rc;

	while ((rc = tuple_next(scan, spare, &tuple, err)) == 1) {
		rows--;
		if (visit(ctx, tuple, err) != 0)
			return -1;
	}
	if (rc == 0 && rows != 0)
		return err_set(err, ERR_CORRUPT, "the database answered fewer or more rows than it has");
	return rc;
}

bool reader_cut_count(struct db_cell *cell, int64_t *ret)
{
	size_t digits = 0;
	int64_t count = 0;

	for (; digits < cell->len && digits < GROUP_COUNT_DIGITS; digits++) {
		char c = cell->text[digits];

		if (c < '0' || c > '9')
			break;
		count = count * 10 + (c - '0');
	}
	if (digits == 0)
		return false;
	cell->text += digits;
	cell->len -= digits;
	*ret = count;
	return true;
}

static int visit_answer(const struct db *db, const struct db_rows *rows, const struct table *table,
    enum select_mode mode, row_visit *visit, void *ctx, struct err *err)
{
	AUTO_BUF spare = BUF_INIT(TUPLE_MAX_BYTES);
	int rc = 0;

	for (size_t i = 0; i < rows->count && rc == 0; i++) {
		struct db_cell cell = db_cell(rows, i, 0);
		struct tuple_scan scan;
		int64_t count = 1;

		if (mode == SELECT_GROUPED && !reader_cut_count(&cell, &count))
			return err_set(err, ERR_CORRUPT, "the database did not tell how many rows it answered");
		reader_scan(&scan, db, cell, table, mode);
		rc = visit_cell(&scan, count, &spare, visit, ctx, err);
	}
	return rc;
}

int reader_rows(const struct db *db, const struct db_rows *rows, const struct table *table,
    enum select_mode mode, row_visit *visit, void *ctx, struct err *err)
{
	int rc = visit_answer(db, rows, table, mode, visit, ctx, err);

	return rc == TUPLE_DOUBTFUL ?
	    err_set(err, ERR_CORRUPT, "the database's answer shows what cannot be known") : rc;
}

static int pass_by(void *ctx, struct span tuple, struct err *err)
{
	(void)ctx, (void)tuple, (void)err;
	return 0;
}

int reader_better_mode(const struct db *db, const struct db_rows *rows, const struct table *table,
    enum select_mode mode, enum select_mode *ret, struct err *err)
{
	int rc = 0;

	*ret = mode;
	if (reader_is_replaced(db, rows, mode))
		*ret = SELECT_HEX;
	else if (mode == SELECT_PLAIN)
		rc = visit_answer(db, rows, table, mode, pass_by, NULL, err);
	if (rc == TUPLE_DOUBTFUL)
		*ret = SELECT_QUOTED;
	return rc == -1 ? -1 : 0;
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

/* ---- page after page ---- */

/* One reading of one table. The pages of a database that is far away are fetched by
 * a thread: it has the database and `pages` to itself while it has something to
 * fetch. */
struct paging {
	struct reader *reader;
	const struct table *table;
	struct pages pages;
	struct queue *queue;     /* NULL: each page when it is wanted */
	struct buf last;         /* the last tuple visited; empty at the start */
	bool page_begins;
	bool grouped;            /* this page: its keys must grow, … */
	int64_t key;             /* … from behind this one */
};

/* Nothing but this says in which order a group's rows come. */
static int check_key(struct paging *p, struct span tuple, struct err *err)
{
	int64_t key;

	if (!tuple_integer(tuple, p->table->key[0], &key) || key <= p->key)
		return err_set(err, ERR_CORRUPT, "the database answered rows out of order");
	p->key = key;
	return 0;
}

/* Behind the page before, and behind what was visited, if that is more. */
static void begin_keys(struct paging *p, const struct page *page)
{
	struct span last = { p->last.data, p->last.len };

	p->grouped = page->mode == SELECT_GROUPED;
	if (!p->grouped)
		return;
	if (last.len == 0 || !tuple_integer(last, p->table->key[0], &p->key) || p->key < page->behind)
		p->key = page->behind;
}

static int pass_row(void *ctx, struct span tuple, struct err *err)
{
	struct paging *p = ctx;

	/* Reading on behind it would go round in circles. */
	if (p->page_begins && p->last.len == tuple.len &&
	    memcmp(p->last.data, tuple.text, tuple.len) == 0)
		return err_set(err, ERR_CORRUPT, "the database answered the same row again");
	p->page_begins = false;
	if (p->grouped && check_key(p, tuple, err) != 0)
		return -1;
	buf_reset(&p->last);
	if (buf_add(&p->last, tuple.text, tuple.len, err) != 0)
		return -1;
	return p->reader->visit(p->reader->ctx, tuple, err);
}

static int fetch(void *ctx, void *item, struct err *err)
{
	struct paging *p = ctx;

	return p->pages.ended ? 0 : pages_next(&p->pages, item, err);
}

static void release(void *item)
{
	page_release(item);
	free(item);
}

static int ask(struct paging *p, struct err *err)
{
	while (p->queue != NULL && queue_pending(p->queue) < PAGES_AHEAD) {
		struct page *page = mem_calloc(1, sizeof(*page));

		if (queue_push(p->queue, page, err) != 0) {
			free(page);
			return -1;
		}
	}
	return 0;
}

static int take(struct paging *p, void **ret, struct err *err)
{
	if (stop_check(err) != 0)
		return -1;
	if (p->queue != NULL)
		return queue_take(p->queue, ret, err);
	*ret = mem_calloc(1, sizeof(struct page));
	if (fetch(p, *ret, err) == 0)
		return 0;
	release(*ret);
	return -1;
}

/* What was asked for meanwhile is not wanted; then on behind the last row, in a
 * way that costs the engine more and leaves no doubt. */
static int ask_again(struct paging *p, struct err *err)
{
	struct span last = { p->last.len > 0 ? p->last.data : NULL, p->last.len };
	void *unwanted;

	while (p->queue != NULL && queue_pending(p->queue) > 0) {
		if (queue_take(p->queue, &unwanted, err) != 0)
			return -1;
		release(unwanted);
	}
	if (pages_resume(&p->pages, last, SELECT_QUOTED, err) != 0)
		return -1;
	return ask(p, err);
}

/* 1: there may be more; 0: the table's end. */
static int visit_page(struct paging *p, const struct page *page, struct err *err)
{
	int rc;

	p->page_begins = true;
	begin_keys(p, page);
	if (page->big.len > 0) {
		rc = pass_row(p, (struct span){ page->big.data, page->big.len }, err);
		return rc == 0 ? 1 : -1;
	}
	if (page->answer.count == 0)
		return 0;
	rc = visit_answer(p->reader->db, &page->answer.rows[0], p->table, page->mode, pass_row, p, err);
	if (rc == TUPLE_DOUBTFUL)
		return ask_again(p, err) == 0 ? 1 : -1;
	return rc == 0 ? !page->is_last : -1;
}

static int read_pages(struct paging *p, struct err *err)
{
	void *page;
	int rc = ask(p, err) == 0 ? 1 : -1;

	while (rc == 1) {
		if (take(p, &page, err) != 0)
			return -1;
		/* Behind the last page nothing is fetched: `ended`. */
		rc = ask(p, err) == 0 ? visit_page(p, page, err) : -1;
		release(page);
	}
	return rc;
}

static int read_by_pages(struct reader *reader, const struct table *table, struct err *err)
{
	struct paging p = { .reader = reader, .table = table, .last = BUF_INIT(TUPLE_MAX_BYTES) };
	struct page first = { .is_last = false };
	bool all;                /* nothing will be left to fetch */
	int rc = reader->table_count > 0 ? first_page(reader, table, &first, err) : 0;

	if (rc < 0)
		return -1;
	pages_init(&p.pages, reader, table);
	all = first.is_last;
	if (rc == 1)
		pages_have_first(&p.pages, &first);
	if (!reader->db->traits.one_moment && !all)
		p.queue = queue_new(&(struct queue_options){
			.workers = 1, .depth = PAGES_AHEAD, .ordered = true,
			.work = fetch, .release = release, .ctx = &p,
		});
	rc = read_pages(&p, err);
	queue_free(p.queue);
	pages_release(&p.pages);
	buf_release(&p.last);
	return rc;
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

static int read_directly(struct reader *reader, const struct table *table,
    const struct rowids *range, struct err *err)
{
	struct direct d = { .reader = reader, .table = table, .tuple = BUF_INIT(TUPLE_MAX_BYTES) };
	AUTO_BUF sql = BUF_INIT(1u << 20);
	int rc = select_values(&sql, table, range, err);

	if (rc == 0)
		rc = db_each(reader->db, buf_str(&sql), visit_values, &d, err);
	buf_release(&d.tuple);
	return rc;
}

/* Virtual tables are read by their keys alone, and SQLite shows 2,000 values at once. */
static bool can_read_directly(const struct db *db, const struct table *table)
{
	return db_shows_values(db) && table->kind == TABLE_ORDINARY &&
	    table->value_count <= DIRECT_MAX_VALUES;
}

void reader_release(struct reader *reader)
{
	first_pages_free(reader->first);
	reader->first = NULL;
}

int reader_table(struct reader *reader, const struct table *table, struct err *err)
{
	int rc = can_read_directly(reader->db, table) ? read_directly(reader, table, NULL, err) :
	    read_by_pages(reader, table, err);

	return rc == 0 ? 0 : err_wrap(err, "read table \"%s\"", table->name);
}

bool reader_has_ranges(const struct db *db, const struct table *table)
{
	return can_read_directly(db, table) && table_has_rowid_key(table);
}

int reader_range(struct reader *reader, const struct table *table, const struct rowids *range,
    struct err *err)
{
	return read_directly(reader, table, range, err) == 0 ? 0 :
	    err_wrap(err, "read table \"%s\"", table->name);
}

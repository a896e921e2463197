#include "tables/pages.h"

#include "base/clock.h"
#include "base/utf8.h"

#define FIRST_ROWS 500
#define MOST_ROWS 200000
#define GROWTH 8
#define BIG_ROW_TRIES 5
#define LEAST_PAGE_BYTES 65536
/* A page that takes longer keeps the engine from others, and comes near the 30 s
 * that a call may take. */
#define LONG_PAGE_MS 5000
#define SHORT_PAGE_MS 2000

void pages_init(struct pages *pages, struct reader *reader, const struct table *table)
{
	*pages = (struct pages){
		.reader = reader, .table = table, .rows = FIRST_ROWS,
		.mode = select_first_mode(table),
		.last = BUF_INIT(TUPLE_MAX_BYTES), .sql = BUF_INIT(1u << 20),
	};
	if (reader->page_bytes == 0)
		reader->page_bytes = reader->db->traits.page_bytes;
}

void pages_release(struct pages *pages)
{
	buf_release(&pages->last);
	buf_release(&pages->sql);
}

void page_release(struct page *page)
{
	db_answer_release(&page->answer);
	buf_release(&page->big);
}

int pages_resume(struct pages *pages, struct span last, enum select_mode mode, struct err *err)
{
	pages->mode = mode;
	pages->ended = false;
	buf_reset(&pages->last);
	return last.text != NULL ? buf_add(&pages->last, last.text, last.len, err) : 0;
}

static struct span last_tuple(const struct pages *p)
{
	return (struct span){ p->last.len > 0 ? p->last.data : NULL, p->last.len };
}

/* ---- how many rows next ---- */

/* By what the last page brought, and how long it took. */
static void adapt(struct pages *p, const struct db_rows *rows, int64_t took_ms)
{
	struct reader *r = p->reader;
	size_t bytes = 0;
	int64_t most, fit;

	if (rows->count == 0)
		return;
	for (size_t i = 0; i < rows->count; i++)
		bytes += db_cell(rows, i, 0).len;
	if (took_ms > LONG_PAGE_MS && r->page_bytes > LEAST_PAGE_BYTES)
		r->page_bytes /= 2;
	else if (took_ms < SHORT_PAGE_MS && bytes >= r->page_bytes / 2 &&
	    r->page_bytes < r->db->traits.page_bytes_max)
		r->page_bytes *= 2;
	if (r->page_bytes > r->db->traits.page_bytes_max)
		r->page_bytes = r->db->traits.page_bytes_max;
	most = (int64_t)rows->count * GROWTH;
	fit = (int64_t)(r->page_bytes / (bytes / rows->count + 1));
	p->rows = fit < most ? fit : most;
	if (p->rows > MOST_ROWS)
		p->rows = MOST_ROWS;
	if (p->rows < 1)
		p->rows = 1;
}

static void ask_for_less(struct pages *p)
{
	p->rows = p->rows / 2 > 0 ? p->rows / 2 : 1;
	if (p->reader->page_bytes > LEAST_PAGE_BYTES)
		p->reader->page_bytes /= 2;
}

/* ---- fetching ---- */

/* Slices are calls of their own: when changes are accepted, a row that changes
 * between them is begun again. */
static int read_big_row(struct pages *p, struct page *ret, struct err *err)
{
	int rc = -1;

	ret->big = (struct buf)BUF_INIT(TUPLE_MAX_BYTES);
	for (int i = 0; i < BIG_ROW_TRIES && rc == -1; i++) {
		buf_reset(&ret->big);
		rc = slices_read_row(p->reader->db, p->table, last_tuple(p), &ret->big, err);
		if (rc == -1 && (err->code != ERR_CHANGED || p->reader->watch))
			return -1;
		p->reader->changed |= rc == -1;
	}
	if (rc == -1)
		return -1;
	ret->is_last = p->ended = rc == 0;
	p->rows = 1;
	if (rc == 0)
		return 0;
	buf_reset(&p->last);
	return buf_add(&p->last, ret->big.data, ret->big.len, err);
}

static int query(struct pages *p, enum select_mode mode, struct db_answer *ret, struct err *err)
{
	const struct reader *r = p->reader;
	const char *sql[2] = { NULL, "SELECT total_changes()" };

	buf_reset(&p->sql);
	if (select_page(&p->sql, p->table, mode, last_tuple(p), p->rows, err) != 0)
		return -1;
	sql[0] = buf_str(&p->sql);
	if (db_query(r->db, sql, r->db->traits.one_moment ? 1 : 2, ret, err) != 0)
		return -1;
	if (rows_have_null(&ret->rows[0])) {
		db_answer_release(ret);
		return err_set(err, ERR_TOO_BIG, "a row is too big");
	}
	return 0;
}

/* The key to read on behind. Where the last row has to be asked for otherwise,
 * whoever takes the page finds that out, and resumes before it. */
static int keep_last(struct pages *p, const struct page *page, struct err *err)
{
	const struct db_rows *rows = &page->answer.rows[0];
	AUTO_BUF spare = BUF_INIT(TUPLE_MAX_BYTES);
	struct tuple_scan scan;
	struct span tuple;
	struct db_cell cell;
	int rc;

	if (rows->count == 0 || p->ended)
		return 0;
	cell = db_cell(rows, rows->count - 1, 0);
	reader_scan(&scan, p->reader->db, cell, p->table, page->mode);
	rc = tuple_next(&scan, &spare, &tuple, err);
	if (rc == TUPLE_DOUBTFUL)
		p->ended = true;
	if (rc != 1)
		return rc == -1 ? -1 : 0;
	buf_reset(&p->last);
	return buf_add(&p->last, tuple.text, tuple.len, err);
}

static int take_answer(struct pages *p, struct page *page, int64_t asked, int64_t took_ms,
    struct err *err)
{
	const struct db_answer *answer = &page->answer;

	if (answer->count > 1 && reader_check_changes(p->reader, &answer->rows[1], err) != 0)
		return -1;
	page->is_last = p->ended = (int64_t)answer->rows[0].count < asked;
	adapt(p, &answer->rows[0], took_ms);
	return keep_last(p, page, err);
}

static int64_t now_ms(const struct pages *p)
{
	return p->reader->clock != NULL ? clock_now_ms(p->reader->clock) : 0;
}

int pages_next(struct pages *p, struct page *ret, struct err *err)
{
	for (ret->mode = p->mode; ; ) {
		int64_t asked = p->rows, began = now_ms(p);

		if (query(p, ret->mode, &ret->answer, err) != 0) {
			if (err->code != ERR_TOO_BIG)
				return -1;
			if (p->rows == 1)
				return read_big_row(p, ret, err);
			ask_for_less(p);
			continue;
		}
		if (!reader_is_replaced(p->reader->db, &ret->answer.rows[0], ret->mode))
			return take_answer(p, ret, asked, now_ms(p) - began, err);
		db_answer_release(&ret->answer);
		ret->mode = SELECT_HEX;
	}
}

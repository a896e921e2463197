#include "tables/page.h"

void page_release(struct page *page)
{
	db_answer_release(&page->answer);
	buf_release(&page->big);
}

/* ---- asked for ---- */

/* The last statement says whether the database was written to. */
static int query(struct page *page, struct reader *reader, const char **sql, size_t count,
    struct err *err)
{
	sql[count] = "SELECT total_changes()";
	return db_query(reader->db, sql, count + !reader->db->traits.one_moment, &page->answer, err);
}

int page_ask(struct page *page, struct reader *reader, const struct table *table,
    struct span after, int64_t rows, struct err *err)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	const char *sql[2];

	if (select_page(&text, table, page->mode, after, rows, err) != 0)
		return -1;
	sql[0] = buf_str(&text);
	if (query(page, reader, sql, 1, err) != 0)
		return -1;
	if (rows_have_null(&page->answer.rows[0])) {
		db_answer_release(&page->answer);
		return err_set(err, ERR_TOO_BIG, "a row is too big");
	}
	page->is_last = (int64_t)page->answer.rows[0].count < rows;
	return 0;
}

/* Which key comes behind the groups is asked, too: there may be a gap. */
static int take_next_key(struct page *page, int64_t end, struct err *err)
{
	struct db_cell cell = db_cell(&page->answer.rows[1], 0, 0);

	page->is_last = cell.text == NULL;
	page->next = end + 1;
	if (!page->is_last && (!db_cell_int(cell, &page->next) || page->next <= end))
		return err_set(err, ERR_CORRUPT, "the database did not tell the next key");
	return 0;
}

int page_ask_groups(struct page *page, struct reader *reader, const struct table *table,
    const struct select_groups *groups, struct err *err)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	AUTO_BUF next = BUF_INIT(1u << 20);
	int64_t end = groups->behind + groups->keys * groups->count;
	const char *sql[3];

	page->mode = SELECT_GROUPED;
	page->behind = groups->behind;
	if (select_groups(&text, table, groups, err) != 0 ||
	    select_key_behind(&next, table, end, err) != 0)
		return -1;
	sql[0] = buf_str(&text);
	sql[1] = buf_str(&next);
	if (query(page, reader, sql, 2, err) != 0)
		return -1;
	if (page->answer.rows[0].count != (size_t)groups->count || page->answer.rows[1].count != 1)
		return err_set(err, ERR_CORRUPT, "the database answered fewer or more groups than it was asked for");
	return take_next_key(page, end, err);
}

/* ---- looked at ---- */

/* A cell without the number of its rows, which is 1 where none stands there. */
static int cell_at(const struct page *page, size_t row, struct db_cell *ret, int64_t *ret_rows,
    struct err *err)
{
	*ret = db_cell(&page->answer.rows[0], row, 0);
	*ret_rows = 1;
	if (page->mode == SELECT_GROUPED && !reader_cut_count(ret, ret_rows))
		return err_set(err, ERR_CORRUPT, "the database did not tell how many rows it answered");
	return 0;
}

int page_weigh(const struct page *page, int64_t *ret_rows, int64_t *ret_bytes, struct err *err)
{
	int64_t rows = 0, bytes = 0;

	for (size_t i = 0; i < page->answer.rows[0].count; i++) {
		struct db_cell cell;
		int64_t count;

		if (cell_at(page, i, &cell, &count, err) != 0)
			return -1;
		rows += count;
		bytes += (int64_t)cell.len;
	}
	*ret_rows = rows;
	*ret_bytes = bytes;
	return 0;
}

/* 0: there is none in it. */
static int cell_end(struct tuple_scan *scan, bool last, struct buf *spare, struct span *ret,
    struct err *err)
{
	int rc, found = 0;

	while ((rc = tuple_next(scan, spare, ret, err)) == 1) {
		found = 1;
		if (!last)
			return 1;
	}
	return rc == 0 ? found : rc;
}

int page_end(const struct page *page, const struct reader *reader, const struct table *table,
    bool last, struct buf *spare, struct span *ret, struct err *err)
{
	size_t count = page->answer.rows[0].count;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		struct tuple_scan scan;
		struct db_cell cell;
		int64_t rows;

		if (cell_at(page, last ? count - 1 - i : i, &cell, &rows, err) != 0)
			return -1;
		reader_scan(&scan, reader->db, cell, table, page->mode);
		rc = cell_end(&scan, last, spare, ret, err);
	}
	return rc;
}

#include "tables/pages.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

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
		.last = BUF_INIT(TUPLE_MAX_BYTES),
	};
	groups_init(&pages->groups, table);
	if (reader->page_bytes == 0)
		reader->page_bytes = reader->db->traits.page_bytes;
}

void pages_release(struct pages *pages)
{
	buf_release(&pages->last);
	if (pages->first != NULL)
		page_release(pages->first);
	free(pages->first);
}

void pages_have_first(struct pages *pages, struct page *page)
{
	pages->first = mem_calloc(1, sizeof(*page));
	*pages->first = *page;
	*page = (struct page){ .is_last = false };
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

/* What a page brought: rows, and the text of them. */
struct brought {
	int64_t rows, bytes;
};

/* By what the last page brought, and how long it took. */
static void adapt(struct pages *p, const struct brought *b, int64_t took_ms)
{
	struct reader *r = p->reader;
	int64_t most, fit;

	if (b->rows == 0)
		return;
	if (took_ms > LONG_PAGE_MS && r->page_bytes > LEAST_PAGE_BYTES)
		r->page_bytes /= 2;
	else if (took_ms < SHORT_PAGE_MS && b->bytes >= (int64_t)r->page_bytes / 2 &&
	    r->page_bytes < r->db->traits.page_bytes_max)
		r->page_bytes *= 2;
	if (r->page_bytes > r->db->traits.page_bytes_max)
		r->page_bytes = r->db->traits.page_bytes_max;
	most = b->rows * GROWTH;
	fit = (int64_t)r->page_bytes / (b->bytes / b->rows + 1);
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
	groups_forget(&p->groups);
	if (rc == 0)
		return 0;
	buf_reset(&p->last);
	return buf_add(&p->last, ret->big.data, ret->big.len, err);
}

static int look_at_keys(struct pages *p, const struct page *page, struct span last,
    const struct brought *b, struct err *err)
{
	AUTO_BUF spare = BUF_INIT(TUPLE_MAX_BYTES);
	size_t place = p->table->key[0];
	int64_t first_key, last_key;
	struct span first;
	int rc = page_end(page, p->reader, p->table, false, &spare, &first, err);

	if (rc != 1)
		return rc == -1 ? -1 : 0;
	if (!tuple_integer(first, place, &first_key) || !tuple_integer(last, place, &last_key))
		return err_set(err, ERR_CORRUPT, "the database answered a row without its rowid");
	groups_saw(&p->groups, first_key, last_key, b->rows, b->bytes);
	return 0;
}

/* The key to read on behind. Where a row has to be asked for otherwise, whoever
 * takes the page finds that out, and resumes before it. */
static int keep_last(struct pages *p, const struct page *page, const struct brought *b,
    struct err *err)
{
	AUTO_BUF spare = BUF_INIT(TUPLE_MAX_BYTES);
	struct span tuple;
	int rc;

	if (p->ended)
		return 0;
	rc = page_end(page, p->reader, p->table, true, &spare, &tuple, err);
	if (rc == TUPLE_DOUBTFUL)
		p->ended = true;
	if (rc != 1)
		return rc == -1 ? -1 : 0;
	buf_reset(&p->last);
	if (buf_add(&p->last, tuple.text, tuple.len, err) != 0)
		return -1;
	return p->groups.never ? 0 : look_at_keys(p, page, tuple, b, err);
}

static int take_answer(struct pages *p, struct page *page, int64_t took_ms, struct err *err)
{
	const struct db_answer *answer = &page->answer;
	struct brought brought;

	if (!p->reader->db->traits.one_moment &&
	    reader_check_changes(p->reader, &answer->rows[answer->count - 1], err) != 0)
		return -1;
	if (page_weigh(page, &brought.rows, &brought.bytes, err) != 0)
		return -1;
	p->ended = page->is_last;
	adapt(p, &brought, took_ms);
	if (keep_last(p, page, &brought, err) != 0)
		return -1;
	if (page->mode == SELECT_GROUPED)
		p->groups.behind = page->next - 1;
	return 0;
}

static int64_t now_ms(const struct pages *p)
{
	return p->reader->clock != NULL ? clock_now_ms(p->reader->clock) : 0;
}

/* 1: it is not whole in the mode it was asked for. */
static int take_first(struct pages *p, struct page *ret, struct err *err)
{
	*ret = *p->first;
	free(p->first);
	p->first = NULL;
	if (!reader_is_replaced(p->reader->db, &ret->answer.rows[0], ret->mode))
		return take_answer(p, ret, 0, err);
	page_release(ret);
	*ret = (struct page){ .mode = SELECT_HEX };
	return 1;
}

static int fetch(struct pages *p, struct page *page, struct err *err)
{
	struct select_groups groups;

	if (page->mode == SELECT_PLAIN && groups_plan(&p->groups, p->rows, &groups))
		return page_ask_groups(page, p->reader, p->table, &groups, err);
	return page_ask(page, p->reader, p->table, last_tuple(p), p->rows, err);
}

int pages_next(struct pages *p, struct page *ret, struct err *err)
{
	int rc = 1;

	ret->mode = p->mode;
	if (p->first != NULL && (rc = take_first(p, ret, err)) != 1)
		return rc;
	for (;;) {
		int64_t began = now_ms(p);

		if (fetch(p, ret, err) != 0) {
			if (err->code != ERR_TOO_BIG)
				return -1;
			if (ret->mode == SELECT_GROUPED) {
				p->groups.never = true;
				ret->mode = p->mode;
				continue;
			}
			if (p->rows == 1)
				return read_big_row(p, ret, err);
			ask_for_less(p);
			continue;
		}
		if (!reader_is_replaced(p->reader->db, &ret->answer.rows[0], ret->mode))
			return take_answer(p, ret, now_ms(p) - began, err);
		db_answer_release(&ret->answer);
		ret->mode = SELECT_HEX;
	}
}

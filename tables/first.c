#include "tables/first.h"

#include <stdlib.h>

#include "base/mem.h"

/* Fewer tables are not worth it: the size of their pages is found one by one. */
#define LEAST_TABLES 8
/* In the first call as many rows as any first page has; then what fits. A batch of 50
 * statements is what people have used (CLOUDFLARE.md 1.6). */
#define FIRST_TABLES 10
#define MOST_TABLES 45
#define FIRST_ROWS 50
#define LEAST_ROWS 10
#define MOST_ROWS 500
#define GROWTH 8
#define AIM_BYTES (1u << 20)
#define SQL_BYTES (256u << 10)

struct first_pages {
	struct db_answer answer;     /* of the tables from `begin` on, then total_changes() */
	size_t begin, count;
	size_t taken;                /* of these */
	int64_t asked;               /* rows of each */
	size_t tables;               /* to ask for next, and rows of each */
	int64_t rows;
	bool off;                    /* it does not pay here */
};

struct call {
	struct buf texts[MOST_TABLES];
	const char *sql[MOST_TABLES + 1];
	size_t count;                /* of tables */
};

static int add_table(struct call *c, const struct table *table, int64_t rows, struct err *err)
{
	struct buf *text = &c->texts[c->count];

	buf_init(text, 1u << 20);
	c->count++;
	return select_page(text, table, select_first_mode(table), (struct span){ NULL, 0 }, rows, err);
}

static int write_call(struct call *c, const struct reader *r, const struct first_pages *f,
    size_t begin, struct err *err)
{
	size_t bytes = 0, left = r->table_count - begin;

	while (c->count < f->tables && c->count < left && (c->count == 0 || bytes < SQL_BYTES)) {
		if (add_table(c, &r->tables[begin + c->count], f->rows, err) != 0)
			return -1;
		c->sql[c->count - 1] = buf_str(&c->texts[c->count - 1]);
		bytes += c->texts[c->count - 1].len;
	}
	c->sql[c->count] = "SELECT total_changes()";
	return 0;
}

/* More tables while little comes, and so many rows of each as will fit. */
static void adapt(struct first_pages *f)
{
	size_t bytes = 0, rows = 0;
	int64_t most = f->asked * GROWTH, fit;

	for (size_t i = 0; i < f->count; i++) {
		rows += f->answer.rows[i].count;
		for (size_t k = 0; k < f->answer.rows[i].count; k++)
			bytes += db_cell(&f->answer.rows[i], k, 0).len;
	}
	if (bytes < AIM_BYTES / 2)
		f->tables = f->tables * 2 < MOST_TABLES ? f->tables * 2 : MOST_TABLES;
	fit = rows > 0 ? (int64_t)(AIM_BYTES / f->tables / (bytes / rows + 1)) : most;
	f->rows = fit < most ? fit : most;
	f->rows = f->rows > MOST_ROWS ? MOST_ROWS : f->rows < LEAST_ROWS ? LEAST_ROWS : f->rows;
}

/* Which of the tables the engine cannot read shows when each is asked for alone. */
static int could_not(struct first_pages *f, struct err *err)
{
	if (err->code != ERR_TOO_BIG && err->code != ERR_FAILED)
		return -1;
	f->off = err->code == ERR_FAILED;
	err_clear(err);
	if (f->off)
		return 0;
	f->tables /= 2;
	f->rows = f->rows / 2 > LEAST_ROWS ? f->rows / 2 : LEAST_ROWS;
	f->off = f->tables < 2;
	return 0;
}

/* 1, 0 or -1 as first_page(). */
static int fetch(struct reader *r, struct first_pages *f, size_t begin, struct err *err)
{
	struct call call = { .count = 0 };
	struct db_answer answer = { 0 };
	int rc = write_call(&call, r, f, begin, err);

	if (rc == 0)
		rc = db_query(r->db, call.sql, call.count + 1, &answer, err) == 0 ? 1 : could_not(f, err);
	for (size_t i = 0; i < call.count; i++)
		buf_release(&call.texts[i]);
	if (rc != 1)
		return rc;
	f->answer = answer;
	f->begin = begin;
	f->count = call.count;
	f->taken = 0;
	f->asked = f->rows;
	adapt(f);
	return reader_check_changes(r, &answer.rows[call.count], err) == 0 ? 1 : -1;
}

/* Who reads tables in another order than they stand in would ask for all of them over
 * and over. */
static int fetch_next(struct reader *r, struct first_pages *f, size_t begin, struct err *err)
{
	f->off = f->taken < f->count / 2;
	db_answer_release(&f->answer);
	f->count = 0;
	return f->off ? 0 : fetch(r, f, begin, err);
}

static struct first_pages *first_of(struct reader *r)
{
	if (r->first == NULL) {
		r->first = mem_calloc(1, sizeof(*r->first));
		r->first->tables = FIRST_TABLES;
		r->first->rows = FIRST_ROWS;
	}
	return r->first;
}

/* Its rows leave `f`; what says whether something was written is said to each. */
static void move_rows(struct first_pages *f, struct db_rows *rows, struct db_answer *ret)
{
	const struct db_rows *changes = &f->answer.rows[f->count];

	ret->count = 2;
	ret->rows = mem_calloc(ret->count, sizeof(*ret->rows));
	ret->rows[0] = *rows;
	*rows = (struct db_rows){ .columns = 0 };
	ret->rows[1] = *changes;
	ret->rows[1].cells = mem_calloc(changes->count * changes->columns, sizeof(*changes->cells));
	for (size_t i = 0; i < changes->count * changes->columns; i++)
		ret->rows[1].cells[i] = changes->cells[i];
}

int first_page(struct reader *r, const struct table *table, struct page *ret, struct err *err)
{
	struct first_pages *f;
	struct db_rows *rows;
	size_t i;
	int rc;

	if (r->table_count < LEAST_TABLES || r->db->traits.one_moment || first_of(r)->off)
		return 0;
	f = r->first;
	i = (size_t)(table - r->tables);
	if ((i < f->begin || i >= f->begin + f->count) && (rc = fetch_next(r, f, i, err)) != 1)
		return rc;
	rows = &f->answer.rows[i - f->begin];
	f->taken++;
	if (rows_have_null(rows))
		return 0;
	*ret = (struct page){
		.mode = select_first_mode(table), .is_last = (int64_t)rows->count < f->asked,
	};
	move_rows(f, rows, &ret->answer);
	return 1;
}

void first_pages_free(struct first_pages *first)
{
	if (first == NULL)
		return;
	db_answer_release(&first->answer);
	free(first);
}

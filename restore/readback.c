#include "restore/readback.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/queue.h"
#include "base/stop.h"
#include "tables/literal.h"

#define WORTH_BYTES (4 << 20)
/* A range's tuples should stay in a core's cache, and may be so many where the rows
 * lie unevenly. */
#define PIECE_BYTES (256 << 10)
#define PIECE_MAX_BYTES (2u << 20)
#define WORKERS_MAX 4
#define PIECES (2 * WORKERS_MAX)

struct piece {
	struct rowids range;
	struct buf tuples;
	int64_t rows;
	bool is_too_large;
};

struct readback {
	const struct readback_options *options;
	struct queue *queue;
	struct piece pieces[PIECES];
	size_t asked;                 /* for so many */
	struct rowids left;           /* to ask for */
	bool all_asked;
	uint64_t step;                /* rowids a range */
	pthread_mutex_t lock;         /* of what follows */
	struct db *idle[WORKERS_MAX]; /* connections */
	size_t idle_count;
};

/* ---- in the threads ---- */

static struct db *take_db(struct readback *r, struct err *err)
{
	struct db *db = NULL;

	(void)pthread_mutex_lock(&r->lock);
	if (r->idle_count > 0)
		db = r->idle[--r->idle_count];
	(void)pthread_mutex_unlock(&r->lock);
	return db != NULL ? db : db_sqlite_open(r->options->path, "sqlite", err);
}

static void give_db(struct readback *r, struct db *db)
{
	(void)pthread_mutex_lock(&r->lock);
	r->idle[r->idle_count++] = db;
	(void)pthread_mutex_unlock(&r->lock);
}

static int add_row(void *ctx, struct span tuple, struct err *err)
{
	struct piece *p = ctx;

	p->is_too_large = p->tuples.len + tuple.len + 1 > PIECE_MAX_BYTES;
	p->rows++;
	return buf_add(&p->tuples, tuple.text, tuple.len, err) != 0 ||
	    buf_add(&p->tuples, "\n", 1, err) != 0 ? -1 : 0;
}

static int work(void *ctx, void *item, struct err *err)
{
	struct readback *r = ctx;
	struct piece *p = item;
	struct reader reader = { .visit = add_row, .ctx = p };
	int rc;

	p->rows = 0;
	p->is_too_large = false;
	buf_reset(&p->tuples);
	reader.db = take_db(r, err);
	if (reader.db == NULL)
		return -1;
	rc = reader_range(&reader, r->options->table, &p->range, err);
	give_db(r, reader.db);
	return p->is_too_large ? 0 : rc;
}

/* ---- in order ---- */

static int visit_row(void *ctx, struct span tuple, struct err *err)
{
	const struct readback_options *o = ctx;

	return o->visit(o->ctx, tuple, 1, err) != 0 ? -1 :
	    o->visit(o->ctx, (struct span){ "\n", 1 }, 0, err);
}

static int pass_on(struct readback *r, const struct piece *p, struct err *err)
{
	const struct readback_options *o = r->options;
	struct reader reader = { .db = o->db, .visit = visit_row, .ctx = (void *)(uintptr_t)o };

	if (p->is_too_large)
		return reader_range(&reader, o->table, &p->range, err);
	return o->visit(o->ctx, (struct span){ buf_str(&p->tuples), p->tuples.len }, p->rows, err);
}

/* The rowids of the next range; as unsigned numbers, since they may be any 64 bits. */
static int ask(struct readback *r, struct err *err)
{
	struct piece *p = &r->pieces[r->asked++ % PIECES];
	uint64_t after = (uint64_t)r->left.last - (uint64_t)r->left.first;

	p->range = r->left;
	r->all_asked = after < r->step;
	if (!r->all_asked) {
		r->left.first = (int64_t)((uint64_t)r->left.first + r->step);
		p->range.last = r->left.first - 1;
	}
	return queue_push(r->queue, p, err);
}

static int read_pieces(struct readback *r, struct err *err)
{
	void *item;

	for (;;) {
		while (!r->all_asked && queue_pending(r->queue) < PIECES) {
			if (ask(r, err) != 0)
				return -1;
		}
		if (queue_pending(r->queue) == 0)
			return 0;
		if (stop_check(err) != 0 || queue_take(r->queue, &item, err) != 0 ||
		    pass_on(r, item, err) != 0)
			return -1;
	}
}

static int read_ranges(struct readback *r, struct err *err)
{
	const struct readback_options *o = r->options;
	int rc;

	(void)pthread_mutex_init(&r->lock, NULL);
	for (size_t i = 0; i < PIECES; i++)
		buf_init(&r->pieces[i].tuples, PIECE_MAX_BYTES);
	r->queue = queue_new(&(struct queue_options){
		.workers = o->workers < WORKERS_MAX ? o->workers : WORKERS_MAX, .depth = PIECES,
		.ordered = true, .work = work, .ctx = r,
	});
	rc = read_pieces(r, err);
	queue_free(r->queue);
	for (size_t i = 0; i < PIECES; i++)
		buf_release(&r->pieces[i].tuples);
	while (r->idle_count > 0)
		db_free(r->idle[--r->idle_count]);
	(void)pthread_mutex_destroy(&r->lock);
	return rc;
}

/* ---- the table ---- */

bool readback_is_worth(const struct readback_options *options)
{
	return options->path != NULL && options->workers > 1 &&
	    options->sql_bytes >= WORTH_BYTES && reader_has_ranges(options->db, options->table);
}

/* One of its rowids: min or max of them. */
static int add_extreme(struct buf *ret, const char *function, const struct table *t, struct err *err)
{
	return buf_addf(ret, err, "SELECT %s(", function) != 0 ||
	    literal_add_name(ret, t->rowid, err) != 0 || buf_adds(ret, ") FROM ", err) != 0 ||
	    literal_add_name(ret, t->name, err) != 0 ? -1 : 0;
}

/* 1, or 0 when it has no rows. */
static int find_rowids(struct readback *r, struct err *err)
{
	AUTO_BUF min = BUF_INIT(1u << 20);
	AUTO_BUF max = BUF_INIT(1u << 20);
	AUTO_ANSWER answer = { 0 };

	if (add_extreme(&min, "min", r->options->table, err) != 0 ||
	    add_extreme(&max, "max", r->options->table, err) != 0 ||
	    db_query(r->options->db, (const char *const[]){ buf_str(&min), buf_str(&max) }, 2,
	    &answer, err) != 0)
		return -1;
	return db_cell_int(db_cell(&answer.rows[0], 0, 0), &r->left.first) &&
	    db_cell_int(db_cell(&answer.rows[1], 0, 0), &r->left.last);
}

int readback_table(const struct readback_options *options, struct err *err)
{
	struct readback r = { .options = options };
	int rc = find_rowids(&r, err);

	if (rc <= 0)
		return rc;
	r.step = ((uint64_t)r.left.last - (uint64_t)r.left.first) /
	    ((uint64_t)options->sql_bytes / PIECE_BYTES) + 1;
	return read_ranges(&r, err);
}

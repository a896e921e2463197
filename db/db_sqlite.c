/* A SQLite file, read in one read transaction: one moment, whoever writes. */
#include "db/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/stop.h"
#include "db/quote.h"

/* A page aims at 4 MiB; a row that is larger than this is read in slices. */
#define ANSWER_MAX_BYTES (64u << 20)
#define BUSY_TIMEOUT_MS 10000
/* Look at the stop flag every so many virtual machine steps. */
#define PROGRESS_STEPS 100000

struct db_sqlite {
	struct db db;
	sqlite3 *sqlite;
};

static int sqlite_fail(struct db_sqlite *s, struct err *err)
{
	switch (sqlite3_errcode(s->sqlite) & 0xff) {
	case SQLITE_TOOBIG:
		return err_set(err, ERR_TOO_BIG, "%s", sqlite3_errmsg(s->sqlite));
	case SQLITE_INTERRUPT:
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		(void)err_set(err, ERR_AGAIN, "%s", sqlite3_errmsg(s->sqlite));
		return err_hint(err, "another process holds the database: try again when it has let go");
	case SQLITE_NOTADB:
		return err_set(err, ERR_FAILED, "not a SQLite database");
	case SQLITE_CORRUPT:
		(void)err_set(err, ERR_CORRUPT, "%s", sqlite3_errmsg(s->sqlite));
		return err_hint(err, "the source file itself is damaged: earlier snapshots are untouched; see sqlite3's .recover");
	default:
		return err_set(err, ERR_FAILED, "%s", sqlite3_errmsg(s->sqlite));
	}
}

/* Cells are collected as offsets first: the buffer moves while it grows. */
struct collected {
	struct buf text;
	size_t *offsets;      /* SIZE_MAX: NULL */
	size_t count, cap;
};

static int collect_cell(struct collected *c, sqlite3_stmt *stmt, int column, struct err *err)
{
	const unsigned char *text;
	size_t offset = SIZE_MAX;

	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_NULL:
		break;
	case SQLITE_BLOB:
		return err_set(err, ERR_FAILED, "a blob was asked for as it is");
	default:
		text = sqlite3_column_text(stmt, column);
		if (text == NULL)
			return err_set(err, ERR_TOO_BIG, "no memory for a value");
		offset = c->text.len;
		/* With its NUL; the length of a cell is the next offset less one. */
		if (buf_add(&c->text, text,
		    (size_t)sqlite3_column_bytes(stmt, column) + 1, err) != 0)
			return -1;
	}
	c->offsets = mem_grow(c->offsets, c->count, &c->cap, sizeof(*c->offsets));
	c->offsets[c->count++] = offset;
	return 0;
}

static int collect_rows(struct db_sqlite *s, sqlite3_stmt *stmt, struct collected *c,
    struct db_rows *ret, struct err *err)
{
	int columns = sqlite3_column_count(stmt);
	int rc;

	ret->columns = (size_t)columns;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < columns; i++) {
			if (collect_cell(c, stmt, i, err) != 0)
				return -1;
		}
		ret->count++;
		s->db.cost.rows_read++;
	}
	return rc == SQLITE_DONE ? 0 : sqlite_fail(s, err);
}

static int run_one(struct db_sqlite *s, const char *sql, struct collected *c,
    struct db_rows *ret, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(s->sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
		return sqlite_fail(s, err);
	rc = collect_rows(s, stmt, c, ret, err);
	(void)sqlite3_finalize(stmt);
	return rc;
}

/* Turn offsets into cells, now that the text stands still. */
static void place_cells(struct collected *c, struct db_answer *answer)
{
	size_t at = 0;

	for (size_t i = 0; i < answer->count; i++) {
		struct db_rows *rows = &answer->rows[i];
		size_t n = rows->count * rows->columns;
		struct db_cell *cells = mem_calloc(n, sizeof(*cells));

		for (size_t j = 0; j < n; j++, at++) {
			size_t next = c->text.len, k = at + 1;

			if (c->offsets[at] == SIZE_MAX)
				continue;
			while (k < c->count && c->offsets[k] == SIZE_MAX)
				k++;
			if (k < c->count)
				next = c->offsets[k];
			cells[j].text = c->text.data + c->offsets[at];
			cells[j].len = next - c->offsets[at] - 1;
		}
		rows->cells = cells;
	}
}

static int sqlite_query(struct db *db, const char *const *sql, size_t count,
    struct db_answer *ret, struct err *err)
{
	struct db_sqlite *s = (struct db_sqlite *)db;
	struct collected c = { .count = 0 };
	int rc = 0;

	buf_init(&c.text, ANSWER_MAX_BYTES);
	ret->rows = mem_calloc(count, sizeof(*ret->rows));
	ret->count = count;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = run_one(s, sql[i], &c, &ret->rows[i], err);
	if (rc == 0) {
		place_cells(&c, ret);
		ret->backing = c.text.data;
		ret->free_backing = free;
	} else {
		buf_release(&c.text);
		db_answer_release(ret);
	}
	free(c.offsets);
	return rc;
}

/* As they lie in the file: a blob's view of a text spares SQLite the copy that a
 * NUL behind it would cost. The text of a UTF-8 database needs no conversion. */
static void read_value(sqlite3_value *value, struct db_value *ret)
{
	switch (sqlite3_value_type(value)) {
	case SQLITE_NULL:
		ret->type = DB_NULL;
		return;
	case SQLITE_INTEGER:
		ret->type = DB_INTEGER;
		ret->integer = sqlite3_value_int64(value);
		return;
	case SQLITE_FLOAT:
		ret->type = DB_REAL;
		ret->real = sqlite3_value_double(value);
		return;
	case SQLITE_TEXT:
		ret->type = DB_TEXT;
		break;
	default:
		ret->type = DB_BLOB;
		break;
	}
	ret->bytes = sqlite3_value_blob(value);
	ret->len = (size_t)sqlite3_value_bytes(value);
	if (ret->bytes == NULL)
		ret->bytes = "";
}

static int visit_rows(struct db_sqlite *s, sqlite3_stmt *stmt, db_visit *visit, void *ctx,
    struct err *err)
{
	size_t columns = (size_t)sqlite3_column_count(stmt);
	struct db_value *values = mem_calloc(columns, sizeof(*values));
	int rc, step = SQLITE_ROW;

	for (rc = 0; rc == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW; ) {
		for (size_t i = 0; i < columns; i++)
			read_value(sqlite3_column_value(stmt, (int)i), &values[i]);
		/* SQLite has no other way to say that there was no memory for one. */
		if (sqlite3_errcode(s->sqlite) == SQLITE_NOMEM)
			rc = err_set(err, ERR_TOO_BIG, "no memory for a value");
		else
			rc = visit(ctx, values, columns, err);
		s->db.cost.rows_read++;
	}
	free(values);
	if (rc == 0 && step != SQLITE_DONE)
		rc = sqlite_fail(s, err);
	return rc;
}

static int sqlite_each(struct db *db, const char *sql, db_visit *visit, void *ctx,
    struct err *err)
{
	struct db_sqlite *s = (struct db_sqlite *)db;
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(s->sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
		return sqlite_fail(s, err);
	rc = visit_rows(s, stmt, visit, ctx, err);
	(void)sqlite3_finalize(stmt);
	return rc;
}

static void sqlite_free(struct db *db)
{
	struct db_sqlite *s = (struct db_sqlite *)db;

	(void)sqlite3_close(s->sqlite);
	free(s);
}

static int on_progress(void *arg)
{
	(void)arg;
	return stop_requested();
}

/* BEGIN takes no lock by itself: reading the schema pins the moment. */
static int begin(struct db_sqlite *s, struct err *err)
{
	const char *encoding = "PRAGMA encoding", *pin = "SELECT count(*) FROM sqlite_schema";
	AUTO_ANSWER answer = { 0 };

	if (sqlite3_exec(s->sqlite, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(s, err);
	if (db_query(&s->db, (const char *const[]){ pin, encoding }, 2, &answer, err) != 0)
		return -1;
	if (strcmp(db_cell(&answer.rows[1], 0, 0).text, "UTF-8") != 0) {
		(void)err_set(err, ERR_FAILED, "the database is encoded in %s",
		    db_cell(&answer.rows[1], 0, 0).text);
		return err_hint(err, "d1keep keeps UTF-8 databases, as D1's all are");
	}
	s->db.cost = (struct db_cost){ 0 };
	return 0;
}

static int check_file(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(err, errno, "cannot look at \"%s\"", path);
		(void)err_set(err, ERR_NOT_FOUND, "there is no file \"%s\"", path);
		return err_hint(err, "check the path (or project and id) of this database in the configuration");
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "\"%s\" is not a regular file", path);
	return 0;
}

static bool wal_holds_something(const char *path)
{
	AUTO_STR wal = mem_printf("%s-wal", path);
	struct stat st;

	return stat(wal, &st) == 0 && st.st_size > 0;
}

/*
 * Opened for writing, though nothing is written: only so can SQLite undo what a
 * crashed writer left in a journal, as any reader must, and take away again the
 * -wal and -shm that reading a WAL database makes. One thread uses it at a time, so
 * SQLite need not lock each call. A WAL with something in it
 * is its writer's: it is not folded into the file. Where this process may not
 * write, SQLite itself opens for reading.
 */
static int open_file(struct db_sqlite *s, const char *path)
{
	int rc = sqlite3_open_v2(path, &s->sqlite,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(s->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
		    (int)wal_holds_something(path), NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->sqlite, "PRAGMA query_only=ON", NULL, NULL, NULL);
	return rc;
}

struct db *db_sqlite_open(const char *path, const char *source, struct err *err)
{
	static const struct db_ops ops = { sqlite_query, NULL, sqlite_free, sqlite_each };
	struct db_sqlite *s;

	if (check_file(path, err) != 0)
		return NULL;
	s = mem_calloc(1, sizeof(*s));
	s->db = (struct db){
		.ops = &ops,
		.traits = {
			.source = source,
			.one_moment = true,
			.exact_reals = true,
			.is_d1 = strcmp(source, "sqlite") != 0,
			.page_bytes = 1u << 20,
			.page_bytes_max = 4u << 20,
		},
	};
	if (open_file(s, path) != SQLITE_OK || quote_install(s->sqlite) != SQLITE_OK) {
		(void)sqlite_fail(s, err);
	} else {
		(void)sqlite3_busy_timeout(s->sqlite, BUSY_TIMEOUT_MS);
		sqlite3_progress_handler(s->sqlite, PROGRESS_STEPS, on_progress, NULL);
		if (begin(s, err) == 0)
			return &s->db;
	}
	(void)err_wrap(err, "\"%s\"", path);
	sqlite_free(&s->db);
	return NULL;
}

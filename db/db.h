/*
 * A database to read: run this SQL. Two real kinds: D1 over Cloudflare's API
 * (db_d1.c) and a SQLite file (db_sqlite.c), which is also what wrangler keeps
 * locally (local_d1.c finds it).
 *
 * Values come as text (or, of a file, as they are: db_each). Only ask for text, and for whole numbers that fit 2^53:
 * an API answer is JSON and destroys the rest (CLOUDFLARE.md 1.4). Blobs are
 * refused; ask for hex() or quote().
 */
#ifndef D1KEEP_DB_DB_H
#define D1KEEP_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct db;

struct db_cell {
	const char *text;   /* NULL: SQL NULL. NUL-terminated, may hold more NULs */
	size_t len;
};

/* One statement's rows. */
struct db_rows {
	size_t columns;
	size_t count;
	struct db_cell *cells;   /* count * columns, row by row */
};

/* What a call answered, one db_rows a statement. The texts live as long as it. */
struct db_answer {
	struct db_rows *rows;
	size_t count;
	int64_t size_bytes;  /* of the whole database; 0: not told */
	void *backing;       /* the kind's own */
	void (*free_backing)(void *backing);
};

/* A value as the file has it, for kinds that can show one. */
enum db_type { DB_NULL, DB_INTEGER, DB_REAL, DB_TEXT, DB_BLOB };

struct db_value {
	enum db_type type;
	int64_t integer;
	double real;
	const char *bytes;   /* of text and blobs; may hold NULs, ends without one */
	size_t len;
};

/* Called for each row; the values live until it returns. */
typedef int db_visit(void *ctx, const struct db_value *values, size_t count, struct err *err);

/* What a kind promises. */
struct db_traits {
	const char *source;        /* "d1", "wrangler", "sqlite": for the manifest */
	/* Everything read through this handle is one moment: there is one read
	 * transaction for its whole life. Else only one call is. */
	bool one_moment;
	/* A page of rows should be about this large: where to begin, and the
	 * most to grow to. */
	size_t page_bytes;
	size_t page_bytes_max;
	/* The kind's answers pass through UTF-16 or JSON: invalid UTF-8 comes back
	 * as U+FFFD, and has to be asked for as hex. */
	bool replaces_invalid_utf8;
	/* quote() writes every REAL as quote_real() does (db/quote.h). The engine of
	 * D1 does not: it misses the last bit of many beyond 2^300. */
	bool exact_reals;
	/* A D1, also a local one: names that begin with "_cf_" are Cloudflare's. */
	bool is_d1;
};

struct db_cost {
	int64_t requests;          /* 0 for files */
	int64_t rows_read;         /* as D1 counts and charges them */
};

struct db_ops {
	int (*query)(struct db *db, const char *const *sql, size_t count,
	    struct db_answer *ret, struct err *err);
	int (*bookmark)(struct db *db, char **ret, struct err *err);
	void (*free)(struct db *db);
	int (*each)(struct db *db, const char *sql, db_visit *visit, void *ctx,
	    struct err *err);   /* or NULL */
};

/* The first member of each kind's struct. */
struct db {
	const struct db_ops *ops;
	struct db_traits traits;
	struct db_cost cost;
};

/* Run `count` statements as one transaction. ERR_TOO_BIG: the engine or the
 * API could not make so large an answer (ask for less). Other errors as in
 * net/d1_api.h. The caller releases `ret`; it is empty on failure. */
int db_query(struct db *db, const char *const *sql, size_t count, struct db_answer *ret,
    struct err *err);

/* Can it hand over values as they are? Files can; answers of the API are text. */
bool db_shows_values(const struct db *db);

/* Run one statement and visit its rows, one at a time, so that the whole of them
 * never lies in memory. Only where db_shows_values(). */
int db_each(struct db *db, const char *sql, db_visit *visit, void *ctx, struct err *err);

/* The cell at a row and column of statement `rows`; NULL where there is none. */
struct db_cell db_cell(const struct db_rows *rows, size_t row, size_t column);

/* As a whole number; false when it is not one. */
bool db_cell_int(struct db_cell cell, int64_t *ret);

/* The Time Travel bookmark of now, a string of its own; NULL for files. */
int db_bookmark(struct db *db, char **ret, struct err *err);

void db_answer_release(struct db_answer *answer);
void db_free(struct db *db);

/* For __attribute__((cleanup)). */
#define AUTO_ANSWER __attribute__((cleanup(db_answer_release))) struct db_answer

/* ---- the kinds ---- */

struct d1_api;

/* `api` must outlive it; the id is copied. Nothing is asked yet. */
struct db *db_d1_new(struct d1_api *api, const char *database_id);

/* Open a file for reading and begin the read transaction. `source` is "sqlite",
 * "wrangler" or "d1", for what was exported from one (kept by reference). ERR_NOT_FOUND; ERR_FAILED with a clear
 * line for a file that is not SQLite or not UTF-8 encoded. */
struct db *db_sqlite_open(const char *path, const char *source, struct err *err);

/* Where wrangler keeps a local D1 (CLOUDFLARE.md 6.3): a path of its own.
 * `state` is the --persist-to folder or NULL for <project>/.wrangler/state. */
char *local_d1_path(const char *project, const char *state, const char *id);

/* The file's name alone, without ".sqlite": 64 hex digits. */
void local_d1_hash(const char *id, char ret[65]);

#endif

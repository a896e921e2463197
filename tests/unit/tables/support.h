/*
 * What the tests of tables/ and of the floors above share: files made with plain
 * SQLite, a D1 of our own with the limits and the faults of the real one, and a
 * way to say whether two databases are the same.
 */
#ifndef D1KEEP_TESTS_UNIT_TABLES_SUPPORT_H
#define D1KEEP_TESTS_UNIT_TABLES_SUPPORT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/db.h"
#include "tables/schema.h"
#include "tests/unit/chance.h"

/* ---- SQLite ---- */

/* The text itself, which now lives as long as the process and is no leak. */
const char *kept(char *text);

/* A path of its own below a fresh folder. */
const char *new_path(const char *name);

/* Open (and make) a file; the test fails when that does. */
sqlite3 *sqlite_open(const char *path);
void sqlite_run(sqlite3 *sqlite, const char *sql);
int64_t sqlite_number(sqlite3 *sqlite, const char *sql);
/* The first cell as text, a string of its own. */
char *sqlite_text(sqlite3 *sqlite, const char *sql);
/* D1's limits (CLOUDFLARE.md 5.2). */
void sqlite_limit_as_d1(sqlite3 *sqlite);
/* A new file with this in it; its path. */
const char *file_with(const char *sql);

/* Everything that must come back, as text: the schema, sqlite_sequence, and
 * each row's rowid and cells with their storage classes and bytes. */
void describe_database(sqlite3 *sqlite, struct buf *ret);
/* Fails the test with the first difference; `what` is said then. */
void same_databases(const char *path, const char *other, const char *what);

/* ---- a D1 of our own ---- */

/*
 * A third kind of database: each call is a moment of its own, strings have
 * D1's limits, bookmarks and total_changes() move with every write, ill-formed
 * UTF-8 comes back as U+FFFD.
 */
struct fake_d1 {
	struct db db;
	sqlite3 *sqlite;             /* write through this one */
	size_t answer_max_bytes;     /* of one call's rows; 0: no limit */
	int64_t size_bytes;          /* as it is told: decides which way is taken */
	int drift;                   /* what the bookmark moves beside the writes */
	/* Called before each call, with its number (from 1) and statements. */
	void (*before)(struct fake_d1 *d1, int call, const char *const *sql, size_t count);
	int calls, bookmarks;
	size_t most_sql_bytes;       /* the longest statement that was asked */
	/* Statements that begin like this are answered by another one. */
	const char *lie_for, *lie;
	int fail_at;                 /* this call fails … */
	enum err_code fail_with;     /* … like this */
};

/* How a page is asked for: first, in groups, and when it showed too little. */
#define PAGE_PLAIN "SELECT CASE WHEN (0"
#define PAGE_GROUPED "WITH RECURSIVE _d1keep_groups"
#define PAGE_QUOTED "SELECT printf('("
bool is_page(const char *sql);

/* `path` is a file; sizes are not told, so that it is read by pages. */
struct fake_d1 *fake_d1_open(const char *path);

/* ---- schemas ---- */

/* The schema of a file that is a local D1. */
void schema_of(const char *path, struct schema *ret);
const struct table *table_of(const struct schema *s, const char *name);

#endif

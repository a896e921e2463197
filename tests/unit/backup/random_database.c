#include "tests/unit/backup/random_database.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

#define MAX_COLUMNS 9
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct random_table {
	char name[40];
	char columns[MAX_COLUMNS][40];
	size_t count;
	bool without_rowid;
};

static const char *const names[] = {
	"a", "order", "select", "rowid", "_rowid_", "it's", "two words", "qu\"ote", "sem;i", "--", "/*",
	"caf\xc3\xa9", "CAF\xc3\x89", "\xf0\x9f\x98\x80", "%s", "[b]", "`c`", "x'00'", "v", "null", "line\nbreak", "",
	"a_name_that_is_longer_than_forty_bytes",
};

static void random_name(struct chance *c, size_t index, char ret[40])
{
	const char *name = names[chance_below(c, COUNT(names))];
	bool bare = chance_below(c, 2) == 0;

	/* The index keeps names apart, but where it would spoil them. */
	(void)snprintf(ret, 40, bare ? "%s" : "%s%zu", name, index);
}

static bool is_taken(const struct random_table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (sqlite3_stricmp(t->columns[i], name) == 0)
			return true;
	}
	return false;
}

/* ---- tables ---- */

static void add_column(sqlite3_str *sql, struct random_table *t, struct chance *c, bool strict)
{
	static const char *const types[] = {
		"", "INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "VARCHAR(20)", "ANY", "INT", "DATETIME", "FLOAT", "BOOLEAN",
	};
	static const char *const strict_types[] = { "INT", "INTEGER", "TEXT", "REAL", "BLOB", "ANY" };
	static const char *const tails[] = {
		"", "", "", "", " DEFAULT 'a''b;'", " COLLATE NOCASE", " UNIQUE", " CHECK(typeof(1) <> ';')", " NOT NULL DEFAULT 1",
		" -- why\n",
	};
	char name[40];

	do {
		random_name(c, t->count, name);
	} while (is_taken(t, name));
	(void)snprintf(t->columns[t->count], sizeof(t->columns[0]), "%s", name);
	sqlite3_str_appendf(sql, "%s\"%w\" %s%s", t->count > 0 ? ", " : "", name,
	    strict ? strict_types[chance_below(c, COUNT(strict_types))] :
	    types[chance_below(c, COUNT(types))], tails[chance_below(c, COUNT(tails))]);
	t->count++;
}

static void add_key(sqlite3_str *sql, const struct random_table *t, struct chance *c)
{
	size_t parts = 1 + chance_below(c, t->count < 3 ? t->count : 3), from = chance_below(c, t->count);
	static const char *const tails[] = { "", "", " DESC", " COLLATE NOCASE", " COLLATE BINARY" };

	sqlite3_str_appendall(sql, ", PRIMARY KEY(");
	for (size_t i = 0; i < parts; i++)
		sqlite3_str_appendf(sql, "%s\"%w\"%s", i > 0 ? ", " : "",
		    t->columns[(from + i) % t->count], tails[chance_below(c, COUNT(tails))]);
	sqlite3_str_appendall(sql, ")");
}

static char *random_table_sql(struct random_table *t, struct chance *c)
{
	static const char *const ids[] = {
		"\"id\" INTEGER PRIMARY KEY", "\"id\" INTEGER PRIMARY KEY AUTOINCREMENT", "\"id\" INTEGER PRIMARY KEY DESC",
		"\"id\" INT PRIMARY KEY",
	};
	sqlite3_str *sql = sqlite3_str_new(NULL);
	bool strict = chance_below(c, 5) == 0, without_rowid = chance_below(c, 4) == 0;
	bool has_id = !without_rowid && chance_below(c, 2) == 0;
	size_t columns = 1 + chance_below(c, 6);

	t->count = 0;
	t->without_rowid = without_rowid;
	sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(", t->name);
	if (has_id) {
		sqlite3_str_appendall(sql, ids[chance_below(c, COUNT(ids))]);
		(void)strcpy(t->columns[t->count++], "id");
	}
	while (t->count < columns)
		add_column(sql, t, c, strict);
	if (chance_below(c, 4) == 0)
		sqlite3_str_appendf(sql, ", \"generated\" %s AS (typeof(\"%w\") || 'x')%s",
		    strict ? "TEXT" : "", t->columns[0], chance_below(c, 2) ? " STORED" : "");
	if (without_rowid || (!has_id && chance_below(c, 4) == 0))
		add_key(sql, t, c);
	sqlite3_str_appendf(sql, ")%s%s%s", without_rowid ? " WITHOUT ROWID" : "",
	    without_rowid && strict ? "," : "", strict ? " STRICT" : "");
	return sqlite3_str_finish(sql);
}

/* ---- rows ---- */

static void bind_real(sqlite3_stmt *stmt, int at, struct chance *c)
{
	static const double special[] = { 0.0, 1.0, -1.0, 0.1, 1e22, 1e300, -1e-300, 5e-324, 9007199254740993.0, 123456.789 };
	double value;
	uint64_t bits = chance_next(c);

	switch (chance_below(c, 4)) {
	case 0:
		value = chance_below(c, 2) ? (double)INFINITY : -(double)INFINITY;
		break;
	case 1:
		memcpy(&value, &bits, sizeof(value));
		/* SQLite before 3.43 misreads some of the others, however they are
		 * written: one in 100,000, and every tenth below 1e-280. */
		if (!(fabs(value) > 1e-60 && fabs(value) < 1e60))
			value = 0.5;
		break;
	default:
		value = special[chance_below(c, COUNT(special))];
	}
	(void)sqlite3_bind_double(stmt, at, value);
}

/* A key is part of statements, so it cannot be very long. */
static size_t random_length(const struct random_table *t, struct chance *c)
{
	switch (t->without_rowid ? 2 + chance_below(c, 60) : chance_below(c, 60)) {
	case 0:
		return 40000 + chance_below(c, 80000);
	case 1:
		return chance_below(c, 200000);
	case 2:
	case 3:
	case 4:
		return chance_below(c, 6000);
	default:
		return chance_below(c, 20);
	}
}

static void bind_text(sqlite3_stmt *stmt, int at, const struct random_table *t, struct chance *c)
{
	static const char *const pieces[] = {
		"a", "''", "'", "\n", "\r\n", "\\n", "\"", ";", "--", "),\n(", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xe2\x80\xa8",
		"\xef\xbf\xbd", "\xef\xbb\xbf", "12", "0x1", "1e5", " ", "\t", "NULL", "CAST(X'00' AS TEXT)", "%s",
	};
	static const char *const odd[] = { "\xff", "\xed\xa0\x80", "\xc3", "\xc0\x80" };
	size_t want = random_length(t, c), len = 0;
	bool is_odd = chance_below(c, 8) == 0, has_nul = chance_below(c, 8) == 0;
	char *text = mem_calloc(want + 32, 1);

	while (len < want) {
		const char *piece = is_odd && chance_below(c, 6) == 0 ? odd[chance_below(c, COUNT(odd))] :
		    pieces[chance_below(c, COUNT(pieces))];

		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
		if (has_nul && chance_below(c, 6) == 0)
			text[len++] = '\0';
	}
	(void)sqlite3_bind_text(stmt, at, text, (int)len, SQLITE_TRANSIENT);
	free(text);
}

static void bind_blob(sqlite3_stmt *stmt, int at, const struct random_table *t, struct chance *c)
{
	size_t len = random_length(t, c);
	char *bytes = mem_calloc(len + 8, 1);

	for (size_t i = 0; i < len; i += 8) {
		uint64_t bits = chance_next(c);

		memcpy(bytes + i, &bits, 8);
	}
	(void)sqlite3_bind_blob(stmt, at, bytes, (int)len, SQLITE_TRANSIENT);
	free(bytes);
}

static void bind_integer(sqlite3_stmt *stmt, int at, struct chance *c)
{
	static const int64_t special[] = {
		0, 1, -1, INT64_MAX, INT64_MIN, (INT64_C(1) << 53) + 1, -(INT64_C(1) << 53) - 1, 255, 65536,
	};

	(void)sqlite3_bind_int64(stmt, at, chance_below(c, 2) ? special[chance_below(c, COUNT(special))] :
	    (int64_t)chance_next(c) >> chance_below(c, 63));
}

static void bind_anything(sqlite3_stmt *stmt, int at, const struct random_table *t, struct chance *c)
{
	switch (chance_below(c, 6)) {
	case 0:
		(void)sqlite3_bind_null(stmt, at);
		break;
	case 1:
		bind_real(stmt, at, c);
		break;
	case 2:
	case 3:
		bind_text(stmt, at, t, c);
		break;
	case 4:
		bind_blob(stmt, at, t, c);
		break;
	default:
		bind_integer(stmt, at, c);
	}
}

/* Rows that a constraint refuses are left out. */
static void add_rows(sqlite3 *sqlite, const struct random_table *t, size_t count, struct chance *c)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_stmt *stmt;
	char *text;

	sqlite3_str_appendf(sql, "INSERT OR IGNORE INTO \"%w\"(", t->name);
	for (size_t i = 0; i < t->count; i++)
		sqlite3_str_appendf(sql, "%s\"%w\"", i > 0 ? "," : "", t->columns[i]);
	sqlite3_str_appendall(sql, ") VALUES(?");
	for (size_t i = 1; i < t->count; i++)
		sqlite3_str_appendall(sql, ",?");
	sqlite3_str_appendall(sql, ")");
	text = sqlite3_str_finish(sql);
	ck_assert_msg(sqlite3_prepare_v2(sqlite, text, -1, &stmt, NULL) == SQLITE_OK, "%s: %s",
	    sqlite3_errmsg(sqlite), text);
	for (; count > 0; count--) {
		for (size_t i = 0; i < t->count; i++)
			bind_anything(stmt, (int)i + 1, t, c);
		(void)sqlite3_step(stmt);
		(void)sqlite3_reset(stmt);
	}
	(void)sqlite3_finalize(stmt);
	sqlite3_free(text);
}

/* ---- all of it ---- */

/* What fails (a name that is taken) is left out. */
static void try_run(sqlite3 *sqlite, char *sql)
{
	(void)sqlite3_exec(sqlite, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
}

static void add_objects(sqlite3 *sqlite, const struct random_table *t, int index, struct chance *c)
{
	const char *column = t->columns[chance_below(c, t->count)];

	if (chance_below(c, 2) == 0)
		try_run(sqlite, sqlite3_mprintf("CREATE INDEX \"i%d%w\" ON \"%w\"(\"%w\" DESC, typeof(\"%w\"))"
		    " WHERE \"%w\" IS NOT ';'", index, column, t->name, column, column, column));
	if (chance_below(c, 3) == 0)
		try_run(sqlite, sqlite3_mprintf("CREATE VIEW \"w%d%w\" AS SELECT \"%w\" AS \"x;\" FROM \"%w\" -- a view",
		    index, column, column, t->name));
	if (chance_below(c, 3) == 0)
		try_run(sqlite, sqlite3_mprintf("CREATE TRIGGER \"g%d%w\" AFTER DELETE ON \"%w\" BEGIN"
		    " SELECT ';', CASE WHEN old.\"%w\" THEN 1 END; END", index, column, t->name, column));
	if (chance_below(c, 6) == 0)
		try_run(sqlite, sqlite3_mprintf("ALTER TABLE \"%w\" ADD COLUMN \"added\" TEXT DEFAULT 5", t->name));
}

void random_database(sqlite3 *sqlite, struct chance *c)
{
	size_t tables = 1 + chance_below(c, 3);

	/* Each statement by itself: an AUTOINCREMENT that is full rolls all back. */
	for (size_t i = 0; i < tables; i++) {
		struct random_table t;
		char *sql;

		random_name(c, i, t.name);
		sql = random_table_sql(&t, c);
		/* A name may be taken, or a key's column not be one. */
		if (sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK) {
			add_rows(sqlite, &t, chance_below(c, 4) == 0 ? 0 : chance_below(c, 22), c);
			add_objects(sqlite, &t, (int)i, c);
		}
		sqlite3_free(sql);
	}
	if (chance_below(c, 4) == 0)
		(void)sqlite3_exec(sqlite, "CREATE TABLE gone(id INTEGER PRIMARY KEY AUTOINCREMENT);"
		    "INSERT INTO gone VALUES(5);DROP TABLE gone", NULL, NULL, NULL);
}

void random_changes(sqlite3 *sqlite, struct chance *c)
{
	sqlite3_stmt *stmt;

	ck_assert_int_eq(sqlite3_prepare_v2(sqlite, "SELECT name, (SELECT x.name FROM pragma_table_xinfo(l.name) AS x)"
	    " FROM pragma_table_list AS l WHERE schema='main' AND type='table'"
	    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		if (chance_below(c, 2) == 0)
			try_run(sqlite, sqlite3_mprintf("DELETE FROM \"%w\" WHERE length(quote(\"%w\")) %% 5 = %d",
			    sqlite3_column_text(stmt, 0), sqlite3_column_text(stmt, 1), (int)chance_below(c, 5)));
	}
	(void)sqlite3_finalize(stmt);
}

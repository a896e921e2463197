#include "tests/unit/random/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparing {
	const struct comparison *of;
	sqlite3 *a, *b;
	char *ret;
	size_t size;
};

#define NOT_OURS "name NOT LIKE '\\_cf\\_%%' ESCAPE '\\' AND tbl_name NOT LIKE '\\_cf\\_%%' ESCAPE '\\'"

static bool differ(struct comparing *c, const char *where, const char *what, const char *detail)
{
	(void)snprintf(c->ret, c->size, "%.300s: %s %.300s", where, what, detail);
	return false;
}

/* ---- rows ---- */

static void show(sqlite3_stmt *stmt, int i, char *ret, size_t size)
{
	static const char *const types[] = { "", "integer", "real", "text", "blob", "null" };
	const unsigned char *bytes = sqlite3_column_blob(stmt, i);
	int len = sqlite3_column_bytes(stmt, i), at = 0;

	at = snprintf(ret, size, "%s of %d bytes ", types[sqlite3_column_type(stmt, i)], len);
	for (int j = 0; j < len && j < 24; j++)
		at += snprintf(ret + at, size - (size_t)at, "%02x", bytes[j]);
}

static bool same_cell(sqlite3_stmt *a, sqlite3_stmt *b, int i)
{
	double x = sqlite3_column_double(a, i), y = sqlite3_column_double(b, i);
	int type = sqlite3_column_type(a, i), len;

	if (type != sqlite3_column_type(b, i))
		return false;
	switch (type) {
	case SQLITE_INTEGER:
		return sqlite3_column_int64(a, i) == sqlite3_column_int64(b, i);
	case SQLITE_FLOAT:
		return memcmp(&x, &y, sizeof(x)) == 0;
	case SQLITE_NULL:
		return true;
	default:
		len = sqlite3_column_bytes(a, i);
		return len == sqlite3_column_bytes(b, i) && (len == 0 ||
		    memcmp(sqlite3_column_blob(a, i), sqlite3_column_blob(b, i), (size_t)len) == 0);
	}
}

static bool same_row(struct comparing *c, sqlite3_stmt *a, sqlite3_stmt *b, int row, const char *sql)
{
	char here[120], there[120], detail[400];

	for (int i = 0; i < sqlite3_column_count(a); i++) {
		if (same_cell(a, b, i))
			continue;
		show(a, i, here, sizeof(here));
		show(b, i, there, sizeof(there));
		(void)snprintf(detail, sizeof(detail), "row %d, column \"%.40s\": %s became %s", row,
		    sqlite3_column_name(a, i), here, there);
		return differ(c, sql, "", detail);
	}
	return true;
}

static bool same_steps(struct comparing *c, sqlite3_stmt *a, sqlite3_stmt *b, const char *sql)
{
	if (sqlite3_column_count(a) != sqlite3_column_count(b))
		return differ(c, sql, "other columns", "");
	for (int row = 0; ; row++) {
		int one = sqlite3_step(a), two = sqlite3_step(b);

		if (one != two)
			return differ(c, sql, one == SQLITE_ROW ? "less rows" : two == SQLITE_ROW ? "more rows" :
			    sqlite3_errmsg(c->a), sqlite3_errmsg(c->b));
		if (one != SQLITE_ROW)
			return one == SQLITE_DONE || differ(c, sql, sqlite3_errmsg(c->a), "");
		if (!same_row(c, a, b, row, sql))
			return false;
	}
}

/* The same answer from both; what neither can answer is the same too. Takes the
 * text over. */
static bool same_answer(struct comparing *c, char *sql)
{
	sqlite3_stmt *a = NULL, *b = NULL;
	int one = sqlite3_prepare_v2(c->a, sql, -1, &a, NULL);
	int two = sqlite3_prepare_v2(c->b, sql, -1, &b, NULL);
	bool same = one == two;

	if (!same)
		(void)differ(c, sql, one != SQLITE_OK ? sqlite3_errmsg(c->a) : "became", sqlite3_errmsg(c->b));
	else if (one == SQLITE_OK)
		same = same_steps(c, a, b, sql);
	(void)sqlite3_finalize(a);
	(void)sqlite3_finalize(b);
	sqlite3_free(sql);
	return same;
}

/* ---- definitions ---- */

/* As sets; then those whose order means something: tables are filled in theirs,
 * triggers fire in theirs. */
static bool same_schema(struct comparing *c)
{
	static const char *const which[] = {
		"type,name,tbl_name,sql FROM sqlite_schema WHERE %s AND " NOT_OURS " ORDER BY 1,2,3,4",
		"name FROM sqlite_schema WHERE type='table' AND sql NOT LIKE 'CREATE VIRTUAL%%' AND name NOT LIKE 'sqlite%%' AND %s AND " NOT_OURS " ORDER BY rowid",
		"name FROM sqlite_schema WHERE type='table' AND sql LIKE 'CREATE VIRTUAL%%fts5(%%content=%%' AND %s ORDER BY rowid",
		"name FROM sqlite_schema WHERE type='view' AND %s ORDER BY rowid",
		"name FROM sqlite_schema WHERE type='trigger' AND %s ORDER BY rowid",
		"name FROM sqlite_schema WHERE type='index' AND sql LIKE 'CREATE UNIQUE%%' AND %s ORDER BY rowid",
		"name FROM sqlite_schema WHERE type='index' AND sql LIKE 'CREATE INDEX%%' AND %s ORDER BY rowid",
	};
	static const char no_shadows[] = "name NOT IN (SELECT name FROM pragma_table_list WHERE type='shadow')";

	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		char *format = sqlite3_mprintf("SELECT %s", which[i]);
		char *sql = sqlite3_mprintf(format, c->of->of_d1 || i > 0 ? no_shadows : "1");

		sqlite3_free(format);
		if (!same_answer(c, sql))
			return false;
	}
	return true;
}

/* ---- tables ---- */

static const char *name_of_rowid(struct comparing *c, const char *table)
{
	static const char *const names[] = { "rowid", "_rowid_", "oid" };

	for (size_t i = 0; i < 3; i++) {
		char *sql = sqlite3_mprintf("SELECT 1 FROM pragma_table_xinfo(%Q) WHERE name LIKE %Q"
		    " UNION ALL SELECT 1 FROM pragma_table_list WHERE name=%Q AND wr", table,
		    i == 1 ? "\\_rowid\\_" : names[i], table);
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(c->a, sql, -1, &stmt, NULL);

		rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
		(void)sqlite3_finalize(stmt);
		sqlite3_free(sql);
		if (rc == SQLITE_DONE)
			return names[i];
	}
	return NULL;
}

static bool same_rows(struct comparing *c, const char *table)
{
	const char *rowid = name_of_rowid(c, table);

	return same_answer(c, sqlite3_mprintf("SELECT %s%s* FROM \"%w\" NOT INDEXED", rowid != NULL ? rowid : "",
	    rowid != NULL ? "," : "", table));
}

static bool same_search(struct comparing *c, const char *table, bool lost)
{
	static const char *const words[] = { "alpha", "beta", "gamma", "delta", "a*", "x" };
	char *config = sqlite3_mprintf("%s_config", table), *sql;
	bool same = same_answer(c, sqlite3_mprintf("SELECT k, v FROM \"%w\" WHERE k <> 'version' ORDER BY k", config));

	sqlite3_free(config);
	if (!same || lost)
		return same;
	if (!same_answer(c, sqlite3_mprintf("SELECT rowid, * FROM \"%w\" ORDER BY rowid", table)))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!same_answer(c, sqlite3_mprintf("SELECT rowid FROM \"%w\" WHERE \"%w\" MATCH %Q ORDER BY rowid",
		    table, table, words[i])))
			return false;
	}
	sql = sqlite3_mprintf("INSERT INTO \"%w\"(\"%w\", rank) VALUES('integrity-check', 1)", table, table);
	same = sqlite3_exec(c->b, sql, NULL, NULL, NULL) == SQLITE_OK ||
	    differ(c, table, "integrity-check:", sqlite3_errmsg(c->b));
	sqlite3_free(sql);
	return same;
}

static bool same_virtual(struct comparing *c, const char *table, const char *sql)
{
	bool lost = false;

	for (size_t i = 0; c->of->facts != NULL && i < c->of->facts->lost_count; i++)
		lost = lost || strcmp(c->of->facts->lost[i], table) == 0;
	if (strcasestr(sql, "USING fts5(") != NULL)
		return same_search(c, table, lost);
	if (strcasestr(sql, "USING rtree") != NULL)
		return same_answer(c, sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1", table));
	return same_answer(c, sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1,2,3,4", table));
}

static bool same_tables(struct comparing *c)
{
	sqlite3_stmt *stmt = NULL;
	bool same = true;

	if (sqlite3_prepare_v2(c->a, "SELECT l.name, l.type, s.sql FROM pragma_table_list AS l JOIN sqlite_schema AS s"
	    " ON s.name=l.name AND s.type='table' WHERE l.schema='main' AND l.type IN ('table','virtual')"
	    " AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", -1, &stmt, NULL) != SQLITE_OK)
		return differ(c, "tables", sqlite3_errmsg(c->a), "");
	while (same && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);

		if (c->of->of_d1 && strncasecmp(name, "_cf_", 4) == 0)
			continue;
		same = strcmp((const char *)sqlite3_column_text(stmt, 1), "virtual") == 0 ?
		    same_virtual(c, name, (const char *)sqlite3_column_text(stmt, 2)) : same_rows(c, name);
	}
	(void)sqlite3_finalize(stmt);
	return same;
}

/* ---- all of it ---- */

static bool compare(struct comparing *c)
{
	/* Of some text in a column of numbers integrity_check complains, there as here. */
	static const char *const rest[] = {
		"PRAGMA integrity_check",
		"SELECT name, seq FROM sqlite_sequence ORDER BY 1, 2",
		"SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2, 3",
		"SELECT user_version, application_id FROM pragma_user_version, pragma_application_id",
	};

	if (!same_schema(c) || !same_tables(c))
		return false;
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]) - c->of->of_d1; i++) {
		if (!same_answer(c, sqlite3_mprintf("%s", rest[i])))
			return false;
	}
	return true;
}

bool compare_databases(const struct comparison *comparison, char *ret, size_t size)
{
	struct comparing c = { .of = comparison, .ret = ret, .size = size };
	bool same = false;

	if (sqlite3_open_v2(comparison->source, &c.a, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_open_v2(comparison->restored, &c.b, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		(void)differ(&c, "open", sqlite3_errmsg(c.a), sqlite3_errmsg(c.b));
	else
		same = sqlite3_exec(c.b, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL) == SQLITE_OK &&
		    compare(&c);
	(void)sqlite3_close(c.a);
	(void)sqlite3_close(c.b);
	return same;
}

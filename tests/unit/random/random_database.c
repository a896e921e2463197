#include "tests/unit/random/random_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/random/maker.h"

/* ---- statements ---- */

void make_tell(struct maker *m, const char *sql)
{
	if (m->options.ran != NULL)
		m->options.ran(m->options.ctx, sql);
}

bool make(struct maker *m, const char *format, ...)
{
	va_list args;
	char *sql;
	bool ok;

	va_start(args, format);
	sql = sqlite3_vmprintf(format, args);
	va_end(args);
	ok = sql != NULL && sqlite3_exec(m->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK;
	if (ok)
		make_tell(m, sql);
	else if (getenv("D1KEEP_SAY") != NULL)
		(void)fprintf(stderr, "refused: %s: %.300s\n", sqlite3_errmsg(m->sqlite), sql);
	sqlite3_free(sql);
	return ok;
}

bool one_in(struct maker *m, size_t n)
{
	return chance_below(m->c, n) == 0;
}

const char *make_pick(struct maker *m, const char *const *list, size_t count)
{
	return list[chance_below(m->c, count)];
}

/* ---- names ---- */

void make_name(struct maker *m, bool alone, char ret[NAME_SIZE])
{
	static const char *const names[] = {
		"a", "A", "b", "order", "select", "group", "table", "index", "null", "rowid", "_rowid_", "it's", "two words",
		"qu\"ote", "sem;i", "--", "/*", "*/", "caf\xc3\xa9", "CAF\xc3\x89", "\xf0\x9f\x98\x80", "%s", "%Q%d", "100%_", "[b]",
		"c]d", "`c`", "x'00'", "v", "line\nbreak", "crlf\r\n", "tab\t", "", " ", "\xef\xbb\xbf", "\xe2\x80\xa8", "1st", "$x", "?1",
		":a", "@b", "main", "temp", "x.y", "references", "NOT", "$.a", "\\n", "rank", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
		"a_name_that_is_longer_than_forty_bytes_and_so_is_written_only_once",
	};
	const char *name = PICK(m, names);

	if (alone && one_in(m, 2))
		(void)snprintf(ret, NAME_SIZE, "%s", name);
	else
		(void)snprintf(ret, NAME_SIZE, "%s%zu", name, ++m->serial);
}

const char *quoted(struct maker *m, const char *name)
{
	static char ring[16][2 * NAME_SIZE + 8];
	static size_t at;
	char *ret = ring[at++ % 16];
	size_t way = m->serial;

	/* Not by chance: arguments are made in no certain order. */
	for (const char *p = name; *p != '\0'; p++)
		way = way * 31 + (unsigned char)*p;
	switch (way % 6) {
	case 0:
		if (strchr(name, ']') == NULL) {
			(void)snprintf(ret, sizeof(ring[0]), "[%s]", name);
			return ret;
		}
		break;
	case 1:
		if (strchr(name, '`') == NULL) {
			(void)snprintf(ret, sizeof(ring[0]), "`%s`", name);
			return ret;
		}
		break;
	default:
		break;
	}
	(void)sqlite3_snprintf((int)sizeof(ring[0]), ret, "\"%w\"", name);
	return ret;
}

/* ---- the rows' last word ---- */

/* Without rows that refer to none: D1 would not have them. True when that came
 * to rest. */
static bool drop_orphans(struct maker *m)
{
	for (int round = 0; round < 20; round++) {
		sqlite3_stmt *stmt;
		char *doomed = NULL;
		int rc = sqlite3_prepare_v2(m->sqlite, "SELECT \"table\", rowid FROM pragma_foreign_key_check LIMIT 1",
		    -1, &stmt, NULL);

		if (rc != SQLITE_OK)
			return false;
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW)
			doomed = sqlite3_mprintf(sqlite3_column_type(stmt, 1) == SQLITE_NULL || round > 12 ?
			    "DELETE FROM \"%w\"" : "DELETE FROM \"%w\" WHERE %s=%s",
			    sqlite3_column_text(stmt, 0), "rowid", sqlite3_column_text(stmt, 1));
		(void)sqlite3_finalize(stmt);
		if (rc == SQLITE_DONE)
			return true;
		if (doomed == NULL || !make(m, "%s", doomed)) {
			sqlite3_free(doomed);
			return false;
		}
		sqlite3_free(doomed);
	}
	return false;
}

/* One table after the other, until nothing refers to a row that is not there. */
static void settle_references(struct maker *m)
{
	if (drop_orphans(m))
		return;
	for (size_t i = 0; i < m->table_count; i++)
		(void)make(m, "DELETE FROM \"%w\"", m->tables[i].name);
	if (!drop_orphans(m)) {
		(void)fprintf(stderr, "rows that refer to none do not go: %s\n", sqlite3_errmsg(m->sqlite));
		abort();
	}
}

/* ---- odds and ends ---- */

static void make_sequence_rows(struct maker *m)
{
	if (one_in(m, 4)) {
		(void)make(m, "CREATE TABLE \"gone\"(id INTEGER PRIMARY KEY AUTOINCREMENT)");
		(void)make(m, "INSERT INTO \"gone\" VALUES(%d)", (int)chance_below(m->c, 1000));
		(void)make(m, "DROP TABLE \"gone\"");
		if (one_in(m, 2))
			(void)make(m, "INSERT INTO sqlite_sequence VALUES('left over', 9007199254740993)");
	}
	if (one_in(m, 8)) {
		(void)make(m, "CREATE TABLE \"emptied\"(id INTEGER PRIMARY KEY AUTOINCREMENT, a)");
		(void)make(m, "INSERT INTO \"emptied\" VALUES(%lld, 1)", (sqlite3_int64)(chance_next(m->c) >> 20));
		(void)make(m, "DELETE FROM \"emptied\"");
	}
}

static void make_migrations(struct maker *m)
{
	if (!one_in(m, 10))
		return;
	(void)make(m, "CREATE TABLE d1_migrations(\n\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	    "\t\tname       TEXT UNIQUE,\n\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL\n)");
	(void)make(m, "INSERT INTO d1_migrations(name) VALUES('0001_init.sql'), ('0002_it''s_\xc3\xbcn\xc3\xaf.sql')");
}

/* A row whose INSERT is as long as a statement may be, a byte less or more. */
static void make_edge(struct maker *m)
{
	static const char head[] = "INSERT INTO \"edge\"(\"id\",\"a\") VALUES\n(1,'');";

	if (!one_in(m, 25) || !make(m, "CREATE TABLE \"edge\"(id INTEGER PRIMARY KEY, a)"))
		return;
	for (int i = 1; i <= 3; i++) {
		int length = 99999 - 1 + (int)chance_below(m->c, 4) - (int)strlen(head);

		(void)make(m, "INSERT INTO \"edge\" VALUES(%d, substr(hex(zeroblob(50000)), 1, %d))", i, length);
	}
}

static void make_long(struct maker *m)
{
	struct value v;
	sqlite3_str *sql;
	char *text;

	if (!one_in(m, m->options.d1 ? 25 : 400) ||
	    !make(m, "CREATE TABLE \"long\"(a, b BLOB CHECK(length(b) <> 5), c INT)"))
		return;
	for (int i = 0; i < 2; i++) {
		value_long(&v, m->c, i == 0 ? VALUE_TEXT : VALUE_BLOB, 2000000);
		sql = sqlite3_str_new(NULL);
		sqlite3_str_appendf(sql, "INSERT INTO \"long\"(%s) VALUES(", i == 0 ? "a" : "b");
		value_add_sql(sql, &v);
		sqlite3_str_appendall(sql, ")");
		text = sqlite3_str_finish(sql);
		(void)make(m, "%s", text);
		sqlite3_free(text);
		value_release(&v);
	}
}

static void make_numbers(struct maker *m)
{
	if (m->options.d1)
		return;
	if (one_in(m, 4))
		(void)make(m, "PRAGMA user_version=%d", (int)chance_next(m->c));
	if (one_in(m, 6))
		(void)make(m, "PRAGMA application_id=%d", (int)chance_next(m->c));
}

/* ---- all of it ---- */

static void limit_as_d1(sqlite3 *sqlite)
{
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_LENGTH, 2200000);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_SQL_LENGTH, 100000);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_COLUMN, 100);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_EXPR_DEPTH, 100);
}

static void must(sqlite3 *sqlite, const char *sql)
{
	if (sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
		return;
	(void)fprintf(stderr, "random database: %s: %s\n", sql, sqlite3_errmsg(sqlite));
	abort();
}

void random_database(sqlite3 *sqlite, struct chance *c, const struct random_options *options,
    struct random_facts *facts)
{
	struct maker *m = mem_calloc(1, sizeof(*m));

	m->sqlite = sqlite;
	m->c = c;
	if (options != NULL)
		m->options = *options;
	if (m->options.d1)
		limit_as_d1(sqlite);
	(void)sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(sqlite, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	must(sqlite, "BEGIN");
	(void)make(m, "PRAGMA defer_foreign_keys=TRUE");
	make_numbers(m);
	make_tables(m);
	for (size_t i = 0; i < m->table_count; i++) {
		if (m->tables[i].made)
			make_rows(m, &m->tables[i], one_in(m, 5) ? 0 : chance_below(c, 15));
	}
	settle_references(m);
	make_migrations(m);
	make_edge(m);
	make_long(m);
	for (size_t i = 0; i < m->table_count; i++) {
		if (m->tables[i].made)
			make_indexes(m, &m->tables[i]);
	}
	make_virtual_tables(m);
	for (size_t i = 0; i < m->table_count; i++) {
		if (m->tables[i].made)
			make_views_and_triggers(m, &m->tables[i]);
	}
	make_sequence_rows(m);
	if (one_in(m, 6))
		(void)make(m, "ANALYZE");
	must(sqlite, "COMMIT");
	if (facts != NULL)
		*facts = m->facts;
	free(m);
}

void random_changes(sqlite3 *sqlite, struct chance *c)
{
	sqlite3_stmt *stmt;

	must(sqlite, "PRAGMA foreign_keys=ON");
	if (sqlite3_prepare_v2(sqlite, "SELECT name, (SELECT x.name FROM pragma_table_xinfo(l.name) AS x)"
	    " FROM pragma_table_list AS l WHERE schema='main' AND type='table'"
	    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", -1, &stmt, NULL) != SQLITE_OK)
		abort();
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		char *sql = sqlite3_mprintf("DELETE FROM \"%w\" WHERE length(quote(\"%w\")) %% 5 = %d",
		    sqlite3_column_text(stmt, 0), sqlite3_column_text(stmt, 1), (int)chance_below(c, 5));

		/* A trigger may not let them go, or a row that refers to them. */
		if (chance_below(c, 2) == 0)
			(void)sqlite3_exec(sqlite, sql, NULL, NULL, NULL);
		sqlite3_free(sql);
	}
	(void)sqlite3_finalize(stmt);
}

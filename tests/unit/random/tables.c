/* Ordinary tables: what they are declared to be, and their rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/random/maker.h"

static bool is_taken(const struct random_table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (sqlite3_stricmp(t->columns[i].name, name) == 0)
			return true;
	}
	return false;
}

static struct random_column *new_column(struct maker *m, struct random_table *t)
{
	struct random_column *column = &t->columns[t->count];

	do {
		make_name(m, true, column->name);
	} while (is_taken(t, column->name));
	t->count++;
	return column;
}

/* ---- columns ---- */

static const char *random_type(struct maker *m, const struct random_table *t)
{
	static const char *const types[] = {
		"", "INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "VARCHAR(20)", "ANY", "INT", "DATETIME", "FLOAT", "BOOLEAN",
		"CHARINT", "\"odd; type\"", "DECIMAL(10,5)",
	};
	static const char *const strict[] = { "INT", "INTEGER", "TEXT", "REAL", "BLOB", "ANY" };

	return t->strict ? PICK(m, strict) : PICK(m, types);
}

static void add_tail(struct maker *m, sqlite3_str *sql, const struct random_table *t,
    const struct random_column *column)
{
	static const char *const tails[] = {
		"", "", "", "", "", "", " DEFAULT NULL", " COLLATE NOCASE", " COLLATE RTRIM", " UNIQUE", " UNIQUE ON CONFLICT IGNORE",
		" CHECK(typeof(1) <> ';')", " -- why; it's\n", " -- crlf\r\n", " /* ; \" */", " CONSTRAINT \"c;\" NOT NULL ON CONFLICT IGNORE",
	};
	static const char *const defaults[] = {
		"", " DEFAULT 'a''b;'", " DEFAULT (1 + length(';'))", " DEFAULT -1.5e3", " DEFAULT X'00'", " NOT NULL DEFAULT 1",
		" DEFAULT CURRENT_TIMESTAMP", " DEFAULT (CASE WHEN 1 THEN 'x;' END)", " DEFAULT TRUE", " DEFAULT \'\n\'",
	};

	if (!t->strict && one_in(m, 4))
		sqlite3_str_appendall(sql, PICK(m, defaults));
	sqlite3_str_appendall(sql, PICK(m, tails));
	if (one_in(m, 12))
		sqlite3_str_appendf(sql, " CHECK(%s IS NULL OR length(%s) >= 0 OR ';' = '--')",
		    quoted(m, column->name), quoted(m, column->name));
}

static void add_column(struct maker *m, sqlite3_str *sql, struct random_table *t)
{
	struct random_column *column = new_column(m, t);

	column->type = random_type(m, t);
	sqlite3_str_appendf(sql, "%s%s %s", t->count > 1 ? ",\n " : "", quoted(m, column->name),
	    column->type);
	add_tail(m, sql, t, column);
}

/* To any table that has an id: an earlier one, a later one, itself. */
static void add_reference(struct maker *m, sqlite3_str *sql, struct random_table *t)
{
	static const char *const actions[] = {
		"", "", " ON DELETE CASCADE", " ON UPDATE SET NULL", " ON DELETE SET DEFAULT", " DEFERRABLE INITIALLY DEFERRED",
		" ON DELETE RESTRICT",
	};
	const struct random_table *parent = &m->tables[chance_below(m->c, m->table_count)];
	const char *action = PICK(m, actions);
	struct random_column *column;

	if (!parent->has_id)
		return;
	column = new_column(m, t);
	column->type = "INTEGER";
	column->refers = true;
	sqlite3_str_appendf(sql, "%s%s INTEGER REFERENCES %s%s%s", t->count > 1 ? ", " : "",
	    quoted(m, column->name), quoted(m, parent->name), one_in(m, 2) ? "(id)" : "",
	    action);
}

/* The text of a REAL is not the same in every version of SQLite. */
static void add_generated(struct maker *m, sqlite3_str *sql, const struct random_table *t)
{
	const struct random_column *of = &t->columns[chance_below(m->c, t->count)];

	switch (chance_below(m->c, 3)) {
	case 0:
		sqlite3_str_appendf(sql, ", \"virtual;\" TEXT AS (typeof(%s) || ';')%s",
		    quoted(m, of->name), one_in(m, 3) ? " UNIQUE" : "");
		break;
	case 1:
		sqlite3_str_appendf(sql, ", \"stored\" TEXT GENERATED ALWAYS AS (CASE typeof(%s) WHEN 'real' THEN ';' ELSE substr(hex(%s), 1, 40) END) STORED",
		    quoted(m, of->name), quoted(m, of->name));
		break;
	default:
		sqlite3_str_appendf(sql, ", \"both\" INT AS (length(CASE typeof(%s) WHEN 'real' THEN ';' ELSE %s END)) VIRTUAL NOT NULL ON CONFLICT IGNORE, \"b2\" INT AS (\"both\" * 2) STORED",
		    quoted(m, of->name), quoted(m, of->name));
	}
}

static void add_key(struct maker *m, sqlite3_str *sql, struct random_table *t)
{
	static const char *const tails[] = { "", "", " DESC", " COLLATE NOCASE", " COLLATE RTRIM DESC", " COLLATE BINARY" };
	size_t parts = 1 + chance_below(m->c, t->count < 3 ? t->count : 3);
	size_t from = chance_below(m->c, t->count);

	sqlite3_str_appendall(sql, ", PRIMARY KEY(");
	for (size_t i = 0; i < parts; i++) {
		struct random_column *column = &t->columns[(from + i) % t->count];

		column->key = true;
		sqlite3_str_appendf(sql, "%s%s%s", i > 0 ? ", " : "", quoted(m, column->name),
		    PICK(m, tails));
	}
	sqlite3_str_appendall(sql, ")");
}

/* ---- tables ---- */

static void add_id(struct maker *m, sqlite3_str *sql, struct random_table *t)
{
	static const char *const ids[] = {
		"INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY", "integer primary key AUTOINCREMENT", "INTEGER PRIMARY KEY ASC",
		"INTEGER PRIMARY KEY DESC", "INT PRIMARY KEY NOT NULL",
	};
	size_t which = chance_below(m->c, COUNT(ids));

	t->auto_id = which < 4;
	t->count = 1;
	t->columns[0] = (struct random_column){ .name = "id", .type = "INTEGER", .key = true };
	sqlite3_str_appendf(sql, "%s %s", one_in(m, 2) ? "id" : "\"id\"", ids[which]);
}

static char *table_sql(struct maker *m, struct random_table *t)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	size_t columns = 1 + chance_below(m->c, 6);

	sqlite3_str_appendf(sql, "CREATE TABLE %s(", quoted(m, t->name));
	if (t->has_id)
		add_id(m, sql, t);
	while (t->count < columns)
		add_column(m, sql, t);
	for (size_t i = chance_below(m->c, 5); i >= 3; i--)
		add_reference(m, sql, t);
	if (one_in(m, 4))
		add_generated(m, sql, t);
	if (!t->has_id && (t->without_rowid || one_in(m, 4)))
		add_key(m, sql, t);
	if (one_in(m, 8))
		sqlite3_str_appendf(sql, ", CONSTRAINT %s CHECK(%s IS NOT ';)')", quoted(m, "c,1"),
		    quoted(m, t->columns[0].name));
	sqlite3_str_appendf(sql, ")%s%s%s", t->without_rowid ? " WITHOUT ROWID" : "",
	    t->without_rowid && t->strict ? "," : "", t->strict ? " STRICT" : "");
	return sqlite3_str_finish(sql);
}

/* As wide as D1 lets a table be. */
static char *wide_table_sql(struct maker *m, struct random_table *t)
{
	static const char *const types[] = { "", "TEXT", "INT", "REAL" };
	sqlite3_str *sql = sqlite3_str_new(NULL);
	size_t columns = 99 + chance_below(m->c, 2);

	sqlite3_str_appendf(sql, "CREATE TABLE %s(", quoted(m, t->name));
	while (t->count < columns) {
		struct random_column *column = &t->columns[t->count];

		(void)snprintf(column->name, NAME_SIZE, "column %zu %0*d", t->count,
		    (int)chance_below(m->c, 150), 7);
		column->type = PICK(m, types);
		column->refers = true;
		sqlite3_str_appendf(sql, "%s%s %s", t->count++ > 0 ? "," : "", quoted(m, column->name),
		    column->type);
	}
	sqlite3_str_appendall(sql, ")");
	return sqlite3_str_finish(sql);
}

static void make_table(struct maker *m, struct random_table *t)
{
	bool wide = !t->has_id && one_in(m, 20);
	char *sql = wide ? wide_table_sql(m, t) : table_sql(m, t);
	static const char *const rowids[] = { "rowid", "_rowid_", "oid" };

	t->made = make(m, "%s", sql);
	sqlite3_free(sql);
	if (!t->made || t->without_rowid || t->auto_id)
		return;
	for (size_t i = 0; i < 3 && t->rowid == NULL; i++) {
		if (!is_taken(t, rowids[i]))
			t->rowid = rowids[i];
	}
}

/* The child of a key of two columns, which only an index makes unique. */
static void make_composite(struct maker *m)
{
	if (!one_in(m, 10) ||
	    !make(m, "CREATE TABLE \"child;\"(a INT, b TEXT, FOREIGN KEY(a, b) REFERENCES \"pair s\"(\"x y\", z) ON DELETE CASCADE)"))
		return;
	(void)make(m, "CREATE TABLE \"pair s\"(\"x y\" INT, z TEXT COLLATE NOCASE, w)");
	(void)make(m, "CREATE UNIQUE INDEX \"pair;u\" ON \"pair s\"(\"x y\", z)");
	(void)make(m, "INSERT INTO \"child;\" VALUES(1, 'a'), (NULL, 'b'), (2, 'B'), (NULL, NULL)");
	(void)make(m, "INSERT INTO \"pair s\" VALUES(1, 'A', 1), (2, 'b', ';')");
}

void make_tables(struct maker *m)
{
	m->table_count = 1 + chance_below(m->c, one_in(m, 4) ? TABLES_MAX : 3);
	for (size_t i = 0; i < m->table_count; i++) {
		struct random_table *t = &m->tables[i];

		make_name(m, i == 0, t->name);
		t->strict = one_in(m, 5);
		t->without_rowid = one_in(m, 5);
		t->has_id = !t->without_rowid && one_in(m, 2);
	}
	for (size_t i = 0; i < m->table_count; i++)
		make_table(m, &m->tables[i]);
	make_composite(m);
}

/* ---- rows ---- */

static void make_value(struct maker *m, const struct random_table *t,
    const struct random_column *column, struct value *ret)
{
	/* A key is part of statements, so it cannot be very long. */
	size_t ceiling = column->key ? 3000 : 300000;

	if (column->refers && one_in(m, 5))
		value_of_kind(ret, m->c, VALUE_NULL, 0);
	else if (column->refers)
		value_integer(ret, (sqlite3_int64)chance_below(m->c, 6));
	else if (column == t->columns && t->has_id && one_in(m, 2))
		value_integer(ret, (sqlite3_int64)chance_below(m->c, 8) - 1);
	else if (column == t->columns && t->has_id)
		value_of_kind(ret, m->c, VALUE_INTEGER, 0);
	else if (t->strict)
		value_of_type(ret, m->c, column->type, ceiling);
	else
		value_random(ret, m->c, ceiling);
}

/* One row as two statements: with parameters for here, as text for elsewhere. */
struct row {
	sqlite3_str *here, *there;
	struct value values[COLUMNS_MAX + 1];
	size_t count;
};

static void add_to_row(struct maker *m, struct row *row, const char *name)
{
	char *text = sqlite3_mprintf("%s\"%w\"", row->count > 1 ? "," : "", name);

	sqlite3_str_appendall(row->here, text);
	if (m->options.ran != NULL)
		sqlite3_str_appendall(row->there, text);
	sqlite3_free(text);
}

static void choose_values(struct maker *m, const struct random_table *t, bool rowids, struct row *row)
{
	if (rowids) {
		value_of_kind(&row->values[row->count++], m->c, VALUE_INTEGER, 0);
		add_to_row(m, row, t->rowid);
	}
	for (size_t i = 0; i < t->count; i++) {
		/* Now and then the default, but never a rowid that SQLite chooses. */
		if (i > 0 && one_in(m, 10))
			continue;
		make_value(m, t, &t->columns[i], &row->values[row->count++]);
		add_to_row(m, row, t->columns[i].name);
	}
}

static void tell_row(struct maker *m, struct row *row)
{
	char *sql;

	sqlite3_str_appendall(row->there, ") VALUES(");
	for (size_t i = 0; i < row->count; i++) {
		sqlite3_str_appendall(row->there, i > 0 ? "," : "");
		value_add_sql(row->there, &row->values[i]);
	}
	sqlite3_str_appendall(row->there, ")");
	sql = sqlite3_str_finish(row->there);
	row->there = NULL;
	make_tell(m, sql);
	sqlite3_free(sql);
}

static bool run_row(struct maker *m, struct row *row)
{
	sqlite3_stmt *stmt = NULL;
	char *sql;
	bool done = false;

	for (size_t i = 0; i < row->count; i++)
		sqlite3_str_appendall(row->here, i > 0 ? ",?" : ") VALUES(?");
	sqlite3_str_appendall(row->here, ")");
	sql = sqlite3_str_finish(row->here);
	if (sqlite3_prepare_v2(m->sqlite, sql, -1, &stmt, NULL) == SQLITE_OK) {
		for (size_t i = 0; i < row->count; i++)
			(void)value_bind(stmt, (int)i + 1, &row->values[i]);
		done = sqlite3_step(stmt) == SQLITE_DONE && sqlite3_changes(m->sqlite) == 1;
	}
	(void)sqlite3_finalize(stmt);
	sqlite3_free(sql);
	return done;
}

/* Rows that a constraint refuses are left out. */
static void make_row(struct maker *m, const struct random_table *t, bool rowids)
{
	struct row *row = mem_calloc(1, sizeof(*row));

	row->here = sqlite3_str_new(NULL);
	row->there = sqlite3_str_new(NULL);
	sqlite3_str_appendf(row->here, "INSERT OR IGNORE INTO \"%w\"(", t->name);
	sqlite3_str_appendf(row->there, "INSERT INTO \"%w\"(", t->name);
	choose_values(m, t, rowids, row);
	if (run_row(m, row) && m->options.ran != NULL)
		tell_row(m, row);
	sqlite3_free(sqlite3_str_finish(row->there));
	for (size_t i = 0; i < row->count; i++)
		value_release(&row->values[i]);
	free(row);
}

void make_rows(struct maker *m, struct random_table *t, size_t count)
{
	bool rowids = t->rowid != NULL && one_in(m, 3);

	for (; count > 0; count--)
		make_row(m, t, rowids);
}

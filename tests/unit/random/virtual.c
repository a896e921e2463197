/* FTS5 of every make, its words, and rtrees. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/random/maker.h"

static const char *random_fts_option(struct maker *m)
{
	static const char *const options[] = {
		"", "", "", ", prefix='2 3'", ", prefix=1", ", columnsize=0", ", detail=none", ", detail=column, prefix='3'",
		", tokenize='trigram'", ", tokenize = \"trigram case_sensitive 1\"", ", tokenize='porter unicode61 remove_diacritics 2'",
		", tokenize=\"unicode61 tokenchars '-_;' separators 'x'\"", ", tokenize=ascii, columnsize = 0",
	};

	return PICK(m, options);
}

static void set_options(struct maker *m, const char *name)
{
	static const char *const settings[] = {
		"'pgsz', 64", "'pgsz', 4050", "'automerge', 8", "'usermerge', 2", "'crisismerge', 7", "'hashsize', 100000",
		"'rank', 'bm25(10.0, 5.0)'", "'rank', 'bm25()'",
	};

	for (size_t n = chance_below(m->c, 4); n > 1; n--)
		(void)make(m, "INSERT INTO \"%w\"(\"%w\", rank) VALUES(%s)", name, name, PICK(m, settings));
}

static void make_vocabulary(struct maker *m, const char *name)
{
	static const char *const kinds[] = { "row", "col", "instance" };
	char vocabulary[NAME_SIZE];

	if (!one_in(m, 4))
		return;
	make_name(m, false, vocabulary);
	(void)make(m, "CREATE VIRTUAL TABLE %s USING fts5vocab(\"%w\", %s)", quoted(m, vocabulary), name,
	    PICK(m, kinds));
}

static void lose(struct maker *m, const char *name)
{
	struct random_facts *f = &m->facts;

	f->exceptions++;
	if (f->lost_count < RANDOM_LOST_MAX)
		(void)snprintf(f->lost[f->lost_count++], sizeof(f->lost[0]), "%s", name);
}

/* ---- with content of its own ---- */

static void add_fts_row(struct maker *m, const char *name, bool rowids)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	struct value v;
	char *text;

	sqlite3_str_appendf(sql, "INSERT INTO \"%w\"(%stitle, \"bo;dy\") VALUES(", name, rowids ? "rowid, " : "");
	if (rowids) {
		value_of_kind(&v, m->c, VALUE_INTEGER, 0);
		value_add_sql(sql, &v);
		sqlite3_str_appendall(sql, ", ");
	}
	value_of_kind(&v, m->c, VALUE_TEXT, 3000);
	value_add_sql(sql, &v);
	value_release(&v);
	sqlite3_str_appendall(sql, ", ");
	value_random(&v, m->c, 3000);
	value_add_sql(sql, &v);
	value_release(&v);
	sqlite3_str_appendall(sql, ")");
	text = sqlite3_str_finish(sql);
	(void)make(m, "%s", text);
	sqlite3_free(text);
}

static void make_fts(struct maker *m)
{
	char name[NAME_SIZE];
	bool rowids = one_in(m, 2), indexed = !one_in(m, 4);

	make_name(m, false, name);
	if (!make(m, "CREATE VIRTUAL TABLE %s USING fts5(title, \"bo;dy\"%s%s)", quoted(m, name),
	    indexed ? "" : " UNINDEXED", random_fts_option(m)))
		return;
	set_options(m, name);
	for (size_t n = chance_below(m->c, 9); n > 0; n--)
		add_fts_row(m, name, rowids);
	if (one_in(m, 3))
		(void)make(m, "DELETE FROM \"%w\" WHERE rowid %% 2 = 0", name);
	if (one_in(m, 3))
		(void)make(m, "UPDATE \"%w\" SET title = 'delta' WHERE rowid %% 3 = 0", name);
	if (one_in(m, 4))
		(void)make(m, "INSERT INTO \"%w\"(\"%w\") VALUES('optimize')", name, name);
	make_vocabulary(m, name);
}

/* ---- with the content of another table ---- */

/* Kept true by triggers, as sqlite.org/fts5.html does it. */
static void make_fts_with_triggers(struct maker *m)
{
	if (!make(m, "CREATE TABLE docs(id INTEGER PRIMARY KEY, t TEXT, other)") ||
	    !make(m, "CREATE VIRTUAL TABLE \"docs;fts\" USING fts5(t, content='docs', content_rowid=id%s)",
	    random_fts_option(m)))
		return;
	(void)make(m, "CREATE TRIGGER docs_ai AFTER INSERT ON docs BEGIN\n  INSERT INTO \"docs;fts\"(rowid, t) VALUES (new.id, new.t);\nEND");
	(void)make(m, "CREATE TRIGGER docs_ad AFTER DELETE ON docs BEGIN\n  INSERT INTO \"docs;fts\"(\"docs;fts\", rowid, t) VALUES('delete', old.id, old.t);\nEND");
	(void)make(m, "INSERT INTO docs VALUES(-5, 'alpha beta; it''s', X'00'), (1, 'gamma alpha', NULL), (7, NULL, 2), (9007199254740993, 'beta', 'x')");
	if (one_in(m, 2))
		(void)make(m, "DELETE FROM docs WHERE id = 1");
	set_options(m, "docs;fts");
	make_vocabulary(m, "docs;fts");
}

/* An index of whatever table there is, by its hidden rowid or its id. */
static void make_fts_of(struct maker *m, struct random_table *t)
{
	const struct random_column *column = &t->columns[chance_below(m->c, t->count)];
	const char *rowid = t->auto_id ? "id" : t->rowid;
	char name[NAME_SIZE];

	make_name(m, false, name);
	if (rowid == NULL ||
	    !make(m, "CREATE VIRTUAL TABLE %s USING fts5(%s, content=\"%w\", content_rowid='%w'%s)", quoted(m, name),
	    quoted(m, column->name), t->name, rowid, random_fts_option(m)))
		return;
	t->searched = true;
	set_options(m, name);
	if (!make(m, "INSERT INTO \"%w\"(\"%w\") VALUES('rebuild')", name, name)) {
		(void)make(m, "DROP TABLE \"%w\"", name);
		return;
	}
	make_vocabulary(m, name);
}

static void make_fts_of_view(struct maker *m)
{
	if (!make(m, "CREATE TABLE \"under view\"(k INTEGER PRIMARY KEY, a, b)") ||
	    !make(m, "CREATE VIEW \"the view\" AS SELECT k AS n, a || ' ' || b AS words FROM \"under view\" WHERE k <> 3") ||
	    !make(m, "CREATE VIRTUAL TABLE \"of view\" USING fts5(words, content='the view', content_rowid='n')"))
		return;
	(void)make(m, "INSERT INTO \"under view\" VALUES(1, 'alpha', 'beta'), (3, 'gamma', 'x'), (8, 'gamma', 'alpha')");
	(void)make(m, "INSERT INTO \"of view\"(\"of view\") VALUES('rebuild')");
}

/* ---- what nobody has the words of ---- */

static void make_lost(struct maker *m)
{
	if (one_in(m, 2)) {
		if (!make(m, "CREATE VIRTUAL TABLE \"content less\" USING fts5(a, b, content=''%s)", random_fts_option(m)))
			return;
		(void)make(m, "INSERT INTO \"content less\"(rowid, a, b) VALUES(1, 'alpha', 'beta')");
		set_options(m, "content less");
		lose(m, "content less");
		return;
	}
	if (!make(m, "CREATE TABLE dropped(a)") ||
	    !make(m, "CREATE VIRTUAL TABLE orphan USING fts5(a, content=dropped)"))
		return;
	(void)make(m, "INSERT INTO orphan(rowid, a) VALUES(1, 'alpha')");
	(void)make(m, "DROP TABLE dropped");
	lose(m, "orphan");
}

/* ---- rtree ---- */

static void make_rtree(struct maker *m)
{
	static const char *const makes[] = {
		"rtree(id, x0, x1)", "rtree(\"i d\", x0, x1, y0, y1, +label TEXT, +\"o;ther\")", "rtree_i32(id, x0, x1)",
		"RTREE(id, x0, x1, y0, y1, z0, z1, +a)",
	};
	size_t which = chance_below(m->c, COUNT(makes));
	static const char *const extras[] = { "", ", -2.5, 1e30, %s, %s", "", ", 0, 0.1, -7, 16777217, %s" };
	char name[NAME_SIZE];

	make_name(m, false, name);
	if (!make(m, "CREATE VIRTUAL TABLE %s USING %s", quoted(m, name), makes[which]))
		return;
	for (size_t n = chance_below(m->c, 30); n > 0; n--) {
		sqlite3_str *aux[2] = { sqlite3_str_new(NULL), sqlite3_str_new(NULL) };
		struct value v, id;
		char *text[2], *extra;

		for (size_t i = 0; i < 2; i++) {
			value_random(&v, m->c, 3000);
			value_add_sql(aux[i], &v);
			value_release(&v);
			text[i] = sqlite3_str_finish(aux[i]);
		}
		value_of_kind(&id, m->c, VALUE_INTEGER, 0);
		extra = sqlite3_mprintf(extras[which], text[0], text[1]);
		(void)make(m, "INSERT INTO \"%w\" VALUES(%lld, %d.%d, 40000.1%s)", name, id.integer,
		    (int)chance_below(m->c, 40000), (int)(id.integer & 1023), extra);
		sqlite3_free(extra);
		sqlite3_free(text[0]);
		sqlite3_free(text[1]);
	}
}

void make_virtual_tables(struct maker *m)
{
	if (one_in(m, 5))
		make_fts(m);
	if (one_in(m, 12))
		make_fts_with_triggers(m);
	for (size_t i = 0; i < m->table_count; i++) {
		if (m->tables[i].made && one_in(m, 10))
			make_fts_of(m, &m->tables[i]);
	}
	if (one_in(m, 16))
		make_fts_of_view(m);
	if (one_in(m, 16))
		make_lost(m);
	if (!m->options.no_rtree && one_in(m, 8))
		make_rtree(m);
}

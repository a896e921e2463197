/* What hangs on tables: indexes, views, triggers. */
#include <ctype.h>
#include <stdio.h>

#include "tests/unit/random/maker.h"

static const struct random_column *any_column(struct maker *m, const struct random_table *t)
{
	return &t->columns[chance_below(m->c, t->count)];
}

/* ---- indexes ---- */

static void add_index_part(struct maker *m, sqlite3_str *sql, const struct random_table *t)
{
	static const char *const tails[] = { "", "", " DESC", " COLLATE NOCASE", " COLLATE RTRIM DESC", " ASC" };
	const char *name = quoted(m, any_column(m, t)->name);

	switch (chance_below(m->c, 5)) {
	case 0:
		sqlite3_str_appendf(sql, "typeof(%s) || ';--'%s", name, PICK(m, tails));
		break;
	case 1:
		sqlite3_str_appendf(sql, "(CASE WHEN %s THEN 1 ELSE length(%s) END)", name, name);
		break;
	default:
		sqlite3_str_appendf(sql, "%s%s", name, PICK(m, tails));
	}
}

void make_indexes(struct maker *m, const struct random_table *t)
{
	/* One that ends in a comment is given the end of that, as docs/format.md says. */
	static const char *const ends[] = { "", "", " -- end;\r\n", " /* end; */", " -- it's\n\n" };

	for (size_t n = chance_below(m->c, 3); n > 0; n--) {
		sqlite3_str *sql = sqlite3_str_new(NULL);
		char name[NAME_SIZE], *text;

		make_name(m, one_in(m, 3), name);
		sqlite3_str_appendf(sql, "CREATE %s INDEX ", one_in(m, 3) ? "UNIQUE" : "");
		sqlite3_str_appendf(sql, "%s%s ON %s(", one_in(m, 4) ? "IF NOT EXISTS " : "",
		    quoted(m, name), quoted(m, t->name));
		for (size_t parts = 1 + chance_below(m->c, 3); parts > 0; parts--) {
			add_index_part(m, sql, t);
			sqlite3_str_appendall(sql, parts > 1 ? ", " : ")");
		}
		if (one_in(m, 3))
			sqlite3_str_appendf(sql, " WHERE %s > 0 AND 'it''s' IS NOT ';'",
			    quoted(m, any_column(m, t)->name));
		sqlite3_str_appendall(sql, PICK(m, ends));
		text = sqlite3_str_finish(sql);
		(void)make(m, "%s", text);
		sqlite3_free(text);
	}
}

/* ---- views and triggers ---- */

static const char *random_end(struct maker *m)
{
	static const char *const ends[] = { "", "", " -- a view; it's", " /* a view; */", "\r\n" };

	return PICK(m, ends);
}

static void make_instead(struct maker *m, const struct random_table *t, const char *view)
{
	const char *column = any_column(m, t)->name;
	char name[NAME_SIZE];

	make_name(m, one_in(m, 2), name);
	(void)make(m, "CREATE TRIGGER %s INSTEAD OF %s ON %s BEGIN\n  -- it's; END;\n  INSERT INTO %s(%s) VALUES(new.\"x;\");\n"
	    "  SELECT CASE WHEN new.\"x;\" IS NULL THEN RAISE(IGNORE) ELSE ';' END;\nEND", quoted(m, name),
	    one_in(m, 2) ? "INSERT" : "UPDATE OF \"x;\"", quoted(m, view), quoted(m, t->name),
	    quoted(m, column));
}

static void make_views(struct maker *m, const struct random_table *t)
{
	const char *column = any_column(m, t)->name;
	char name[NAME_SIZE], upper[NAME_SIZE];

	make_name(m, one_in(m, 4), name);
	if (!make(m, "CREATE VIEW %s AS SELECT %s AS \"x;\", 'a''b;' AS \"END\" FROM %s%s", quoted(m, name),
	    quoted(m, column), quoted(m, t->name), random_end(m)))
		return;
	if (one_in(m, 2))
		make_instead(m, t, name);
	make_name(m, one_in(m, 4), upper);
	if (one_in(m, 2))
		(void)make(m, "CREATE VIEW %s(one, \"two;\") AS WITH c AS (SELECT \"x;\", 1 FROM %s) SELECT * FROM c WHERE \"x;\" <> '/*'%s",
		    quoted(m, upper), quoted(m, name), random_end(m));
}

/* Of the same name as a table or index, in another case or not: nothing forbids it. */
static void make_trigger(struct maker *m, const struct random_table *t)
{
	static const char *const whens[] = { "AFTER DELETE", "BEFORE DELETE", "after delete" };
	char name[NAME_SIZE];
	const char *column = any_column(m, t)->name;

	make_name(m, one_in(m, 2), name);
	if (one_in(m, 8)) {
		(void)snprintf(name, sizeof(name), "%s", t->name);
		name[0] = (char)toupper((unsigned char)name[0]);
	}
	switch (chance_below(m->c, 4)) {
	case 0:
		(void)make(m, "CREATE TRIGGER %s %s ON %s BEGIN\r\n SELECT ';', CASE WHEN old.%s THEN 'END;' ELSE CASE 1 WHEN 1 THEN 2 END END;\r\n"
		    " -- no; END\r\n /* nor; END; */ END", quoted(m, name), PICK(m, whens), quoted(m, t->name),
		    quoted(m, column));
		break;
	case 1:
		(void)make(m, "CREATE TRIGGER IF NOT EXISTS %s BEFORE UPDATE OF %s ON %s FOR EACH ROW WHEN new.%s IS NOT old.%s\nBEGIN\n"
		    "  UPDATE %s SET %s = 'x;' WHERE 0;\n  DELETE FROM %s WHERE %s = ';';\nEND", quoted(m, name),
		    quoted(m, column), quoted(m, t->name), quoted(m, column), quoted(m, column),
		    quoted(m, t->name), quoted(m, column), quoted(m, t->name), quoted(m, column));
		break;
	case 2:
		/* It would spoil every row that is restored behind it. */
		(void)make(m, "CREATE TRIGGER %s BEFORE INSERT ON %s BEGIN SELECT RAISE(ABORT, 'no;'); END", quoted(m, name),
		    quoted(m, t->name));
		break;
	default:
		(void)make(m, "CREATE TRIGGER %s AFTER INSERT ON %s BEGIN DELETE FROM %s; END", quoted(m, name),
		    quoted(m, t->name), quoted(m, t->name));
	}
}

static void alter(struct maker *m, const struct random_table *t)
{
	switch (chance_below(m->c, 4)) {
	case 0:
		(void)make(m, "ALTER TABLE %s ADD COLUMN \"added;\" TEXT DEFAULT 'five;'", quoted(m, t->name));
		break;
	case 1:
		(void)make(m, "ALTER TABLE %s ADD COLUMN \"added\" INT NOT NULL DEFAULT -7 /* why */", quoted(m, t->name));
		break;
	case 2:
		(void)make(m, "ALTER TABLE %s RENAME COLUMN %s TO \"re\"\"named\"", quoted(m, t->name),
		    quoted(m, t->columns[t->count - 1].name));
		break;
	default:
		(void)make(m, "ALTER TABLE %s DROP COLUMN %s", quoted(m, t->name),
		    quoted(m, t->columns[t->count - 1].name));
	}
}

void make_views_and_triggers(struct maker *m, const struct random_table *t)
{
	if (one_in(m, 3))
		make_views(m, t);
	for (size_t n = chance_below(m->c, 3); n > 0; n--)
		make_trigger(m, t);
	/* A search whose content changes its columns has lost it. */
	if (!t->searched && one_in(m, 5))
		alter(m, t);
}

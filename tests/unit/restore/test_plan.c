#include "restore/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

/* A snapshot of p, c (which refers to p) and alone, and a target. */
struct scene {
	struct fixture f;
	struct inventory inventory;
	struct plan_options options;
	struct selection selection;
	struct plan plan;
	struct err err;
	const char *path;            /* of the target */
};

static void scene_open(struct scene *s, const char *target)
{
	*s = (struct scene){ .selection = { NULL, 0 } };
	fixture_open(&s->f);
	ck_assert_int_eq(setenv("TMPDIR", s->f.folder, 1), 0);
	fixture_add(&s->f, MANIFEST_SCHEMA, NULL, "PRAGMA defer_foreign_keys=TRUE;\n"
	    "CREATE TABLE c(p REFERENCES p);\nCREATE TABLE p(id INTEGER PRIMARY KEY, t UNIQUE);\n"
	    "CREATE TABLE alone(a);\n", 0);
	fixture_add(&s->f, MANIFEST_ROWS, "c", "INSERT INTO c VALUES(1),(1);\n", 2);
	fixture_add(&s->f, MANIFEST_ROWS, "p", "INSERT INTO p VALUES(1,2);\n", 1);
	fixture_add(&s->f, MANIFEST_POST, NULL, "CREATE INDEX i ON c(p);\n", 0);
	fixture_expect(&s->f, "c", 2);
	fixture_expect(&s->f, "p", 1);
	fixture_expect(&s->f, "alone", 0);
	ck_assert_int_eq(inventory_read(&s->f.store, &s->f.snapshot.manifest, 1, &s->inventory, NULL), 0);
	s->options = (struct plan_options){
		.target_name = "d1:x/y", .manifest = &s->f.snapshot.manifest,
		.inventory = &s->inventory, .selection = &s->selection, .count_before = true,
		.enforces_foreign_keys = true,
	};
	if (target == NULL)
		return;
	s->path = file_with(target);
	s->options.target = db_sqlite_open(s->path, "sqlite", NULL);
}

static int make(struct scene *s)
{
	err_clear(&s->err);
	return plan_make(&s->options, &s->plan, &s->err);
}

static void refused(struct scene *s, enum err_code code, const char *text)
{
	ck_assert_int_eq(make(s), -1);
	ck_assert_int_eq(s->err.code, code);
	ck_assert_msg(strstr(s->err.msg, text) != NULL, "%s", s->err.msg);
}

static void scene_close(struct scene *s)
{
	plan_release(&s->plan);
	db_free(s->options.target);
	inventory_release(&s->inventory);
	fixture_close(&s->f);
}

static const struct plan_table *find(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->table_count; i++) {
		if (strcmp(plan->tables[i].name, name) == 0)
			return &plan->tables[i];
	}
	ck_abort_msg("no table %s", name);
	return NULL;
}

START_TEST(nothing_is_there_yet)
{
	struct scene s;

	scene_open(&s, NULL);
	ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	ck_assert_uint_eq(s.plan.drops.len, 0);
	ck_assert_int_eq(s.plan.rows, 3);
	ck_assert_uint_eq(s.plan.create_count, 4);
	/* c: 2 rows and an index; p: a row and the index of its UNIQUE */
	ck_assert_int_eq(s.plan.rows_written, 6);
	ck_assert_int_eq(find(&s.plan, "c")->before, -1);
	ck_assert_int_eq(find(&s.plan, "c")->after, 2);
	ck_assert_int_eq(s.plan.sql_bytes, manifest_sql_bytes(s.options.manifest));
	scene_close(&s);
}
END_TEST

/* What makes a target not empty: also what no snapshot keeps. */
static const struct { const char *target, *found; } full[] = {
	{ "CREATE TABLE x(a)", "1 table (\"x\")" },
	{ "CREATE TABLE x(a); CREATE TABLE y(a)", "2 tables (\"x\", …)" },
	{ "CREATE VIEW v AS SELECT 1", "\"v\"" },
	{ "CREATE VIRTUAL TABLE w USING fts5(a, content='')", "it has" },
	{ "CREATE TABLE _d1keep_restore(part)", "_d1keep_restore" },
	{ "CREATE TABLE x(rowid, _rowid_, oid)", "\"x\"" },
};

START_TEST(what_is_there_is_in_the_way)
{
	struct scene s;

	scene_open(&s, full[_i].target);
	refused(&s, ERR_REFUSED, full[_i].found);
	ck_assert_ptr_nonnull(strstr(s.err.hint, "--replace"));
	s.options.replace = true;
	ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	ck_assert_uint_gt(s.plan.drop_count, 0);
	scene_close(&s);
}
END_TEST

START_TEST(drops_leave_nothing_and_fire_nothing)
{
	static const char target[] = "CREATE TABLE log(a);"
	    "CREATE TABLE b(id INTEGER PRIMARY KEY AUTOINCREMENT, a REFERENCES a(id) ON DELETE CASCADE);"
	    "CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b(id) ON DELETE RESTRICT, s REFERENCES a(id) ON DELETE RESTRICT);"
	    "CREATE TABLE \"odd \"\"n\"(x REFERENCES b(id) ON DELETE RESTRICT);"
	    "CREATE TABLE x(rowid, _rowid_, oid);"
	    "INSERT INTO a VALUES(1,NULL,1); INSERT INTO b VALUES(1,1); UPDATE a SET b=1; INSERT INTO \"odd \"\"n\" VALUES(1);"
	    "CREATE VIEW v AS SELECT * FROM a; CREATE VIEW w AS SELECT * FROM v;"
	    "CREATE VIRTUAL TABLE f USING fts5(t); CREATE VIRTUAL TABLE g USING fts5(t, content='a');"
	    "CREATE TRIGGER t1 BEFORE DELETE ON b BEGIN SELECT RAISE(ABORT, 'fired'); END;"
	    "CREATE TRIGGER t2 INSTEAD OF INSERT ON v BEGIN SELECT 1; END; CREATE INDEX i ON a(b)";
	struct scene s;
	sqlite3 *sqlite;

	scene_open(&s, target);
	s.options.replace = true;
	ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	ck_assert_int_eq(find(&s.plan, "a")->before, 1);
	ck_assert_int_eq(find(&s.plan, "a")->after, -1);
	db_free(s.options.target);
	s.options.target = NULL;
	sqlite = sqlite_open(s.path);
	sqlite_run(sqlite, "PRAGMA foreign_keys=ON; BEGIN; PRAGMA defer_foreign_keys=ON");
	sqlite_run(sqlite, buf_str(&s.plan.drops));
	sqlite_run(sqlite, "COMMIT");
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema WHERE name<>'sqlite_sequence'"), 0);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_sequence"), 0);
	(void)sqlite3_close(sqlite);
	scene_close(&s);
}
END_TEST

START_TEST(who_stays_must_not_lose_rows)
{
	static const char *const p[] = { "P" };
	struct scene s;

	scene_open(&s, "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE x(p REFERENCES P ON DELETE SET NULL);"
	    "CREATE TABLE y(p REFERENCES p ON DELETE RESTRICT); CREATE TABLE z(p REFERENCES p)");
	s.selection = (struct selection){ p, 1 };
	refused(&s, ERR_REFUSED, "d1:x/y has a table \"P\"");
	s.options.replace = true;
	refused(&s, ERR_REFUSED, "table \"x\" stays");
	ck_assert_ptr_nonnull(strstr(s.err.hint, "--table x"));
	/* Where nobody looks at foreign keys nothing is lost. */
	s.options.enforces_foreign_keys = false;
	ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	ck_assert_str_eq(buf_str(&s.plan.drops), "DROP TABLE \"p\";\n");
	scene_close(&s);
}
END_TEST

START_TEST(what_was_not_chosen_is_named)
{
	static const char *const c[] = { "c" };
	struct scene s;

	scene_open(&s, "CREATE TABLE other(a)");
	s.selection = (struct selection){ c, 1 };
	refused(&s, ERR_REFUSED, "refers to \"p\", which is neither chosen nor in d1:x/y");
	s.options.enforces_foreign_keys = false;
	ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	ck_assert_uint_eq(s.plan.not_chosen_count, 1);
	ck_assert_str_eq(s.plan.not_chosen[0], "p");
	ck_assert_int_eq(s.plan.rows, 2);
	ck_assert_int_eq(s.plan.rows_written, 4);
	ck_assert_uint_eq(s.plan.table_count, 1);
	ck_assert_uint_eq(s.plan.create_count, 2);
	scene_close(&s);
}
END_TEST

/* What counts is the key of the table that will be there. */
static const struct { const char *target, *chosen, *refused; } keys[] = {
	{ "CREATE TABLE p(id INTEGER PRIMARY KEY)", "c", NULL },
	{ "CREATE TABLE p(id)", "c", "table \"c\": foreign key mismatch" },
	{ "CREATE TABLE p(id INTEGER PRIMARY KEY, t)", "of t", "table \"of t\": foreign key mismatch" },
	{ "CREATE TABLE p(id, t); CREATE UNIQUE INDEX own ON p(t)", "of t", NULL },
	/* Who stays, and refers to what comes. */
	{ "CREATE TABLE p(id, u UNIQUE); CREATE TABLE d(x REFERENCES p(u))", "p", "table \"d\": foreign key mismatch" },
	{ "CREATE TABLE p(id, u UNIQUE); CREATE TABLE d(x REFERENCES p(t)); CREATE INDEX i ON p(u)", "p", NULL },
	/* The index goes with its table. */
	{ "CREATE TABLE p(id, u); CREATE UNIQUE INDEX own ON p(id); CREATE TABLE d(x REFERENCES p(u)); CREATE UNIQUE INDEX v ON p(u)", "p",
	  "table \"d\": foreign key mismatch" },
};

START_TEST(a_key_is_looked_for_where_it_will_be)
{
	struct scene s;

	scene_open(&s, keys[_i].target);
	fixture_add(&s.f, MANIFEST_SCHEMA, NULL, "CREATE TABLE \"of t\"(t REFERENCES p(t));\n", 0);
	fixture_add(&s.f, MANIFEST_ROWS, "of t", "INSERT INTO \"of t\" VALUES(2);\n", 1);
	fixture_expect(&s.f, "of t", 1);
	inventory_release(&s.inventory);
	ck_assert_int_eq(inventory_read(&s.f.store, &s.f.snapshot.manifest, 1, &s.inventory, NULL), 0);
	s.selection = (struct selection){ &keys[_i].chosen, 1 };
	s.options.replace = true;
	if (keys[_i].refused != NULL)
		refused(&s, ERR_REFUSED, keys[_i].refused);
	else
		ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	scene_close(&s);
}
END_TEST

START_TEST(a_view_of_the_same_name_goes)
{
	static const char *const alone[] = { "alone" };
	struct scene s;

	scene_open(&s, "CREATE VIEW Alone AS SELECT 1; CREATE VIEW stays AS SELECT 2");
	s.selection = (struct selection){ alone, 1 };
	s.options.replace = true;
	ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	ck_assert_str_eq(buf_str(&s.plan.drops), "DROP VIEW \"Alone\";\n");
	scene_close(&s);
}
END_TEST

START_TEST(an_index_of_what_is_replaced_is_rebuilt)
{
	static const char *const alone[] = { "ALONE" };
	struct scene s;

	scene_open(&s, "CREATE TABLE alone(a); CREATE TABLE q(a);"
	    "CREATE VIEW v AS SELECT rowid AS id, a FROM alone; CREATE VIEW w AS SELECT * FROM \"V\";"
	    "CREATE VIEW x AS SELECT rowid AS id, a FROM q;"
	    "CREATE VIRTUAL TABLE f USING fts5(a,content='alone'); CREATE VIRTUAL TABLE g USING fts5(a,content='v',content_rowid='id');"
	    "CREATE VIRTUAL TABLE h USING fts5(a,content='w',content_rowid='id'); CREATE VIRTUAL TABLE i USING fts5(a,content='x',content_rowid='id')");
	s.selection = (struct selection){ alone, 1 };
	s.options.replace = true;
	ck_assert_msg(make(&s) == 0, "%s", s.err.msg);
	ck_assert_uint_eq(s.plan.rebuild_count, 3);
	ck_assert_str_eq(buf_str(&s.plan.rebuilds), "INSERT INTO \"f\"(\"f\") VALUES('rebuild');\n"
	    "INSERT INTO \"g\"(\"g\") VALUES('rebuild');\nINSERT INTO \"h\"(\"h\") VALUES('rebuild');\n");
	scene_close(&s);
}
END_TEST

UNIT_CASE(plan)
{
	tcase_add_test(tc, nothing_is_there_yet);
	tcase_add_loop_test(tc, what_is_there_is_in_the_way, 0, sizeof(full) / sizeof(full[0]));
	tcase_add_test(tc, drops_leave_nothing_and_fire_nothing);
	tcase_add_test(tc, who_stays_must_not_lose_rows);
	tcase_add_test(tc, what_was_not_chosen_is_named);
	tcase_add_loop_test(tc, a_key_is_looked_for_where_it_will_be, 0, sizeof(keys) / sizeof(keys[0]));
	tcase_add_test(tc, a_view_of_the_same_name_goes);
	tcase_add_test(tc, an_index_of_what_is_replaced_is_rebuilt);
}

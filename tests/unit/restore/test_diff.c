#include "restore/diff.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

/* Two snapshots and what differs. Temporary files go below `temporary`. */
struct scene {
	struct fixture a, b;
	struct diff_options options;
	struct selection selection;
	const char *temporary;
	struct diff diff;
};

static void open_side(struct fixture *f)
{
	fixture_open(f);
	/* The next one reuses the text. */
	f->folder = kept(mem_strdup(f->folder));
}

static void scene_open(struct scene *s)
{
	*s = (struct scene){ .temporary = kept(mem_strdup(unit_folder())) };
	ck_assert_int_eq(setenv("TMPDIR", s->temporary, 1), 0);
	open_side(&s->a);
	open_side(&s->b);
	s->options = (struct diff_options){
		.a = { &s->a.store, &s->a.snapshot.manifest },
		.b = { &s->b.store, &s->b.snapshot.manifest },
		.selection = &s->selection, .keys = 20, .workers = 2,
	};
}

static void scene_close(struct scene *s)
{
	diff_release(&s->diff);
	fixture_close(&s->a);
	fixture_close(&s->b);
	/* What lay there were somebody's rows. */
	ck_assert_int_eq(rmdir(s->temporary), 0);
}

static void diff(struct scene *s)
{
	struct err err = ERR_INIT;

	ck_assert_msg(diff_snapshots(&s->options, &s->diff, &err) == 0, "%s", err.msg);
}

static struct err diff_fails(struct scene *s, enum err_code code)
{
	struct err err = ERR_INIT;

	ck_assert_int_ne(diff_snapshots(&s->options, &s->diff, &err), 0);
	ck_assert_msg(err.code == code, "%d: %s", err.code, err.msg);
	return err;
}

static void schema(struct fixture *f, const char *sql)
{
	AUTO_STR all = mem_printf("PRAGMA defer_foreign_keys=TRUE;\n%s", sql);

	fixture_add(f, MANIFEST_SCHEMA, NULL, all, 0);
}

/* The table's chunks, each a list of tuples that end in ")", one a line; then NULL. */
static void rows(struct fixture *f, const char *table, const char *columns, ...)
{
	struct manifest *m = &f->snapshot.manifest;
	struct sha256 *hash = sha256_new();
	unsigned char raw[SHA256_BYTES];
	const char *tuples;
	int64_t all = 0;
	va_list list;

	va_start(list, columns);
	while ((tuples = va_arg(list, const char *)) != NULL) {
		AUTO_STR sql = mem_printf("INSERT INTO \"%s\"(%s) VALUES\n%s;\n", table, columns, tuples);
		int64_t n = 1;

		for (const char *p = tuples; *p != '\0'; p++)
			n += *p == '\n';
		fixture_add(f, MANIFEST_ROWS, table, sql, n);
		sha256_add(hash, tuples, strlen(tuples));
		sha256_add(hash, ",\n", 2);
		all += n;
	}
	va_end(list);
	sha256_end(hash, raw);
	fixture_expect(f, table, all);
	hex_encode(raw, sizeof(raw), m->tables[m->table_count - 1].sql_sha256);
}

static void drop_chunk(struct fixture *f, size_t i)
{
	AUTO_STR path = fixture_chunk_path(f, i);

	ck_assert_int_eq(unlink(path), 0);
}

/* "-('b') ~('a') +('g')" of one table */
static const char *keys(const struct diff_table *t)
{
	AUTO_BUF text = BUF_INIT(4096);

	for (size_t i = 0; i < t->key_count; i++)
		ck_assert_int_eq(buf_addf(&text, NULL, "%s%c(%s)", i > 0 ? " " : "",
		    "+-~"[t->keys[i].change], t->keys[i].text), 0);
	return kept(mem_strdup(buf_str(&text)));
}

static const struct diff_table *only_table(const struct scene *s)
{
	ck_assert_uint_eq(s->diff.table_count, 1);
	return &s->diff.tables[0];
}

/* One table of that definition on both sides: its rows here and there, and what
 * differs. */
static void assert_rows(const char *create, const char *columns, const char *before,
    const char *after, const char *expected)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, create);
	schema(&s.b, create);
	rows(&s.a, "t", columns, before, NULL);
	rows(&s.b, "t", columns, after, NULL);
	diff(&s);
	ck_assert_uint_eq(s.diff.object_count, 0);
	if (*expected == '\0')
		ck_assert_uint_eq(s.diff.table_count, 0);
	else
		ck_assert_str_eq(keys(only_table(&s)), expected);
	scene_close(&s);
}

#define KEYED "CREATE TABLE t(id INTEGER PRIMARY KEY, v);\n"
#define KEYED_COLUMNS "\"id\",\"v\""

/* ---- what need not be fetched ---- */

START_TEST(of_equal_snapshots_nothing_is_fetched)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, KEYED);
	schema(&s.b, KEYED);
	rows(&s.a, "t", KEYED_COLUMNS, "(1,'a')", "(2,'b')", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(1,'a')", "(2,'b')", NULL);
	for (size_t i = 0; i < 3; i++) {
		drop_chunk(&s.a, i);
		drop_chunk(&s.b, i);
	}
	diff(&s);
	ck_assert(diff_is_empty(&s.diff));
	ck_assert_int_eq(s.diff.chunks_fetched, 0);
	scene_close(&s);
}
END_TEST

START_TEST(chunks_that_both_have_are_not_fetched)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, KEYED "CREATE TABLE same(v);\n");
	schema(&s.b, KEYED "CREATE TABLE same(v);\n");
	rows(&s.a, "t", KEYED_COLUMNS, "(1,'a'),\n(2,'b')", "(3,'c')", "(5,'e')", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(1,'a'),\n(2,'b')", "(3,'C'),\n(4,'d')", "(5,'e')", NULL);
	rows(&s.a, "same", "\"rowid\",\"v\"", "(1,'x')", NULL);
	rows(&s.b, "same", "\"rowid\",\"v\"", "(1,'x')", NULL);
	for (size_t i = 0; i < 3; i++) {
		static const size_t shared[] = { 1, 3, 4 };

		drop_chunk(&s.a, shared[i]);
		drop_chunk(&s.b, shared[i]);
	}
	/* The schema is the same: one side's will do. */
	drop_chunk(&s.b, 0);
	diff(&s);
	ck_assert_str_eq(keys(only_table(&s)), "~(3) +(4)");
	ck_assert_int_eq(only_table(&s)->rows_a, 4);
	ck_assert_int_eq(only_table(&s)->rows_b, 5);
	ck_assert_int_eq(only_table(&s)->added, 1);
	ck_assert_int_eq(only_table(&s)->changed, 1);
	ck_assert_int_eq(only_table(&s)->removed, 0);
	ck_assert_int_eq(s.diff.chunks_fetched, 2);
	scene_close(&s);
}
END_TEST

START_TEST(a_row_in_another_chunk_is_the_same_row)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, KEYED);
	schema(&s.b, KEYED);
	rows(&s.a, "t", KEYED_COLUMNS, "(1,'a'),\n(2,'b')", "(3,'c')", "(4,'d')", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(0,'-')", "(1,'a')", "(2,'b'),\n(3,'c')", "(4,'d')", NULL);
	diff(&s);
	ck_assert_str_eq(keys(only_table(&s)), "+(0)");
	scene_close(&s);
}
END_TEST

START_TEST(another_spelling_of_the_same_rows_is_no_difference)
{
	assert_rows(KEYED, KEYED_COLUMNS, "(1,0.1),\n(2,'a')", "(1,0.10000000000000001),\n(2,CAST(X'61' AS TEXT))", "");
}
END_TEST

/* ---- values and keys ---- */

START_TEST(a_value_is_its_storage_class_and_its_bytes)
{
	assert_rows(KEYED, KEYED_COLUMNS,
	    "(1,1),\n(2,'a'),\n(3,0.0),\n(4,NULL),\n(5,'a'),\n(6,CAST(X'610062' AS TEXT)),\n(7,9007199254740993),\n(8,NULL),\n(9,9.0e+999)",
	    "(1,1.0),\n(2,X'61'),\n(3,-0.0),\n(4,''),\n(5,'A'),\n(6,CAST(X'610063' AS TEXT)),\n(7,9007199254740992),\n(8,NULL),\n(9,9.0e+999)",
	    "~(1) ~(2) ~(3) ~(4) ~(5) ~(6) ~(7)");
}
END_TEST

START_TEST(a_column_without_case_still_has_bytes)
{
	assert_rows("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE);\n", KEYED_COLUMNS,
	    "(1,'a'),\n(2,'b')", "(1,'A'),\n(2,'b')", "~(1)");
}
END_TEST

START_TEST(a_key_is_compared_by_its_own_collation)
{
	assert_rows("CREATE TABLE t(k TEXT COLLATE NOCASE, n INT, v, PRIMARY KEY(k, n DESC)) WITHOUT ROWID;\n",
	    "\"k\",\"n\",\"v\"", "('ann',2,'x'),\n('Bob',1,'y'),\n('Cy',1,'z')",
	    "('ann',1,'x'),\n('BOB',1,'y'),\n('Cy',1,'z')", "-('ann',2) ~('Bob',1) +('ann',1)");
	/* Which need not be the column's. */
	assert_rows("CREATE TABLE t(k TEXT, v, PRIMARY KEY(k COLLATE NOCASE)) WITHOUT ROWID;\n",
	    "\"k\",\"v\"", "('a',1),\n('b',2)", "('A',1),\n('b',2)", "~('a')");
	assert_rows("CREATE TABLE t(k TEXT COLLATE NOCASE, v, PRIMARY KEY(k COLLATE BINARY)) WITHOUT ROWID;\n",
	    "\"k\",\"v\"", "('A',1),\n('a',1)", "('a',1),\n('b',1)", "-('A') +('b')");
}
END_TEST

START_TEST(rows_are_found_by_their_primary_key_whatever_their_rowid)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, "CREATE TABLE t(k TEXT PRIMARY KEY, v);\n");
	schema(&s.b, "CREATE TABLE t(k TEXT PRIMARY KEY, v);\n");
	rows(&s.a, "t", "\"rowid\",\"k\",\"v\"", "(1,'a',1),\n(2,'b',2),\n(3,'c',3)", NULL);
	rows(&s.b, "t", "\"rowid\",\"k\",\"v\"", "(1,'c',3),\n(7,'b',5),\n(8,'d',4)", NULL);
	diff(&s);
	ck_assert_str_eq(keys(only_table(&s)), "-('a') ~('b') +('d')");
	ck_assert_int_eq(only_table(&s)->moved, 1);
	scene_close(&s);
}
END_TEST

START_TEST(a_null_in_the_key_makes_it_the_rowid)
{
	assert_rows("CREATE TABLE t(k TEXT PRIMARY KEY, v);\n", "\"rowid\",\"k\",\"v\"",
	    "(1,NULL,1),\n(2,NULL,2),\n(3,'c',3)", "(1,NULL,1),\n(2,NULL,5),\n(4,NULL,3)", "-(3) ~(2) +(4)");
}
END_TEST

START_TEST(a_column_named_rowid_does_not_hide_the_rowid)
{
	assert_rows("CREATE TABLE t(rowid TEXT, v);\n", "\"_rowid_\",\"rowid\",\"v\"",
	    "(1,'x',1),\n(2,'x',2)", "(1,'x',1),\n(3,'y',2)", "-(2) +(3)");
}
END_TEST

START_TEST(virtual_tables_have_rows_too)
{
	assert_rows("CREATE VIRTUAL TABLE t USING fts5(v);\n", "\"rowid\",\"v\"",
	    "(1,'one two'),\n(2,'three')", "(1,'one two'),\n(2,'four'),\n(3,'x')", "~(2) +(3)");
	assert_rows("CREATE VIRTUAL TABLE t USING rtree(id,x0,x1);\n", "\"id\",\"x0\",\"x1\"",
	    "(1,1.0,2.0),\n(2,1.0,2.0)", "(1,1.0,2.5),\n(3,1.0,2.0)", "-(2) ~(1) +(3)");
}
END_TEST

START_TEST(only_so_many_rows_are_named)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, KEYED);
	schema(&s.b, KEYED);
	rows(&s.a, "t", KEYED_COLUMNS, "(1,1),\n(2,2),\n(3,3)", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(2,0),\n(3,0),\n(4,4)", NULL);
	s.options.keys = 2;
	diff(&s);
	ck_assert_str_eq(keys(only_table(&s)), "-(1) ~(2)");
	ck_assert_int_eq(only_table(&s)->changed, 2);
	scene_close(&s);
}
END_TEST

/* ---- tables that became others ---- */

START_TEST(a_renamed_table_was_removed_and_added)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, "CREATE TABLE old(v);\n");
	schema(&s.b, "CREATE TABLE new(v);\n");
	rows(&s.a, "old", "\"rowid\",\"v\"", "(1,1),\n(2,2)", NULL);
	rows(&s.b, "new", "\"rowid\",\"v\"", "(1,1),\n(2,2)", NULL);
	diff(&s);
	ck_assert_uint_eq(s.diff.object_count, 2);
	ck_assert_uint_eq(s.diff.table_count, 2);
	ck_assert_str_eq(s.diff.tables[0].name, "old");
	ck_assert_int_eq(s.diff.tables[0].removed, 2);
	ck_assert_int_eq(s.diff.tables[0].rows_b, -1);
	ck_assert_str_eq(s.diff.tables[1].name, "new");
	ck_assert_int_eq(s.diff.tables[1].added, 2);
	ck_assert_int_eq(s.diff.tables[1].rows_a, -1);
	ck_assert_int_eq(s.diff.chunks_fetched, 0);
	scene_close(&s);
}
END_TEST

START_TEST(other_columns_leave_those_that_both_have)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, gone);\n");
	schema(&s.b, "CREATE TABLE t(id INTEGER PRIMARY KEY, came, v);\n");
	rows(&s.a, "t", "\"id\",\"v\",\"gone\"", "(1,'a',9),\n(2,'b',9)", NULL);
	rows(&s.b, "t", "\"id\",\"came\",\"v\"", "(1,5,'a'),\n(2,5,'B')", NULL);
	diff(&s);
	ck_assert_str_eq(keys(only_table(&s)), "~(2)");
	ck_assert(only_table(&s)->columns_changed);
	ck_assert(!only_table(&s)->key_changed);
	scene_close(&s);
}
END_TEST

/* The tuples are the same, and yet the first column is another one. */
START_TEST(columns_that_changed_places_are_still_themselves)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, w);\n");
	schema(&s.b, "CREATE TABLE t(id INTEGER PRIMARY KEY, w, v);\n");
	rows(&s.a, "t", "\"id\",\"v\",\"w\"", "(1,'a','b'),\n(2,'c','c')", NULL);
	rows(&s.b, "t", "\"id\",\"w\",\"v\"", "(1,'a','b'),\n(2,'c','c')", NULL);
	diff(&s);
	ck_assert_str_eq(keys(only_table(&s)), "~(1)");
	ck_assert(!only_table(&s)->columns_changed);
	scene_close(&s);
}
END_TEST

START_TEST(with_another_key_every_row_is_another)
{
	static const char *const keys_now[] = {
		"CREATE TABLE t(id TEXT PRIMARY KEY, v) WITHOUT ROWID;\n",
		"CREATE TABLE t(id INT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID;\n",
		"CREATE TABLE t(id INT, v PRIMARY KEY) WITHOUT ROWID;\n",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, v);\n",
	};
	struct scene s;

	scene_open(&s);
	schema(&s.a, "CREATE TABLE t(id INT PRIMARY KEY, v) WITHOUT ROWID;\n");
	schema(&s.b, keys_now[_i]);
	rows(&s.a, "t", KEYED_COLUMNS, "(1,1),\n(2,2)", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(1,1),\n(2,2),\n(3,3)", NULL);
	diff(&s);
	ck_assert(only_table(&s)->key_changed);
	ck_assert_int_eq(only_table(&s)->removed, 2);
	ck_assert_int_eq(only_table(&s)->added, 3);
	scene_close(&s);
}
END_TEST

/* ---- the schema ---- */

static void assert_object(const struct diff *d, enum diff_change change, const char *kind,
    const char *name, const char *a, const char *b)
{
	for (size_t i = 0; i < d->object_count; i++) {
		const struct diff_object *o = &d->objects[i];

		if (strcmp(o->kind, kind) != 0 || strcmp(o->name, name) != 0)
			continue;
		ck_assert_int_eq(o->change, change);
		ck_assert_pstr_eq(o->a, a);
		ck_assert_pstr_eq(o->b, b);
		return;
	}
	ck_abort_msg("no %s \"%s\"", kind, name);
}

START_TEST(what_the_schema_gained_lost_and_changed)
{
	struct scene s;
	const struct diff *d = &s.diff;

	scene_open(&s);
	schema(&s.a, "PRAGMA user_version=3;\nCREATE TABLE t(a, b);\nCREATE TABLE same(a);\nCREATE TABLE e(t);\n");
	schema(&s.b, "CREATE TABLE t(a, b, CHECK(a > 0));\nCREATE TABLE same(a);\nCREATE TABLE e(t);\n");
	rows(&s.a, "t", "\"rowid\",\"a\",\"b\"", NULL);
	rows(&s.b, "t", "\"rowid\",\"a\",\"b\"", NULL);
	fixture_add(&s.a, MANIFEST_POST, NULL, "CREATE TABLE \"_d1keep_sequence\"(id INTEGER PRIMARY KEY AUTOINCREMENT);\n"
	    "DROP TABLE \"_d1keep_sequence\";\nDELETE FROM sqlite_sequence;\n"
	    "INSERT INTO sqlite_sequence(name,seq) VALUES('it''s,(',5);\nINSERT INTO sqlite_sequence(name,seq) VALUES('u',7);\n"
	    "CREATE INDEX i ON t(a);\nCREATE INDEX j ON same(a);\nCREATE VIEW v AS SELECT 1;\n"
	    "CREATE VIRTUAL TABLE f USING fts5(t, content=e);\n", 0);
	fixture_add(&s.b, MANIFEST_POST, NULL, "CREATE TABLE \"_d1keep_sequence\"(id INTEGER PRIMARY KEY AUTOINCREMENT);\n"
	    "DROP TABLE \"_d1keep_sequence\";\nDELETE FROM sqlite_sequence;\n"
	    "INSERT INTO sqlite_sequence(name,seq) VALUES('it''s,(',6);\nINSERT INTO sqlite_sequence(name,seq) VALUES('u',7);\n"
	    "CREATE INDEX i ON t(b);\nCREATE INDEX j ON same(a);\n"
	    "CREATE VIRTUAL TABLE f USING fts5(t, content=e);\nINSERT INTO f(f,rank) VALUES('pgsz',64);\n"
	    "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;\n", 0);
	diff(&s);
	assert_object(d, DIFF_REMOVED, "pragma", "user_version", "3", NULL);
	assert_object(d, DIFF_CHANGED, "table", "t", "CREATE TABLE t(a, b)", "CREATE TABLE t(a, b, CHECK(a > 0))");
	assert_object(d, DIFF_CHANGED, "sequence", "it's,(", "5", "6");
	assert_object(d, DIFF_CHANGED, "index", "i", "CREATE INDEX i ON t(a)", "CREATE INDEX i ON t(b)");
	assert_object(d, DIFF_REMOVED, "view", "v", "CREATE VIEW v AS SELECT 1", NULL);
	assert_object(d, DIFF_CHANGED, "virtual table", "f", "CREATE VIRTUAL TABLE f USING fts5(t, content=e)",
	    "CREATE VIRTUAL TABLE f USING fts5(t, content=e);\nINSERT INTO f(f,rank) VALUES('pgsz',64)");
	assert_object(d, DIFF_ADDED, "trigger", "r", NULL, "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END");
	ck_assert_uint_eq(d->object_count, 7);
	ck_assert_uint_eq(d->table_count, 0);
	scene_close(&s);
}
END_TEST

START_TEST(a_choice_of_tables_leaves_the_others_alone)
{
	const char *names[] = { "T", "nowhere" };
	struct scene s;
	struct err err;

	scene_open(&s);
	schema(&s.a, KEYED "CREATE TABLE u(v);\n");
	schema(&s.b, KEYED "CREATE TABLE u(v, w);\n");
	rows(&s.a, "t", KEYED_COLUMNS, "(1,'a')", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(1,'b')", NULL);
	rows(&s.a, "u", "\"rowid\",\"v\"", "(1,'a')", NULL);
	rows(&s.b, "u", "\"rowid\",\"v\"", "(1,'b')", NULL);
	s.selection = (struct selection){ names, 1 };
	diff(&s);
	ck_assert_uint_eq(s.diff.object_count, 0);
	ck_assert_str_eq(keys(only_table(&s)), "~(1)");
	diff_release(&s.diff);
	s.selection.count = 2;
	err = diff_fails(&s, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "nowhere"));
	scene_close(&s);
}
END_TEST

/* ---- what is not as it says ---- */

START_TEST(a_damaged_chunk_is_damage)
{
	struct scene s;
	AUTO_STR path = NULL;

	scene_open(&s);
	schema(&s.a, KEYED);
	schema(&s.b, KEYED);
	rows(&s.a, "t", KEYED_COLUMNS, "(1,'a')", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(1,'b')", NULL);
	path = fixture_chunk_path(&s.b, 1);
	fixture_write(path, "else", 4);
	ck_assert_ptr_nonnull(strstr(diff_fails(&s, ERR_CORRUPT).msg, "the second of the two: chunk data/t/"));
	drop_chunk(&s.a, 1);
	ck_assert_ptr_nonnull(strstr(diff_fails(&s, ERR_CORRUPT).msg, "the first of the two: chunk data/t/"));
	scene_close(&s);
}
END_TEST

START_TEST(numbers_that_do_not_add_up_are_damage)
{
	struct scene s;

	scene_open(&s);
	schema(&s.a, KEYED);
	schema(&s.b, KEYED);
	rows(&s.a, "t", KEYED_COLUMNS, "(1,'a')", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(1,'a'),\n(2,'b')", NULL);
	s.b.snapshot.manifest.tables[0].rows = 7;
	(void)diff_fails(&s, ERR_CORRUPT);
	scene_close(&s);
}
END_TEST

START_TEST(a_hostile_chunk_does_nothing_but_fail)
{
	static const char *const hostile[] = {
		"ATTACH '/tmp/d1keep-hostile.sqlite' AS x;\n",
		"DROP TABLE t;\nCREATE VIEW t AS SELECT load_extension('x') AS id, 1 AS v;\n",
		"DROP TABLE t;\nCREATE VIEW t AS SELECT 1 AS id, (SELECT count(*) FROM pragma_database_list) AS v;\n",
		"DROP TABLE t;\n",
	};
	struct scene s;

	scene_open(&s);
	schema(&s.a, KEYED);
	schema(&s.b, KEYED);
	rows(&s.a, "t", KEYED_COLUMNS, "(1,'a')", NULL);
	rows(&s.b, "t", KEYED_COLUMNS, "(1,'b')", NULL);
	fixture_add(&s.b, MANIFEST_ROWS, "t", hostile[_i], 0);
	(void)diff_fails(&s, ERR_CORRUPT);
	ck_assert_int_ne(access("/tmp/d1keep-hostile.sqlite", F_OK), 0);
	scene_close(&s);
}
END_TEST

UNIT_CASE(diff)
{
	tcase_add_test(tc, of_equal_snapshots_nothing_is_fetched);
	tcase_add_test(tc, chunks_that_both_have_are_not_fetched);
	tcase_add_test(tc, a_row_in_another_chunk_is_the_same_row);
	tcase_add_test(tc, another_spelling_of_the_same_rows_is_no_difference);
	tcase_add_test(tc, a_value_is_its_storage_class_and_its_bytes);
	tcase_add_test(tc, a_column_without_case_still_has_bytes);
	tcase_add_test(tc, a_key_is_compared_by_its_own_collation);
	tcase_add_test(tc, rows_are_found_by_their_primary_key_whatever_their_rowid);
	tcase_add_test(tc, a_null_in_the_key_makes_it_the_rowid);
	tcase_add_test(tc, a_column_named_rowid_does_not_hide_the_rowid);
	tcase_add_test(tc, virtual_tables_have_rows_too);
	tcase_add_test(tc, only_so_many_rows_are_named);
	tcase_add_test(tc, a_renamed_table_was_removed_and_added);
	tcase_add_test(tc, other_columns_leave_those_that_both_have);
	tcase_add_test(tc, columns_that_changed_places_are_still_themselves);
	tcase_add_loop_test(tc, with_another_key_every_row_is_another, 0, 4);
	tcase_add_test(tc, what_the_schema_gained_lost_and_changed);
	tcase_add_test(tc, a_choice_of_tables_leaves_the_others_alone);
	tcase_add_test(tc, a_damaged_chunk_is_damage);
	tcase_add_test(tc, numbers_that_do_not_add_up_are_damage);
	tcase_add_loop_test(tc, a_hostile_chunk_does_nothing_but_fail, 0, 4);
}

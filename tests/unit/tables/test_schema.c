#include "tables/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

static struct schema s;

static void read_schema(const char *sql)
{
	schema_of(file_with(sql), &s);
}

static void teardown(void)
{
	schema_release(&s);
}

/* "value,value:key,key" of a table. */
static void is_read_as(const char *name, const char *expected)
{
	const struct table *t = table_of(&s, name);
	AUTO_BUF got = BUF_INIT(10000);

	for (size_t i = 0; i < t->value_count; i++)
		(void)buf_addf(&got, NULL, "%s%s", i > 0 ? "," : "", t->values[i]);
	for (size_t i = 0; i < t->key_count; i++) {
		(void)buf_addf(&got, NULL, "%s%s", i > 0 ? "," : ":", t->values[t->key[i]]);
		if (t->key_collations[i] != NULL)
			(void)buf_addf(&got, NULL, " %s", t->key_collations[i]);
	}
	ck_assert_str_eq(buf_str(&got), expected);
}

START_TEST(a_table_is_read_with_its_hidden_rowid)
{
	read_schema("CREATE TABLE t(a, b TEXT)");
	is_read_as("t", "rowid,a,b:rowid");
}
END_TEST

START_TEST(an_integer_primary_key_is_the_rowid)
{
	read_schema("CREATE TABLE a(x, id INTEGER PRIMARY KEY);"
	    "CREATE TABLE b(id integer primary key autoincrement, x);"
	    "CREATE TABLE c(id INTEGER, x, PRIMARY KEY(id));"
	    "CREATE TABLE d(id INTEGER, x, PRIMARY KEY(id DESC));"
	    "CREATE TABLE e(id \"INTEGER\" PRIMARY KEY ASC)");
	is_read_as("a", "x,id:id");
	is_read_as("b", "id,x:id");
	is_read_as("c", "id,x:id");
	is_read_as("d", "id,x:id");
	is_read_as("e", "id:id");
}
END_TEST

START_TEST(other_primary_keys_are_not_the_rowid)
{
	read_schema("CREATE TABLE a(id INTEGER PRIMARY KEY DESC, x);"
	    "CREATE TABLE b(id INT PRIMARY KEY, x);"
	    "CREATE TABLE c(id BIGINT PRIMARY KEY);"
	    "CREATE TABLE d(id INTEGER, x INTEGER, PRIMARY KEY(id, x));"
	    "CREATE TABLE e(id INTEGER UNIQUE)");
	is_read_as("a", "rowid,id,x:rowid");
	is_read_as("b", "rowid,id,x:rowid");
	is_read_as("c", "rowid,id:rowid");
	is_read_as("d", "rowid,id,x:rowid");
	is_read_as("e", "rowid,id:rowid");
}
END_TEST

START_TEST(without_rowid_the_primary_key_orders)
{
	read_schema("CREATE TABLE a(x, k INTEGER PRIMARY KEY) WITHOUT ROWID;"
	    "CREATE TABLE b(a INT, b TEXT, c INT, PRIMARY KEY(c, a DESC)) WITHOUT ROWID, STRICT;"
	    "CREATE TABLE c(k TEXT COLLATE NOCASE, l, PRIMARY KEY(l, k COLLATE BINARY)) WITHOUT ROWID");
	is_read_as("a", "x,k:k");
	is_read_as("b", "a,b,c:c,a");
	is_read_as("c", "k,l:l BINARY,k BINARY");
}
END_TEST

START_TEST(finds_another_name_for_the_rowid)
{
	read_schema("CREATE TABLE a(rowid, b);CREATE TABLE b(RowID, _rowid_ TEXT);"
	    "CREATE TABLE c(oid, a);CREATE TABLE d(rowid AS (b), b);"
	    "CREATE TABLE e(rowid, _rowid_, oid INTEGER PRIMARY KEY)");
	is_read_as("a", "_rowid_,rowid,b:_rowid_");
	is_read_as("b", "oid,RowID,_rowid_:oid");
	is_read_as("c", "rowid,oid,a:rowid");
	is_read_as("d", "_rowid_,b:_rowid_");
	is_read_as("e", "rowid,_rowid_,oid:oid");
}
END_TEST

/* Its indexes and triggers go with it, the rest stays. */
START_TEST(a_table_whose_rowid_cannot_be_reached_is_an_exception)
{
	read_schema("CREATE TABLE t(rowid, _rowid_, oid);CREATE INDEX i ON t(oid);CREATE TABLE u(a)");
	ck_assert_uint_eq(s.table_count, 1);
	ck_assert_str_eq(s.tables[0].name, "u");
	ck_assert_uint_eq(s.object_count, 0);
	ck_assert_uint_eq(s.exception_count, 2);
	ck_assert_str_eq(s.exceptions[0].object, "t");
	ck_assert_ptr_nonnull(strstr(s.exceptions[0].reason, "rowid"));
	ck_assert_str_eq(s.exceptions[1].object, "i");
}
END_TEST

START_TEST(generated_columns_are_never_values)
{
	read_schema("CREATE TABLE t(a, b AS (a+1), c AS (a*2) STORED, d GENERATED ALWAYS AS (1), e)");
	is_read_as("t", "rowid,a,e:rowid");
}
END_TEST

START_TEST(virtual_tables_with_content_are_tables_and_their_shadows_nothing)
{
	read_schema("CREATE TABLE t(a);CREATE VIRTUAL TABLE f USING fts5(a, b UNINDEXED);"
	    "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +name);INSERT INTO f VALUES('x', 'y')");
	ck_assert_uint_eq(s.table_count, 3);
	ck_assert_uint_eq(s.exception_count, 0);
	is_read_as("f", "rowid,a,b:rowid");
	is_read_as("r", "id,x0,x1,name:id");
}
END_TEST

static const struct schema_object *object_of(const char *name)
{
	for (size_t i = 0; i < s.object_count; i++) {
		if (strcmp(s.objects[i].name, name) == 0)
			return &s.objects[i];
	}
	ck_abort_msg("there is no \"%s\"", name);
	return NULL;
}

START_TEST(an_index_of_another_table_is_rebuilt_from_it)
{
	read_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, a);CREATE VIEW v AS SELECT id AS k, a FROM t;"
	    "CREATE VIRTUAL TABLE f USING fts5(a, content='t', content_rowid = id);"
	    "CREATE VIRTUAL TABLE g USING fts5(a, content=[v], content_rowid=\"k\")");
	ck_assert_uint_eq(s.exception_count, 0);
	ck_assert_str_eq(object_of("f")->fill, "INSERT INTO \"f\"(\"f\") VALUES('rebuild');\n");
	ck_assert_str_eq(object_of("g")->fill, "INSERT INTO \"g\"(\"g\") VALUES('rebuild');\n");
}
END_TEST

START_TEST(an_index_whose_content_is_gone_keeps_its_definition)
{
	read_schema("CREATE TABLE t(a);CREATE VIRTUAL TABLE f USING fts5(a, content='t');"
	    "CREATE VIRTUAL TABLE g USING fts5(b, content='t');DROP TABLE t;CREATE TABLE t(c)");
	ck_assert_uint_eq(s.exception_count, 2);
	ck_assert_str_eq(s.exceptions[0].object, "f");
	ck_assert_ptr_null(object_of("f")->fill);
	ck_assert_ptr_null(object_of("g")->fill);
}
END_TEST

START_TEST(an_index_of_what_is_not_kept_keeps_its_definition)
{
	read_schema("CREATE TABLE t(rowid, _rowid_, oid);CREATE VIRTUAL TABLE f USING fts5(oid, content='T')");
	ck_assert_uint_eq(s.exception_count, 2);
	ck_assert_ptr_null(object_of("f")->fill);
}
END_TEST

START_TEST(a_contentless_index_keeps_its_definition)
{
	read_schema("CREATE VIRTUAL TABLE f USING fts5(a, content='');"
	    "CREATE VIRTUAL TABLE v USING fts5vocab('f', 'row')");
	ck_assert_uint_eq(s.exception_count, 1);
	ck_assert_str_eq(s.exceptions[0].object, "f");
	ck_assert_uint_eq(s.object_count, 2);
	ck_assert_ptr_nonnull(object_of("v"));
}
END_TEST

/* FTS5 takes "cont" for "content", and nothing for ''. */
START_TEST(a_contentless_index_is_known_however_it_is_spelled)
{
	static const char *const options[] = {
		"content=''", "content=", "content = \"\"", "CONTENT=[]", "c=", "conte=''",
		"tokenize='trigram', content=, columnsize=1",
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		AUTO_STR sql = mem_printf("CREATE VIRTUAL TABLE f USING fts5(content_of, %s);"
		    "INSERT INTO f VALUES('a word')", options[i]);

		read_schema(sql);
		ck_assert_uint_eq(s.table_count, 0);
		ck_assert_uint_eq(s.exception_count, 1);
		ck_assert_uint_eq(s.object_count, 1);
		teardown();
	}
}
END_TEST

START_TEST(an_index_of_another_table_is_known_however_it_is_spelled)
{
	read_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, a);"
	    "CREATE VIRTUAL TABLE f USING fts5(a, cont=t, content_r=id)");
	ck_assert_uint_eq(s.table_count, 1);
	ck_assert_uint_eq(s.exception_count, 0);
	ck_assert_str_eq(object_of("f")->fill, "INSERT INTO \"f\"(\"f\") VALUES('rebuild');\n");
}
END_TEST

START_TEST(options_of_an_fts5_table_are_kept)
{
	read_schema("CREATE VIRTUAL TABLE \"f'\"\"x\" USING fts5(a);"
	    "INSERT INTO \"f'\"\"x\"(\"f'\"\"x\", rank) VALUES('pgsz', 128);"
	    "INSERT INTO \"f'\"\"x\"(\"f'\"\"x\", rank) VALUES('rank', 'bm25(10.0)')");
	ck_assert_str_eq(s.tables[0].settings,
	    "INSERT INTO \"f'\"\"x\"(\"f'\"\"x\",\"rank\") VALUES('pgsz',128);\n"
	    "INSERT INTO \"f'\"\"x\"(\"f'\"\"x\",\"rank\") VALUES('rank','bm25(10.0)');\n");
}
END_TEST

START_TEST(modules_that_d1_does_not_have_become_exceptions)
{
	read_schema("CREATE VIRTUAL TABLE f USING fts4(a);CREATE TABLE t(a)");
	ck_assert_uint_eq(s.table_count, 1);
	ck_assert_uint_eq(s.exception_count, 1);
	ck_assert_ptr_nonnull(strstr(s.exceptions[0].reason, "fts4"));
}
END_TEST

START_TEST(an_index_of_a_shadow_table_becomes_an_exception)
{
	read_schema("CREATE VIRTUAL TABLE f USING fts5(a);CREATE INDEX i ON f_content(c0)");
	ck_assert_uint_eq(s.object_count, 0);
	ck_assert_uint_eq(s.exception_count, 1);
	ck_assert_str_eq(s.exceptions[0].object, "i");
}
END_TEST

/* pragma_table_list calls them shadows all the same. */
START_TEST(a_table_named_like_a_shadow_is_kept)
{
	read_schema("CREATE TABLE d_content(id TEXT PRIMARY KEY COLLATE NOCASE, a) WITHOUT ROWID;"
	    "CREATE TABLE e_docsize(a);CREATE TABLE g_Content(a);"
	    "CREATE VIRTUAL TABLE d USING fts5(a, content='d_content');"
	    "CREATE VIRTUAL TABLE e USING fts5(a, columnsize=0);"
	    "CREATE VIRTUAL TABLE G USING fts5(a, content='');"
	    "CREATE INDEX i ON d_content(a);"
	    "CREATE TRIGGER tr AFTER INSERT ON d_content BEGIN SELECT 1; END");
	ck_assert_uint_eq(s.table_count, 3);
	is_read_as("d_content", "id,a:id NOCASE");
	is_read_as("g_Content", "rowid,a:rowid");
	ck_assert_ptr_nonnull(object_of("i"));
	ck_assert_ptr_nonnull(object_of("tr"));
	/* e is made before any row, and then nobody may write to this one. */
	ck_assert_str_eq(s.exceptions[0].object, "e_docsize");
}
END_TEST

START_TEST(shadow_tables_are_known_by_their_virtual_table)
{
	read_schema("CREATE VIRTUAL TABLE a USING fts5(x);"
	    "CREATE VIRTUAL TABLE b USING fts5(x, content='', columnsize=1);"
	    "CREATE VIRTUAL TABLE a_b USING rtree(id, lo, hi)");
	ck_assert_uint_eq(s.table_count, 2);
	ck_assert_ptr_nonnull(table_of(&s, "a"));
	ck_assert_ptr_nonnull(table_of(&s, "a_b"));
}
END_TEST

START_TEST(cloudflares_tables_are_left_out_with_all_that_is_theirs)
{
	read_schema("CREATE TABLE _cf_KV(key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;"
	    "CREATE TABLE _CF_METADATA(a);CREATE INDEX i ON _cf_KV(value);"
	    "CREATE TRIGGER g AFTER INSERT ON _cf_METADATA BEGIN SELECT 1; END;"
	    "CREATE TABLE _cfx(a);CREATE TABLE a_cf_(b)");
	ck_assert_uint_eq(s.table_count, 2);
	ck_assert_uint_eq(s.object_count, 0);
	ck_assert_uint_eq(s.exception_count, 0);
}
END_TEST

START_TEST(tables_with_our_own_names_become_exceptions)
{
	read_schema("CREATE TABLE _d1keep_long(place INTEGER PRIMARY KEY, value);"
	    "CREATE TABLE _D1KEEP_x(a);CREATE TABLE _d1keep(a)");
	ck_assert_uint_eq(s.table_count, 1);
	ck_assert_uint_eq(s.exception_count, 2);
	ck_assert_str_eq(s.exceptions[0].object, "_d1keep_long");
}
END_TEST

START_TEST(tells_whether_there_is_a_sequence_table)
{
	read_schema("CREATE TABLE t(a)");
	ck_assert(!s.has_sequence);
	schema_release(&s);
	read_schema("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT);DROP TABLE t");
	ck_assert(s.has_sequence);
	ck_assert_uint_eq(s.table_count, 0);
}
END_TEST

START_TEST(the_statistics_tables_are_left_out)
{
	read_schema("CREATE TABLE t(a);CREATE INDEX i ON t(a);INSERT INTO t VALUES(1);ANALYZE");
	ck_assert_uint_eq(s.table_count, 1);
	ck_assert_uint_eq(s.object_count, 1);
}
END_TEST

START_TEST(indexes_views_and_triggers_come_in_order_of_creation)
{
	read_schema("CREATE TABLE t(a UNIQUE, b);CREATE VIEW w AS SELECT * FROM v;CREATE VIEW v AS SELECT * FROM t;"
	    "CREATE INDEX j ON t(b);CREATE INDEX i ON t(a) WHERE b > 1;"
	    "CREATE TRIGGER g INSTEAD OF INSERT ON V BEGIN SELECT 1; END;"
	    "CREATE TRIGGER f AFTER INSERT ON T BEGIN SELECT 2; END");
	ck_assert_uint_eq(s.object_count, 6);
	ck_assert_str_eq(s.objects[0].name, "w");
	ck_assert_str_eq(s.objects[1].name, "v");
	ck_assert_str_eq(s.objects[2].name, "j");
	ck_assert_int_eq(s.objects[2].kind, SCHEMA_INDEX);
	ck_assert_str_eq(s.objects[3].name, "i");
	ck_assert_str_eq(s.objects[4].name, "g");
	ck_assert_int_eq(s.objects[4].kind, SCHEMA_TRIGGER);
	ck_assert_str_eq(s.objects[5].name, "f");
	ck_assert_uint_eq(s.exception_count, 0);
}
END_TEST

START_TEST(a_broken_view_is_kept_like_any)
{
	read_schema("CREATE TABLE t(a);CREATE VIEW v AS SELECT no FROM nowhere");
	ck_assert_uint_eq(s.table_count, 1);
	ck_assert_uint_eq(s.object_count, 1);
}
END_TEST

START_TEST(names_come_as_they_are)
{
	read_schema("CREATE TABLE \"\"(a);CREATE TABLE \"a'b\"\"c\"(\" \", \"\");"
	    "CREATE TABLE \"\xc3\x84\"(a);CREATE TABLE \"\xc3\xa4\"(b);CREATE TABLE \"T%\"(a);"
	    "CREATE TRIGGER \"t%\" AFTER INSERT ON \"T%\" BEGIN SELECT 1; END");
	is_read_as("", "rowid,a:rowid");
	is_read_as("a'b\"c", "rowid, ,:rowid");
	is_read_as("\xc3\x84", "rowid,a:rowid");
	is_read_as("\xc3\xa4", "rowid,b:rowid");
	ck_assert_uint_eq(s.object_count, 1);
}
END_TEST

START_TEST(two_thousand_tables_are_read_at_once)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);

	for (int i = 0; i < 2000; i++)
		(void)buf_addf(&sql, NULL, "CREATE TABLE t%d(id INTEGER PRIMARY KEY, a, b TEXT UNIQUE);", i);
	read_schema(buf_str(&sql));
	ck_assert_uint_eq(s.table_count, 2000);
	is_read_as("t1999", "id,a,b:id");
}
END_TEST

START_TEST(a_file_that_is_no_d1_may_use_cloudflares_names)
{
	struct db *db = db_sqlite_open(file_with("CREATE TABLE _cf_KV(a);CREATE TABLE t(b)"), "sqlite", NULL);

	ck_assert_int_eq(schema_read(db, &s, NULL), 0);
	ck_assert_uint_eq(s.table_count, 2);
	db_free(db);
}
END_TEST

/* ---- the fingerprint ---- */

static char *fingerprint_after(sqlite3 *sqlite, const char *path, const char *sql)
{
	struct schema now;
	char *fingerprint;

	sqlite_run(sqlite, sql);
	schema_of(path, &now);
	fingerprint = mem_strdup(now.fingerprint);
	schema_release(&now);
	return fingerprint;
}

START_TEST(every_change_of_the_schema_changes_the_fingerprint)
{
	static const char *const changes[] = {
		"CREATE TABLE u(a)", "ALTER TABLE u ADD COLUMN b", "ALTER TABLE u RENAME TO w",
		"CREATE INDEX i ON t(a)", "CREATE VIEW v AS SELECT 1", "DROP VIEW v",
		"CREATE VIEW v AS SELECT 2", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
		"DROP TABLE w", "CREATE VIRTUAL TABLE f USING fts5(a)",
	};
	const char *path = file_with("CREATE TABLE t(a)");
	sqlite3 *sqlite = sqlite_open(path);
	AUTO_STR before = fingerprint_after(sqlite, path, "SELECT 1");

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *now = fingerprint_after(sqlite, path, changes[i]);

		ck_assert_msg(strcmp(now, before) != 0, "%s", changes[i]);
		free(before);
		before = now;
	}
	(void)sqlite3_close(sqlite);
}
END_TEST

START_TEST(rows_do_not_change_the_fingerprint)
{
	const char *path = file_with("CREATE TABLE t(a)");
	sqlite3 *sqlite = sqlite_open(path);
	AUTO_STR before = fingerprint_after(sqlite, path, "SELECT 1");
	AUTO_STR now = fingerprint_after(sqlite, path, "INSERT INTO t VALUES(1)");
	AUTO_STR with_cf = fingerprint_after(sqlite, path, "CREATE TABLE _cf_METADATA(a)");

	ck_assert_str_eq(before, now);
	ck_assert_str_eq(before, with_cf);
	(void)sqlite3_close(sqlite);
}
END_TEST

UNIT_CASE(schema)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_table_is_read_with_its_hidden_rowid);
	tcase_add_test(tc, an_integer_primary_key_is_the_rowid);
	tcase_add_test(tc, other_primary_keys_are_not_the_rowid);
	tcase_add_test(tc, without_rowid_the_primary_key_orders);
	tcase_add_test(tc, finds_another_name_for_the_rowid);
	tcase_add_test(tc, a_table_whose_rowid_cannot_be_reached_is_an_exception);
	tcase_add_test(tc, generated_columns_are_never_values);
	tcase_add_test(tc, virtual_tables_with_content_are_tables_and_their_shadows_nothing);
	tcase_add_test(tc, an_index_of_another_table_is_rebuilt_from_it);
	tcase_add_test(tc, an_index_whose_content_is_gone_keeps_its_definition);
	tcase_add_test(tc, an_index_of_what_is_not_kept_keeps_its_definition);
	tcase_add_test(tc, a_contentless_index_keeps_its_definition);
	tcase_add_test(tc, a_contentless_index_is_known_however_it_is_spelled);
	tcase_add_test(tc, an_index_of_another_table_is_known_however_it_is_spelled);
	tcase_add_test(tc, options_of_an_fts5_table_are_kept);
	tcase_add_test(tc, modules_that_d1_does_not_have_become_exceptions);
	tcase_add_test(tc, an_index_of_a_shadow_table_becomes_an_exception);
	tcase_add_test(tc, a_table_named_like_a_shadow_is_kept);
	tcase_add_test(tc, shadow_tables_are_known_by_their_virtual_table);
	tcase_add_test(tc, a_file_that_is_no_d1_may_use_cloudflares_names);
	tcase_add_test(tc, cloudflares_tables_are_left_out_with_all_that_is_theirs);
	tcase_add_test(tc, tables_with_our_own_names_become_exceptions);
	tcase_add_test(tc, tells_whether_there_is_a_sequence_table);
	tcase_add_test(tc, the_statistics_tables_are_left_out);
	tcase_add_test(tc, indexes_views_and_triggers_come_in_order_of_creation);
	tcase_add_test(tc, a_broken_view_is_kept_like_any);
	tcase_add_test(tc, names_come_as_they_are);
	tcase_add_test(tc, two_thousand_tables_are_read_at_once);
	tcase_add_test(tc, every_change_of_the_schema_changes_the_fingerprint);
	tcase_add_test(tc, rows_do_not_change_the_fingerprint);
}

#include "tables/select.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

/* Run a statement with D1's limits; its first cells, one a line. */
static void run_limited(const char *path, const struct buf *sql, struct buf *ret)
{
	sqlite3 *sqlite = sqlite_open(path);
	sqlite3_stmt *stmt;
	int rc;

	sqlite_limit_as_d1(sqlite);
	rc = sqlite3_prepare_v2(sqlite, buf_str(sql), -1, &stmt, NULL);
	ck_assert_msg(rc == SQLITE_OK, "%s: %zu bytes: %.500s", sqlite3_errmsg(sqlite), sql->len,
	    buf_str(sql));
	ck_assert_int_eq(sqlite3_column_count(stmt), 1);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		(void)buf_addf(ret, NULL, "%s\n", (const char *)sqlite3_column_text(stmt, 0));
	ck_assert_msg(rc == SQLITE_DONE, "%s", sqlite3_errmsg(sqlite));
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(sqlite);
}

static void page(const char *path, const struct table *t, enum select_mode mode,
    struct span after, int64_t limit, struct buf *ret)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);

	ck_assert_int_eq(select_page(&sql, t, mode, after, limit, NULL), 0);
	run_limited(path, &sql, ret);
}

/* The first page of the only table of a file that `ddl` and `rows` make. */
static void first_page(const char *sql, enum select_mode mode, struct buf *ret)
{
	const char *path = file_with(sql);
	struct schema s;

	schema_of(path, &s);
	page(path, &s.tables[0], mode, (struct span){ NULL, 0 }, 0, ret);
	schema_release(&s);
}

static void shows(const char *sql, enum select_mode mode, const char *expected)
{
	AUTO_BUF got = BUF_INIT(1u << 20);

	first_page(sql, mode, &got);
	ck_assert_str_eq(buf_str(&got), expected);
}

START_TEST(shows_a_row_as_a_tuple_of_literals)
{
	const char *sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d, e);"
	    "INSERT INTO t VALUES(1, NULL, 1.0, 'it''s', X'00ff', CAST(X'6100' AS TEXT)),"
	    "(2, 9223372036854775807, -0.1, '', X'', 'b')";

	shows(sql, SELECT_QUOTED, "(1,NULL,1.0,'it''s',X'00FF',CAST(X'6100' AS TEXT))\n"
	    "(2,9223372036854775807,-0.1,'',X'','b')\n");
	shows(sql, SELECT_HEX, "(1,NULL,1.0,CAST(X'69742773' AS TEXT),X'00FF',CAST(X'6100' AS TEXT))\n"
	    "(2,9223372036854775807,-0.1,CAST(X'' AS TEXT),X'',CAST(X'62' AS TEXT))\n");
}
END_TEST

START_TEST(a_sketch_leaves_long_values_out)
{
	shows("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d);"
	    "INSERT INTO t VALUES(1, zeroblob(4097), printf('%.*c', 5000, 'x'), X'01', 1.5)",
	    SELECT_SKETCH, "(1,B4097,T5000,X'01',1.5)\n");
}
END_TEST

START_TEST(a_sketch_counts_bytes)
{
	shows("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b);"
	    "INSERT INTO t VALUES(1, replace(printf('%.*c', 3000, 'x'), 'x', '\xc3\xa9'),"
	    " CAST(X'00' || zeroblob(5000) AS TEXT))", SELECT_SKETCH, "(1,T6000,T5001)\n");
}
END_TEST

START_TEST(a_sketch_shows_the_key_in_full)
{
	AUTO_BUF got = BUF_INIT(1u << 20);

	first_page("CREATE TABLE t(k TEXT PRIMARY KEY, a) WITHOUT ROWID;"
	    "INSERT INTO t VALUES(printf('%.*c', 5000, 'x'), zeroblob(5000))", SELECT_SKETCH, &got);
	ck_assert_int_eq(strncmp(buf_str(&got), "(CAST(X'78787878", 16), 0);
	ck_assert_str_eq(buf_str(&got) + got.len - 8, ",B5000)\n");
}
END_TEST

START_TEST(leaves_generated_columns_out)
{
	shows("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b AS (a+1), c AS (a+2) STORED, d);"
	    "INSERT INTO t(a, d) VALUES(1, 2)", SELECT_QUOTED, "(1,1,2)\n");
}
END_TEST

/* ---- names, and how many ---- */

/* The same rows in groups. */
static void groups_stay_within_limits(const char *path, const struct table *t)
{
	struct select_groups groups = { .behind = 0, .keys = 8, .count = 2 };
	AUTO_BUF sql = BUF_INIT(1u << 20);
	AUTO_BUF next = BUF_INIT(1u << 20);
	AUTO_BUF got = BUF_INIT(1u << 24);

	ck_assert_int_eq(select_groups(&sql, t, &groups, NULL), 0);
	run_limited(path, &sql, &got);
	ck_assert_msg(strncmp(buf_str(&got), "1(", 2) == 0, "%.200s", buf_str(&got));
	ck_assert_str_eq(buf_str(&got) + got.len - 3, "\n0\n");
	buf_reset(&got);
	ck_assert_int_eq(select_key_behind(&next, t, 0, NULL), 0);
	run_limited(path, &next, &got);
	ck_assert_str_eq(buf_str(&got), "1\n");
}

/* Those of a D1: files, whose REALs are exact, are read otherwise. */
static void plain_stays_within_limits(const char *path, const struct table *t)
{
	struct table as_d1 = *t;
	AUTO_BUF got = BUF_INIT(1u << 24);

	as_d1.exact_reals = false;
	if (select_first_mode(&as_d1) != SELECT_PLAIN)
		return;
	page(path, &as_d1, SELECT_PLAIN, (struct span){ NULL, 0 }, 1, &got);
	ck_assert_msg(got.len > 0 && got.data[0] == '(', "%.200s", buf_str(&got));
	if (table_has_rowid_key(&as_d1))
		groups_stay_within_limits(path, &as_d1);
}

/* Pages of all modes, and slices, stay within the limits. */
static void stays_within_limits(const char *sql)
{
	const char *path = file_with(sql);
	struct schema s;

	schema_of(path, &s);
	for (size_t i = 0; i < s.table_count; i++) {
		const struct table *t = &s.tables[i];

		plain_stays_within_limits(path, t);
		for (int mode = SELECT_QUOTED; mode <= SELECT_SKETCH; mode++) {
			AUTO_BUF got = BUF_INIT(1u << 24);
			AUTO_BUF spare = BUF_INIT(1u << 24);
			AUTO_BUF slice = BUF_INIT(1u << 20);
			struct tuple_scan scan;
			struct span tuple;

			page(path, t, (enum select_mode)mode, (struct span){ NULL, 0 }, 1, &got);
			ck_assert_uint_gt(got.len, 0);
			tuple_scan_init(&scan, buf_str(&got), got.len - 1, t->value_count);
			ck_assert_msg(tuple_next(&scan, &spare, &tuple, NULL) == 1, "%.200s", buf_str(&got));
			buf_reset(&got);
			page(path, t, (enum select_mode)mode, tuple, 1, &got);
			ck_assert_uint_eq(got.len, 0);
			ck_assert_int_eq(select_slice(&slice, t, tuple, 0, 0, 100, NULL), 0);
			run_limited(path, &slice, &got);
			ck_assert_uint_gt(got.len, 0);
		}
	}
	schema_release(&s);
}

static void add_columns(struct buf *sql, size_t count, const char *format, const char *tail)
{
	(void)buf_adds(sql, "CREATE TABLE t(", NULL);
	for (size_t i = 0; i < count; i++) {
		(void)buf_adds(sql, i > 0 ? "," : "", NULL);
		(void)buf_addf(sql, NULL, format, (int)i);
	}
	(void)buf_addf(sql, NULL, "%s;INSERT INTO t VALUES(", tail);
	for (size_t i = 0; i < count; i++)
		(void)buf_addf(sql, NULL, "%s'v%d'", i > 0 ? "," : "", (int)i);
	(void)buf_adds(sql, ");", NULL);
}

START_TEST(reads_tables_of_up_to_a_hundred_columns)
{
	for (size_t n = 1; n <= 100; n += n < 28 || n > 94 ? 1 : 11) {
		AUTO_BUF sql = BUF_INIT(1u << 20);

		/* The rowid is one value more. */
		add_columns(&sql, n, "c%d", ")");
		stays_within_limits(buf_str(&sql));
	}
}
END_TEST

START_TEST(reads_a_key_of_a_hundred_columns)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);
	AUTO_BUF key = BUF_INIT(1u << 20);

	(void)buf_adds(&key, ",PRIMARY KEY(c0", NULL);
	for (int i = 1; i < 100; i++)
		(void)buf_addf(&key, NULL, ",c%d", i);
	(void)buf_adds(&key, ")) WITHOUT ROWID", NULL);
	add_columns(&sql, 100, "c%d", buf_str(&key));
	stays_within_limits(buf_str(&sql));
}
END_TEST

START_TEST(reads_a_hundred_columns_with_long_names)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);

	add_columns(&sql, 100, "\"%0200d\"", ")");
	stays_within_limits(buf_str(&sql));
}
END_TEST

START_TEST(reads_a_hundred_columns_with_enormous_names)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);

	add_columns(&sql, 100, "\"%0600d\"", ")");
	stays_within_limits(buf_str(&sql));
}
END_TEST

START_TEST(reads_names_of_any_kind)
{
	stays_within_limits("CREATE TABLE \"select\"(\"from\", \"where\" INTEGER PRIMARY KEY, \"order\", \"group\","
	    " \"index\", \"default\", \"values\", \"null\", \"true\", \"current_time\", \"case\", \"end\");"
	    "INSERT INTO \"select\"(\"from\") VALUES(1);"
	    "CREATE TABLE \"a\"\"b'c`d[e]f;--/*\"(\"\"\"\", \"'\", \"%s\", \"%\", \" \", \"\n\", \"\", \"?1\", \":a\", \"--\");"
	    "INSERT INTO \"a\"\"b'c`d[e]f;--/*\"(\"%\") VALUES(1);"
	    "CREATE TABLE \"\xc3\x84\"(\"\xf0\x9f\x98\x80\", v, x, t, name);"
	    "INSERT INTO \"\xc3\x84\"(v) VALUES('v');"
	    "CREATE TABLE \"\xc3\xa4\"(rowid, b);INSERT INTO \"\xc3\xa4\"(b) VALUES(1);"
	    "CREATE TABLE t(rowid, _rowid_, c);INSERT INTO t(c) VALUES(1);"
	    "CREATE TABLE u(rowid, _rowid_, oid INTEGER PRIMARY KEY);INSERT INTO u(rowid) VALUES(1)");
}
END_TEST

START_TEST(a_value_is_itself_under_a_long_name)
{
	shows("CREATE TABLE t(id INTEGER PRIMARY KEY,"
	    " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa TEXT,"
	    " bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb REAL);"
	    "INSERT INTO t VALUES(1, CAST(X'6100' AS TEXT), 1), (2, 'v', NULL)",
	    SELECT_QUOTED, "(1,CAST(X'6100' AS TEXT),1.0)\n(2,'v',NULL)\n");
}
END_TEST

START_TEST(groups_tell_how_many_rows_they_have)
{
	const char *path = file_with("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b);INSERT INTO t VALUES"
	    "(1, 'it''s', 1), (2, X'61', 2), (3, CAST(X'6100' AS TEXT), 3), (4, NULL, CAST(X'6100' AS TEXT)),"
	    "(9, 'x', X'0061'), (10, printf('%.*c', 1500000, 'x'), zeroblob(400000)), (11, '', -1.5)");
	struct select_groups groups = { .behind = 0, .keys = 4, .count = 4 };
	AUTO_BUF sql = BUF_INIT(1u << 20);
	AUTO_BUF got = BUF_INIT(1u << 24);
	struct schema s;

	schema_of(path, &s);
	s.tables[0].exact_reals = false;
	ck_assert_int_eq(select_groups(&sql, &s.tables[0], &groups, NULL), 0);
	run_limited(path, &sql, &got);
	ck_assert_str_eq(buf_str(&got), "4(1,'it''s',1),\n!,\n!,\n!\n0\n3(9,'x',X'0061'),\n!,\n(11,'',-1.5)\n0\n");
	schema_release(&s);
}
END_TEST

/* ---- keyset paging ---- */

/* Row by row, each behind the one before: the same rows as all at once. */
static void walks(const char *sql)
{
	const char *path = file_with(sql);
	struct schema s;

	schema_of(path, &s);
	for (size_t i = 0; i < s.table_count; i++) {
		const struct table *t = &s.tables[i];
		AUTO_BUF all = BUF_INIT(1u << 20);
		AUTO_BUF walked = BUF_INIT(1u << 20);
		AUTO_BUF last = BUF_INIT(1u << 20);
		AUTO_BUF spare = BUF_INIT(1u << 20);
		struct span after = { NULL, 0 };

		page(path, t, SELECT_HEX, after, 0, &all);
		for (;;) {
			AUTO_BUF one = BUF_INIT(1u << 20);
			struct tuple_scan scan;

			page(path, t, SELECT_HEX, after, 1, &one);
			if (one.len == 0)
				break;
			ck_assert_uint_le(walked.len, all.len);
			(void)buf_add(&walked, one.data, one.len, NULL);
			buf_reset(&last);
			(void)buf_add(&last, one.data, one.len - 1, NULL);
			/* The reader keeps canonical tuples. */
			tuple_scan_init(&scan, last.data, last.len, t->value_count);
			ck_assert_int_eq(tuple_next(&scan, &spare, &after, NULL), 1);
		}
		ck_assert_str_eq(buf_str(&walked), buf_str(&all));
	}
	schema_release(&s);
}

START_TEST(walks_rowids)
{
	walks("CREATE TABLE a(x);INSERT INTO a(rowid, x) VALUES(-9223372036854775808, 1), (-1, 2),"
	    " (0, 3), (5, 4), (9223372036854775807, 5);"
	    "CREATE TABLE b(id INTEGER PRIMARY KEY);INSERT INTO b VALUES(3), (-7), (12);"
	    "CREATE TABLE c(id INTEGER PRIMARY KEY DESC, x);INSERT INTO c VALUES(3, 1), (1, 2), (NULL, 3);"
	    "CREATE TABLE d(id INT PRIMARY KEY, x);INSERT INTO d VALUES(3, 1), ('a', 2), (NULL, 3)");
}
END_TEST

START_TEST(walks_keys_of_every_storage_class)
{
	walks("CREATE TABLE t(k PRIMARY KEY, x) WITHOUT ROWID;INSERT INTO t VALUES(1, 1), (1.5, 2),"
	    " (9e999, 3), (-9e999, 4), ('1', 5), ('', 6), (X'', 7), (X'31', 8), ('a''b', 9),"
	    " (9007199254740993, 10), (9007199254740992.0, 11), (CAST(X'FF' AS TEXT), 12),"
	    " (CAST(X'0061' AS TEXT), 13), (CAST(X'00' AS TEXT), 14), (0.1, 15), (1e-320, 16)");
}
END_TEST

START_TEST(walks_keys_of_every_affinity)
{
	walks("CREATE TABLE a(k INTEGER PRIMARY KEY, x) WITHOUT ROWID;"
	    "INSERT INTO a VALUES(1, 1), ('x', 2), (X'31', 3), (1.5, 4), (CAST(X'FF' AS TEXT), 5);"
	    "CREATE TABLE b(k TEXT PRIMARY KEY, x) WITHOUT ROWID;"
	    "INSERT INTO b VALUES(1, 1), ('01', 2), (X'31', 3), (1.5, 4), (CAST(X'3100' AS TEXT), 5);"
	    "CREATE TABLE c(k REAL PRIMARY KEY, x) WITHOUT ROWID;"
	    "INSERT INTO c VALUES(1, 1), ('x', 2), (X'31', 3), (9007199254740993, 4), (1e300, 5);"
	    "CREATE TABLE d(k ANY PRIMARY KEY, x INT) STRICT, WITHOUT ROWID;"
	    "INSERT INTO d VALUES(1, 1), ('1', 2), (X'31', 3), (1.0e0 + 0.5, 4), ('1.0', 5)");
}
END_TEST

START_TEST(walks_composite_and_descending_keys)
{
	walks("CREATE TABLE t(a, b, c, PRIMARY KEY(c, a DESC)) WITHOUT ROWID;"
	    "INSERT INTO t VALUES(1, 1, 'x'), (2, 2, 'x'), (3, 3, 'x'), (1, 4, 'y'), (2, 5, 'y'), (1, 6, 'a');"
	    "CREATE TABLE u(a PRIMARY KEY DESC) WITHOUT ROWID;INSERT INTO u VALUES(1), (2), (3)");
}
END_TEST

START_TEST(walks_keys_by_the_collation_of_the_primary_key)
{
	walks("CREATE TABLE a(k TEXT COLLATE NOCASE, x, PRIMARY KEY(k COLLATE BINARY)) WITHOUT ROWID;"
	    "INSERT INTO a VALUES('a', 1), ('A', 2), ('b', 3), ('B', 4);"
	    "CREATE TABLE b(k TEXT, x, PRIMARY KEY(k COLLATE NOCASE)) WITHOUT ROWID;"
	    "INSERT INTO b VALUES('a', 1), ('B', 2), ('c', 3), ('D', 4);"
	    "CREATE TABLE c(k TEXT COLLATE RTRIM, l COLLATE NOCASE, PRIMARY KEY(l, k)) WITHOUT ROWID;"
	    "INSERT INTO c VALUES('a', 'x'), ('A', 'X'), ('b', 'Y'), ('b', 'x')");
}
END_TEST

START_TEST(walks_a_key_that_names_a_column_twice)
{
	walks("CREATE TABLE t(a TEXT, b, PRIMARY KEY(a COLLATE NOCASE, a COLLATE BINARY, b)) WITHOUT ROWID;"
	    "INSERT INTO t VALUES('a', 1), ('A', 1), ('a', 2), ('A', 2), ('b', 1);"
	    "CREATE TABLE u(a, b, PRIMARY KEY(a, b, a)) WITHOUT ROWID;"
	    "INSERT INTO u VALUES(1, 1), (1, 2), (2, 1)");
}
END_TEST

START_TEST(a_slice_is_bytes_in_hexadecimal)
{
	const char *path = file_with("CREATE TABLE t(id INTEGER PRIMARY KEY, a);"
	    "INSERT INTO t VALUES(1, CAST(X'6100C3A9FF62' AS TEXT)), (2, 'other')");
	struct span row = { "(1,NULL)", 8 };
	AUTO_BUF sql = BUF_INIT(1000);
	AUTO_BUF got = BUF_INIT(1000);
	struct schema s;

	schema_of(path, &s);
	ck_assert_int_eq(select_slice(&sql, &s.tables[0], row, 1, 1, 3, NULL), 0);
	run_limited(path, &sql, &got);
	ck_assert_str_eq(buf_str(&got), "00C3A9\n");
	buf_reset(&sql);
	ck_assert_int_eq(select_slice(&sql, &s.tables[0], row, 1, 4, 100, NULL), 0);
	run_limited(path, &sql, &got);
	ck_assert_str_eq(buf_str(&got), "00C3A9\nFF62\n");
	schema_release(&s);
}
END_TEST

UNIT_CASE(select)
{
	tcase_add_test(tc, shows_a_row_as_a_tuple_of_literals);
	tcase_add_test(tc, a_sketch_leaves_long_values_out);
	tcase_add_test(tc, a_sketch_counts_bytes);
	tcase_add_test(tc, a_sketch_shows_the_key_in_full);
	tcase_add_test(tc, leaves_generated_columns_out);
	tcase_add_test(tc, reads_tables_of_up_to_a_hundred_columns);
	tcase_add_test(tc, reads_a_key_of_a_hundred_columns);
	tcase_add_test(tc, reads_a_hundred_columns_with_long_names);
	tcase_add_test(tc, reads_a_hundred_columns_with_enormous_names);
	tcase_add_test(tc, reads_names_of_any_kind);
	tcase_add_test(tc, a_value_is_itself_under_a_long_name);
	tcase_add_test(tc, groups_tell_how_many_rows_they_have);
	tcase_add_test(tc, walks_rowids);
	tcase_add_test(tc, walks_keys_of_every_storage_class);
	tcase_add_test(tc, walks_keys_of_every_affinity);
	tcase_add_test(tc, walks_composite_and_descending_keys);
	tcase_add_test(tc, walks_keys_by_the_collation_of_the_primary_key);
	tcase_add_test(tc, walks_a_key_that_names_a_column_twice);
	tcase_add_test(tc, a_slice_is_bytes_in_hexadecimal);
}

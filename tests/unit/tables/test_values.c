/* What is read as values and what the engine quotes must be the same bytes. */
#include "tables/values.h"

#include <stdlib.h>
#include <string.h>

#include "tables/reader.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

static int collect(void *ctx, struct span tuple, struct err *err)
{
	return buf_add(ctx, tuple.text, tuple.len, err) != 0 || buf_adds(ctx, "\n", err) != 0 ? -1 : 0;
}

/* The table read as it is, and by the statement that has every value quoted. */
static void same_both_ways(const char *path)
{
	struct err err = ERR_INIT;
	struct db *db = db_sqlite_open(path, "sqlite", &err);
	struct schema schema = { .table_count = 0 };
	AUTO_BUF direct = BUF_INIT(64u << 20);
	AUTO_BUF quoted = BUF_INIT(64u << 20);
	struct reader reader = { .db = db, .visit = collect, .ctx = &direct };

	ck_assert_msg(db != NULL && schema_read(db, &schema, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < schema.table_count; i++) {
		const struct table *t = &schema.tables[i];
		AUTO_BUF sql = BUF_INIT(1u << 20);
		AUTO_ANSWER answer = { 0 };

		ck_assert_msg(reader_table(&reader, t, &err) == 0, "%s", err.msg);
		ck_assert_int_eq(select_page(&sql, t, SELECT_QUOTED, (struct span){ NULL, 0 }, 0, &err), 0);
		ck_assert_msg(db_query(db, (const char *const[]){ buf_str(&sql) }, 1, &answer, &err) == 0 &&
		    reader_rows(db, &answer.rows[0], t, SELECT_QUOTED, collect, &quoted, &err) == 0,
		    "%s", err.msg);
	}
	ck_assert_uint_gt(direct.len, 0);
	ck_assert_str_eq(buf_str(&direct), buf_str(&quoted));
	schema_release(&schema);
	db_free(db);
}

START_TEST(odd_values_are_spelled_alike)
{
	same_both_ways(file_with("CREATE TABLE t(a, b TEXT, c REAL, d INTEGER);"
	    "INSERT INTO t(a) VALUES(NULL),(0),(-1),(9223372036854775807),(-9223372036854775807-1),(9007199254740993),"
	    "(0.0),(-0.0),(0.1),(1e22),(1e-7),(9e999),(-9e999),(1e300),(-1e-300),(5e-324),(1.7976931348623157e308),"
	    "(''),(X''),(X'00'),(X'0102ff'),('it''s'),(''''),(CAST(X'00' AS TEXT)),(CAST(X'610062' AS TEXT)),"
	    "(CAST(X'ff' AS TEXT)),(CAST(X'6162636465666768ff' AS TEXT)),('a' || char(13,10) || 'b'),(char(13)),(char(10)),"
	    "('\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80'),(char(0xfffd)),('1'),('1.0'),(' '),(randomblob(0));"
	    "INSERT INTO t(b,c,d) SELECT a,a,a FROM t;"));
}
END_TEST

/* Eight bytes are looked at together: each special byte at each place of texts of each length. */
START_TEST(each_byte_counts_wherever_it_is)
{
	same_both_ways(file_with("CREATE TABLE t(a);"
	    "WITH RECURSIVE l(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM l WHERE n<26), p(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM p WHERE i<25), "
	    "s(x) AS (VALUES('00'),('0d'),('0d0a'),('27'),('7f'),('80'),('ff'),('c3a4'),('26'),('28'),('01'),('0c'),('0e'),('a7'),('8d')) "
	    "INSERT INTO t SELECT CAST(unhexed AS TEXT) FROM (SELECT substr(CAST('abcdefghijklmnopqrstuvwxyz' AS BLOB),1,i) || "
	    "CASE x WHEN '00' THEN X'00' WHEN '0d' THEN X'0d' WHEN '0d0a' THEN X'0d0a' WHEN '27' THEN X'27' WHEN '7f' THEN X'7f' WHEN '80' THEN X'80' "
	    "WHEN 'ff' THEN X'ff' WHEN 'c3a4' THEN X'c3a4' WHEN '26' THEN X'26' WHEN '28' THEN X'28' WHEN '01' THEN X'01' WHEN '0c' THEN X'0c' "
	    "WHEN '0e' THEN X'0e' WHEN 'a7' THEN X'a7' ELSE X'8d' END || substr(CAST('abcdefghijklmnopqrstuvwxyz' AS BLOB),i+2,n-i) AS unhexed "
	    "FROM l, p, s WHERE i<n);"));
}
END_TEST

START_TEST(keys_of_every_kind_are_walked_alike)
{
	same_both_ways(file_with(
	    "CREATE TABLE a(x INTEGER PRIMARY KEY DESC, y); INSERT INTO a VALUES(3,1),(1,2),(2,3);"
	    "CREATE TABLE b(x TEXT COLLATE NOCASE, y, PRIMARY KEY(y DESC, x COLLATE BINARY)) WITHOUT ROWID;"
	    "INSERT INTO b VALUES('a',1),('A',1),('b',2),('B',3);"
	    "CREATE TABLE c(rowid, _rowid_ TEXT); INSERT INTO c VALUES(5,'x'),(4,'y');"
	    "CREATE TABLE d(a, g AS (a+1), h AS (a*2) STORED); INSERT INTO d(a) VALUES(1),(2);"
	    "CREATE INDEX i ON d(a);"));
}
END_TEST

UNIT_CASE(values)
{
	tcase_add_test(tc, odd_values_are_spelled_alike);
	tcase_add_test(tc, each_byte_counts_wherever_it_is);
	tcase_add_test(tc, keys_of_every_kind_are_walked_alike);
}

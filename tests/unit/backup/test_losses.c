#include "backup/losses.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/backup/support.h"
#include "tests/unit/unit.h"

static struct losses live, file;
static struct manifest m;
static struct err err;

static void setup(void)
{
	live = file = (struct losses){ .tables = NULL };
	m = (struct manifest){ 0 };
	err = (struct err)ERR_INIT;
}

static void teardown(void)
{
	losses_release(&live);
	losses_release(&file);
	manifest_release(&m);
}

/* Through a D1 with its limits. */
static int look(const char *sql, struct losses *ret)
{
	struct fake_d1 *d1 = fake_d1_open(file_with(sql));
	int rc = losses_read(&d1->db, ret, &err);

	db_free(&d1->db);
	return rc;
}

static void looked(const char *sql, struct losses *ret)
{
	ck_assert_msg(look(sql, ret) == 0, "%s", err.msg);
	ck_assert_ptr_null(ret->tables[0].unknown);
}

static void assert_count(enum loss kind, int64_t n)
{
	ck_assert_msg(live.tables[0].count[kind] == n, "kind %d: %lld instead of %lld", (int)kind,
	    (long long)live.tables[0].count[kind], (long long)n);
}

START_TEST(each_kind_is_counted)
{
	looked("CREATE TABLE t(id INTEGER PRIMARY KEY, a, r REAL, \"q\"\"%s\" TEXT);INSERT INTO t VALUES"
	    "(1, 9007199254740992, 1.0, 'plain \\n'), (2, 9007199254740993, 2.5, char(10) || '\\n'),"
	    "(3, -9223372036854775807 - 1, -9e999, 'a' || char(0)), (4, 3.0, 1e19, 'a' || char(13) || '\\r'),"
	    "(5, 1e19, NULL, char(65533)), (9223372036854775807, 1.5, 0, CAST(x'EFBFBD' AS BLOB));", &live);
	assert_count(LOSS_BIG_INTEGER, 3);
	assert_count(LOSS_WHOLE_REAL, 1);
	assert_count(LOSS_INFINITY, 1);
	assert_count(LOSS_NUL, 1);
	assert_count(LOSS_BACKSLASH, 2);
	assert_count(LOSS_REPLACED, 1);
}
END_TEST

START_TEST(a_hundred_columns_and_many_rows_fit_the_limits)
{
	AUTO_BUF sql = BUF_INIT(100000);

	ck_assert_int_eq(buf_adds(&sql, "CREATE TABLE t(c0", NULL), 0);
	for (int i = 1; i < 100; i++)
		ck_assert_int_eq(buf_addf(&sql, NULL, ",a_long_name_for_a_column_that_is_number_%060d", i), 0);
	ck_assert_int_eq(buf_adds(&sql, ");INSERT INTO t(c0) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
	    " SELECT i+1 FROM n WHERE i<200001) SELECT i + 9007199254740992 FROM n;"
	    "UPDATE t SET a_long_name_for_a_column_that_is_number_000000000000000000000000000000000000000000000000000000000099"
	    " = 1.0 WHERE rowid > 100000", NULL), 0);
	looked(buf_str(&sql), &live);
	assert_count(LOSS_BIG_INTEGER, 200001);
	assert_count(LOSS_WHOLE_REAL, 100001);
	ck_assert(!live.tables[0].rowids);
}
END_TEST

static const struct {
	const char *sql;
	bool changed;
} rowids[] = {
	{ "CREATE TABLE t(a);INSERT INTO t VALUES(1),(2)", false },
	{ "CREATE TABLE t(a)", false },
	{ "CREATE TABLE t(a);INSERT INTO t(rowid, a) VALUES(1, 1),(3, 2)", true },
	{ "CREATE TABLE t(a);INSERT INTO t(rowid, a) VALUES(-1, 1),(0, 2)", true },
	{ "CREATE TABLE t(id INTEGER PRIMARY KEY);INSERT INTO t VALUES(7)", false },
	{ "CREATE TABLE t(a PRIMARY KEY) WITHOUT ROWID;INSERT INTO t VALUES(7)", false },
	{ "CREATE TABLE t(a, b);CREATE INDEX i ON t(b);INSERT INTO t VALUES(1, 2)", false },
	{ "CREATE TABLE t(a, b);CREATE INDEX i ON t(b, a);INSERT INTO t VALUES(1, 2)", true },
};

START_TEST(rowids_that_will_differ_are_told)
{
	looked(rowids[_i].sql, &live);
	ck_assert_msg(live.tables[0].rowids == rowids[_i].changed, "%s", rowids[_i].sql);
}
END_TEST

START_TEST(virtual_tables_are_refused)
{
	ck_assert_int_eq(look("CREATE TABLE t(a);CREATE VIRTUAL TABLE \"the words\" USING fts5(w)", &live), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_str_eq(err.msg, "it has virtual tables (\"the words\")");
}
END_TEST

static void assert_report(const char *expected)
{
	AUTO_BUF text = BUF_INIT(10000);

	losses_report(&live, &file, &m);
	for (size_t i = 0; i < m.exception_count; i++)
		ck_assert_int_eq(buf_addf(&text, NULL, "%s: %s\n", m.exceptions[i].object, m.exceptions[i].reason), 0);
	ck_assert_str_eq(buf_str(&text), expected);
}

START_TEST(what_the_file_has_is_not_lost)
{
	static const char sql[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, r REAL, t);INSERT INTO t VALUES"
	    "(1, 9e999, 'a' || char(0)), (2, 1.0, char(65533))";

	looked(sql, &live);
	looked(sql, &file);
	assert_report("");
}
END_TEST

START_TEST(what_the_file_lacks_is_named)
{
	looked("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, r REAL, t);INSERT INTO t VALUES"
	    "(1, 9e999, 'a' || char(0)), (2, 1.0, CAST(x'ff' AS TEXT)), (3, 0, 9223372036854775807);"
	    "UPDATE sqlite_sequence SET seq = 9007199254740993;"
	    "CREATE TABLE sqliteX(a);CREATE VIEW v AS SELECT 1;CREATE INDEX i ON t(r)", &live);
	looked("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, r REAL, t);INSERT INTO t VALUES"
	    "(1, NULL, 'a'), (2, 1.0, char(65533)), (3, 0, 9.2e18);CREATE INDEX i ON t(r)", &file);
	assert_report("sqliteX: it is not in Cloudflare's export as it was in the database before\n"
	    "v: it is not in Cloudflare's export as it was in the database before\n"
	    "t: 1 integer beyond 2^53 is rounded\nt: 1 infinity is lost\nt: 1 text with a NUL is cut\n"
	    "t: 1 text that is not valid UTF-8 has U+FFFD instead\n"
	    "sqlite_sequence: 1 integer beyond 2^53 is rounded\n");
}
END_TEST

/* Of the three calls for the schema and three for the table. */
START_TEST(a_table_that_cannot_be_looked_through_is_named)
{
	struct fake_d1 *d1 = fake_d1_open(file_with("CREATE TABLE t(a);INSERT INTO t VALUES(1)"));
	int schema_calls;

	ck_assert_int_eq(losses_read(&d1->db, &file, &err), 0);
	schema_calls = d1->calls - 2;
	d1->calls = 0;
	d1->fail_at = schema_calls + 1;
	d1->fail_with = ERR_TOO_BIG;
	ck_assert_int_eq(losses_read(&d1->db, &live, &err), 0);
	ck_assert_ptr_nonnull(live.tables[0].unknown);
	losses_report(&live, &file, &m);
	ck_assert_uint_eq(m.exception_count, 1);
	ck_assert_ptr_nonnull(strstr(m.exceptions[0].reason, "could not be looked through"));
	losses_release(&live);
	d1->calls = 0;
	d1->fail_with = ERR_AGAIN;
	ck_assert_int_eq(losses_read(&d1->db, &live, &err), -1);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	db_free(&d1->db);
}
END_TEST

UNIT_CASE(losses)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_kind_is_counted);
	tcase_add_test(tc, a_hundred_columns_and_many_rows_fit_the_limits);
	tcase_add_loop_test(tc, rowids_that_will_differ_are_told, 0, (int)(sizeof(rowids) / sizeof(rowids[0])));
	tcase_add_test(tc, virtual_tables_are_refused);
	tcase_add_test(tc, what_the_file_has_is_not_lost);
	tcase_add_test(tc, what_the_file_lacks_is_named);
	tcase_add_test(tc, a_table_that_cannot_be_looked_through_is_named);
}

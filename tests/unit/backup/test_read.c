#include "backup/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables/reader.h"
#include "base/stop.h"
#include "tests/unit/backup/support.h"
#include "tests/unit/unit.h"

#define SMALL 100000

static const char *path;
static struct fake_d1 *d1;
static struct world w;
static struct manifest m;
static struct err err;

static void setup(void)
{
	world_init(&w);
	m = (struct manifest){ 0 };
	err = (struct err)ERR_INIT;
}

static void teardown(void)
{
	manifest_release(&m);
	world_release(&w);
	if (d1 != NULL)
		db_free(&d1->db);
	stop_clear();
}

static void open_d1(const char *sql)
{
	path = file_with(sql);
	d1 = fake_d1_open(path);
}

#define ROWS_1000 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<1000) "
#define TABLE_OF_1000 "CREATE TABLE t(id INTEGER PRIMARY KEY, a);INSERT INTO t " ROWS_1000 \
	"SELECT i, 'row ' || i FROM n;"

static void take_it(void)
{
	manifest_release(&m);
	taken(&w, &d1->db, &m);
}

static void fails_with(enum err_code code)
{
	manifest_release(&m);
	ck_assert_int_ne(take(&w, &d1->db, &m, &err), 0);
	ck_assert_msg(err.code == code, "%d: %s", err.code, err.msg);
}

static void comes_back_whole(void)
{
	same_databases(path, replayed(&w, &m), "the database");
}

static size_t listed(void)
{
	struct store_ids ids;
	size_t n;

	ck_assert_int_eq(store_list(&w.store, &ids, NULL), 0);
	n = ids.count;
	store_ids_release(&ids);
	return n;
}

/* ---- which way ---- */

START_TEST(a_small_database_is_read_in_one_call)
{
	open_d1(TABLE_OF_1000);
	d1->size_bytes = SMALL;
	take_it();
	ck_assert_str_eq(m.consistency, "transaction");
	ck_assert_ptr_null(m.bookmark_before);
	ck_assert_int_eq(d1->calls, 2);
	ck_assert_int_eq(d1->bookmarks, 0);
	comes_back_whole();
}
END_TEST

START_TEST(a_larger_one_is_read_by_pages_between_bookmarks)
{
	open_d1(TABLE_OF_1000);
	d1->size_bytes = 5 << 20;
	take_it();
	ck_assert_str_eq(m.consistency, "unchanged");
	ck_assert_str_eq(m.bookmark_before, m.bookmark_after);
	ck_assert_int_gt(d1->calls, 4);
	comes_back_whole();
}
END_TEST

START_TEST(one_whose_size_is_not_told_is_read_by_pages)
{
	open_d1(TABLE_OF_1000);
	take_it();
	ck_assert_str_eq(m.consistency, "unchanged");
	comes_back_whole();
}
END_TEST

/* Among rows that plain quoting shows as they are, some that it does not, at the
 * beginning, within a page and at its end. */
#define PLAIN_AND_NOT "CREATE TABLE t(id INTEGER PRIMARY KEY, a, r REAL);INSERT INTO t(a,r) " ROWS_1000 \
	"SELECT CASE i WHEN 1 THEN 1e300 WHEN 300 THEN -0.0 WHEN 499 THEN CAST(X'610062' AS TEXT) WHEN 500 THEN 0.0 " \
	"WHEN 501 THEN CAST(X'ff61' AS TEXT) WHEN 777 THEN 5e-324 WHEN 778 THEN 9e999 WHEN 1000 THEN CAST(X'00' AS TEXT) " \
	"ELSE 'row ' || i END, CASE i % 3 WHEN 0 THEN 0.0 WHEN 1 THEN -0.0 ELSE 1e-300 * i END FROM n;" \
	"CREATE TABLE u(a);INSERT INTO u SELECT -0.0;" \
	"CREATE TABLE n(i INTEGER, b BIGINT, d DOUBLE);INSERT INTO n VALUES(1,2,3.5),('a',NULL,1),(2,CAST(X'620063' AS TEXT),4)," \
	"(3,X'0000',5),(4,5,CAST(X'00' AS TEXT));CREATE TABLE v(a REAL);INSERT INTO v VALUES(0.0),(-0.0),(1e250);"

START_TEST(what_plain_quoting_hides_is_asked_for_again)
{
	for (int small = 0; small < 2; small++) {
		open_d1(PLAIN_AND_NOT);
		d1->size_bytes = small ? SMALL : 0;
		take_it();
		ck_assert_str_eq(m.consistency, small ? "transaction" : "unchanged");
		ck_assert_int_eq(m.attempts, 1);
		comes_back_whole();
		if (small)
			break;
		db_free(&d1->db);
		world_release(&w);
		world_init(&w);
	}
}
END_TEST

START_TEST(one_of_many_tables_is_read_by_pages)
{
	AUTO_BUF sql = BUF_INIT(10000);

	for (int i = 0; i < 60; i++)
		(void)buf_addf(&sql, NULL, "CREATE TABLE t%d(a);INSERT INTO t%d VALUES(%d);", i, i, i);
	open_d1(buf_str(&sql));
	d1->size_bytes = SMALL;
	take_it();
	ck_assert_str_eq(m.consistency, "unchanged");
	comes_back_whole();
}
END_TEST

/* Small ones, and among them whatever needs more than a first page, or another way. */
static void open_many(void)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);

	for (int i = 0; i < 300; i++)
		(void)buf_addf(&sql, NULL, "CREATE TABLE t%d(a);INSERT INTO t%d " ROWS_1000
		    "SELECT i * %d FROM n LIMIT %d;", i, i, i, i % 13 * (i % 7));
	(void)buf_adds(&sql, "CREATE TABLE m10(a);INSERT INTO m10 SELECT 'x'||i FROM (" ROWS_1000 "SELECT i FROM n);"
	    "CREATE TABLE m50(a);INSERT INTO m50 " ROWS_1000 "SELECT i FROM n LIMIT 50;"
	    "CREATE TABLE m500(a);INSERT INTO m500 " ROWS_1000 "SELECT i FROM n LIMIT 500;"
	    "CREATE TABLE w(a, b, PRIMARY KEY(b)) WITHOUT ROWID;INSERT INTO w " ROWS_1000 "SELECT i, 'k'||i FROM n LIMIT 90;"
	    "CREATE VIRTUAL TABLE f USING fts5(a);INSERT INTO f VALUES('some words');"
	    "CREATE TABLE bad(a);INSERT INTO bad VALUES(CAST(X'ff61' AS TEXT)),('x'),(CAST(X'00' AS TEXT));"
	    "CREATE TABLE big(a, b, c);INSERT INTO big VALUES(zeroblob(700000), zeroblob(700000), 'x');"
	    "CREATE TABLE r(a REAL);INSERT INTO r VALUES(0.0),(-0.0),(1e250),(5e-324);"
	    "CREATE TABLE last(a);INSERT INTO last VALUES(1);", NULL);
	open_d1(buf_str(&sql));
	d1->size_bytes = 20 << 20;
}

START_TEST(many_small_tables_share_calls)
{
	open_many();
	take_it();
	ck_assert_str_eq(m.consistency, "unchanged");
	ck_assert_int_eq(m.attempts, 1);
	/* Two calls of schemas, bookmarks and the end beside: not one for each table. */
	ck_assert_int_lt(d1->calls, 40);
	comes_back_whole();
}
END_TEST

/* Then less is asked for, at last of each table alone. */
START_TEST(what_is_too_big_to_share_is_read_alone)
{
	static const size_t most[] = { 100, 3000, 100000 };

	open_many();
	d1->answer_max_bytes = most[_i];
	take_it();
	ck_assert_str_eq(m.consistency, "unchanged");
	comes_back_whole();
}
END_TEST

static int shared_calls;

static void write_at_the_third(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)call;
	if (count > 8 && is_page(sql[0]) && ++shared_calls == 3)
		sqlite_run(fake->sqlite, "INSERT INTO t1 VALUES('meanwhile')");
}

START_TEST(a_write_between_shared_calls_makes_another_reading)
{
	open_many();
	d1->before = write_at_the_third;
	shared_calls = 0;
	take_it();
	ck_assert_int_gt(shared_calls, 3);
	ck_assert_int_eq(m.attempts, 2);
	ck_assert_str_eq(m.consistency, "unchanged");
	comes_back_whole();
}
END_TEST

START_TEST(an_answer_too_big_for_one_call_is_read_by_pages)
{
	open_d1(TABLE_OF_1000);
	d1->size_bytes = SMALL;
	d1->answer_max_bytes = 10000;
	take_it();
	ck_assert_str_eq(m.consistency, "unchanged");
	ck_assert_int_eq(m.attempts, 1);
	comes_back_whole();
}
END_TEST

START_TEST(a_row_too_big_for_one_call_is_read_by_pages)
{
	/* Each value fits D1's longest string, the tuple does not. */
	open_d1("CREATE TABLE t(a, b, c);INSERT INTO t VALUES(zeroblob(700000), zeroblob(700000), 'x')");
	d1->size_bytes = SMALL;
	take_it();
	ck_assert_str_eq(m.consistency, "unchanged");
	comes_back_whole();
}
END_TEST

START_TEST(a_file_is_one_transaction)
{
	path = file_with(TABLE_OF_1000);
	taken_file(&w, path, &m);
	ck_assert_str_eq(m.consistency, "transaction");
	ck_assert_ptr_null(m.bookmark_before);
	ck_assert_int_eq(m.requests, 0);
	comes_back_whole();
}
END_TEST

/* ---- pages ---- */

START_TEST(pages_shrink_to_what_the_engine_can_answer)
{
	open_d1(TABLE_OF_1000);
	d1->answer_max_bytes = 300;
	take_it();
	ck_assert_int_eq(m.tables[0].rows, 1000);
	comes_back_whole();
}
END_TEST

START_TEST(pages_grow_with_small_rows)
{
	open_d1("CREATE TABLE t(a);INSERT INTO t WITH RECURSIVE n(i) AS"
	    " (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100000) SELECT i FROM n");
	take_it();
	ck_assert_int_lt(d1->calls, 20);
	comes_back_whole();
}
END_TEST

START_TEST(an_empty_table_has_no_rows)
{
	open_d1("CREATE TABLE t(a);CREATE TABLE u(k PRIMARY KEY) WITHOUT ROWID");
	take_it();
	ck_assert_uint_eq(m.table_count, 2);
	ck_assert_int_eq(manifest_rows(&m), 0);
	comes_back_whole();
}
END_TEST

START_TEST(a_table_of_exactly_a_page_is_read_once)
{
	open_d1("CREATE TABLE t(a);INSERT INTO t " ROWS_1000 "SELECT i FROM n LIMIT 500");
	take_it();
	ck_assert_int_eq(m.tables[0].rows, 500);
	comes_back_whole();
}
END_TEST

/* ---- big rows ---- */

START_TEST(values_the_engine_cannot_quote_are_read_in_slices)
{
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c);"
	    "INSERT INTO t VALUES(1, 'small', 1, 2), (2, randomblob(1900000), 'x', 1.5),"
	    " (3, printf('%.*c', 1900000, ''''), NULL, 'y'), (4, 'small', 3, 4),"
	    " (5, CAST(randomblob(1500000) AS TEXT), X'00', -1)");
	take_it();
	comes_back_whole();
}
END_TEST

START_TEST(a_row_whose_tuple_is_too_long_is_read_in_slices)
{
	open_d1("CREATE TABLE t(a, b, c);INSERT INTO t VALUES(1, 2, 3),"
	    " (randomblob(600000), randomblob(600000), printf('%.*c', 700000, 'x')), (4, 5, 6)");
	take_it();
	comes_back_whole();
}
END_TEST

START_TEST(a_big_row_with_a_long_key_is_found_again)
{
	open_d1("CREATE TABLE t(k TEXT, l, a, PRIMARY KEY(l, k)) WITHOUT ROWID;"
	    "INSERT INTO t VALUES(printf('%.*c', 9000, 'x'), X'00', randomblob(1900000)),"
	    " (CAST(X'6100FF' AS TEXT), 'it''s', randomblob(1900000)), ('c', 9e999, randomblob(1900000))");
	take_it();
	comes_back_whole();
}
END_TEST

START_TEST(a_big_row_of_a_hundred_columns_is_read_in_slices)
{
	AUTO_BUF sql = BUF_INIT(100000);

	(void)buf_adds(&sql, "CREATE TABLE t(c0", NULL);
	for (int i = 1; i < 100; i++)
		(void)buf_addf(&sql, NULL, ",\"a long name for a column, with spaces in it, number %d\"", i);
	(void)buf_adds(&sql, ");INSERT INTO t VALUES(randomblob(1500000)", NULL);
	for (int i = 1; i < 100; i++)
		(void)buf_addf(&sql, NULL, ",CAST(randomblob(%d) AS TEXT)", i * 50);
	(void)buf_adds(&sql, ")", NULL);
	open_d1(buf_str(&sql));
	take_it();
	comes_back_whole();
	ck_assert_uint_le(d1->most_sql_bytes, 100000);
}
END_TEST

/* Once, when the first slices are asked for. */
static void change_the_big_value(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)call, (void)count;
	if (strstr(sql[0], "hex(substr(") != NULL && fake->drift == 0) {
		fake->drift++;
		sqlite_run(fake->sqlite, "UPDATE t SET a = randomblob(1600000)");
	}
}

START_TEST(a_big_row_that_changes_is_a_change_of_the_database)
{
	open_d1("CREATE TABLE t(a);INSERT INTO t VALUES(randomblob(1900000))");
	d1->before = change_the_big_value;
	take_it();
	ck_assert_int_eq(m.attempts, 2);
	ck_assert_str_eq(m.consistency, "unchanged");
	comes_back_whole();
}
END_TEST

START_TEST(a_big_row_that_changes_is_begun_again_where_changes_are_accepted)
{
	open_d1("CREATE TABLE t(a);INSERT INTO t VALUES(randomblob(1900000))");
	d1->before = change_the_big_value;
	w.attempts = 1;
	w.best_effort = true;
	take_it();
	ck_assert_str_eq(m.consistency, "best-effort");
	comes_back_whole();
}
END_TEST

/* ---- UTF-8 ---- */

#define ILL_FORMED "CREATE TABLE t(id INTEGER PRIMARY KEY, a);CREATE TABLE u(a);" \
	"INSERT INTO t VALUES(1, CAST(X'61FF62' AS TEXT)), (2, 'caf\xc3\xa9'), (3, CAST(X'EDA080' AS TEXT))," \
	" (4, '\xef\xbf\xbd'), (5, CAST(X'C3' AS TEXT)), (6, CAST(X'61FF00' AS TEXT)), (7, X'FF');" \
	"INSERT INTO u VALUES('plain')"

START_TEST(ill_formed_text_comes_back_through_one_call)
{
	open_d1(ILL_FORMED);
	d1->size_bytes = SMALL;
	take_it();
	ck_assert_int_eq(d1->calls, 3);
	ck_assert_str_eq(m.consistency, "transaction");
	comes_back_whole();
}
END_TEST

START_TEST(ill_formed_text_comes_back_through_pages)
{
	open_d1(ILL_FORMED);
	d1->answer_max_bytes = 150;
	take_it();
	comes_back_whole();
}
END_TEST

START_TEST(ill_formed_keys_come_back_through_pages)
{
	open_d1("CREATE TABLE t(k TEXT PRIMARY KEY, a) WITHOUT ROWID;" ROWS_1000
	    "INSERT INTO t SELECT CAST(X'FF' || CAST(i AS TEXT) AS TEXT), i FROM n");
	take_it();
	ck_assert_int_eq(m.tables[0].rows, 1000);
	comes_back_whole();
}
END_TEST

START_TEST(names_are_not_touched_by_what_an_answer_replaces)
{
	open_d1("CREATE TABLE \"\xf0\x9f\x98\x80\"(\"\xc3\xa9\", b);INSERT INTO \"\xf0\x9f\x98\x80\" VALUES(1, 2);"
	    "CREATE VIEW \"a\xef\xbf\xbd\" AS SELECT '\xef\xbf\xbd'");
	take_it();
	comes_back_whole();
}
END_TEST

/* ---- somebody writes ---- */

static int writes_left;

/* Into the table, while its rows are read. */
static void write_while_reading(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)call, (void)count;
	if (is_page(sql[0]) && writes_left > 0) {
		writes_left--;
		sqlite_run(fake->sqlite, "INSERT INTO t(a) VALUES('meanwhile')");
	}
}

START_TEST(a_write_between_pages_makes_another_reading)
{
	open_d1(TABLE_OF_1000);
	d1->before = write_while_reading;
	writes_left = 1;
	take_it();
	ck_assert_int_eq(m.attempts, 2);
	ck_assert_str_eq(m.consistency, "unchanged");
	ck_assert_int_eq(m.tables[0].rows, 1001);
	ck_assert_uint_eq(m.table_count, 1);
	comes_back_whole();
}
END_TEST

START_TEST(writes_that_never_end_are_an_error_and_nothing_is_listed)
{
	open_d1(TABLE_OF_1000);
	d1->before = write_while_reading;
	writes_left = 1000;
	fails_with(ERR_CHANGED);
	ck_assert_ptr_nonnull(strstr(err.msg, "gave up after 3 attempts"));
	ck_assert_str_ne(err.hint, "");
	ck_assert_uint_eq(listed(), 0);
}
END_TEST

START_TEST(with_best_effort_the_last_reading_is_kept_and_says_so)
{
	open_d1(TABLE_OF_1000);
	d1->before = write_while_reading;
	writes_left = 1000;
	w.best_effort = true;
	take_it();
	ck_assert_int_eq(m.attempts, 3);
	ck_assert_str_eq(m.consistency, "best-effort");
	ck_assert_str_ne(m.bookmark_before, m.bookmark_after);
	ck_assert_int_ge(m.tables[0].rows, 1000);
}
END_TEST

START_TEST(with_best_effort_a_still_database_is_unchanged)
{
	open_d1(TABLE_OF_1000);
	w.best_effort = true;
	take_it();
	ck_assert_int_eq(m.attempts, 1);
	ck_assert_str_eq(m.consistency, "unchanged");
}
END_TEST

static void move_the_bookmark(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)call, (void)count;
	if (is_page(sql[0]) && writes_left > 0) {
		writes_left--;
		fake->drift++;
	}
}

START_TEST(a_bookmark_that_moves_is_a_change)
{
	open_d1(TABLE_OF_1000);
	d1->before = move_the_bookmark;
	writes_left = 1;
	take_it();
	ck_assert_int_eq(m.attempts, 2);
	ck_assert_str_eq(m.bookmark_before, m.bookmark_after);
}
END_TEST

static void write_before_the_big_call(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)sql, (void)count;
	if (call == 2)
		sqlite_run(fake->sqlite, "INSERT INTO t(a) VALUES('meanwhile')");
}

START_TEST(rows_written_before_the_one_call_are_in_it)
{
	open_d1(TABLE_OF_1000);
	d1->size_bytes = SMALL;
	d1->before = write_before_the_big_call;
	take_it();
	ck_assert_int_eq(m.attempts, 1);
	ck_assert_str_eq(m.consistency, "transaction");
	ck_assert_int_eq(m.tables[0].rows, 1001);
	comes_back_whole();
}
END_TEST

static void alter_once(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)sql, (void)count;
	if (call == 2)
		sqlite_run(fake->sqlite, "ALTER TABLE t ADD COLUMN b DEFAULT 'new'");
}

START_TEST(a_schema_that_changes_makes_another_reading_in_one_call)
{
	open_d1(TABLE_OF_1000);
	d1->size_bytes = SMALL;
	d1->before = alter_once;
	take_it();
	ck_assert_int_eq(m.attempts, 2);
	comes_back_whole();
}
END_TEST

static void alter_while_reading(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)call, (void)count;
	if (is_page(sql[0]) && writes_left > 0) {
		writes_left--;
		sqlite_run(fake->sqlite, "CREATE TABLE more(a)");
	}
}

START_TEST(a_schema_that_changes_makes_another_reading_by_pages)
{
	open_d1(TABLE_OF_1000);
	d1->before = alter_while_reading;
	writes_left = 1;
	take_it();
	ck_assert_int_eq(m.attempts, 2);
	ck_assert_uint_eq(m.table_count, 2);
	comes_back_whole();
}
END_TEST

START_TEST(another_reading_stores_only_what_changed)
{
	open_d1("CREATE TABLE big(a);INSERT INTO big " ROWS_1000 "SELECT hex(randomblob(2000)) FROM n;"
	    "CREATE TABLE t(a);INSERT INTO t VALUES(1)");
	d1->before = write_while_reading;
	writes_left = 1;
	w.attempts = 5;
	take_it();
	ck_assert_int_eq(m.attempts, 2);
	/* What the first reading stored is this snapshot's, too. */
	ck_assert_int_eq(m.new_bytes, manifest_stored_bytes(&m));
	comes_back_whole();
}
END_TEST

/* ---- what else is read ---- */

START_TEST(the_newest_migration_is_the_schema_version)
{
	for (int small = 0; small < 2; small++) {
		open_d1("CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,"
		    " applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);"
		    "INSERT INTO d1_migrations(name) VALUES('0001_init.sql'), ('0002_caf\xc3\xa9.sql')");
		d1->size_bytes = small ? SMALL : 0;
		take_it();
		ck_assert_str_eq(m.schema_version, "0002_caf\xc3\xa9.sql");
		comes_back_whole();
		db_free(&d1->db);
		d1 = NULL;
	}
}
END_TEST

START_TEST(without_migrations_there_is_no_schema_version)
{
	open_d1("CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY, name TEXT)");
	take_it();
	ck_assert_ptr_null(m.schema_version);
}
END_TEST

START_TEST(sequences_are_read_in_the_same_moment)
{
	for (int small = 0; small < 2; small++) {
		open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a);"
		    "INSERT INTO t VALUES(7, 'a');DELETE FROM t");
		d1->size_bytes = small ? SMALL : 0;
		take_it();
		comes_back_whole();
		db_free(&d1->db);
		d1 = NULL;
	}
}
END_TEST

/* ---- wrong answers ---- */

static void lies(const char *about, const char *answer)
{
	open_d1("CREATE TABLE t(a, b);INSERT INTO t VALUES(1, 2)");
	d1->lie_for = about;
	d1->lie = answer;
	fails_with(ERR_CORRUPT);
	ck_assert_uint_eq(listed(), 0);
	db_free(&d1->db);
	d1 = NULL;
}

#define PAGE PAGE_PLAIN

START_TEST(rows_that_are_no_tuples_are_refused)
{
	lies(PAGE, "SELECT '(1,1,2);DROP TABLE t'");
	lies(PAGE, "SELECT '(1,1)'");
	lies(PAGE, "SELECT '(1,1,2,3)'");
	lies(PAGE, "SELECT ''");
	lies(PAGE, "SELECT 12");
	lies(PAGE, "SELECT '(1,1,(SELECT 2))'");
}
END_TEST

START_TEST(a_row_that_is_null_in_the_end_is_refused)
{
	lies(PAGE, "SELECT NULL");
}
END_TEST

START_TEST(the_same_page_again_is_refused)
{
	lies(PAGE, ROWS_1000 "SELECT '(1,1,2)' FROM n LIMIT 500");
}
END_TEST

START_TEST(a_lost_count_of_changes_is_refused)
{
	lies("SELECT total_changes()", "SELECT 'many'");
	lies("SELECT total_changes()", "SELECT 1 WHERE 0");
}
END_TEST

START_TEST(a_schema_of_another_shape_is_refused)
{
	lies("SELECT type, hex(", "SELECT 'table'");
	lies("SELECT type, hex(", "SELECT 'table', '74', '74', NULL");
	lies("SELECT hex(CAST(s.name AS BLOB)), l.type", "SELECT 1 WHERE 0");
	lies("SELECT hex(CAST(t AS BLOB)), hex(CAST(x.name AS BLOB)), x.type", "SELECT '74'");
}
END_TEST

/* ---- failures ---- */

START_TEST(a_failure_of_any_call_publishes_nothing)
{
	int calls;

	open_d1(TABLE_OF_1000 "CREATE TABLE u(a);INSERT INTO u VALUES(randomblob(1900000))");
	take_it();
	calls = d1->calls;
	db_free(&d1->db);
	for (int i = 1; i <= calls; i++) {
		d1 = fake_d1_open(path);
		d1->fail_at = i;
		d1->fail_with = i % 2 ? ERR_AGAIN : ERR_FAILED;
		fails_with(d1->fail_with);
		ck_assert_uint_eq(listed(), 1);
		db_free(&d1->db);
	}
	d1 = NULL;
	ck_assert_int_gt(calls, 8);
}
END_TEST

START_TEST(a_stop_ends_the_reading)
{
	open_d1(TABLE_OF_1000);
	stop_request();
	fails_with(ERR_INTERRUPTED);
	stop_clear();
	ck_assert_uint_eq(listed(), 0);
}
END_TEST

UNIT_CASE(read)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_small_database_is_read_in_one_call);
	tcase_add_test(tc, a_larger_one_is_read_by_pages_between_bookmarks);
	tcase_add_test(tc, one_whose_size_is_not_told_is_read_by_pages);
	tcase_add_test(tc, what_plain_quoting_hides_is_asked_for_again);
	tcase_add_test(tc, one_of_many_tables_is_read_by_pages);
	tcase_add_test(tc, many_small_tables_share_calls);
	tcase_add_loop_test(tc, what_is_too_big_to_share_is_read_alone, 0, 3);
	tcase_add_test(tc, a_write_between_shared_calls_makes_another_reading);
	tcase_add_test(tc, an_answer_too_big_for_one_call_is_read_by_pages);
	tcase_add_test(tc, a_row_too_big_for_one_call_is_read_by_pages);
	tcase_add_test(tc, a_file_is_one_transaction);
	tcase_add_test(tc, pages_shrink_to_what_the_engine_can_answer);
	tcase_add_test(tc, pages_grow_with_small_rows);
	tcase_add_test(tc, an_empty_table_has_no_rows);
	tcase_add_test(tc, a_table_of_exactly_a_page_is_read_once);
	tcase_add_test(tc, values_the_engine_cannot_quote_are_read_in_slices);
	tcase_add_test(tc, a_row_whose_tuple_is_too_long_is_read_in_slices);
	tcase_add_test(tc, a_big_row_with_a_long_key_is_found_again);
	tcase_add_test(tc, a_big_row_of_a_hundred_columns_is_read_in_slices);
	tcase_add_test(tc, a_big_row_that_changes_is_a_change_of_the_database);
	tcase_add_test(tc, a_big_row_that_changes_is_begun_again_where_changes_are_accepted);
	tcase_add_test(tc, ill_formed_text_comes_back_through_one_call);
	tcase_add_test(tc, ill_formed_text_comes_back_through_pages);
	tcase_add_test(tc, ill_formed_keys_come_back_through_pages);
	tcase_add_test(tc, names_are_not_touched_by_what_an_answer_replaces);
	tcase_add_test(tc, a_write_between_pages_makes_another_reading);
	tcase_add_test(tc, writes_that_never_end_are_an_error_and_nothing_is_listed);
	tcase_add_test(tc, with_best_effort_the_last_reading_is_kept_and_says_so);
	tcase_add_test(tc, with_best_effort_a_still_database_is_unchanged);
	tcase_add_test(tc, a_bookmark_that_moves_is_a_change);
	tcase_add_test(tc, rows_written_before_the_one_call_are_in_it);
	tcase_add_test(tc, a_schema_that_changes_makes_another_reading_in_one_call);
	tcase_add_test(tc, a_schema_that_changes_makes_another_reading_by_pages);
	tcase_add_test(tc, another_reading_stores_only_what_changed);
	tcase_add_test(tc, the_newest_migration_is_the_schema_version);
	tcase_add_test(tc, without_migrations_there_is_no_schema_version);
	tcase_add_test(tc, sequences_are_read_in_the_same_moment);
	tcase_add_test(tc, rows_that_are_no_tuples_are_refused);
	tcase_add_test(tc, a_row_that_is_null_in_the_end_is_refused);
	tcase_add_test(tc, the_same_page_again_is_refused);
	tcase_add_test(tc, a_lost_count_of_changes_is_refused);
	tcase_add_test(tc, a_schema_of_another_shape_is_refused);
	tcase_add_test(tc, a_failure_of_any_call_publishes_nothing);
	tcase_add_test(tc, a_stop_ends_the_reading);
}

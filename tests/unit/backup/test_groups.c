/* Rows that are asked for in groups (tables/groups.h), through a whole backup. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/backup/support.h"
#include "tests/unit/unit.h"

static const char *path;
static struct fake_d1 *d1;
static struct world w;
static struct manifest m;
static int grouped, others;      /* pages that were asked for */

static void count_pages(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	(void)fake, (void)call, (void)count;
	if (strncmp(sql[0], PAGE_GROUPED, strlen(PAGE_GROUPED)) == 0)
		grouped++;
	else if (is_page(sql[0]))
		others++;
}

static void open_d1(const char *sql)
{
	path = file_with(sql);
	d1 = fake_d1_open(path);
	d1->before = count_pages;
	grouped = others = 0;
}

static void setup(void)
{
	world_init(&w);
	m = (struct manifest){ 0 };
}

static void teardown(void)
{
	manifest_release(&m);
	world_release(&w);
	if (d1 != NULL)
		db_free(&d1->db);
	d1 = NULL;
}

static void comes_back_whole(void)
{
	taken(&w, &d1->db, &m);
	same_databases(path, replayed(&w, &m), "the database");
}

#define ROWS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000) "

START_TEST(rows_close_together_come_in_groups)
{
	open_d1("CREATE TABLE t(id TEXT PRIMARY KEY, n INTEGER, x TEXT);INSERT INTO t " ROWS
	    "SELECT 'id''' || i, i * 7, CASE WHEN i % 5 THEN 'caf\xc3\xa9 ' || i END FROM n;"
	    "CREATE TABLE a(id INTEGER PRIMARY KEY, x);INSERT INTO a " ROWS "SELECT i - 10000, i FROM n WHERE i % 3");
	comes_back_whole();
	ck_assert_int_gt(grouped, 2);
	ck_assert_int_le(others, 3);
	ck_assert_int_eq(m.tables[0].rows, 20000);
}
END_TEST

START_TEST(rows_far_apart_do_not)
{
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS "SELECT i * 3, i FROM n;"
	    "CREATE TABLE r(id INTEGER PRIMARY KEY, x);INSERT OR IGNORE INTO r " ROWS "SELECT random(), i FROM n;"
	    "CREATE TABLE w(id INTEGER PRIMARY KEY, x) WITHOUT ROWID;INSERT INTO w " ROWS "SELECT i, i FROM n;"
	    "CREATE TABLE c(a, b, PRIMARY KEY(a, b)) WITHOUT ROWID;INSERT INTO c " ROWS "SELECT i / 100, i FROM n");
	comes_back_whole();
	ck_assert_int_eq(grouped, 0);
}
END_TEST

START_TEST(neither_do_long_ones)
{
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS
	    "SELECT i, hex(zeroblob(5000)) FROM n WHERE i <= 1500");
	comes_back_whole();
	ck_assert_int_eq(grouped, 0);
}
END_TEST

START_TEST(gaps_are_passed_over_at_once)
{
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS
	    "SELECT i + i / 3000 * 1000000000000, i FROM n");
	comes_back_whole();
	ck_assert_int_gt(grouped, 2);
	ck_assert_int_lt(d1->calls, 60);
}
END_TEST

START_TEST(keys_at_the_ends_of_their_range_are_read)
{
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);"
	    "INSERT INTO t " ROWS "SELECT -9223372036854775808 + i - 1, i FROM n WHERE i < 100;"
	    "INSERT INTO t " ROWS "SELECT i - 2500, i FROM n;"
	    "INSERT INTO t " ROWS "SELECT 9223372036854775807 - i + 1, i FROM n WHERE i < 5000;"
	    "INSERT INTO t " ROWS "SELECT 1152921504606846976 - 2500 + i, i FROM n WHERE i < 5000");
	comes_back_whole();
	ck_assert_int_gt(grouped, 0);
}
END_TEST

/* Wherever they lie: at a group's beginning, in it, at its end, at a page's. */
START_TEST(what_plain_quoting_hides_is_asked_for_again)
{
	static const char *const odd[] = { "CAST(X'610062' AS TEXT)", "X'61'", "X''", "CAST(X'00' AS TEXT)",
		"CAST(X'ff61' AS TEXT)", "'a' || char(13,10) || 'b'", "1e300", "-0.0", "'!'" };
	static const int rows[] = { 501, 600, 628, 629, 4500, 4501, 5000 };

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			AUTO_BUF sql = BUF_INIT(10000);

			(void)buf_addf(&sql, NULL, "CREATE TABLE t(a TEXT, b, c VARCHAR(10), d INT, e BLOB);"
			    "INSERT INTO t " ROWS "SELECT 't' || i, 'b' || i, NULL, i, X'0061' FROM n WHERE i <= 5000;"
			    "UPDATE t SET a = %s, b = %s, c = %s, d = %s, e = %s WHERE rowid = %d",
			    odd[i], odd[i], odd[i], odd[i], odd[i], rows[j]);
			open_d1(buf_str(&sql));
			comes_back_whole();
			ck_assert_int_gt(grouped, 0);
			teardown();
			setup();
		}
	}
}
END_TEST

START_TEST(a_blob_of_zeros_is_no_reason_to_ask_again)
{
	open_d1("CREATE TABLE t(a BLOB, b);INSERT INTO t " ROWS "SELECT zeroblob(4), zeroblob(i % 5) FROM n");
	comes_back_whole();
	ck_assert_int_gt(grouped, 0);
	ck_assert_int_le(others, 1);
}
END_TEST

/* group_concat() passes over what is NULL, and fails where all is too long. */
START_TEST(a_row_that_is_too_long_is_not_lost_in_its_group)
{
	static const char *const values[] = { "zeroblob(700000), zeroblob(700000)", "zeroblob(800000), 'x'",
		"hex(zeroblob(999000)), 'x'" };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		AUTO_BUF sql = BUF_INIT(10000);

		(void)buf_addf(&sql, NULL, "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b);INSERT INTO t " ROWS
		    "SELECT i, 'a', 'b' FROM n WHERE i <= 3000;REPLACE INTO t VALUES(2000, %s), (2001, %s)",
		    values[i], values[i]);
		open_d1(buf_str(&sql));
		comes_back_whole();
		ck_assert_int_gt(grouped, 0);
		teardown();
		setup();
	}
}
END_TEST

static void delete_once(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	count_pages(fake, call, sql, count);
	if (grouped == 1) {
		grouped++;
		sqlite_run(fake->sqlite, "DELETE FROM t WHERE id > 3000 AND id < 19000");
	}
}

START_TEST(groups_that_are_deleted_meanwhile_end_nothing)
{
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS "SELECT i, i FROM n");
	d1->before = delete_once;
	comes_back_whole();
	ck_assert_int_eq(m.attempts, 2);
	teardown();
	setup();
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS "SELECT i, i FROM n");
	d1->before = delete_once;
	w.best_effort = true;
	w.attempts = 1;
	comes_back_whole();
	ck_assert_str_eq(m.consistency, "best-effort");
}
END_TEST

static void lies(const char *about, const char *answer)
{
	struct err err = ERR_INIT;

	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS "SELECT i, i FROM n");
	d1->lie_for = about;
	d1->lie = answer;
	ck_assert_int_ne(take(&w, &d1->db, &m, &err), 0);
	ck_assert_msg(err.code == ERR_CORRUPT, "%s: %s", answer, err.msg);
	manifest_release(&m);
	db_free(&d1->db);
	d1 = NULL;
}

START_TEST(wrong_groups_are_refused)
{
	/* is_page() knows all ways to ask for one: the first page too is answered by these. */
	lies(PAGE_GROUPED, "SELECT '1'");
	lies(PAGE_GROUPED, "SELECT NULL");
	lies("SELECT CAST(min(", "SELECT NULL WHERE 0");
	lies("SELECT CAST(min(", "SELECT NULL UNION ALL SELECT NULL");
	lies("SELECT CAST(min(", "SELECT 'x'");
	lies("SELECT CAST(min(", "SELECT '7'");
	lies("SELECT CAST(min(", "SELECT '-1'");
}
END_TEST

static const char *in_groups;

static void answer_groups(struct fake_d1 *fake, int call, const char *const *sql, size_t count)
{
	int before = grouped;

	count_pages(fake, call, sql, count);
	fake->lie_for = before == 0 && grouped == 1 ? PAGE_GROUPED : NULL;
	fake->lie = in_groups;
}

/* The table's second page is 32 groups: these two, and 30 without rows. */
static void groups_lie(const char *one, const char *two)
{
	struct err err = ERR_INIT;
	char answer[1000];

	(void)snprintf(answer, sizeof(answer), ROWS "SELECT CASE i WHEN 1 THEN %s WHEN 2 THEN %s ELSE '0' END "
	    "FROM n LIMIT 32", one, two);
	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS "SELECT i, i FROM n");
	in_groups = answer;
	d1->before = answer_groups;
	ck_assert_msg(take(&w, &d1->db, &m, &err) != 0, "%s, %s", one, two);
	ck_assert_msg(err.code == ERR_CORRUPT && strstr(err.msg, "groups than") == NULL,
	    "%s, %s: %s", one, two, err.msg);
	manifest_release(&m);
	db_free(&d1->db);
	d1 = NULL;
}

START_TEST(groups_that_are_missing_are_noticed)
{
	struct err err = ERR_INIT;

	open_d1("CREATE TABLE t(id INTEGER PRIMARY KEY, x);INSERT INTO t " ROWS "SELECT i, i FROM n");
	in_groups = ROWS "SELECT '1(' || (i + 500) || ',1)' FROM n LIMIT 31";
	d1->before = answer_groups;
	ck_assert_int_ne(take(&w, &d1->db, &m, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "fewer or more groups"));
}
END_TEST

/* The first of them; all that is asked besides is answered rightly. */
START_TEST(groups_with_other_rows_are_refused)
{
	groups_lie("'2(501,1),\n(501,1)'", "'0'");             /* the same again */
	groups_lie("'2(502,1),\n(501,1)'", "'0'");             /* out of order */
	groups_lie("'1(501,1)'", "'1(7,1)'");
	groups_lie("'1(500,1)'", "'0'");                       /* not behind the page before */
	groups_lie("'2(501,1)'", "'0'");                       /* fewer than it says */
	groups_lie("'1(501,1)'", "'1'");
	groups_lie("'1(501,1),\n(502,1)'", "'0'");             /* more */
	groups_lie("'0(501,1)'", "'0'");
	groups_lie("'(501,1)'", "'0'");                        /* it does not say */
	groups_lie("'-1(501,1)'", "'0'");
	groups_lie("'99999999999999999999(501,1)'", "'0'");
	groups_lie("'1(501,1);'", "'0'");
	groups_lie("'1(NULL,1)'", "'0'");                      /* a rowid that is none */
	groups_lie("''", "'0'");
	groups_lie("NULL", "'0'");
}
END_TEST

UNIT_CASE(groups)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, rows_close_together_come_in_groups);
	tcase_add_test(tc, rows_far_apart_do_not);
	tcase_add_test(tc, neither_do_long_ones);
	tcase_add_test(tc, gaps_are_passed_over_at_once);
	tcase_add_test(tc, keys_at_the_ends_of_their_range_are_read);
	tcase_add_test(tc, what_plain_quoting_hides_is_asked_for_again);
	tcase_add_test(tc, a_blob_of_zeros_is_no_reason_to_ask_again);
	tcase_add_test(tc, a_row_that_is_too_long_is_not_lost_in_its_group);
	tcase_add_test(tc, groups_that_are_deleted_meanwhile_end_nothing);
	tcase_add_test(tc, wrong_groups_are_refused);
	tcase_add_test(tc, groups_that_are_missing_are_noticed);
	tcase_add_test(tc, groups_with_other_rows_are_refused);
}

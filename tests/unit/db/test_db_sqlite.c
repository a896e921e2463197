#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "db/db.h"
#include "tests/unit/unit.h"

static char path[256];
static struct err err;

static void setup(void)
{
	(void)snprintf(path, sizeof(path), "%s/a.sqlite", unit_folder());
	err = (struct err)ERR_INIT;
}

/* A connection that writes. */
static sqlite3 *make(const char *sql)
{
	sqlite3 *sqlite;

	ck_assert_int_eq(sqlite3_open(path, &sqlite), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(sqlite));
	return sqlite;
}

static void make_file(const char *sql)
{
	(void)sqlite3_close(make(sql));
}

static struct db *opened(void)
{
	struct db *db = db_sqlite_open(path, "sqlite", &err);

	ck_assert_msg(db != NULL, "%s", err.msg);
	return db;
}

static void is_refused(enum err_code code, const char *words)
{
	ck_assert_ptr_null(db_sqlite_open(path, "sqlite", &err));
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.msg, words) != NULL, "%s", err.msg);
	ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
}

static struct db_answer ask(struct db *db, const char *sql)
{
	struct db_answer answer;

	ck_assert_msg(db_query(db, &sql, 1, &answer, &err) == 0, "%s", err.msg);
	return answer;
}

static int64_t number(struct db *db, const char *sql)
{
	struct db_answer answer = ask(db, sql);
	int64_t n;

	ck_assert(db_cell_int(db_cell(&answer.rows[0], 0, 0), &n));
	db_answer_release(&answer);
	return n;
}

/* ---- opening ---- */

START_TEST(a_missing_file_is_not_found)
{
	is_refused(ERR_NOT_FOUND, "there is no file");
	ck_assert_str_ne(err.hint, "");
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_folder_is_refused)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	is_refused(ERR_FAILED, "not a regular file");
}
END_TEST

START_TEST(what_is_not_a_database_is_refused)
{
	char text[4096];

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(file_write(path, text, sizeof(text), 0600, false, NULL), 0);
	is_refused(ERR_FAILED, "not a SQLite database");
}
END_TEST

START_TEST(a_short_file_is_refused)
{
	ck_assert_int_eq(file_write(path, "SQLite format 3", 16, 0600, false, NULL), 0);
	is_refused(ERR_FAILED, "not a SQLite database");
}
END_TEST

START_TEST(an_empty_file_is_an_empty_database)
{
	struct db *db;

	ck_assert_int_eq(file_write(path, "", 0, 0600, false, NULL), 0);
	db = opened();
	ck_assert_int_eq(number(db, "SELECT count(*) FROM sqlite_schema"), 0);
	db_free(db);
}
END_TEST

START_TEST(utf16_is_refused)
{
	make_file("PRAGMA encoding='UTF-16le';CREATE TABLE t(a)");
	is_refused(ERR_FAILED, "UTF-16le");
	ck_assert_str_ne(err.hint, "");
}
END_TEST

START_TEST(a_damaged_file_says_that_it_is_the_source)
{
	char page[4096] = { 0 };
	struct db *db;
	const char *sql = "SELECT count(*) FROM t";
	struct db_answer answer;
	FILE *f;

	make_file("CREATE TABLE t(a);WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000)"
	    " INSERT INTO t SELECT hex(zeroblob(50)) FROM n");
	f = fopen(path, "r+");
	ck_assert_int_eq(fseek(f, 4096, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(page, 1, sizeof(page), f), sizeof(page));
	ck_assert_int_eq(fclose(f), 0);
	db = opened();
	ck_assert_int_ne(db_query(db, &sql, 1, &answer, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.hint, "source"));
	db_free(db);
}
END_TEST

START_TEST(reading_leaves_the_file_as_it_was)
{
	struct stat before, after;
	struct db *db;

	make_file("CREATE TABLE t(a);INSERT INTO t VALUES(1)");
	ck_assert_int_eq(stat(path, &before), 0);
	db = opened();
	ck_assert_int_eq(number(db, "SELECT a FROM t"), 1);
	db_free(db);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}
END_TEST

START_TEST(nothing_can_be_written)
{
	const char *sql = "INSERT INTO t VALUES(2)";
	struct db_answer answer;
	struct db *db;

	make_file("CREATE TABLE t(a)");
	db = opened();
	ck_assert_int_ne(db_query(db, &sql, 1, &answer, &err), 0);
	ck_assert_uint_eq(answer.count, 0);
	db_free(db);
}
END_TEST

/* ---- answers ---- */

START_TEST(cells_come_row_by_row)
{
	struct db_answer answer;
	struct db *db;

	make_file("CREATE TABLE t(a, b);INSERT INTO t VALUES(1, 'x'), (2, NULL), (NULL, ''), (-4, 'y')");
	db = opened();
	answer = ask(db, "SELECT a, b FROM t ORDER BY rowid");
	ck_assert_uint_eq(answer.count, 1);
	ck_assert_uint_eq(answer.rows[0].columns, 2);
	ck_assert_uint_eq(answer.rows[0].count, 4);
	ck_assert_str_eq(db_cell(&answer.rows[0], 0, 0).text, "1");
	ck_assert_str_eq(db_cell(&answer.rows[0], 0, 1).text, "x");
	ck_assert_uint_eq(db_cell(&answer.rows[0], 1, 0).len, 1);
	ck_assert_ptr_null(db_cell(&answer.rows[0], 1, 1).text);
	ck_assert_ptr_null(db_cell(&answer.rows[0], 2, 0).text);
	ck_assert_str_eq(db_cell(&answer.rows[0], 2, 1).text, "");
	ck_assert_uint_eq(db_cell(&answer.rows[0], 2, 1).len, 0);
	ck_assert_str_eq(db_cell(&answer.rows[0], 3, 1).text, "y");
	db_answer_release(&answer);
	db_free(db);
}
END_TEST

START_TEST(cells_keep_their_nul_bytes)
{
	struct db_answer answer;
	struct db *db;

	make_file("CREATE TABLE t(a)");
	db = opened();
	answer = ask(db, "SELECT 'a' || char(0) || 'b', NULL, char(0), NULL, 'c'");
	ck_assert_uint_eq(db_cell(&answer.rows[0], 0, 0).len, 3);
	ck_assert_mem_eq(db_cell(&answer.rows[0], 0, 0).text, "a\0b", 4);
	ck_assert_uint_eq(db_cell(&answer.rows[0], 0, 2).len, 1);
	ck_assert_str_eq(db_cell(&answer.rows[0], 0, 4).text, "c");
	db_answer_release(&answer);
	db_free(db);
}
END_TEST

START_TEST(each_statement_has_rows_of_its_own)
{
	const char *const sql[] = { "SELECT 1, 2", "SELECT 3 WHERE 0", "SELECT NULL", "SELECT a FROM t" };
	struct db_answer answer;
	struct db *db;

	make_file("CREATE TABLE t(a);INSERT INTO t VALUES('x'), ('y')");
	db = opened();
	ck_assert_int_eq(db_query(db, sql, 4, &answer, &err), 0);
	ck_assert_uint_eq(answer.count, 4);
	ck_assert_str_eq(db_cell(&answer.rows[0], 0, 1).text, "2");
	ck_assert_uint_eq(answer.rows[1].count, 0);
	ck_assert_uint_eq(answer.rows[1].columns, 1);
	ck_assert_ptr_null(db_cell(&answer.rows[2], 0, 0).text);
	ck_assert_str_eq(db_cell(&answer.rows[3], 1, 0).text, "y");
	db_answer_release(&answer);
	db_free(db);
}
END_TEST

static void fails(const char *sql, enum err_code code)
{
	const char *const both[] = { "SELECT 1", sql };
	struct db *db = opened();
	struct db_answer answer;

	ck_assert_int_ne(db_query(db, both, 2, &answer, &err), 0);
	ck_assert_msg(err.code == code, "%d: %s", err.code, err.msg);
	ck_assert_uint_eq(answer.count, 0);
	ck_assert_ptr_null(answer.rows);
	/* And it can be asked again. */
	ck_assert_int_eq(number(db, "SELECT 7"), 7);
	db_free(db);
}

START_TEST(a_blob_is_refused)
{
	make_file("CREATE TABLE t(a)");
	fails("SELECT X'00'", ERR_FAILED);
}
END_TEST

START_TEST(bad_sql_is_an_error_with_sqlites_words)
{
	make_file("CREATE TABLE t(a)");
	fails("SELECT nothing FROM nowhere", ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "nothing"));
}
END_TEST

START_TEST(an_answer_has_a_ceiling)
{
	make_file("CREATE TABLE t(a)");
	fails("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100)"
	    " SELECT hex(zeroblob(500000)) FROM n", ERR_TOO_BIG);
}
END_TEST

START_TEST(a_value_past_sqlites_limit_is_too_big)
{
	make_file("CREATE TABLE t(a)");
	fails("SELECT length(hex(zeroblob(600000000)))", ERR_TOO_BIG);
}
END_TEST

START_TEST(a_stop_interrupts_a_long_statement)
{
	const char *sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n";
	struct db_answer answer;
	struct db *db;

	make_file("CREATE TABLE t(a)");
	db = opened();
	stop_request();
	ck_assert_int_ne(db_query(db, &sql, 1, &answer, &err), 0);
	stop_clear();
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	db_free(db);
}
END_TEST

START_TEST(rows_are_counted_and_requests_are_none)
{
	struct db *db;

	make_file("CREATE TABLE t(a);INSERT INTO t VALUES(1), (2), (3)");
	db = opened();
	ck_assert_int_eq(db->cost.rows_read, 0);
	(void)number(db, "SELECT a FROM t");
	ck_assert_int_eq(db->cost.rows_read, 3);
	ck_assert_int_eq(db->cost.requests, 0);
	db_free(db);
}
END_TEST

START_TEST(a_file_has_no_bookmark)
{
	char *bookmark = path;
	struct db *db;

	make_file("CREATE TABLE t(a)");
	db = opened();
	ck_assert_int_eq(db_bookmark(db, &bookmark, &err), 0);
	ck_assert_ptr_null(bookmark);
	ck_assert_str_eq(db->traits.source, "sqlite");
	ck_assert(db->traits.one_moment);
	db_free(db);
}
END_TEST

/* ---- one moment ---- */

START_TEST(one_moment_is_kept_while_another_writes)
{
	sqlite3 *writer = make("PRAGMA journal_mode=WAL;CREATE TABLE t(a);INSERT INTO t VALUES(1)");
	struct db *db = opened();

	ck_assert_int_eq(sqlite3_exec(writer, "INSERT INTO t VALUES(2);CREATE TABLE u(a)", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 1);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM sqlite_schema"), 1);
	ck_assert_int_eq(sqlite3_exec(writer, "DELETE FROM t", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 1);
	db_free(db);
	db = opened();
	ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 0);
	db_free(db);
	(void)sqlite3_close(writer);
}
END_TEST

START_TEST(what_lies_in_the_wal_is_read)
{
	sqlite3 *writer = make("PRAGMA journal_mode=WAL;PRAGMA wal_autocheckpoint=0;CREATE TABLE t(a);INSERT INTO t VALUES(5)");
	struct db *db = opened();

	ck_assert_int_eq(number(db, "SELECT a FROM t"), 5);
	db_free(db);
	(void)sqlite3_close(writer);
}
END_TEST

START_TEST(a_failed_statement_does_not_end_the_moment)
{
	sqlite3 *writer = make("PRAGMA journal_mode=WAL;CREATE TABLE t(a);INSERT INTO t VALUES(1)");
	struct db *db = opened();
	const char *sql = "SELECT X'00'";
	struct db_answer answer;

	ck_assert_int_ne(db_query(db, &sql, 1, &answer, &err), 0);
	ck_assert_int_eq(sqlite3_exec(writer, "INSERT INTO t VALUES(2)", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 1);
	db_free(db);
	(void)sqlite3_close(writer);
}
END_TEST

UNIT_CASE(db_sqlite)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_missing_file_is_not_found);
	tcase_add_test(tc, a_folder_is_refused);
	tcase_add_test(tc, what_is_not_a_database_is_refused);
	tcase_add_test(tc, a_short_file_is_refused);
	tcase_add_test(tc, an_empty_file_is_an_empty_database);
	tcase_add_test(tc, utf16_is_refused);
	tcase_add_test(tc, a_damaged_file_says_that_it_is_the_source);
	tcase_add_test(tc, reading_leaves_the_file_as_it_was);
	tcase_add_test(tc, nothing_can_be_written);
	tcase_add_test(tc, cells_come_row_by_row);
	tcase_add_test(tc, cells_keep_their_nul_bytes);
	tcase_add_test(tc, each_statement_has_rows_of_its_own);
	tcase_add_test(tc, a_blob_is_refused);
	tcase_add_test(tc, bad_sql_is_an_error_with_sqlites_words);
	tcase_add_test(tc, an_answer_has_a_ceiling);
	tcase_add_test(tc, a_value_past_sqlites_limit_is_too_big);
	tcase_add_test(tc, a_stop_interrupts_a_long_statement);
	tcase_add_test(tc, rows_are_counted_and_requests_are_none);
	tcase_add_test(tc, a_file_has_no_bookmark);
	tcase_add_test(tc, one_moment_is_kept_while_another_writes);
	tcase_add_test(tc, what_lies_in_the_wal_is_read);
	tcase_add_test(tc, a_failed_statement_does_not_end_the_moment);
}

#include "restore/bulk.h"

#include <string.h>

#include "tests/unit/unit.h"

static sqlite3 *open_database(const char *sql)
{
	sqlite3 *sqlite;

	ck_assert_int_eq(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(sqlite));
	return sqlite;
}

static enum bulk_outcome run(struct bulk *bulk, const char *sql)
{
	size_t len = 0;
	enum bulk_outcome outcome = bulk_run(bulk, sql, sql + strlen(sql), &len);

	if (outcome == BULK_DONE)
		ck_assert_uint_eq(len, strlen(sql));
	return outcome;
}

static void assert_query(sqlite3 *sqlite, const char *sql, const char *expected)
{
	sqlite3_stmt *stmt;

	ck_assert_msg(sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(sqlite));
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(stmt, 0), expected);
	(void)sqlite3_finalize(stmt);
}

/* Every kind of literal into every kind of column: what the text would have made. */
START_TEST(columns_do_to_values_what_they_do_to_literals)
{
	static const char *const types[] = { "", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "ANY" };
	static const char *const literals[] = {
		"NULL", "12", "-9223372036854775808", "0.5", "3.0", "-0.0", "1.0e+22", "9.0e+999", "''", "'12'",
		"'1.50'", "'1e3'", "' 7 '", "'x''y'", "X''", "X'3132'", "CAST(X'3132' AS TEXT)", "CAST(X'C300' AS TEXT)",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char *create = sqlite3_mprintf("CREATE TABLE text(v %s); CREATE TABLE bound(v %s)", types[i], types[i]);
		sqlite3 *sqlite = open_database(create);
		struct bulk bulk = { .sqlite = sqlite };

		for (size_t k = 0; k < sizeof(literals) / sizeof(literals[0]); k++) {
			char *plain = sqlite3_mprintf("INSERT INTO \"text\"(\"v\") VALUES\n(%s);\n", literals[k]);
			char *ours = sqlite3_mprintf("INSERT INTO \"bound\"(\"v\") VALUES\n(%s);\n", literals[k]);

			ck_assert_int_eq(sqlite3_exec(sqlite, plain, NULL, NULL, NULL), SQLITE_OK);
			ck_assert_msg(run(&bulk, ours) == BULK_DONE, "%s", ours);
			sqlite3_free(plain);
			sqlite3_free(ours);
		}
		assert_query(sqlite, "SELECT count(*) FROM text JOIN bound ON text.rowid=bound.rowid WHERE typeof(text.v)=typeof(bound.v)"
		    " AND text.v IS bound.v AND hex(text.v)=hex(bound.v)", "18");
		bulk_release(&bulk);
		sqlite3_free(create);
		(void)sqlite3_close(sqlite);
	}
}
END_TEST

START_TEST(tables_take_turns)
{
	sqlite3 *sqlite = open_database("CREATE TABLE t(a); CREATE TABLE u(a PRIMARY KEY, b) WITHOUT ROWID;");
	struct bulk bulk = { .sqlite = sqlite };

	for (int i = 0; i < 3; i++) {
		char *other = sqlite3_mprintf("INSERT INTO \"u\"(\"a\",\"b\") VALUES\n(%d,'x'),\n(%d,NULL);\n", 2 * i, 2 * i + 1);

		ck_assert_int_eq(run(&bulk, "INSERT INTO \"t\"(\"rowid\",\"a\") VALUES\n(NULL,1);\n"), BULK_DONE);
		ck_assert_int_eq(run(&bulk, other), BULK_DONE);
		/* The same table, and yet another statement. */
		ck_assert_int_eq(run(&bulk, "INSERT INTO \"t\"(\"a\") VALUES\n(1),\n(2);\n"), BULK_DONE);
		sqlite3_free(other);
	}
	assert_query(sqlite, "SELECT (SELECT count(*) || max(a) FROM t) || (SELECT group_concat(a || ifnull(b, '-')) FROM u)",
	    "920x,1-,2x,3-,4x,5-");
	bulk_release(&bulk);
	(void)sqlite3_close(sqlite);
}
END_TEST

static const struct { const char *schema, *insert; } not_ours[] = {
	{ "CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END", "INSERT INTO \"t\"(\"a\") VALUES\n(1);\n" },
	{ "CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON T BEGIN SELECT 1; END", "INSERT INTO \"t\"(\"a\") VALUES\n(1);\n" },
	{ "CREATE VIRTUAL TABLE t USING fts5(a)", "INSERT INTO \"t\"(\"a\") VALUES\n('x');\n" },
	{ "CREATE VIEW t AS SELECT 1 AS a; CREATE TRIGGER g INSTEAD OF INSERT ON t BEGIN SELECT 1; END", "INSERT INTO \"t\"(\"a\") VALUES\n(1);\n" },
	{ "CREATE TABLE t(a)", "INSERT INTO \"u\"(\"a\") VALUES\n(1);\n" },
	{ "CREATE TABLE t(a)", "INSERT INTO \"t\"(\"b\") VALUES\n(1);\n" },
	{ "CREATE TABLE t(a)", "INSERT INTO \"sqlite_schema\"(\"sql\") VALUES\n(1);\n" },
	{ "CREATE TABLE t(a, b AS (a))", "INSERT INTO \"t\"(\"b\") VALUES\n(1);\n" },
	{ "CREATE TABLE t(a)", "INSERT INTO \"t\"(\"a\") VALUES\n(random());\n" },
	{ "CREATE TABLE t(a)", "DELETE FROM \"t\";\n" },
};

START_TEST(what_is_not_ours_is_not_done)
{
	sqlite3 *sqlite = open_database(not_ours[_i].schema);
	struct bulk bulk = { .sqlite = sqlite };

	ck_assert_msg(run(&bulk, not_ours[_i].insert) == BULK_NOT_OURS, "%s", not_ours[_i].insert);
	assert_query(sqlite, "SELECT total_changes()", strstr(not_ours[_i].schema, "fts5") != NULL ? "3" : "0");
	bulk_release(&bulk);
	(void)sqlite3_close(sqlite);
}
END_TEST

START_TEST(a_row_that_cannot_be_is_a_failure)
{
	sqlite3 *sqlite = open_database("CREATE TABLE t(a INTEGER PRIMARY KEY, b NOT NULL)");
	struct bulk bulk = { .sqlite = sqlite };

	ck_assert_int_eq(run(&bulk, "INSERT INTO \"t\"(\"a\",\"b\") VALUES\n(1,2),\n(2,NULL);\n"), BULK_FAILED);
	ck_assert_str_eq(sqlite3_errmsg(sqlite), "NOT NULL constraint failed: t.b");
	ck_assert_int_eq(run(&bulk, "INSERT INTO \"t\"(\"a\",\"b\") VALUES\n(3,2),\n(3,2);\n"), BULK_FAILED);
	ck_assert_str_eq(sqlite3_errmsg(sqlite), "UNIQUE constraint failed: t.a");
	ck_assert_int_eq(run(&bulk, "INSERT INTO \"t\"(\"a\",\"b\") VALUES\n('x',2);\n"), BULK_FAILED);
	ck_assert_str_eq(sqlite3_errmsg(sqlite), "datatype mismatch");
	bulk_release(&bulk);
	(void)sqlite3_close(sqlite);
}
END_TEST

UNIT_CASE(bulk)
{
	tcase_add_test(tc, columns_do_to_values_what_they_do_to_literals);
	tcase_add_test(tc, tables_take_turns);
	tcase_add_loop_test(tc, what_is_not_ours_is_not_done, 0, sizeof(not_ours) / sizeof(not_ours[0]));
	tcase_add_test(tc, a_row_that_cannot_be_is_a_failure);
}

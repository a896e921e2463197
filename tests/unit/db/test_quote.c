#include "db/quote.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static sqlite3 *ours, *theirs;

static void setup(void)
{
	ck_assert_int_eq(sqlite3_open(":memory:", &ours), SQLITE_OK);
	ck_assert_int_eq(sqlite3_open(":memory:", &theirs), SQLITE_OK);
	ck_assert_int_eq(quote_install(ours), SQLITE_OK);
}

static void teardown(void)
{
	(void)sqlite3_close(ours);
	(void)sqlite3_close(theirs);
}

static char *answer(sqlite3 *sqlite, const char *expression)
{
	char *sql = sqlite3_mprintf("SELECT quote(%s)", expression), *text;
	sqlite3_stmt *stmt;

	ck_assert_msg(sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL) == SQLITE_OK, "%s", sql);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_type(stmt, 0), SQLITE_TEXT);
	text = strdup((const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	sqlite3_free(sql);
	return text;
}

START_TEST(all_but_reals_are_quoted_as_sqlite_does)
{
	static const char *const expressions[] = {
		"NULL", "0", "-1", "9223372036854775807", "-9223372036854775808", "''", "'a'", "'it''s'", "''''",
		"'a' || char(0) || 'b'", "char(0)", "CAST(X'FF' AS TEXT)", "'caf\xc3\xa9\n'", "X''", "X'00ff'", "zeroblob(9)",
		"1.0", "0.1", "-1.5", "1e22", "1e300", "123456.789", "1e15", "1e-5", "0.0",
	};

	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		char *a = answer(ours, expressions[i]), *b = answer(theirs, expressions[i]);

		ck_assert_str_eq(a, b);
		free(a);
		free(b);
	}
}
END_TEST

static void is_written(double value, const char *expected)
{
	char text[QUOTE_REAL_SIZE];

	quote_real(value, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(reals_are_written_as_people_would)
{
	is_written(0.0, "0.0");
	is_written(-0.0, "-0.0");
	is_written(1.0, "1.0");
	is_written(-100.0, "-100.0");
	is_written(0.1, "0.1");
	is_written(0.30000000000000004, "0.30000000000000004");
	is_written(1e22, "1.0e+22");
	is_written(-1.5e-7, "-1.5e-07");
	is_written(9007199254740992.0, "9007199254740992.0");
	is_written(1.7976931348623157e308, "1.7976931348623157e+308");
	is_written(5e-324, "4.94065645841247e-324");
	is_written((double)INFINITY, "9.0e+999");
	is_written(-(double)INFINITY, "-9.0e+999");
}
END_TEST

START_TEST(a_real_is_told_from_its_neighbours)
{
	uint64_t bits = 20261122;
	char text[QUOTE_REAL_SIZE];
	double value;

	for (int i = 0; i < 200000; i++) {
		bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		quote_real(value, text);
		if (strtod(text, NULL) != value)
			ck_abort_msg("%.17g is written as %s", value, text);
	}
}
END_TEST

/* Between 1e-9 and 1e9 also SQLite 3.40 reads what it is given. */
START_TEST(sqlite_reads_back_what_is_written)
{
	uint64_t bits = 20261122;
	char text[QUOTE_REAL_SIZE];
	sqlite3_stmt *stmt;

	ck_assert_int_eq(sqlite3_prepare_v2(ours, "SELECT CAST(? AS REAL)", -1, &stmt, NULL), SQLITE_OK);
	for (int i = 0; i < 100000; i++) {
		double value;

		bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		value = ldexp((double)(bits >> 11), (int)(bits & 63) - 85);
		quote_real(value, text);
		(void)sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
		if (sqlite3_step(stmt) != SQLITE_ROW || sqlite3_column_double(stmt, 0) != value)
			ck_abort_msg("%s becomes %.17g", text, sqlite3_column_double(stmt, 0));
		(void)sqlite3_reset(stmt);
	}
	(void)sqlite3_finalize(stmt);
}
END_TEST

UNIT_CASE(quote)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_but_reals_are_quoted_as_sqlite_does);
	tcase_add_test(tc, reals_are_written_as_people_would);
	tcase_add_test(tc, a_real_is_told_from_its_neighbours);
	tcase_add_test(tc, sqlite_reads_back_what_is_written);
}

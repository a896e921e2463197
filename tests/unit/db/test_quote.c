#include "db/quote.h"

#include <math.h>
#include <stdio.h>
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
		"1.0", "0.1", "-1.5", "1e22", "123456.789", "1e15", "1e-5", "0.0",
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
	is_written(1e60, "1.0e+60");
	is_written(1e-60, "1.0e-60");
	/* 15 digits would do, but not for every SQLite. */
	is_written(1e100, "5147557589468029*1.6069380442589903e+60*1.2089258196146292e+24");
	is_written(-1e-100, "-7880401239278896/1.6069380442589903e+60/4.9039857307708443e+55");
	is_written(19.99, "19.99");
	is_written((double)INFINITY, "9.0e+999");
	is_written(-(double)INFINITY, "-9.0e+999");
}
END_TEST

static uint64_t next_bits(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state ^ *state >> 29;
}

/* Read as SQL, where a quotient is one, by the SQLite of this machine. */
static void is_read_back(double value)
{
	char text[QUOTE_REAL_SIZE], sql[QUOTE_REAL_SIZE + 10];
	sqlite3_stmt *stmt;
	double back;

	quote_real(value, text);
	(void)snprintf(sql, sizeof(sql), "SELECT %s", text);
	ck_assert_int_eq(sqlite3_prepare_v2(ours, sql, -1, &stmt, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_type(stmt, 0), SQLITE_FLOAT);
	back = sqlite3_column_double(stmt, 0);
	if (memcmp(&back, &value, sizeof(value)) != 0)
		ck_abort_msg("%.17g is written as %s and read as %.17g", value, text, back);
	(void)sqlite3_finalize(stmt);
}

START_TEST(any_real_is_read_back)
{
	uint64_t state = 20261122;

	is_read_back(-0.0);
	is_read_back(5e-324);
	is_read_back(-1.7976931348623157e308);
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = next_bits(&state);
		double value;

		if (i % 10 == 0)
			bits &= UINT64_C(0x8007ffffffffffff);   /* denormal */
		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value) && value != 0)
			is_read_back(value);
	}
}
END_TEST

/* What people write, of which SQLite 3.40 misreads one in 5,000. */
START_TEST(decimals_of_15_digits_are_read_back)
{
	uint64_t state = 7;
	char text[64];

	for (int i = 0; i < 100000; i++) {
		uint64_t bits = next_bits(&state);
		int exponent = i % 2 == 0 ? -(i % 22) : i % 500 - 250;

		(void)snprintf(text, sizeof(text), "%llue%d", (unsigned long long)(bits % 1000000000000000), exponent);
		is_read_back(strtod(text, NULL));
	}
}
END_TEST

UNIT_CASE(quote)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_but_reals_are_quoted_as_sqlite_does);
	tcase_add_test(tc, reals_are_written_as_people_would);
	tcase_add_test(tc, any_real_is_read_back);
	tcase_add_test(tc, decimals_of_15_digits_are_read_back);
}

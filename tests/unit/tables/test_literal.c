#include "tables/literal.h"

#include <string.h>

#include "tests/unit/unit.h"

/* How much of `text` is a literal. */
static size_t length(const char *text)
{
	return literal_length(text, text + strlen(text));
}

static void is_whole(const char *text)
{
	ck_assert_msg(length(text) == strlen(text), "%s", text);
}

static void is_none(const char *text)
{
	ck_assert_msg(length(text) == 0, "%s", text);
}

START_TEST(knows_every_form)
{
	static const char *const forms[] = {
		"NULL", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.0",
		"-0.5", "1.5e+300", "1e10", "2E-7", "9.0e+999", "-9.0e+999", "Inf", "-Inf", "''",
		"'a'", "''''", "'it''s'", "'\n'", "'(,)'", "X''", "X'00FF'",
		"CAST(X'' AS TEXT)", "CAST(X'61' AS TEXT)", "-1/2.5e+10/3", "R1p0", "R-12p-34",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		is_whole(forms[i]);
}
END_TEST

START_TEST(refuses_what_is_none)
{
	static const char *const texts[] = {
		"", " 1", "+1", "-", "--1", "- 1", ".5", "1.", "1.e5", "1e", "1e+", "-X'00'", "e5",
		"null", "Null", "NUL", "inf", "NaN", "x'00'", "X'0'", "X'0G'", "X'00", "X\"00\"",
		"X'ab'", "'a", "'a''", "'", "\"a\"", "CAST", "CAST(", "CAST(X'61' AS BLOB)",
		"CAST(X'6' AS TEXT)", "CAST(X'61' as TEXT)", "CAST('a' AS TEXT)", "CAST(X'61' AS TEXT",
		"cast(X'61' AS TEXT)", "(1)", "TRUE", "?", "unistr('a')",
		"1/", "1/2", "1/2/", "1/0.0", "1/2.0/0", "9223372036854775808", "-9223372036854775809", "12345678901234567890123", "1/-2/2", "1*", "1*2/3",  "R", "R1", "Rp1", "R1p", "R1.5p1", "R1p+1", "\xc3\xa9",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is_none(texts[i]);
}
END_TEST

START_TEST(ends_where_the_literal_does)
{
	ck_assert_uint_eq(length("1,2"), 1);
	ck_assert_uint_eq(length("12abc"), 2);
	ck_assert_uint_eq(length("0x10"), 1);
	ck_assert_uint_eq(length("'a','b'"), 3);
	ck_assert_uint_eq(length("X'00');DROP"), 5);
	ck_assert_uint_eq(length("Infinity"), 3);
	ck_assert_uint_eq(length("NULLIF(1,1)"), 4);
}
END_TEST

START_TEST(never_looks_behind_the_end)
{
	const char *text = "'abc'";

	for (size_t len = 0; len < 5; len++)
		ck_assert_uint_eq(literal_length(text, text + len), 0);
	ck_assert_uint_eq(literal_length(text, text + 5), 5);
}
END_TEST

START_TEST(refuses_a_text_with_a_nul)
{
	const char text[] = "'a\0b'";

	ck_assert_uint_eq(literal_length(text, text + sizeof(text) - 1), 0);
}
END_TEST

static void canonical(const char *literal, const char *expected)
{
	AUTO_BUF got = BUF_INIT(1000);

	ck_assert_int_eq(literal_add_canonical(&got, literal, strlen(literal), NULL), 0);
	ck_assert_str_eq(buf_str(&got), expected);
}

START_TEST(has_one_spelling_for_each_value)
{
	canonical("Inf", "9.0e+999");
	canonical("-Inf", "-9.0e+999");
	canonical("9.0e+999", "9.0e+999");
	canonical("NULL", "NULL");
	canonical("0.30000000000000004441", "0.30000000000000004");
	canonical("3.0000000000000004441e-01", "0.30000000000000004");
	canonical("-1.50", "-1.5");
	canonical("R6917529027641081856p-62", "1.5");
	canonical("R-1152921504606846976p-1134", "-4503599627370496/1.6069380442589903e+60/1.6069380442589903e+60/1.6069380442589903e+60"
	    "/1.6069380442589903e+60/1.6069380442589903e+60/8.5070591730234616e+37");
	canonical("1e100", "5147557589468029*1.6069380442589903e+60*1.2089258196146292e+24");
	canonical("5147557589468029*1.6069380442589903e+60*1.2089258196146292e+24", "5147557589468029*1.6069380442589903e+60*1.2089258196146292e+24");
	canonical("R1p99999", "9.0e+999");
	canonical("-12", "-12");
	canonical("'it''s'", "'it''s'");
	canonical("'\xc3\xa9'", "'\xc3\xa9'");
	canonical("X'C3'", "X'C3'");
	canonical("CAST(X'C3A9' AS TEXT)", "'\xc3\xa9'");
	canonical("CAST(X'2727' AS TEXT)", "''''''");
	canonical("CAST(X'' AS TEXT)", "''");
	canonical("CAST(X'610062' AS TEXT)", "CAST(X'610062' AS TEXT)");
	canonical("CAST(X'FF' AS TEXT)", "CAST(X'FF' AS TEXT)");
	canonical("'a\xff''b'", "CAST(X'61FF2762' AS TEXT)");
	canonical("'\xed\xa0\x80'", "CAST(X'EDA080' AS TEXT)");
	canonical("'\xc0\xaf'", "CAST(X'C0AF' AS TEXT)");
	/* The sqlite3 shell makes LF of CR LF. */
	canonical("'a\r\nb'", "CAST(X'610D0A62' AS TEXT)");
	canonical("'a\rb\n'", "'a\rb\n'");
}
END_TEST

static void bytes_are(const char *literal, const char *expected, size_t len, bool text)
{
	AUTO_BUF got = BUF_INIT(1000);
	bool is_text;

	ck_assert(literal_bytes(literal, strlen(literal), &got, &is_text));
	ck_assert_uint_eq(got.len, len);
	ck_assert_mem_eq(buf_str(&got), expected, len);
	ck_assert(is_text == text);
}

START_TEST(gives_back_the_bytes)
{
	bool is_text;
	AUTO_BUF none = BUF_INIT(10);

	bytes_are("''", "", 0, true);
	bytes_are("'it''s'", "it's", 4, true);
	bytes_are("''''''", "''", 2, true);
	bytes_are("X''", "", 0, false);
	bytes_are("X'00FF27'", "\0\xff'", 3, false);
	bytes_are("CAST(X'6100' AS TEXT)", "a\0", 2, true);
	ck_assert(!literal_bytes("NULL", 4, &none, &is_text));
	ck_assert(!literal_bytes("12", 2, &none, &is_text));
}
END_TEST

START_TEST(quotes_names)
{
	AUTO_BUF name = BUF_INIT(100);

	ck_assert_int_eq(literal_add_name(&name, "a\"b'c d", NULL), 0);
	ck_assert_str_eq(buf_str(&name), "\"a\"\"b'c d\"");
	buf_reset(&name);
	ck_assert_int_eq(literal_add_name(&name, "", NULL), 0);
	ck_assert_str_eq(buf_str(&name), "\"\"");
}
END_TEST

UNIT_CASE(literal)
{
	tcase_add_test(tc, knows_every_form);
	tcase_add_test(tc, refuses_what_is_none);
	tcase_add_test(tc, ends_where_the_literal_does);
	tcase_add_test(tc, never_looks_behind_the_end);
	tcase_add_test(tc, refuses_a_text_with_a_nul);
	tcase_add_test(tc, has_one_spelling_for_each_value);
	tcase_add_test(tc, gives_back_the_bytes);
	tcase_add_test(tc, quotes_names);
}

#include "base/printable.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static void shows(const char *text, const char *expected)
{
	char copy[64];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	ck_assert_str_eq(printable(copy), expected);
}

START_TEST(what_a_terminal_obeys_becomes_blank)
{
	shows("a\x1b[31mred\x7f\r\n\tb", "a [31mred    b");
	shows("a\xe2\x80\xae""cba\xe2\x81\xa6 \xe2\x80\xa6", "a   cba    \xe2\x80\xa6");
	shows("\xe2\x80", "\xe2\x80");
	shows("c1 \xc2\x9b""31m \xc2\x80", "c1   31m   ");
}
END_TEST

START_TEST(text_of_any_language_stays)
{
	shows("Müller \xc2\xa0 東京 🧾", "Müller \xc2\xa0 東京 🧾");
	shows("cut \xc2", "cut \xc2");
	shows("", "");
}
END_TEST

UNIT_CASE(printable)
{
	tcase_add_test(tc, what_a_terminal_obeys_becomes_blank);
	tcase_add_test(tc, text_of_any_language_stays);
}

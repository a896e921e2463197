#include "setup/jsonc.h"

#include <string.h>

#include "base/json.h"
#include "tests/unit/unit.h"

static void check(const char *text, const char *expected)
{
	char copy[256];
	size_t len = strlen(text);

	memcpy(copy, text, len + 1);
	jsonc_strip(copy, len);
	ck_assert_str_eq(copy, expected);
}

START_TEST(comments_become_blanks)
{
	check("{ // a }\n\"b\": 1 }", "{       \n\"b\": 1 }");
	check("{ /* \"x\n */ \"b\": 1 }", "{      \n    \"b\": 1 }");
	check("[1/**/,2]", "[1    ,2]");
	check("// no end", "         ");
	check("/* no end", "         ");
	check("/*/ still inside */ 1", "                    1");
}
END_TEST

START_TEST(strings_stay)
{
	check("{\"a\":\"http://x/*y*/\"}", "{\"a\":\"http://x/*y*/\"}");
	check("[\"a\\\"//b\", \",]\"]", "[\"a\\\"//b\", \",]\"]");
	check("[\"\\\\\"] // c", "[\"\\\\\"]     ");
	check("\"no end //", "\"no end //");
	check("\"ends with \\", "\"ends with \\");
}
END_TEST

START_TEST(commas_at_the_end_go)
{
	check("[1,2,]", "[1,2 ]");
	check("{\"a\":1,\n}", "{\"a\":1 \n}");
	check("[1, /* c */ ]", "[1          ]");
	check("[1,,2]", "[1,,2]");   /* no JSON in any dialect */
	check(",", ",");
}
END_TEST

START_TEST(a_byte_order_mark_goes)
{
	check("\xef\xbb\xbf{}", "   {}");
	check("", "");
	check("\xef\xbb", "\xef\xbb");
}
END_TEST

UNIT_CASE(jsonc)
{
	tcase_add_test(tc, comments_become_blanks);
	tcase_add_test(tc, strings_stay);
	tcase_add_test(tc, commas_at_the_end_go);
	tcase_add_test(tc, a_byte_order_mark_goes);
}

#include "daemon/lines.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static void note(void *ctx, const char *line, size_t len, bool cut)
{
	char *text = ctx;

	ck_assert_uint_eq(strlen(line), len);
	(void)sprintf(text + strlen(text), "[%s%s]", line, cut ? "…" : "");
}

static const struct {
	const char *in, *out;
} cases[] = {
	{ "", "" },
	{ "one\n", "[one]" },
	{ "one\ntwo\n", "[one][two]" },
	{ "one\n\ntwo", "[one][][two]" },
	{ "12345678\n", "[12345678]" },
	{ "123456789\n", "[12345678…]" },
	{ "123456789abcdef\nshort\n", "[12345678…][short]" },
	{ "123456789", "[12345678…]" },
};

/* Whatever the pieces they come in. */
START_TEST(lines_come_out_whole)
{
	size_t len = strlen(cases[_i].in);

	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct lines lines;
		char text[128] = "";

		lines_init(&lines, 8, note, text);
		for (size_t at = 0; at < len; at += piece)
			lines_feed(&lines, cases[_i].in + at, len - at < piece ? len - at : piece);
		lines_finish(&lines);
		ck_assert_str_eq(text, cases[_i].out);
		lines_release(&lines);
	}
}
END_TEST

UNIT_CASE(lines)
{
	tcase_add_loop_test(tc, lines_come_out_whole, 0, sizeof(cases) / sizeof(cases[0]));
}

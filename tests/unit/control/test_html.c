#include "control/html.h"

#include <string.h>

#include "base/mem.h"
#include "control/metrics.h"
#include "control/page.h"
#include "tests/unit/unit.h"

static const struct { const char *text, *html; } texts[] = {
	{ "production/auth", "production/auth" },
	{ "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "\" onclick='x' &amp;", "&quot; onclick=&#39;x&#39; &amp;amp;" },
	{ "a\nb\x1b[31mc", "a b [31mc" },
	{ "\xe2\x80\xae" "gpj.exe", "   gpj.exe" },
	{ "K\xc3\xb6ln", "K\xc3\xb6ln" },
	{ "a\xff" "b", "a\xef\xbf\xbd" "b" },
	{ "", "" },
};

START_TEST(text_is_text)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO_BUF buf = BUF_INIT(4096);

		html_text(&buf, texts[i].text);
		ck_assert_str_eq(buf_str(&buf), texts[i].html);
	}
}
END_TEST

START_TEST(a_link_carries_any_name)
{
	AUTO_BUF buf = BUF_INIT(4096);

	html_query(&buf, "a/b&c=\"d\" +%\xc3\xa4#");
	ck_assert_str_eq(buf_str(&buf), "a/b%26c%3D%22d%22%20%2B%25%C3%A4%23");
}
END_TEST

START_TEST(moments)
{
	AUTO_BUF buf = BUF_INIT(4096);

	html_when(&buf, 1795832220, 1795832220 + 3 * 3600, "UTC");
	html_put(&buf, " ");
	html_when(&buf, 1795832220, 1795832220 - 3 * 3600, "UTC");
	html_put(&buf, " ");
	html_when(&buf, 0, 1795832220, "UTC");
	ck_assert_str_eq(buf_str(&buf),
	    "<time datetime=\"2026-11-28T02:17:00Z\" title=\"2026-11-28 02:17 UTC\">3 h ago</time> "
	    "<time datetime=\"2026-11-28T02:17:00Z\" title=\"2026-11-28 02:17 UTC\">in 3 h</time> "
	    "<span class=\"none\">–</span>");
}
END_TEST

START_TEST(labels_of_figures)
{
	static const char name[] = "a\"b\\c\nd\xc3\xa4";
	AUTO_BUF buf = BUF_INIT(4096);

	metrics_label(&buf, "database", name, strlen(name));
	ck_assert_str_eq(buf_str(&buf), "database=\"a\\\"b\\\\c\\nd\xc3\xa4\"");
}
END_TEST

START_TEST(the_policy_lets_nothing_in)
{
	AUTO_STR csp = page_csp();

	ck_assert_ptr_nonnull(strstr(csp, "default-src 'none'"));
	ck_assert_ptr_nonnull(strstr(csp, "frame-ancestors 'none'"));
	ck_assert_ptr_null(strstr(csp, "unsafe"));
	ck_assert_ptr_null(strstr(style_css, "</"));
	ck_assert_ptr_null(strstr(style_css, "url("));
	ck_assert_ptr_null(strstr(style_css, "@import"));
}
END_TEST

START_TEST(a_name_before_a_message_goes_without_saying)
{
	ck_assert_str_eq(page_without_name("a/b: it broke", "a/b"), "it broke");
	ck_assert_str_eq(page_without_name("a/bc: it broke", "a/b"), "a/bc: it broke");
	ck_assert_str_eq(page_without_name("it broke", "a/b"), "it broke");
}
END_TEST

UNIT_CASE(html)
{
	tcase_add_test(tc, text_is_text);
	tcase_add_test(tc, a_link_carries_any_name);
	tcase_add_test(tc, moments);
	tcase_add_test(tc, labels_of_figures);
	tcase_add_test(tc, the_policy_lets_nothing_in);
	tcase_add_test(tc, a_name_before_a_message_goes_without_saying);
}

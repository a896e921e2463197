#include "net/url.h"

#include <string.h>

#include "tests/unit/unit.h"

START_TEST(takes_endpoints_apart)
{
	static const struct {
		const char *text, *origin, *host, *path;
	} cases[] = {
		{ "https://a.example", "https://a.example", "a.example", "" },
		{ "https://a.example:443/", "https://a.example", "a.example", "" },
		{ "http://a.example:80/x/y/", "http://a.example", "a.example", "/x/y" },
		{ "http://127.0.0.1:8787/cdn-cgi/local/r2/s3", "http://127.0.0.1:8787",
		    "127.0.0.1:8787", "/cdn-cgi/local/r2/s3" },
		{ "https://[::1]:9000", "https://[::1]:9000", "[::1]:9000", "" },
		{ "HTTPS://a.example:80", "https://a.example:80", "a.example:80", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct url url;

		ck_assert_int_eq(url_parse(&url, cases[i].text, NULL), 0);
		ck_assert_str_eq(url.origin, cases[i].origin);
		ck_assert_str_eq(url.host, cases[i].host);
		ck_assert_str_eq(url.path, cases[i].path);
		url_release(&url);
	}
}
END_TEST

START_TEST(refuses_what_is_no_endpoint)
{
	static const char *const cases[] = {
		"", "a.example", "ftp://a.example", "file:///etc/passwd", "https://",
		"https://user:topsecret@a.example", "https://a.example?x=1", "https://a.example/#x",
		"https://a b.example", "https://a.example/\n", "https://m\xc3\xbcller.example",
		"https://a%80.example", "https://a%2541.example", "http:/%39/", "http://[fe80::1%25eth0]/",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct url url;

		ck_assert_msg(url_parse(&url, cases[i], &err) != 0, "\"%s\"", cases[i]);
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_ptr_null(strstr(err.msg, "topsecret"));
		url_release(&url);
	}
}
END_TEST

START_TEST(names_the_origin_alone)
{
	char origin[64];

	url_origin("https://u:p@a.example:8443/path?token=1", origin, sizeof(origin));
	ck_assert_str_eq(origin, "https://a.example:8443");
	url_origin("https://a%9b.example/", origin, sizeof(origin));
	ck_assert_str_eq(origin, "?");
	url_origin("not a url", origin, sizeof(origin));
	ck_assert_str_eq(origin, "?");
}
END_TEST

UNIT_CASE(url)
{
	tcase_add_test(tc, takes_endpoints_apart);
	tcase_add_test(tc, refuses_what_is_no_endpoint);
	tcase_add_test(tc, names_the_origin_alone);
}

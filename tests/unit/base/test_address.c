#include "base/address.h"

#include <netinet/in.h>
#include <string.h>

#include "tests/unit/unit.h"

static bool parses(const char *text, struct address *ret)
{
	struct err err = ERR_INIT;

	if (address_parse(text, ret, &err) == 0)
		return true;
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.hint, "127.0.0.1:8417"));
	return false;
}

START_TEST(an_address_is_numbers)
{
	static const char *const bad[] = {
		"", ":", "8417", "127.0.0.1", "127.0.0.1:", ":8417", "localhost:8417", "127.0.0.1:65536",
		"127.0.0.1:-1", "127.0.0.1: 1", "127.0.0.1:1x", "127.1:1", "::1:8417", "[::1]", "[::1]:",
		"[]:1", "[127.0.0.1]:1", "[::1:8417", "127.0.0.1:000001",
	};
	struct address address;

	ck_assert(parses("127.0.0.1:8417", &address));
	ck_assert_int_eq(ntohs(((struct sockaddr_in *)&address.storage)->sin_port), 8417);
	ck_assert(parses("[::1]:0", &address));
	ck_assert_int_eq(address.storage.ss_family, AF_INET6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!parses(bad[i], &address), "%s", bad[i]);
}
END_TEST

START_TEST(loopback_is_this_machine_alone)
{
	static const struct { const char *text; bool loopback; } cases[] = {
		{ "127.0.0.1:1", true }, { "127.255.0.9:1", true }, { "[::1]:1", true },
		{ "[::ffff:127.0.0.1]:1", true }, { "0.0.0.0:1", false }, { "[::]:1", false },
		{ "192.168.1.2:1", false }, { "128.0.0.1:1", false }, { "[::ffff:10.0.0.1]:1", false },
	};
	struct address address;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(parses(cases[i].text, &address));
		ck_assert_msg(address_is_loopback((struct sockaddr *)&address.storage) == cases[i].loopback,
		    "%s", cases[i].text);
	}
}
END_TEST

START_TEST(a_host_header_is_ours_or_not)
{
	static const char *const ours[] = {
		"localhost", "LocalHost:8417", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8417",
	};
	static const char *const others[] = {
		"", "evil.example", "evil.example:8417", "localhost.evil.example", "127.0.0.1.evil.example",
		"localhost:8417:1", "localhost:", "127.1", "2130706433", "0.0.0.0", "[::1", "[::1]x", "::1",
		"[::2]", "localhost ", "10.0.0.1:8417", "localhost:99999",
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		ck_assert_msg(address_host_is_loopback(ours[i]), "%s", ours[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!address_host_is_loopback(others[i]), "%s", others[i]);
}
END_TEST

UNIT_CASE(address)
{
	tcase_add_test(tc, an_address_is_numbers);
	tcase_add_test(tc, loopback_is_this_machine_alone);
	tcase_add_test(tc, a_host_header_is_ours_or_not);
}

#include "net/retry.h"

#include <string.h>

#include "tests/unit/unit.h"

START_TEST(backs_off_with_full_jitter)
{
	/* The largest random number modulo the ceiling + 1 that gives the
	 * ceiling itself. */
	ck_assert_int_eq(retry_delay_ms(1, 0), 0);
	ck_assert_int_eq(retry_delay_ms(1, 500), 500);
	ck_assert_int_eq(retry_delay_ms(1, 501), 0);
	ck_assert_int_eq(retry_delay_ms(2, 1000), 1000);
	ck_assert_int_eq(retry_delay_ms(3, 2000), 2000);
	ck_assert_int_eq(retry_delay_ms(7, 30000), 30000);
	ck_assert_int_eq(retry_delay_ms(4000000000u, 30000), 30000);
	for (unsigned tries = 1; tries < 20; tries++) {
		for (uint32_t r = 0; r < 100; r++) {
			int64_t delay = retry_delay_ms(tries, r * 42949673u);

			ck_assert_int_ge(delay, 0);
			ck_assert_int_le(delay, RETRY_MAX_MS);
		}
	}
}
END_TEST

START_TEST(reads_retry_after)
{
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = {
		{ "", -1 }, { "0", 0 }, { "7", 7000 }, { "120 ", 120000 },
		{ "86400", 86400000 }, { "86401", 86400000 },
		{ "99999999999999999999", 86400000 },
		{ "-5", -1 }, { "+5", -1 }, { "1.5", -1 }, { "soon", -1 }, { "5 minutes", -1 },
		/* 784111777 is the example of RFC 9110. */
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 7000 },
		{ "Sunday, 06-Nov-94 08:49:47 GMT", 17000 },
		{ "Sun Nov  6 08:50:00 1994", 30000 },
		{ "Sun, 06 Nov 1994 08:49:00 GMT", 0 },
		{ "Sun, 06 Nov 2094 08:49:37 GMT", 86400000 },
		{ "1994-11-06", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(retry_after_ms(cases[i].value, 784111770) == cases[i].ms,
		    "\"%s\" gave %lld", cases[i].value,
		    (long long)retry_after_ms(cases[i].value, 784111770));
}
END_TEST

START_TEST(knows_transient_statuses)
{
	static const int yes[] = { 408, 429, 500, 502, 503, 504, 520, 522, 524, 529 };
	static const int no[] = { 200, 202, 301, 400, 401, 403, 404, 409, 412, 501, 505, 519, 530 };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert(retry_status(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert(!retry_status(no[i]));
}
END_TEST

START_TEST(remembers_each_distinct_failure)
{
	struct retry_log log = { 0 };
	char text[128], little[10];

	retry_log_add(&log, "HTTP 503");
	retry_log_add(&log, "connection refused");
	retry_log_add(&log, "HTTP 503");
	retry_log_format(&log, text, sizeof(text));
	ck_assert_str_eq(text, "HTTP 503 (2 times), connection refused");
	retry_log_format(&log, little, sizeof(little));
	ck_assert_uint_lt(strlen(little), sizeof(little));
	for (char c[] = "a"; c[0] <= 'z'; c[0]++)
		retry_log_add(&log, c);
	ck_assert_uint_eq(log.count, RETRY_LOG_KINDS);
	retry_log_format(&log, text, sizeof(text));
}
END_TEST

UNIT_CASE(retry)
{
	tcase_add_test(tc, backs_off_with_full_jitter);
	tcase_add_test(tc, reads_retry_after);
	tcase_add_test(tc, knows_transient_statuses);
	tcase_add_test(tc, remembers_each_distinct_failure);
}

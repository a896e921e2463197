#include "notify/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define NOW 1795313820
#define BODY "{\"event\":\"failure\",\"id\":\"d1\",\"message\":\"so\"}"
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct {
	struct fake_clock clock;
	struct server *server;
	struct notice notice;
	char *url;
	struct err err;
} t;

static void setup(void)
{
	memset(&t, 0, sizeof(t));
	fake_clock_init(&t.clock, INT64_C(1000) * NOW);
	ck_assert_int_eq(notice_read(&t.notice, BODY, strlen(BODY), NULL), 0);
}

static void teardown(void)
{
	notice_release(&t.notice);
	if (t.server != NULL)
		server_stop(t.server);
	free(t.url);
}

static struct webhook hook_to(const char *const *answers)
{
	t.server = server_start(answers);
	t.url = mem_printf("%s/sesame?open=1", server_url(t.server));
	return (struct webhook){ .url = t.url, .clock = &t.clock.clock };
}

/* Neither the path nor the host. */
static void assert_says(const char *part)
{
	ck_assert_msg(strstr(t.err.msg, part) != NULL, "%s", t.err.msg);
	ck_assert_ptr_null(strstr(t.err.msg, "sesame"));
	ck_assert_ptr_null(strstr(t.err.msg, "127.0.0.1"));
}

START_TEST(posts_and_signs)
{
	static const char *const answers[] = { OK_ANSWER, NULL };
	struct webhook hook = hook_to(answers);
	struct secret key = { 0 };
	unsigned char mac[SHA256_BYTES];
	char line[128], hex[SHA256_HEX_SIZE];
	const char *request;

	secret_set(&key, "hush", 4);
	hook.key = &key;
	ck_assert_int_eq(webhook_post(&hook, &t.notice, &t.err), 0);
	request = server_request(t.server, 0);
	ck_assert_ptr_eq(strstr(request, "POST /sesame?open=1 HTTP/1.1\r\n"), request);
	ck_assert_ptr_nonnull(strstr(request, "\r\nContent-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nUser-Agent: d1keep/"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nX-D1keep-Event: failure\r\n"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nX-D1keep-Delivery: d1\r\n"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nX-D1keep-Timestamp: 1795313820\r\n"));
	hmac_sha256("hush", 4, "1795313820." BODY, strlen("1795313820." BODY), mac);
	hex_encode(mac, sizeof(mac), hex);
	(void)snprintf(line, sizeof(line), "\r\nX-D1keep-Signature: sha256=%s\r\n", hex);
	ck_assert_ptr_nonnull(strstr(request, line));
	ck_assert_ptr_nonnull(strstr(request, "\r\n\r\n" BODY));
	secret_release(&key);
}
END_TEST

START_TEST(an_unsigned_one_has_no_signature)
{
	static const char *const answers[] = { "HTTP/1.1 204 No Content\r\n\r\n", NULL };
	struct webhook hook = hook_to(answers);

	ck_assert_int_eq(webhook_post(&hook, &t.notice, &t.err), 0);
	ck_assert_ptr_null(strstr(server_request(t.server, 0), "Signature"));
	ck_assert_ptr_nonnull(strstr(server_request(t.server, 0), "X-D1keep-Timestamp"));
}
END_TEST

START_TEST(pings)
{
	static const char *const answers[] = { OK_ANSWER, NULL };
	struct webhook hook = hook_to(answers);

	ck_assert_int_eq(webhook_ping(&hook, &t.err), 0);
	ck_assert_ptr_eq(strstr(server_request(t.server, 0), "GET /sesame?open=1 "),
	    server_request(t.server, 0));
}
END_TEST

#define UNWELL "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"

/* The time stands in what is signed, so each try is signed anew. */
START_TEST(tries_again_a_few_times)
{
	static const char *const answers[] = { UNWELL, SERVER_CUT, OK_ANSWER, NULL };
	struct webhook hook = hook_to(answers);

	ck_assert_int_eq(webhook_post(&hook, &t.notice, &t.err), 0);
	ck_assert_uint_eq(server_requests(t.server), 3);
}
END_TEST

static const struct {
	const char *answer;
	const char *says;
	size_t requests;
	enum err_code code;
} failures[] = {
	{ UNWELL, "answered HTTP 500", 3, ERR_AGAIN },
	{ "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "answered HTTP 404", 1, ERR_FAILED },
	{ "HTTP/1.1 302 There\r\nLocation: {url}/other\r\nContent-Length: 0\r\n\r\n", "answered HTTP 302", 1,
	  ERR_FAILED },
	{ "HTTP/1.1 429 Slow\r\nRetry-After: 200\r\nContent-Length: 0\r\n\r\n", "answered HTTP 429", 1, ERR_AGAIN },
	{ SERVER_CUT, "no good answer from the server", 3, ERR_AGAIN },
};

START_TEST(says_what_came_of_it)
{
	const char *answers[] = { failures[_i].answer, NULL };
	struct webhook hook = hook_to(answers);

	ck_assert_int_eq(webhook_post(&hook, &t.notice, &t.err), -1);
	assert_says(failures[_i].says);
	ck_assert_int_eq(t.err.code, failures[_i].code);
	ck_assert_uint_eq(server_requests(t.server), failures[_i].requests);
}
END_TEST

START_TEST(nobody_there)
{
	AUTO_STR url = mem_printf("%s/sesame", closed_port_url());
	struct webhook hook = { .url = url, .clock = &t.clock.clock };

	ck_assert_int_eq(webhook_post(&hook, &t.notice, &t.err), -1);
	assert_says("cannot reach the server");
	hook.url = "ftp://127.0.0.1/sesame";
	ck_assert_int_eq(webhook_post(&hook, &t.notice, &t.err), -1);
	assert_says("does not begin with https://");
	hook.url = "https:///sesame";
	ck_assert_int_eq(webhook_ping(&hook, &t.err), -1);
	assert_says("not an address");
}
END_TEST

UNIT_CASE(webhook)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, posts_and_signs);
	tcase_add_test(tc, an_unsigned_one_has_no_signature);
	tcase_add_test(tc, pings);
	tcase_add_test(tc, tries_again_a_few_times);
	tcase_add_loop_test(tc, says_what_came_of_it, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, nobody_there);
}

#include "net/http.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "base/budget.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define KEPT "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"
#define FAILED_500 "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
#define NOW_S INT64_C(784111770)

static struct fake_clock fake;

static void setup(void)
{
	fake_clock_init(&fake, NOW_S * 1000);
}

static struct http_request get(const char *url)
{
	return (struct http_request){
		.method = "GET", .url = url, .repeatable = true, .max_answer_bytes = 1000,
	};
}

/* One GET with these answers; returns the tries it took, or 0 when it failed. */
static unsigned tries_of(const char *const *answers, unsigned retries, struct err *err)
{
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, retries, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;
	unsigned tries = 0;

	if (http_do(http, &request, &response, err) == 0)
		tries = response.tries;
	http_response_release(&response);
	http_free(http);
	server_stop(s);
	return tries;
}

START_TEST(returns_what_came)
{
	static const char *const answers[] = {
		"HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"ETag: \"abc\"\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnope", NULL };
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 3, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;
	int64_t skew = 0;

	ck_assert(!http_clock_skew(http, &skew));
	request.headers[0] = "X-Test: yes";
	ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
	ck_assert_int_eq(response.status, 404);
	ck_assert_str_eq(buf_str(&response.body), "nope");
	ck_assert_str_eq(response.etag, "\"abc\"");
	ck_assert_str_eq(response.content_type, "text/plain");
	ck_assert_int_eq(response.content_length, 4);
	ck_assert_int_eq(response.date, 784111777);
	ck_assert_int_eq(response.retry_after_ms, -1);
	ck_assert_uint_eq(response.tries, 1);
	ck_assert(http_clock_skew(http, &skew));
	ck_assert_int_eq(skew, 7);
	ck_assert_ptr_nonnull(strstr(server_request(s, 0), "\r\nX-Test: yes\r\n"));
	ck_assert_ptr_nonnull(strstr(server_request(s, 0), "\r\nUser-Agent: d1keep/"));
	ck_assert_ptr_nonnull(strstr(server_request(s, 0), "\r\nAccept-Encoding: identity\r\n"));
	http_response_release(&response);
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(sends_a_body_plainly)
{
	static const char *const answers[] = { OK, NULL };
	static char big[300000];
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 0, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;

	memset(big, 'x', sizeof(big));
	request.method = "PUT";
	request.body = big;
	request.body_len = sizeof(big);
	ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
	http_response_release(&response);
	request.body_len = 0;
	ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
	http_response_release(&response);
	ck_assert_ptr_nonnull(strstr(server_request(s, 0), "PUT / HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(server_request(s, 0), "\r\nContent-Length: 300000\r\n"));
	ck_assert_ptr_nonnull(strstr(server_request(s, 1), "\r\nContent-Length: 0\r\n"));
	ck_assert_ptr_null(strstr(server_request(s, 0), "Expect"));
	ck_assert_ptr_null(strstr(server_request(s, 0), "Content-Type"));
	ck_assert_ptr_null(strstr(server_request(s, 0), "chunked"));
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(retries_500_twice)
{
	static const char *const answers[] = { FAILED_500, FAILED_500, OK, NULL };

	ck_assert_uint_eq(tries_of(answers, 5, NULL), 3);
	/* The fake chance is 499: modulo 501, then modulo 1001. */
	ck_assert_int_eq(fake.slept_ms, 499 + 499);
}
END_TEST

START_TEST(gives_up_in_the_end_and_says_why)
{
	static const char *const answers[] = { FAILED_500, SERVER_CUT, FAILED_500, NULL };
	struct err err = ERR_INIT;

	ck_assert_uint_eq(tries_of(answers, 3, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_ptr_nonnull(strstr(err.msg, "no good answer from http://127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(err.msg, "HTTP 500 (3 times), "));
	ck_assert_ptr_nonnull(strstr(err.msg, "closed without an answer"));
	ck_assert_ptr_nonnull(strstr(err.msg, "(4 tries)"));
}
END_TEST

START_TEST(waits_as_long_as_the_server_asks)
{
	static const char *const seconds[] = {
		"HTTP/1.1 429 Slow\r\nRetry-After: 77\r\nContent-Length: 0\r\n\r\n", OK, NULL };
	static const char *const date[] = {
		"HTTP/1.1 503 Slow\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\nContent-Length: 0\r\n\r\n", OK, NULL };

	ck_assert_uint_eq(tries_of(seconds, 1, NULL), 2);
	ck_assert_int_eq(fake.slept_ms, 77000);
	/* By the server's clock, not by ours, which is 7 s behind. */
	ck_assert_uint_eq(tries_of(date, 1, NULL), 2);
	ck_assert_int_eq(fake.slept_ms, 77000 + 30000);
}
END_TEST

START_TEST(does_not_wait_for_ever)
{
	static const char *const answers[] = {
		"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n", OK, NULL };
	struct err err = ERR_INIT;

	ck_assert_uint_eq(tries_of(answers, 5, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_ptr_nonnull(strstr(err.msg, "HTTP 429, and asks to wait 3600 s"));
	ck_assert_int_eq(fake.slept_ms, 0);
}
END_TEST

START_TEST(holds_the_whole_host_back_on_429)
{
	static const char *const answers[] = {
		"HTTP/1.1 429 Slow\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", NULL };
	struct server *s = server_start(answers);
	char path[256];
	struct budget *budget;
	struct http *http;
	struct http_request request = get(server_url(s));
	struct http_response response;

	(void)snprintf(path, sizeof(path), "%s/budget", unit_folder());
	budget = budget_open(path, 1200, 300000, &fake.clock, NULL);
	http = test_http(&fake, 0, budget);
	ck_assert_int_ne(http_do(http, &request, &response, NULL), 0);
	ck_assert_int_eq(fake.slept_ms, 0);
	ck_assert_int_eq(budget_spend(budget, NULL), 0);
	ck_assert_int_eq(fake.slept_ms, 60000);
	http_free(http);
	budget_close(budget);
	server_stop(s);
}
END_TEST

START_TEST(repeats_a_cut_answer)
{
	static const char *const length[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhel", OK, NULL };
	static const char *const chunks[] = {
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", OK, NULL };
	static const char *const head[] = { "HTTP/1.1 200 OK\r\nConte", OK, NULL };
	static const char *const nothing[] = { SERVER_CUT, OK, NULL };
	static const char *const not_http[] = { "SSH-2.0-OpenSSH\r\n", OK, NULL };

	ck_assert_uint_eq(tries_of(length, 3, NULL), 2);
	ck_assert_uint_eq(tries_of(chunks, 3, NULL), 2);
	ck_assert_uint_eq(tries_of(nothing, 3, NULL), 2);
	ck_assert_uint_eq(tries_of(not_http, 3, NULL), 2);
	(void)tries_of(head, 3, NULL);
}
END_TEST

static int do_once(const char *const *answers, bool repeatable, size_t *ret_requests,
    struct err *err)
{
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 3, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;
	int rc;

	request.method = "POST";
	request.body = "x";
	request.body_len = 1;
	request.repeatable = repeatable;
	rc = http_do(http, &request, &response, err);
	http_response_release(&response);
	*ret_requests = server_requests(s);
	http_free(http);
	server_stop(s);
	return rc;
}

START_TEST(does_not_repeat_what_may_be_done)
{
	static const char *const cut[] = { SERVER_CUT, OK, NULL };
	static const char *const failed[] = { FAILED_500, OK, NULL };
	static const char *const busy[] = {
		"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", OK, NULL };
	struct err err = ERR_INIT;
	size_t requests;

	ck_assert_int_ne(do_once(cut, false, &requests, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_ptr_nonnull(strstr(err.msg, "whether the request was carried out is not known"));
	ck_assert_uint_eq(requests, 1);
	ck_assert_int_ne(do_once(failed, false, &requests, &err), 0);
	ck_assert_uint_eq(requests, 1);
	ck_assert_int_eq(do_once(busy, false, &requests, &err), 0);
	ck_assert_uint_eq(requests, 3);
	ck_assert_int_eq(do_once(cut, true, &requests, &err), 0);
	ck_assert_uint_eq(requests, 2);
}
END_TEST

START_TEST(says_when_nobody_is_there)
{
	struct http *http = test_http(&fake, 2, NULL);
	struct http_request request = get(closed_port_url());
	struct http_response response;
	struct err err = ERR_INIT;
	char expected[128];

	request.repeatable = false;   /* never sent, so tried again all the same */
	ck_assert_int_ne(http_do(http, &request, &response, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	(void)snprintf(expected, sizeof(expected), "cannot reach %s: Connection refused (3 times)",
	    request.url);
	ck_assert_str_eq(err.msg, expected);
	ck_assert_uint_eq(fake.sleeps, 2);
	http_free(http);
}
END_TEST

START_TEST(bounds_an_answer)
{
	static const char *const long_body[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", NULL };
	struct server *s = server_start(long_body);
	struct http *http = test_http(&fake, 3, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;
	struct err err = ERR_INIT;

	request.max_answer_bytes = 5;
	ck_assert_int_ne(http_do(http, &request, &response, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_eq(server_requests(s), 1);
	request.max_answer_bytes = 6;
	ck_assert_int_eq(http_do(http, &request, &response, &err), 0);
	ck_assert_str_eq(buf_str(&response.body), "hello!");
	http_response_release(&response);
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(keeps_the_beginning_of_a_long_refusal)
{
	static char answer[HTTP_ERROR_BYTES * 2 + 100];
	static const char *const answers[] = { answer, NULL };
	int head = snprintf(answer, sizeof(answer), "HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n",
	    HTTP_ERROR_BYTES * 2);
	struct server *s;
	struct http *http = test_http(&fake, 0, NULL);
	struct http_request request;
	struct http_response response;

	memset(answer + head, 'x', HTTP_ERROR_BYTES * 2);
	s = server_start(answers);
	request = get(server_url(s));
	request.max_answer_bytes = 1;
	ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
	ck_assert_int_eq(response.status, 403);
	ck_assert_uint_gt(response.body.len, 0);
	ck_assert_uint_le(response.body.len, HTTP_ERROR_BYTES);
	http_response_release(&response);
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(bounds_the_headers)
{
	static char answer[600000];
	static const char *const answers[] = { answer, NULL };
	size_t n = (size_t)snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\n");
	struct err err = ERR_INIT;

	while (n < sizeof(answer) - 200)
		n += (size_t)snprintf(answer + n, 200, "X-Pad: %0100d\r\n", 1);
	ck_assert_uint_eq(tries_of(answers, 0, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
}
END_TEST

START_TEST(follows_no_redirect)
{
	static const char *const answers[] = {
		"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", OK, NULL };
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 0, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;

	ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
	ck_assert_int_eq(response.status, 302);
	http_response_release(&response);
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(refuses_bad_requests)
{
	static const char *const urls[] = {
		"file:///etc/passwd", "gopher://127.0.0.1/", "nonsense://x", "http://", "",
	};
	struct http *http = test_http(&fake, 3, NULL);

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct http_request request = get(urls[i]);
		struct http_response response;
		struct err err = ERR_INIT;

		ck_assert_int_ne(http_do(http, &request, &response, &err), 0);
		ck_assert_msg(err.code == ERR_FAILED, "\"%s\": %s", urls[i], err.msg);
	}
	for (int i = 0; i < 1; i++) {
		struct http_request request = get(closed_port_url());
		struct http_response response;
		struct err err = ERR_INIT;

		request.headers[0] = "Authorization: Bearer topsecret\r\nX-Evil: 1";
		ck_assert_int_ne(http_do(http, &request, &response, &err), 0);
		ck_assert_int_eq(err.code, ERR_FAILED);
		ck_assert_ptr_null(strstr(err.msg, "topsecret"));
	}
	http_free(http);
}
END_TEST

static enum http_verdict judge_body(void *ctx, const struct http_response *response)
{
	unsigned *asked = ctx;

	(*asked)++;
	if (strcmp(buf_str(&response->body), "later") == 0)
		return HTTP_AGAIN;
	return strcmp(buf_str(&response->body), "never") == 0 ? HTTP_FINAL : HTTP_BY_STATUS;
}

START_TEST(lets_the_judge_decide)
{
	static const char *const later[] = {
		"HTTP/1.1 400 No\r\nContent-Length: 5\r\n\r\nlater", OK, NULL };
	static const char *const never[] = {
		"HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nnever", OK, NULL };
	static const char *const always[] = {
		"HTTP/1.1 400 No\r\nContent-Length: 5\r\n\r\nlater", NULL };
	static const struct {
		const char *const *answers;
		int status;
		unsigned tries;
	} cases[] = { { later, 200, 2 }, { never, 500, 1 }, { always, 400, 4 } };

	for (size_t i = 0; i < 3; i++) {
		struct server *s = server_start(cases[i].answers);
		struct http *http = test_http(&fake, 3, NULL);
		struct http_request request = get(server_url(s));
		struct http_response response;
		unsigned asked = 0;

		request.judge = judge_body;
		request.judge_ctx = &asked;
		ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
		ck_assert_int_eq(response.status, cases[i].status);
		ck_assert_uint_eq(response.tries, cases[i].tries);
		ck_assert_uint_eq(asked, cases[i].tries);
		http_response_release(&response);
		http_free(http);
		server_stop(s);
	}
}
END_TEST

static int sign_with_count(void *ctx, struct http_request *request, struct err *err)
{
	unsigned *count = ctx;
	static char line[32];

	if (++*count == 3)
		return err_set(err, ERR_DENIED, "no third time");
	(void)snprintf(line, sizeof(line), "X-Try: %u", *count);
	request->headers[0] = line;
	return 0;
}

START_TEST(signs_every_try_anew)
{
	static const char *const answers[] = { FAILED_500, NULL };
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 5, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;
	struct err err = ERR_INIT;
	unsigned count = 0;

	request.sign = sign_with_count;
	request.sign_ctx = &count;
	ck_assert_int_ne(http_do(http, &request, &response, &err), 0);
	ck_assert_int_eq(err.code, ERR_DENIED);
	ck_assert_uint_eq(server_requests(s), 2);
	ck_assert_ptr_nonnull(strstr(server_request(s, 0), "X-Try: 1\r\n"));
	ck_assert_ptr_nonnull(strstr(server_request(s, 1), "X-Try: 2\r\n"));
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(uses_a_connection_again_where_that_is_safe)
{
	static const char *const answers[] = { KEPT, NULL };
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 0, NULL);
	struct http_request request = get(server_url(s));

	for (int i = 0; i < 6; i++) {
		struct http_response response;

		request.repeatable = i < 4;
		ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
		http_response_release(&response);
	}
	ck_assert_uint_eq(server_requests(s), 6);
	ck_assert_uint_eq(server_connections(s), 3);   /* one, and one each */
	http_free(http);
	server_stop(s);
}
END_TEST

static void *request_some(void *arg)
{
	struct http *http = ((void **)arg)[0];
	const char *url = ((void **)arg)[1];

	for (int i = 0; i < 20; i++) {
		struct http_request request = get(url);
		struct http_response response;

		ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
		http_response_release(&response);
	}
	return NULL;
}

START_TEST(serves_several_threads)
{
	static const char *const answers[] = { KEPT, NULL };
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 3, NULL);
	void *arg[2] = { http, (void *)server_url(s) };
	pthread_t threads[8];

	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, request_some, arg), 0);
	for (size_t i = 0; i < 8; i++)
		(void)pthread_join(threads[i], NULL);
	ck_assert_uint_eq(server_requests(s), 160);
	ck_assert_uint_le(server_connections(s), 8);
	http_free(http);
	server_stop(s);
}
END_TEST

static void *stop_soon(void *arg)
{
	struct server *s = arg;

	while (server_requests(s) == 0)
		clock_sleep_ms(&clock_system, 5);
	stop_request();
	return NULL;
}

START_TEST(stops_when_told)
{
	static const char *const answers[] = { SERVER_SILENT, NULL };
	struct server *s = server_start(answers);
	struct http *http = test_http(&fake, 5, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;
	struct err err = ERR_INIT;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, s), 0);
	ck_assert_int_ne(http_do(http, &request, &response, &err), 0);
	(void)pthread_join(thread, NULL);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	ck_assert_uint_eq(server_requests(s), 1);
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(loses_patience_with_silence)
{
	static const char *const answers[] = { SERVER_SILENT, NULL };
	struct http_options options = {
		.clock = &fake.clock, .connect_timeout_ms = 1000, .stall_timeout_ms = 1000,
	};
	struct server *s = server_start(answers);
	struct http *http = http_new(&options);
	struct http_request request = get(server_url(s));
	struct http_response response;
	struct err err = ERR_INIT;

	ck_assert_int_ne(http_do(http, &request, &response, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_ptr_nonnull(strstr(err.msg, "nothing came for 1 s"));
	http_free(http);
	server_stop(s);
}
END_TEST

START_TEST(unpacks_only_when_asked)
{
	static const char *const packed[] = {
		"HTTP/1.1 200 OK\r\nContent-Encoding: x-none\r\nContent-Length: 5\r\n\r\nhello", NULL };
	struct server *s = server_start(packed);
	struct http *http = test_http(&fake, 0, NULL);
	struct http_request request = get(server_url(s));
	struct http_response response;

	/* Stored with an encoding of its own: the bytes are the object. */
	ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
	ck_assert_str_eq(buf_str(&response.body), "hello");
	http_response_release(&response);
	request.compressed = true;
	(void)http_do(http, &request, &response, NULL);
	http_response_release(&response);
	ck_assert_ptr_nonnull(strstr(server_request(s, 1), "gzip"));
	http_free(http);
	server_stop(s);
}
END_TEST

UNIT_CASE(http)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, returns_what_came);
	tcase_add_test(tc, sends_a_body_plainly);
	tcase_add_test(tc, retries_500_twice);
	tcase_add_test(tc, gives_up_in_the_end_and_says_why);
	tcase_add_test(tc, waits_as_long_as_the_server_asks);
	tcase_add_test(tc, does_not_wait_for_ever);
	tcase_add_test(tc, holds_the_whole_host_back_on_429);
	tcase_add_test(tc, repeats_a_cut_answer);
	tcase_add_test(tc, does_not_repeat_what_may_be_done);
	tcase_add_test(tc, says_when_nobody_is_there);
	tcase_add_test(tc, bounds_an_answer);
	tcase_add_test(tc, keeps_the_beginning_of_a_long_refusal);
	tcase_add_test(tc, bounds_the_headers);
	tcase_add_test(tc, follows_no_redirect);
	tcase_add_test(tc, refuses_bad_requests);
	tcase_add_test(tc, lets_the_judge_decide);
	tcase_add_test(tc, signs_every_try_anew);
	tcase_add_test(tc, uses_a_connection_again_where_that_is_safe);
	tcase_add_test(tc, serves_several_threads);
	tcase_add_test(tc, stops_when_told);
	tcase_add_test(tc, loses_patience_with_silence);
	tcase_add_test(tc, unpacks_only_when_asked);
}

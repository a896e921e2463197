#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "base/budget.h"
#include "net/http.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define FAILED(status) "HTTP/1.1 " status " X\r\nConnection: close\r\n\r\nwhy"

static struct fake_clock fake;
static struct server *server;
static struct http *http;
static char path[300];
static int fd;

static void start(const char *const *answers, const char *contents)
{
	fake_clock_init(&fake, 1795400000000);
	server = server_start(answers);
	http = test_http(&fake, 3, NULL);
	(void)snprintf(path, sizeof(path), "%s/file", unit_folder());
	ck_assert_int_eq(file_write(path, contents, strlen(contents), 0600, false, NULL), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
}

static void stop(void)
{
	stop_clear();
	http_free(http);
	server_stop(server);
	(void)close(fd);
}

static struct http_request request_for(const char *method)
{
	return (struct http_request){ .method = method, .url = server_url(server), .repeatable = true };
}

/* The status, or 0. */
static int send_request(struct http_request *request, struct err *err)
{
	struct http_response response;
	int status = 0;

	if (http_do(http, request, &response, err) == 0)
		status = response.status;
	http_response_release(&response);
	return status;
}

START_TEST(sends_a_file_as_often_as_it_takes)
{
	static const char *const answers[] = { FAILED("503"), SERVER_CUT, OK(""), NULL };
	struct http_source source = { .bytes = 5 };
	struct http_request request;

	start(answers, "hello, world");
	source.fd = fd;
	request = request_for("PUT");
	request.source = &source;
	ck_assert_int_eq(send_request(&request, NULL), 200);
	for (size_t i = 0; i < 3; i++) {
		const char *text = server_request(server, i);

		ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Length: 5\r\n"));
		ck_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\nhello");
		ck_assert_ptr_null(strcasestr(text, "\r\nTransfer-Encoding:"));
		ck_assert_ptr_null(strcasestr(text, "\r\nContent-Type:"));
	}
	stop();
}
END_TEST

START_TEST(sees_a_file_shrink)
{
	static const char *const answers[] = { OK(""), NULL };
	struct http_source source = { .bytes = 50 };
	struct http_request request;
	struct err err = ERR_INIT;

	start(answers, "hello");
	source.fd = fd;
	request = request_for("PUT");
	request.source = &source;
	ck_assert_int_eq(send_request(&request, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "became shorter"));
	(void)close(fd);
	source.fd = fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(send_request(&request, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "cannot read the file"));
	stop();
}
END_TEST

static void check_file(const char *expected)
{
	AUTO_BUF b = BUF_INIT(1000);

	ck_assert_int_eq(file_read(path, &b, NULL), 0);
	ck_assert_str_eq(buf_str(&b), expected);
}

START_TEST(receives_into_a_file)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nlonger, but cut",
		FAILED("500"), OK("hello"), FAILED("404"), OK("a good bit too long"), NULL };
	struct http_sink sink = { .max_bytes = 16 };
	struct http_request request;
	struct http_response response;
	struct err err = ERR_INIT;

	start(answers, "something that was here before");
	sink.fd = fd;
	request = request_for("GET");
	request.sink = &sink;
	ck_assert_int_eq(send_request(&request, NULL), 200);
	ck_assert_int_eq(sink.bytes, 5);
	check_file("hello");
	/* A refusal is no file. */
	ck_assert_int_eq(http_do(http, &request, &response, NULL), 0);
	ck_assert_int_eq(response.status, 404);
	ck_assert_str_eq(buf_str(&response.body), "why");
	ck_assert_int_eq(sink.bytes, 0);
	check_file("");
	http_response_release(&response);
	ck_assert_int_eq(send_request(&request, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "longer than 16 bytes"));
	stop();
}
END_TEST

START_TEST(says_when_a_file_takes_nothing)
{
	static const char *const answers[] = { OK("hello"), NULL };
	struct http_sink sink = { .max_bytes = 100 };
	struct http_request request;
	struct err err = ERR_INIT;

	start(answers, "");
	sink.fd = open(path, O_RDONLY | O_CLOEXEC);
	request = request_for("GET");
	request.sink = &sink;
	ck_assert_int_eq(send_request(&request, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "cannot write the answer to its file"));
	ck_assert_uint_eq(server_requests(server), 0);
	(void)close(sink.fd);
	/* A full disk, in the middle. */
	sink.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(send_request(&request, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	(void)close(sink.fd);
	stop();
}
END_TEST

static enum http_verdict says_not_done(void *ctx, const struct http_response *response)
{
	(void)ctx;
	return response->status == 400 ? HTTP_NOT_DONE : HTTP_FINAL;
}

START_TEST(knows_what_is_in_doubt)
{
	static const struct {
		const char *answers[3];
		size_t requests;
		bool in_doubt;
	} cases[] = {
		{ { FAILED("400"), OK("") }, 2, false },
		{ { FAILED("400"), SERVER_CUT }, 2, true },
		{ { SERVER_CUT, OK("") }, 1, true },
		{ { FAILED("502"), OK("") }, 1, false },   /* answered: the judge's to say */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_request request;

		start(cases[i].answers, "");
		request = request_for("POST");
		request.repeatable = false;
		request.judge = says_not_done;
		(void)send_request(&request, NULL);
		ck_assert_uint_eq(server_requests(server), cases[i].requests);
		ck_assert(request.in_doubt == cases[i].in_doubt);
		stop();
	}
}
END_TEST

START_TEST(keeps_a_pace_of_its_own)
{
	static const char *const answers[] = { FAILED("500"), NULL };
	static const struct http_pace pace = { .retries = 20, .max_delay_ms = 100, .stall_timeout_ms = 5000 };
	struct http_request request;
	struct err err = ERR_INIT;

	start(answers, "");
	request = request_for("GET");
	request.pace = &pace;
	ck_assert_int_eq(send_request(&request, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_uint_eq(server_requests(server), 21);
	ck_assert_int_eq(fake.slept_ms, 2000);
	stop();
}
END_TEST

START_TEST(goes_on_where_it_must_not_stop)
{
	static const char *const answers[] = { FAILED("500"), OK(""), NULL };
	static const enum http_stop stops[] = { HTTP_STOPS, HTTP_STOPS_BETWEEN_TRIES, HTTP_STOPS_NEVER };

	for (size_t i = 0; i < 3; i++) {
		struct http_request request;
		struct err err = ERR_INIT;

		start(answers, "");
		stop_request();
		request = request_for("GET");
		request.stop = stops[i];
		ck_assert_int_eq(send_request(&request, &err), i == 2 ? 200 : 0);
		ck_assert_int_eq(err.code, i == 2 ? ERR_NONE : ERR_INTERRUPTED);
		stop();
	}
}
END_TEST

/* What is not the API's spends none of its budget, and its 429 holds nobody up. */
START_TEST(leaves_the_budget_alone)
{
	static const char *const answers[] = {
		"HTTP/1.1 429 X\r\nConnection: close\r\nRetry-After: 200\r\n\r\n", OK(""), NULL };
	struct http_options options = {
		.clock = &fake.clock, .retries = 1, .connect_timeout_ms = 5000, .stall_timeout_ms = 5000,
	};
	struct http_request request;
	struct budget *budget;
	int64_t slept;

	start(answers, "");
	(void)snprintf(path, sizeof(path), "%s/budget", unit_folder());
	budget = budget_open(path, 4, 400000, &fake.clock, NULL);
	ck_assert_ptr_nonnull(budget);
	http_free(http);
	options.budget = budget;
	http = http_new(&options);
	request = request_for("GET");
	request.unbudgeted = true;
	ck_assert_int_eq(send_request(&request, NULL), 200);
	slept = fake.slept_ms;
	ck_assert_int_eq(slept, 200000);
	fake.now_ms = 1795400000000;   /* as if that had not taken time */
	ck_assert_int_eq(budget_spend(budget, NULL), 0);
	ck_assert_int_eq(fake.slept_ms, slept);
	budget_close(budget);
	stop();
}
END_TEST

UNIT_CASE(http_file)
{
	tcase_add_test(tc, sends_a_file_as_often_as_it_takes);
	tcase_add_test(tc, sees_a_file_shrink);
	tcase_add_test(tc, receives_into_a_file);
	tcase_add_test(tc, says_when_a_file_takes_nothing);
	tcase_add_test(tc, knows_what_is_in_doubt);
	tcase_add_test(tc, keeps_a_pace_of_its_own);
	tcase_add_test(tc, goes_on_where_it_must_not_stop);
	tcase_add_test(tc, leaves_the_budget_alone);
}

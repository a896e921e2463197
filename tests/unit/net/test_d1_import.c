#include "net/d1_import.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/budget.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define ACCOUNT "0123456789abcdef0123456789abcdef"
#define DATABASE "483da8b0-94c7-4f9e-ab1a-68df41e5664d"
#define SQL "CREATE TABLE t(a);\nINSERT INTO t VALUES(1);\n"
#define MD5 "1d28ecb44a5c8e56d989c80dae6ce43b"
#define HEAD(status) "HTTP/1.1 " status " X\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n"
#define RESULT(status, result) HEAD(status) "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":{" result "}}"
#define REFUSED(status, code, message) HEAD(status) \
	"{\"success\":false,\"errors\":[{\"code\":" code ",\"message\":\"" message "\"}],\"messages\":[],\"result\":null}"
#define INIT RESULT("200", "\"filename\":\"f.sql\",\"upload_url\":\"{url}/up?X-Amz-Signature=sesame\"")
#define UPLOADED "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"" MD5 "\"\r\n\r\n"
#define ACTIVE RESULT("202", "\"success\":true,\"type\":\"import\",\"at_bookmark\":\"b1\",\"status\":\"active\",\"messages\":[\"one\",\"Processed 1 queries.\"]")
#define COMPLETE RESULT("200", "\"success\":true,\"type\":\"import\",\"at_bookmark\":\"b1\",\"status\":\"complete\",\"messages\":[]," \
	"\"result\":{\"final_bookmark\":\"b2\",\"num_queries\":2,\"meta\":{\"rows_written\":3,\"size_after\":8192}}")
#define ERROR(fields) RESULT("200", "\"success\":true,\"at_bookmark\":\"b1\",\"status\":\"error\"," fields)
#define SAYS_NO(text) RESULT("200", "\"success\":false,\"error\":\"" text "\"")
#define NOT_IMPORTING SAYS_NO("Not currently importing anything.")
#define ANOTHER "Currently processing a long-running import. Cannot start another import until that completes or times out."
#define HTML_504 "HTTP/1.1 504 X\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<html>"

static struct fake_clock fake;
static struct server *server;
static struct http *http;
static struct d1_api *api;
static char path[300];
static char seen[4000];            /* messages of the progress, one after another */
static const char *bookmark;       /* from before, or NULL */
static const char *stop_at;        /* the message that has a stop requested */

static void on_progress(void *ctx, const char *message)
{
	size_t used = strlen(seen);

	ck_assert_ptr_eq(ctx, seen);
	(void)snprintf(seen + used, sizeof(seen) - used, "[%s]", message);
	if (stop_at != NULL && strcmp(message, stop_at) == 0)
		stop_request();
}

static void write_file(const char *text)
{
	(void)snprintf(path, sizeof(path), "%s/x.sql", unit_folder());
	ck_assert_int_eq(file_write(path, text, strlen(text), 0600, false, NULL), 0);
}

static void start(const char *const *answers)
{
	struct secret token = { (char *)"topsecret", 9 };
	char base[128];

	fake_clock_init(&fake, 1795400000000);
	server = server_start(answers);
	http = test_http(&fake, 3, NULL);
	(void)snprintf(base, sizeof(base), "%s/client/v4", server_url(server));
	api = d1_api_new(http, base, ACCOUNT, &token);
	write_file(SQL);
	seen[0] = '\0';
	stop_at = NULL;
	bookmark = NULL;
}

static void stop(void)
{
	stop_clear();
	d1_api_free(api);
	http_free(http);
	server_stop(server);
}

static int import(struct d1_import_result *ret, struct err *err)
{
	struct d1_import_options options = {
		.api = api, .database_id = DATABASE, .path = path, .bookmark = bookmark, .clock = &fake.clock,
		.progress = on_progress, .progress_ctx = seen,
	};

	return d1_import(&options, ret, err);
}

static char letter(const char *request)
{
	if (strncmp(request, "PUT /up?", 8) == 0)
		return 'U';
	ck_assert_ptr_nonnull(strstr(request, "POST /client/v4/accounts/" ACCOUNT "/d1/database/" DATABASE "/import HTTP"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nAuthorization: Bearer topsecret\r\n"));
	if (strstr(request, "{\"action\":\"init\",\"etag\":\"" MD5 "\"}") != NULL)
		return 'I';
	if (strstr(request, "{\"action\":\"ingest\",\"filename\":\"f.sql\",\"etag\":\"" MD5 "\"}") != NULL)
		return 'G';
	if (strstr(request, "{\"action\":\"poll\",\"current_bookmark\":\"b1\"}") != NULL)
		return 'P';
	ck_assert_msg(strstr(request, "{\"action\":\"poll\"}") != NULL, "%s", request);
	return 'p';   /* without a bookmark */
}

/* The requests that came, a letter each; five or more of a kind are "X*". */
static const char *requests(void)
{
	static char text[300];
	size_t n = 0;

	for (size_t i = 0; i < server_requests(server); i++) {
		char c = letter(server_request(server, i));

		if (n >= 2 && text[n - 1] == '*' && text[n - 2] == c)
			continue;
		if (n >= 4 && text[n - 1] == c && text[n - 2] == c && text[n - 3] == c && text[n - 4] == c) {
			n -= 3;
			c = '*';
		}
		text[n++] = c;
	}
	text[n] = '\0';
	return text;
}

START_TEST(imports_a_file)
{
	static const char *const answers[] = { INIT, UPLOADED, ACTIVE, ACTIVE, COMPLETE, NULL };
	struct d1_import_result result;
	struct err err = ERR_INIT;
	const char *put;

	start(answers);
	ck_assert_msg(import(&result, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(requests(), "IUGPP");
	ck_assert(!result.unknown);
	ck_assert_int_eq(result.queries, 2);
	ck_assert_int_eq(result.rows_written, 3);
	ck_assert_int_eq(result.size_bytes, 8192);
	ck_assert_str_eq(result.final_bookmark, "b2");
	ck_assert_str_eq(seen, "[][Processed 1 queries.][Processed 1 queries.][]");
	put = server_request(server, 1);
	ck_assert_ptr_nonnull(strstr(put, "PUT /up?X-Amz-Signature=sesame HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(put, "\r\nContent-Length: 44\r\n"));
	ck_assert_ptr_nonnull(strstr(put, "\r\n\r\n" SQL));
	ck_assert_ptr_null(strcasestr(put, "\r\nAuthorization:"));
	ck_assert_ptr_null(strcasestr(put, "\r\nExpect:"));
	ck_assert_ptr_null(strcasestr(put, "topsecret"));
	/* The upload is not the API's. */
	ck_assert_uint_eq(d1_api_requests(api), 4);
	/* Two pauses, of an eighth and a fourth of a second. */
	ck_assert_int_eq(fake.slept_ms, 375);
	d1_import_result_release(&result);
	ck_assert_ptr_null(result.final_bookmark);
	stop();
}
END_TEST

static const struct {
	const char *answers[10];
	const char *requests;
	const char *message;   /* NULL: it succeeds */
	const char *hint;
	enum err_code code;
	bool unknown;
} cases[] = {
	/* the shapes of success */
	{ { INIT, UPLOADED, COMPLETE }, "IUG", NULL, "", 0, false },
	{ { ACTIVE, COMPLETE }, "IP", NULL, "", 0, false },
	{ { COMPLETE }, "I", NULL, "", 0, false },
	{ { INIT, UPLOADED, RESULT("200", "\"success\":true,\"status\":\"complete\"") }, "IUG", NULL, "", 0, false },
	{ { HEAD("200") "{\"success\":true,\"filename\":\"f.sql\",\"upload_url\":\"{url}/up?\"}", UPLOADED,
	    HEAD("202") "{\"success\":true,\"status\":\"active\",\"at_bookmark\":\"b1\"}",
	    HEAD("200") "{\"success\":true,\"status\":\"complete\",\"at_bookmark\":\"b1\",\"result\":{\"num_queries\":1}}" }, "IUGP", NULL, "", 0, false },
	{ { RESULT("200", "\"success\":true,\"result\":{\"filename\":\"f.sql\",\"upload_url\":\"{url}/up?\"}"), UPLOADED, COMPLETE }, "IUG", NULL, "", 0, false },
	{ { INIT, UPLOADED, RESULT("202", "\"at_bookmark\":\"b1\",\"status\":\"queued\",\"messages\":[7,{}]"), COMPLETE }, "IUGP", NULL, "", 0, false },
	{ { INIT, "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: " MD5 "\r\n\r\n", COMPLETE }, "IUG", NULL, "", 0, false },
	/* a statement was refused */
	{ { INIT, UPLOADED, ACTIVE, ERROR("\"errors\":[\"no such table: x: SQLITE_ERROR\",\"at offset 7\"]") }, "IUGP",
	    "database " DATABASE ": the import: no such table: x: SQLITE_ERROR; at offset 7", "", ERR_FAILED, false },
	{ { INIT, UPLOADED, ERROR("\"error\":\"near \\\"x\\\": syntax error\"") }, "IUG", "near \"x\": syntax error", "", ERR_FAILED, false },
	{ { INIT, UPLOADED, ERROR("\"error\":\"a\",\"errors\":[{\"message\":\"b\"},\"a\"]") }, "IUG", "the import: b; a", "", ERR_FAILED, false },
	{ { INIT, UPLOADED, ACTIVE, ERROR("\"messages\":[]") }, "IUGP", "gave no reason", "", ERR_FAILED, false },
	{ { INIT, UPLOADED, ACTIVE, HEAD("400") "{\"success\":false,\"errors\":[],\"result\":{\"status\":\"error\",\"error\":\"UNIQUE constraint failed\"}}" },
	    "IUGP", "UNIQUE constraint failed", "", ERR_FAILED, false },
	/* too much at once */
	{ { INIT, UPLOADED, ACTIVE, ERROR("\"error\":\"D1 DB's isolate exceeded its memory limit and was reset.\"") }, "IUGP", "memory", "", ERR_TOO_BIG, false },
	{ { INIT, UPLOADED, ERROR("\"errors\":[\"statement too long: SQLITE_TOOBIG\"]") }, "IUG", "too long", "", ERR_TOO_BIG, false },
	/* turned away */
	{ { SAYS_NO(ANOTHER), SAYS_NO(ANOTHER), INIT, UPLOADED, COMPLETE }, "IIIUG", NULL, "", 0, false },
	{ { INIT, UPLOADED, REFUSED("400", "7500", ANOTHER), COMPLETE }, "IUGG", NULL, "", 0, false },
	{ { ERROR("\"error\":\"" ANOTHER "\""), INIT, UPLOADED, COMPLETE }, "IIUG", NULL, "", 0, false },
	{ { SAYS_NO(ANOTHER) }, "I*", "Cannot start another import", "someone is importing", ERR_AGAIN, false },
	{ { REFUSED("400", "7500", ANOTHER) }, "I*", "Cannot start another import", "someone is importing", ERR_AGAIN, false },
	{ { INIT, UPLOADED, SAYS_NO(ANOTHER) }, "IUG*", "Cannot start another import", "someone is importing", ERR_AGAIN, false },
	{ { REFUSED("429", "971", "throttled"), INIT, UPLOADED, COMPLETE }, "IIUG", NULL, "", 0, false },
	{ { REFUSED("401", "10000", "Authentication error") }, "I", "Authentication error", "D1 > Edit", ERR_DENIED, false },
	{ { REFUSED("404", "7404", "no such database") }, "I", "not found in account", "wrangler d1 list", ERR_NOT_FOUND, false },
	{ { INIT, UPLOADED, SAYS_NO("Input file f.sql missing or invalid") }, "IUG", "missing or invalid", "", ERR_FAILED, false },
	{ { RESULT("200", "\"success\":false") }, "I", "gave no reason", "", ERR_FAILED, false },
	/* the upload */
	{ { INIT, "HTTP/1.1 503 X\r\nConnection: close\r\n\r\n", SERVER_CUT, UPLOADED, COMPLETE }, "IUUUG", NULL, "", 0, false },
	{ { INIT, "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"00000000000000000000000000000000\"\r\n\r\n" }, "IU", "its hash differs", "", ERR_CORRUPT, false },
	{ { INIT, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" }, "IU", "without a hash", "", ERR_CORRUPT, false },
	{ { INIT, "HTTP/1.1 403 X\r\nConnection: close\r\n\r\n<Error>sesame" }, "IU", "the upload was refused: http://127.0.0.1:", "expired", ERR_AGAIN, false },
	{ { INIT, "HTTP/1.1 307 X\r\nConnection: close\r\nLocation: {url}/elsewhere\r\n\r\n" }, "IU", "HTTP 307", "", ERR_FAILED, false },
	{ { INIT, SERVER_CUT }, "IUUUU", "closed without an answer", "", ERR_AGAIN, false },
	{ { RESULT("200", "\"filename\":\"f\",\"upload_url\":\"file:///etc/passwd\"") }, "I", "a URL that is none", "", ERR_FAILED, false },
	{ { RESULT("200", "\"filename\":\"f\",\"upload_url\":\"http://a b/\"") }, "I", "a URL that is none", "", ERR_FAILED, false },
	{ { RESULT("200", "\"filename\":\"f\",\"upload_url\":\"http://u:sesame@127.0.0.1/\"") }, "I", "a URL that is none", "", ERR_FAILED, false },
	/* unknown: no answer to init or ingest, or one that tells nothing */
	{ { SERVER_CUT, NOT_IMPORTING }, "Ip", "Not currently importing", "the database itself tells", ERR_AGAIN, true },
	{ { SERVER_CUT, ACTIVE, COMPLETE }, "Ipp", "has ended", "", ERR_AGAIN, true },
	{ { SERVER_CUT, ACTIVE, ERROR("\"error\":\"no such table\"") }, "Ipp", "no such table", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, SERVER_CUT, NOT_IMPORTING }, "IUGp", "Not currently importing", "the database itself tells", ERR_AGAIN, true },
	{ { INIT, UPLOADED, HTML_504, ACTIVE, COMPLETE }, "IUGpp", "has ended", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, "HTTP/1.1 200 X\r\nConnection: close\r\n\r\nwhat", NOT_IMPORTING }, "IUGp", "Not currently", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, REFUSED("500", "7009", "upstream service unavailable"), NOT_IMPORTING }, "IUGp", "Not currently", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, SAYS_NO("Network connection lost."), NOT_IMPORTING }, "IUGp", "Not currently", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, RESULT("200", "\"success\":true"), NOT_IMPORTING }, "IUGp", "Not currently", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, SERVER_CUT, REFUSED("400", "7400", "current_bookmark is missing") }, "IUGp", "current_bookmark is missing", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ERROR("\"error\":\"Network connection lost.\""), NOT_IMPORTING }, "IUGp", "Not currently", "", ERR_AGAIN, true },
	/* unknown: the polls */
	{ { INIT, UPLOADED, ACTIVE, ERROR("\"error\":\"Network connection lost.\"") }, "IUGP", "connection lost", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, NOT_IMPORTING }, "IUGP", "database " DATABASE ": the import: Not currently importing anything.", "the database itself tells", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, REFUSED("400", "7500", "Not currently importing anything.") }, "IUGP", "Not currently", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, SAYS_NO("Not currently import at bookmark b1") }, "IUGP", "at bookmark", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, ERROR("\"error\":\"Not currently importing anything.\"") }, "IUGP", "Not currently", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, SAYS_NO("Cancelled due to no poll() received in 15000ms. Latest messages: x") }, "IUGP", "Cancelled", "15 s", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, REFUSED("401", "10000", "Authentication error") }, "IUGP", "Authentication error", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, SERVER_CUT }, "IUGP*", "no good answer from http", "", ERR_AGAIN, true },
	{ { INIT, UPLOADED, ACTIVE, HTML_504 }, "IUGP*", "HTTP 504", "", ERR_AGAIN, true },
	/* polls that go wrong, and on */
	{ { INIT, UPLOADED, ACTIVE, SERVER_CUT, SERVER_CUT, HTML_504, SERVER_CUT, SERVER_CUT, SERVER_CUT, COMPLETE }, "IUGP*", NULL, "", 0, false },
	{ { INIT, UPLOADED, ACTIVE, SAYS_NO("internal error; reference = 12"), REFUSED("400", "7500", "D1 DB is overloaded. Too many requests queued."), COMPLETE },
	    "IUGPPP", NULL, "", 0, false },
};

START_TEST(understands_every_answer)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *answers[11] = { NULL };
		struct d1_import_result result;
		struct err err = ERR_INIT;
		int rc;

		memcpy(answers, cases[i].answers, sizeof(cases[i].answers));
		start(answers);
		rc = import(&result, &err);
		ck_assert_msg((rc == 0) == (cases[i].message == NULL), "%zu: %s", i, err.msg);
		ck_assert_msg(strcmp(requests(), cases[i].requests) == 0, "%zu: %s: %s", i, requests(), err.msg);
		ck_assert_msg(err.code == cases[i].code, "%zu: %d: %s", i, (int)err.code, err.msg);
		ck_assert_msg(result.unknown == cases[i].unknown, "%zu: %s", i, err.msg);
		ck_assert_msg(strstr(err.msg, cases[i].message != NULL ? cases[i].message : "") != NULL, "%zu: %s", i, err.msg);
		ck_assert_msg(strstr(err.hint, cases[i].hint) != NULL, "%zu: %s: %s", i, err.msg, err.hint);
		ck_assert_msg(strstr(err.msg, "sesame") == NULL, "%s", err.msg);
		d1_import_result_release(&result);
		stop();
	}
}
END_TEST

START_TEST(polls_with_the_bookmark_from_before)
{
	static const char *const answers[] = { INIT, UPLOADED, SERVER_CUT, ACTIVE, COMPLETE, NULL };
	struct d1_import_result result;
	struct err err = ERR_INIT;

	start(answers);
	bookmark = "b1";
	ck_assert_int_ne(import(&result, &err), 0);
	ck_assert_str_eq(requests(), "IUGPP");
	ck_assert(result.unknown);
	stop();
}
END_TEST

START_TEST(refuses_a_file_that_is_not_whole)
{
	static const char *const texts[] = { "", ";", "\n", "SELECT 1", "SELECT 1;", "SELECT 1;\n\n", NULL };
	static const char *const answers[] = { INIT, NULL };

	for (size_t i = 0; texts[i] != NULL; i++) {
		struct d1_import_result result;
		struct err err = ERR_INIT;

		start(answers);
		write_file(texts[i]);
		ck_assert_int_ne(import(&result, &err), 0);
		ck_assert_int_eq(err.code, ERR_CORRUPT);
		ck_assert_uint_eq(server_requests(server), 0);
		stop();
	}
}
END_TEST

START_TEST(refuses_a_file_that_is_too_long)
{
	static const char *const answers[] = { INIT, NULL };
	struct d1_import_result result;
	struct err err = ERR_INIT;
	int fd;

	start(answers);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, (5ll << 30) + 1), 0);
	(void)close(fd);
	ck_assert_int_ne(import(&result, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_int_eq(truncate(path, 0), 0);
	(void)unlink(path);
	ck_assert_int_ne(import(&result, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_uint_eq(server_requests(server), 0);
	stop();
}
END_TEST

START_TEST(stops_before_the_upload)
{
	static const char *const answers[] = { INIT, UPLOADED, ACTIVE, COMPLETE, NULL };
	struct d1_import_result result;
	struct err err = ERR_INIT;

	start(answers);
	stop_at = "";   /* that of init */
	ck_assert_int_ne(import(&result, &err), 0);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	ck_assert(!result.unknown);
	ck_assert_str_eq(requests(), "I");
	stop();
}
END_TEST

START_TEST(waits_for_what_has_begun)
{
	static const char *const answers[] = { INIT, UPLOADED, ACTIVE, SERVER_CUT, ACTIVE, COMPLETE, NULL };
	struct d1_import_result result;
	struct err err = ERR_INIT;

	start(answers);
	stop_at = "Processed 1 queries.";
	ck_assert_msg(import(&result, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(requests(), "IUGPPP");
	ck_assert(stop_requested());
	d1_import_result_release(&result);
	stop();
}
END_TEST

START_TEST(does_not_hang_up_on_an_ingest)
{
	static const char *const answers[] = { INIT, UPLOADED, SERVER_STOPS COMPLETE, NULL };
	struct d1_import_result result;
	struct err err = ERR_INIT;

	start(answers);
	ck_assert_msg(import(&result, &err) == 0, "%s", err.msg);
	ck_assert(stop_requested());
	d1_import_result_release(&result);
	stop();
}
END_TEST

/* Of four requests in 400 s one may go out at once, the next 133 s later. */
START_TEST(uploads_beside_the_budget)
{
	static const char *const answers[] = { INIT, UPLOADED, COMPLETE, NULL };
	struct d1_import_result result;
	struct http_options http_options = { .clock = &fake.clock,
		.connect_timeout_ms = 5000, .stall_timeout_ms = 5000 };
	struct secret token = { (char *)"topsecret", 9 };
	AUTO_STR file = NULL;
	AUTO_STR base = NULL;

	start(answers);
	file = mem_printf("%s/budget", unit_folder());
	base = mem_printf("%s/client/v4", server_url(server));
	d1_api_free(api);
	http_free(http);
	http_options.budget = budget_open(file, 4, 400000, &fake.clock, NULL);
	ck_assert_ptr_nonnull(http_options.budget);
	http = http_new(&http_options);
	api = d1_api_new(http, base, ACCOUNT, &token);
	ck_assert_int_eq(import(&result, NULL), 0);
	ck_assert_int_gt(fake.slept_ms, 100000);
	ck_assert_int_lt(fake.slept_ms, 200000);
	d1_import_result_release(&result);
	stop();
	budget_close(http_options.budget);
}
END_TEST

/* A file of several megabytes goes as it is, also the second time. */
START_TEST(sends_a_long_file_again)
{
	static const char *const answers[] = { INIT, SERVER_CUT,
		"HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"x\"\r\n\r\n", NULL };
	size_t len = 5u << 20;
	char *text = mem_calloc(1, len + 1);
	struct d1_import_result result;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 23 + i / 100000);
	memcpy(text + len - 2, ";\n", 2);
	start(answers);
	write_file(text);
	ck_assert_int_ne(import(&result, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_uint_eq(server_requests(server), 3);
	for (size_t i = 1; i < 3; i++) {
		const char *body = strstr(server_request(server, i), "\r\n\r\n");

		ck_assert_ptr_nonnull(body);
		ck_assert(strcmp(body + 4, text) == 0);
	}
	mem_free_str(&text);
	stop();
}
END_TEST

UNIT_CASE(d1_import)
{
	tcase_add_test(tc, imports_a_file);
	tcase_add_test(tc, understands_every_answer);
	tcase_add_test(tc, polls_with_the_bookmark_from_before);
	tcase_add_test(tc, refuses_a_file_that_is_not_whole);
	tcase_add_test(tc, refuses_a_file_that_is_too_long);
	tcase_add_test(tc, stops_before_the_upload);
	tcase_add_test(tc, waits_for_what_has_begun);
	tcase_add_test(tc, does_not_hang_up_on_an_ingest);
	tcase_add_test(tc, uploads_beside_the_budget);
	tcase_add_test(tc, sends_a_long_file_again);
}

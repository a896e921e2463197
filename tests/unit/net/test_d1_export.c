#include "net/d1_export.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "net/d1_file.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define ACCOUNT "0123456789abcdef0123456789abcdef"
#define DATABASE "483da8b0-94c7-4f9e-ab1a-68df41e5664d"
#define DUMP "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t(a);\n"
#define HEAD(status) "HTTP/1.1 " status " X\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n"
#define RESULT(status, result) HEAD(status) "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":{" result "}}"
#define REFUSED(status, code, message) HEAD(status) \
	"{\"success\":false,\"errors\":[{\"code\":" code ",\"message\":\"" message "\"}],\"messages\":[],\"result\":null}"
#define ACTIVE RESULT("202", "\"success\":true,\"type\":\"export\",\"at_bookmark\":\"b1\",\"status\":\"active\",\"messages\":[\"Generating\"]")
#define URL "{url}/dump?X-Amz-Signature=sesame"
#define COMPLETE RESULT("200", "\"success\":true,\"type\":\"export\",\"at_bookmark\":\"b1\",\"status\":\"complete\",\"messages\":[\"Uploaded part 1\"]," \
	"\"result\":{\"filename\":\"x.sql\",\"signed_url\":\"" URL "\"}")
#define ERROR(text) RESULT("200", "\"success\":true,\"at_bookmark\":\"b1\",\"status\":\"error\",\"error\":\"" text "\"")
#define SAYS_NO(text) RESULT("200", "\"success\":false,\"error\":\"" text "\"")
#define LOCKED "Currently processing a long-running export."
#define FILE_IS(text) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" text
#define HTML_504 "HTTP/1.1 504 X\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<html>"
#define EXPIRED "HTTP/1.1 403 X\r\nConnection: close\r\n\r\n<Error><Code>ExpiredRequest</Code>sesame</Error>"

static struct fake_clock fake;
static struct server *server;
static struct http *http;
static struct d1_api *api;
static char path[300];
static const char *stop_at;   /* the message that has a stop requested */

static void on_progress(void *ctx, const char *message)
{
	ck_assert_ptr_eq(ctx, path);
	if (stop_at != NULL && strcmp(message, stop_at) == 0)
		stop_request();
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
	(void)snprintf(path, sizeof(path), "%s/export.sql", unit_folder());
	(void)unlink(path);
	stop_at = NULL;
}

static void stop(void)
{
	stop_clear();
	d1_api_free(api);
	http_free(http);
	server_stop(server);
}

static int export(struct d1_export_result *ret, struct err *err)
{
	struct d1_export_options options = {
		.api = api, .database_id = DATABASE, .path = path, .clock = &fake.clock,
		.progress = on_progress, .progress_ctx = path,
	};

	return d1_export(&options, ret, err);
}

static char letter(const char *request)
{
	if (strncmp(request, "GET /dump?X-Amz-Signature=sesame HTTP/1.1\r\n", 43) == 0) {
		ck_assert_ptr_null(strcasestr(request, "\r\nAuthorization:"));
		return 'G';
	}
	ck_assert_ptr_nonnull(strstr(request, "POST /client/v4/accounts/" ACCOUNT "/d1/database/" DATABASE "/export HTTP"));
	if (strstr(request, "{\"output_format\":\"polling\"}") != NULL)
		return 'B';
	ck_assert_msg(strstr(request, "{\"output_format\":\"polling\",\"current_bookmark\":\"b1\"}") != NULL, "%s", request);
	return 'P';
}

static const char *requests(void)
{
	static char text[300];
	size_t n = server_requests(server);

	for (size_t i = 0; i < n; i++)
		text[i] = letter(server_request(server, i));
	text[n] = '\0';
	return text;
}

START_TEST(fetches_an_export)
{
	static const char *const answers[] = { ACTIVE, ACTIVE, COMPLETE, FILE_IS(DUMP), NULL };
	AUTO_BUF file = BUF_INIT(10000);
	struct d1_export_result result;
	struct err err = ERR_INIT;
	struct stat st;

	start(answers);
	ck_assert_msg(export(&result, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(requests(), "BPPG");
	ck_assert_str_eq(result.bookmark, "b1");
	ck_assert_int_eq(result.bytes, (int64_t)strlen(DUMP));
	ck_assert_int_eq(result.blocked_ms, 375);
	ck_assert(result.began);
	ck_assert_int_eq(file_read(path, &file, NULL), 0);
	ck_assert_str_eq(buf_str(&file), DUMP);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq((int)(st.st_mode & 0777), 0600);
	d1_export_result_release(&result);
	/* What is there already is kept. */
	ck_assert_int_ne(export(&result, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_uint_eq(server_requests(server), 4);
	stop();
}
END_TEST

static const struct {
	const char *answers[8];
	const char *requests;
	const char *message;   /* NULL: it succeeds */
	const char *hint;
	enum err_code code;
	bool began;
} cases[] = {
	/* the shapes of success */
	{ { COMPLETE, FILE_IS(DUMP) }, "BG", NULL, "", 0, true },
	{ { RESULT("200", "\"at_bookmark\":\"b1\",\"status\":\"complete\",\"signed_url\":\"" URL "\""), FILE_IS(DUMP) }, "BG", NULL, "", 0, true },
	{ { HEAD("202") "{\"success\":true,\"status\":\"active\",\"at_bookmark\":\"b1\"}",
	    HEAD("200") "{\"success\":true,\"status\":\"complete\",\"at_bookmark\":\"b1\",\"result\":{\"signed_url\":\"" URL "\"}}", FILE_IS(DUMP) }, "BPG", NULL, "", 0, true },
	{ { ACTIVE, SERVER_CUT, HTML_504, SAYS_NO("Network connection lost."), COMPLETE, FILE_IS(DUMP) }, "BPPPPG", NULL, "", 0, true },
	{ { REFUSED("429", "971", "throttled"), COMPLETE, FILE_IS(DUMP) }, "BBG", NULL, "", 0, true },
	/* never begun twice */
	{ { SERVER_CUT, COMPLETE }, "B", "whether the request was carried out is not known", "", ERR_AGAIN, true },
	{ { HTML_504, COMPLETE }, "B", "HTTP 504", "", ERR_AGAIN, true },
	{ { REFUSED("500", "7009", "upstream service unavailable"), COMPLETE }, "B", "upstream", "", ERR_AGAIN, true },
	{ { REFUSED("400", "7500", LOCKED), COMPLETE }, "B", LOCKED, "someone is exporting", ERR_AGAIN, false },
	{ { SAYS_NO(LOCKED), COMPLETE }, "B", LOCKED, "someone is exporting", ERR_AGAIN, false },
	{ { ERROR(LOCKED " Cannot start a new export"), COMPLETE }, "B", LOCKED, "someone is exporting", ERR_AGAIN, false },
	{ { REFUSED("400", "7500", "D1 DB is overloaded. Too many requests queued."), COMPLETE }, "B", "overloaded", "", ERR_AGAIN, false },
	{ { REFUSED("401", "10000", "Authentication error") }, "B", "Authentication error", "D1 > Edit", ERR_DENIED, false },
	/* it fails on the way */
	{ { ERROR("D1 Export error: cannot export databases with Virtual Tables (fts5)") }, "B",
	    "database " DATABASE ": Cloudflare's export: D1 Export error: cannot export databases with Virtual Tables (fts5)", "virtual table", ERR_FAILED, true },
	{ { SAYS_NO("cannot export databases with Virtual Tables (fts5)") }, "B", "Virtual Tables", "virtual table", ERR_FAILED, false },
	{ { ACTIVE, ERROR("cell.replace is not a function") }, "BP", "cell.replace", "", ERR_FAILED, true },
	{ { ACTIVE, SAYS_NO("Cancelled due to no poll() received in 15000ms.") }, "BP", "Cancelled", "15 s", ERR_AGAIN, true },
	{ { ACTIVE, ERROR("Internal error in D1 DB storage caused object to be reset.") }, "BP", "reset", "", ERR_AGAIN, true },
	{ { ACTIVE, REFUSED("404", "7404", "gone") }, "BP", "not found in account", "", ERR_NOT_FOUND, true },
	{ { ACTIVE, SERVER_CUT }, "BPPPPPPPPP", "closed without an answer", "", ERR_AGAIN, true },
	{ { ACTIVE, RESULT("202", "\"at_bookmark\":\"b7\",\"status\":\"active\"") }, "BP", "began the export anew", "", ERR_AGAIN, true },
	{ { RESULT("202", "\"status\":\"active\"") }, "B", "does not say what to ask for", "", ERR_FAILED, true },
	{ { ACTIVE, RESULT("200", "\"at_bookmark\":\"b1\",\"status\":\"complete\",\"result\":{}") }, "BP", "does not say where it is", "", ERR_FAILED, true },
	{ { ACTIVE, RESULT("200", "\"success\":true") }, "BP", "gave no reason", "", ERR_FAILED, true },
	/* the file */
	{ { COMPLETE, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5000\r\n\r\nPRAGMA long_as_can_be;\n", FILE_IS(DUMP) }, "BGG", NULL, "", 0, true },
	{ { COMPLETE, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 500\r\n\r\nPRAGMA" }, "BGGGG", "cut short", "", ERR_AGAIN, true },
	{ { COMPLETE, EXPIRED, COMPLETE, FILE_IS(DUMP) }, "BGPG", NULL, "", 0, true },
	{ { COMPLETE, EXPIRED, COMPLETE, EXPIRED }, "BGPG", "the export cannot be fetched: http://127.0.0.1:", "expired", ERR_AGAIN, true },
	{ { COMPLETE, EXPIRED, ACTIVE }, "BGP", "the finished export is gone", "", ERR_AGAIN, true },
	{ { COMPLETE, EXPIRED, REFUSED("400", "7500", "no export at that bookmark") }, "BGP", "no export at that bookmark", "", ERR_FAILED, true },
	{ { RESULT("200", "\"status\":\"complete\",\"signed_url\":\"" URL "\""), EXPIRED }, "BG", "HTTP 403", "expired", ERR_AGAIN, true },
	{ { RESULT("200", "\"status\":\"complete\",\"signed_url\":\"ftp://x/y\"") }, "B", "not http or https", "", ERR_FAILED, true },
	{ { COMPLETE, "HTTP/1.1 302 X\r\nConnection: close\r\nLocation: {url}/elsewhere\r\n\r\n" }, "BG", "HTTP 302", "", ERR_FAILED, true },
	{ { COMPLETE, FILE_IS("") }, "BG", "is an empty file", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS("PRAGMA defer_foreign_keys=TRUE;\n") }, "BG", "a single line", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS("PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t(a);") }, "BG", NULL, "", 0, true },
	{ { COMPLETE, FILE_IS("PRAGMA defer_foreign_keys=TRUE;") }, "BG", "a single line", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS("PRAGMA defer_foreign_keys=TRUE;\nCREATE TA") }, "BG", "cut off", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS("\n\n") }, "BG", "cut off", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS(DUMP "ERROR near \"default\": syntax error") }, "BG", "its own failure: ERROR near \"default\": syntax error", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS(DUMP "ERROR near \"default\": syntax error;\n") }, "BG", "its own failure", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS("ERROR no such table\n") }, "BG", "its own failure", "", ERR_CORRUPT, true },
	{ { COMPLETE, FILE_IS(DUMP "CREATE VIEW v AS SELECT 1 AS\nERRORS;\n") }, "BG", NULL, "", 0, true },
};

START_TEST(understands_every_answer)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *answers[9] = { NULL };
		struct d1_export_result result;
		struct err err = ERR_INIT;
		int rc;

		memcpy(answers, cases[i].answers, sizeof(cases[i].answers));
		start(answers);
		rc = export(&result, &err);
		ck_assert_msg((rc == 0) == (cases[i].message == NULL), "%zu: %s", i, err.msg);
		ck_assert_msg(strcmp(requests(), cases[i].requests) == 0, "%zu: %s: %s", i, requests(), err.msg);
		ck_assert_msg(err.code == cases[i].code, "%zu: %d: %s", i, (int)err.code, err.msg);
		ck_assert_msg(result.began == cases[i].began, "%zu: %s", i, err.msg);
		ck_assert_msg(strstr(err.msg, cases[i].message != NULL ? cases[i].message : "") != NULL, "%zu: %s", i, err.msg);
		ck_assert_msg(strstr(err.hint, cases[i].hint) != NULL, "%zu: %s: %s", i, err.msg, err.hint);
		ck_assert_msg(strstr(err.msg, "sesame") == NULL, "%s", err.msg);
		ck_assert_int_eq(access(path, F_OK) == 0, rc == 0);
		d1_export_result_release(&result);
		stop();
	}
}
END_TEST

START_TEST(stops_when_asked)
{
	static const char *const answers[] = { ACTIVE, ACTIVE, NULL };
	struct d1_export_result result;
	struct err err = ERR_INIT;

	start(answers);
	stop_at = "Generating";
	ck_assert_int_ne(export(&result, &err), 0);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	ck_assert(result.began);
	ck_assert_str_eq(requests(), "B");
	ck_assert_int_ne(access(path, F_OK), 0);
	stop();
}
END_TEST

START_TEST(looks_at_signed_urls)
{
	static const struct {
		const char *url;
		bool encrypted, plain;   /* accepted where the API is https, http */
	} urls[] = {
		{ "https://x.r2.cloudflarestorage.com/a?X-Amz-Signature=1&b=%20", true, true },
		{ "HTTPS://x.example/", true, true },
		{ "http://127.0.0.1:8787/a", false, true },
		{ "https://user@x.example/", false, false },
		{ "https://u:p@x.example/", false, false },
		{ "https://x.example/a@b", true, true },
		{ "file:///etc/passwd", false, false },
		{ "ftp://x.example/", false, false },
		{ "https:///a", false, false },
		{ "x.example/a", false, false },
		{ "", false, false },
		{ "https://x.example/a\r\nHost: b", false, false },
		{ "https://x.example/\xc3\xa4", false, false },
	};

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		ck_assert_msg((d1_file_check_url(urls[i].url, false, NULL) == 0) == urls[i].encrypted, "%s", urls[i].url);
		ck_assert_msg((d1_file_check_url(urls[i].url, true, NULL) == 0) == urls[i].plain, "%s", urls[i].url);
	}
}
END_TEST

UNIT_CASE(d1_export)
{
	tcase_add_test(tc, fetches_an_export);
	tcase_add_test(tc, understands_every_answer);
	tcase_add_test(tc, stops_when_asked);
	tcase_add_test(tc, looks_at_signed_urls);
}

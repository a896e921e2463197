#include "net/d1_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define ACCOUNT "0123456789abcdef0123456789abcdef"
#define DATABASE "483da8b0-94c7-4f9e-ab1a-68df41e5664d"
#define ANSWER(status, type, body) \
	"HTTP/1.1 " status " X\r\nConnection: close\r\nContent-Type: " type "\r\n\r\n" body
#define JSON(status, body) ANSWER(status, "application/json", body)
#define ERROR(status, code, message) JSON(status, \
	"{\"success\":false,\"errors\":[{\"code\":" code ",\"message\":\"" message "\"}],\"messages\":[],\"result\":null}")
#define RESULT(result) JSON("200", "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":" result "}")
#define ROWS(rows) "{\"results\":{\"columns\":[\"a\",\"b\"],\"rows\":[" rows "]},\"success\":true,\"meta\":{}}"

static struct fake_clock fake;
static struct server *server;
static struct http *http;
static struct d1_api *api;

static void start(const char *const *answers)
{
	struct secret token = { (char *)"topsecret", 9 };
	char base[128];

	fake_clock_init(&fake, 1795400000000);
	server = server_start(answers);
	http = test_http(&fake, 3, NULL);
	(void)snprintf(base, sizeof(base), "%s/client/v4/", server_url(server));
	api = d1_api_new(http, base, ACCOUNT, &token);
}

static void stop(void)
{
	d1_api_free(api);
	http_free(http);
	server_stop(server);
}

static int raw(size_t count, struct d1_raw *ret, struct err *err)
{
	static const char *const sql[] = { "SELECT 1 /* \"/\\ \n */", "SELECT 2", "SELECT 3" };

	return d1_api_raw(api, DATABASE, sql, count, 100000, ret, err);
}

START_TEST(runs_statements)
{
	static const char *const answers[] = {
		RESULT("[" ROWS("[1,\"x\"],[2,null]") "," ROWS("") "]"), NULL };
	struct d1_raw result = { .result = NULL };
	const char *request;

	start(answers);
	ck_assert_int_eq(raw(2, &result, NULL), 0);
	ck_assert_uint_eq(json_object_array_length(result.result), 2);
	ck_assert_uint_eq(result.cut.count, 2);
	ck_assert_uint_eq(result.cut.sets[0].count, 2);
	ck_assert_str_eq(result.cut.sets[0].cells[1].text, "x");
	ck_assert_ptr_null(result.cut.sets[0].cells[3].text);
	ck_assert_uint_eq(result.cut.sets[1].count, 0);
	d1_raw_release(&result);
	request = server_request(server, 0);
	ck_assert_ptr_nonnull(strstr(request, "POST /client/v4/accounts/" ACCOUNT "/d1/database/" DATABASE "/raw HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nAuthorization: Bearer topsecret\r\n"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nContent-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nAccept-Encoding: "));
	ck_assert_ptr_nonnull(strstr(request,
	    "\r\n\r\n{\"batch\":[{\"sql\":\"SELECT 1 /* \\\"/\\\\ \\n */\"},{\"sql\":\"SELECT 2\"}]}"));
	ck_assert_uint_eq(d1_api_requests(api), 1);
	stop();
}
END_TEST

START_TEST(refuses_odd_results)
{
	static const char *const bodies[] = {
		RESULT("{}"), RESULT("[]"), RESULT("null"), RESULT("[" ROWS("") "," ROWS("") "]"),
		RESULT("[{\"results\":[],\"success\":true}]"),
		RESULT("[{\"results\":{\"columns\":[],\"rows\":{}},\"success\":true}]"),
		RESULT("[" ROWS("[1]") "]"), RESULT("[" ROWS("{}") "]"), RESULT("[1]"), RESULT("[null]"),
		RESULT("[{\"results\":{\"columns\":[],\"rows\":[]},\"success\":false}]"),
		JSON("200", "{\"success\":true}"), JSON("200", "{}"),
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const char *const answers[] = { bodies[i], NULL };
		struct d1_raw result = { .result = NULL };
		struct err err = ERR_INIT;

		start(answers);
		ck_assert_msg(raw(1, &result, &err) != 0, "%s", bodies[i]);
		ck_assert_int_eq(err.code, ERR_FAILED);
		ck_assert_ptr_nonnull(strstr(err.msg, DATABASE));
		ck_assert_ptr_null(result.result);
		stop();
	}
}
END_TEST

static const struct {
	const char *answer;
	enum err_code code;
	size_t requests;
	const char *message, *hint;
} refusals[] = {
	{ ERROR("404", "7404", "The database could not be found"), ERR_NOT_FOUND, 1,
	    "database " DATABASE " not found in account " ACCOUNT, "list them with: wrangler d1 list" },
	{ ERROR("401", "10000", "Authentication error"), ERR_DENIED, 1,
	    "Cloudflare refused the API token for account " ACCOUNT ": Authentication error", "D1 > Read" },
	{ ERROR("400", "7500", "no such table: t: SQLITE_ERROR"), ERR_FAILED, 1,
	    "database " DATABASE ": no such table: t: SQLITE_ERROR", "" },
	{ ERROR("400", "7500", "string or blob too big: SQLITE_TOOBIG"), ERR_TOO_BIG, 1, "too big", "" },
	{ ERROR("500", "7500", "D1 DB's isolate exceeded its memory limit and was reset."), ERR_TOO_BIG, 1, "memory", "" },
	{ ERROR("400", "7500", "D1 DB is overloaded. Too many requests queued."), ERR_AGAIN, 4,
	    "database " DATABASE ": D1 DB is overloaded. Too many requests queued. (4 tries)", "" },
	{ ERROR("400", "7500", "Currently processing a long-running export."), ERR_AGAIN, 4, "export", "exporting" },
	{ ERROR("400", "7500", "Your account has exceeded D1's free tier daily row read limit"), ERR_AGAIN, 1,
	    "free tier", "00:00 UTC" },
	{ ERROR("503", "0", ""), ERR_AGAIN, 4, "HTTP 503, and no reason", "" },
	{ ANSWER("200", "text/html", "<html>login</html>"), ERR_AGAIN, 4,
	    "the D1 API answered with HTML instead of JSON: is api_base right?", "" },
	{ ANSWER("200", "application/json", "{\"success\":tru"), ERR_AGAIN, 4, "something else instead of JSON", "" },
	{ ANSWER("200", "text/plain", ""), ERR_AGAIN, 4, "nothing instead of JSON", "" },
	{ ANSWER("200", "application/json", "[]"), ERR_AGAIN, 4, "instead of JSON", "" },
	{ ANSWER("403", "text/plain", "error code: 1010"), ERR_DENIED, 1, "HTTP 403: error code: 1010", "firewall" },
	{ ANSWER("504", "text/html", "<html>\n"), ERR_AGAIN, 4, "HTTP 504 with HTML instead of JSON", "" },
	{ ANSWER("301", "text/html", "<html>"), ERR_FAILED, 1, "HTTP 301", "api_base" },
};

START_TEST(says_what_is_wrong)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const char *const answers[] = { refusals[i].answer, NULL };
		struct d1_raw result = { .result = NULL };
		struct err err = ERR_INIT;

		start(answers);
		ck_assert_int_ne(raw(1, &result, &err), 0);
		ck_assert_msg(err.code == refusals[i].code, "%d: %s", (int)err.code, err.msg);
		ck_assert_msg(strstr(err.msg, refusals[i].message) != NULL, "%s", err.msg);
		ck_assert_msg(strstr(err.hint, refusals[i].hint) != NULL, "%s: %s", err.msg, err.hint);
		ck_assert(refusals[i].hint[0] != '\0' || err.hint[0] == '\0');
		ck_assert_msg(server_requests(server) == refusals[i].requests, "%s: %zu requests",
		    err.msg, server_requests(server));
		ck_assert_uint_eq(d1_api_requests(api), refusals[i].requests);
		ck_assert_ptr_null(strstr(err.msg, "topsecret"));
		stop();
	}
}
END_TEST

START_TEST(recovers_from_what_passes)
{
	static const char *const answers[] = {
		ANSWER("200", "text/html", "<html>"), ERROR("400", "7500", "Network connection lost."),
		SERVER_CUT, RESULT("[" ROWS("[1,2]") "]"), NULL };
	struct d1_raw result = { .result = NULL };

	start(answers);
	ck_assert_int_eq(raw(1, &result, NULL), 0);
	d1_raw_release(&result);
	ck_assert_uint_eq(d1_api_requests(api), 4);
	stop();
}
END_TEST

START_TEST(bounds_an_answer)
{
	static const char *const answers[] = { RESULT("[" ROWS("[1,\"long enough\"]") "]"), NULL };
	static const char *const sql[] = { "SELECT 1" };
	struct d1_raw result = { .result = NULL };
	struct err err = ERR_INIT;

	start(answers);
	ck_assert_int_ne(d1_api_raw(api, DATABASE, sql, 1, 50, &result, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	stop();
}
END_TEST

START_TEST(asks_for_a_bookmark_and_a_name)
{
	static const char *const answers[] = {
		RESULT("{\"bookmark\":\"00000085-0000024c\"}"), RESULT("{\"bookmark\":\"\"}"),
		RESULT("{\"name\":\"auth\",\"file_size\":12345678901}"), RESULT("{\"name\":\"auth\"}"),
		RESULT("{}"), NULL };
	char *text = NULL;
	int64_t bytes = 0;
	struct err err = ERR_INIT;

	start(answers);
	ck_assert_int_eq(d1_api_bookmark(api, DATABASE, &text, NULL), 0);
	ck_assert_str_eq(text, "00000085-0000024c");
	free(text);
	ck_assert_ptr_nonnull(strstr(server_request(server, 0), "GET /client/v4/accounts/" ACCOUNT "/d1/database/" DATABASE "/time_travel/bookmark HTTP"));
	ck_assert_int_ne(d1_api_bookmark(api, DATABASE, &text, &err), 0);
	ck_assert_int_eq(d1_api_database(api, DATABASE, &text, &bytes, NULL), 0);
	ck_assert_str_eq(text, "auth");
	free(text);
	ck_assert_int_eq(bytes, 12345678901);
	ck_assert_int_eq(d1_api_database(api, "../../x", NULL, &bytes, NULL), 0);
	ck_assert_int_eq(bytes, -1);
	ck_assert_ptr_nonnull(strstr(server_request(server, 3), "/d1/database/..%2F..%2Fx HTTP"));
	ck_assert_int_ne(d1_api_database(api, DATABASE, NULL, NULL, &err), 0);
	stop();
}
END_TEST

/* They are printed in a command to paste. */
START_TEST(takes_only_a_word_for_a_bookmark)
{
	static const char *const answers[] = {
		RESULT("{\"bookmark\":\"b; rm -rf x\"}"), RESULT("{\"bookmark\":\"$(date)\"}"),
		RESULT("{\"bookmark\":\"-h\"}"), RESULT("{\"bookmark\":\"a\\nb\"}"), RESULT("{\"bookmark\":7}"),
		RESULT("{\"bookmark\":\"\u202e00000085\"}"), NULL };

	start(answers);
	for (size_t i = 0; answers[i] != NULL; i++) {
		struct err err = ERR_INIT;
		char *text = NULL;

		ck_assert_int_ne(d1_api_bookmark(api, DATABASE, &text, &err), 0);
		ck_assert_int_eq(err.code, ERR_FAILED);
		ck_assert_ptr_nonnull(strstr(err.msg, "bookmark"));
		ck_assert_ptr_null(text);
	}
	stop();
}
END_TEST

static char *create(const char *answer, size_t expected_requests, struct err *err)
{
	const char *const answers[] = { answer, NULL };
	char *id = NULL;

	start(answers);
	(void)d1_api_create(api, "new \"db\"", "weur", NULL, &id, err);
	ck_assert_uint_eq(server_requests(server), expected_requests);
	ck_assert_ptr_nonnull(strstr(server_request(server, 0), "POST /client/v4/accounts/" ACCOUNT "/d1/database HTTP"));
	ck_assert_ptr_nonnull(strstr(server_request(server, 0),
	    "\r\n\r\n{\"name\":\"new \\\"db\\\"\",\"primary_location_hint\":\"weur\"}"));
	stop();
	return id;
}

START_TEST(creates_a_database)
{
	static const struct {
		const char *answer;
		enum err_code code;
		size_t requests;
		const char *message, *hint;
	} failures[] = {
		{ ERROR("400", "7502", "name exists"), ERR_EXISTS, 1, "database new \"db\": name exists", "another name" },
		{ ERROR("400", "7406", "too many"), ERR_REFUSED, 1, "too many", "delete a database" },
		{ ERROR("403", "10000", "Authentication error"), ERR_DENIED, 1, "refused the API token", "D1 > Edit" },
		{ ERROR("429", "971", "slow down"), ERR_AGAIN, 4, "slow down", "" },
		{ ANSWER("502", "text/html", "<html>"), ERR_AGAIN, 1, "is not known", "look whether it exists" },
		{ ERROR("500", "7009", "upstream"), ERR_AGAIN, 1, "is not known", "look whether it exists" },
		{ SERVER_CUT, ERR_AGAIN, 1, "is not known", "look whether it exists" },
		{ RESULT("{}"), ERR_FAILED, 1, "did not say its id", "" },
	};
	AUTO_STR id = create(RESULT("{\"uuid\":\"u-1\",\"name\":\"new\"}"), 1, NULL);

	ck_assert_str_eq(id, "u-1");
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_ptr_null(create(failures[i].answer, failures[i].requests, &err));
		ck_assert_msg(err.code == failures[i].code, "%zu: %d: %s", i, (int)err.code, err.msg);
		ck_assert_msg(strstr(err.msg, failures[i].message) != NULL, "%s", err.msg);
		ck_assert_msg(strstr(err.hint, failures[i].hint) != NULL, "%s: %s", err.msg, err.hint);
	}
}
END_TEST

static char *restore(const char *answer, struct err *err)
{
	const char *const answers[] = { answer, NULL };
	char *previous = NULL;
	const char *request;
	int rc;

	start(answers);
	rc = d1_api_restore(api, DATABASE, "00000085-0&c", &previous, err);
	ck_assert(rc == 0 || previous == NULL);
	ck_assert_uint_eq(server_requests(server), 1);
	request = server_request(server, 0);
	ck_assert_ptr_nonnull(strstr(request, "POST /client/v4/accounts/" ACCOUNT "/d1/database/" DATABASE
	    "/time_travel/restore?bookmark=00000085-0%26c HTTP"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nContent-Length: 0\r\n"));
	stop();
	return previous;
}

START_TEST(restores_a_moment)
{
	struct err err = ERR_INIT;
	AUTO_STR previous = restore(RESULT("{\"bookmark\":\"b9\",\"previous_bookmark\":\"b8\",\"message\":\"ok\"}"), &err);

	ck_assert_str_eq(previous, "b8");
	ck_assert_ptr_null(restore(RESULT("{\"bookmark\":\"b9\"}"), &err));
	ck_assert_ptr_null(restore(RESULT("{\"bookmark\":\"b9\",\"previous_bookmark\":\"b8 `date`\"}"), &err));
	ck_assert_int_eq(err.code, ERR_NONE);
	ck_assert_ptr_null(restore(ERROR("400", "7400", "Invalid bookmark"), &err));
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.hint, "30 days"));
	ck_assert_ptr_null(restore(ERROR("404", "7404", "gone"), &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_null(restore(SERVER_CUT, &err));
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_ptr_nonnull(strstr(err.hint, "compare the database"));
}
END_TEST

START_TEST(says_what_is_misconfigured)
{
	static const struct {
		const char *base, *token, *message;
	} cases[] = {
		{ "ftp://x", "t", "api_base: " }, { "", "t", "api_base: " },
		{ NULL, "two words", "the API token holds a blank" },
		{ NULL, "line\nbreak", "the API token holds a blank" },
		{ NULL, NULL, "the account has no API token" },
	};
	const char *const sql[] = { "SELECT 1" };

	fake_clock_init(&fake, 0);
	http = test_http(&fake, 0, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct secret token = { (char *)cases[i].token, cases[i].token ? strlen(cases[i].token) : 0 };
		struct d1_api *one = d1_api_new(http, cases[i].base, ACCOUNT, &token);
		struct d1_raw result;
		struct err err = ERR_INIT;

		ck_assert_int_ne(d1_api_raw(one, DATABASE, sql, 1, 1000, &result, &err), 0);
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_msg(strstr(err.msg, cases[i].message) != NULL, "%s", err.msg);
		d1_api_free(one);
	}
	http_free(http);
}
END_TEST

UNIT_CASE(d1_api)
{
	tcase_add_test(tc, runs_statements);
	tcase_add_test(tc, refuses_odd_results);
	tcase_add_test(tc, says_what_is_wrong);
	tcase_add_test(tc, recovers_from_what_passes);
	tcase_add_test(tc, bounds_an_answer);
	tcase_add_test(tc, asks_for_a_bookmark_and_a_name);
	tcase_add_test(tc, takes_only_a_word_for_a_bookmark);
	tcase_add_test(tc, creates_a_database);
	tcase_add_test(tc, restores_a_moment);
	tcase_add_test(tc, says_what_is_misconfigured);
}

#include "net/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define ACCOUNT "0123456789abcdef0123456789abcdef"
#define JSON(status, body) "HTTP/1.1 " status " X\r\nConnection: close\r\n" \
	"Content-Type: application/json\r\n\r\n" body
#define RESULT(result, more) JSON("200", "{\"success\":true,\"errors\":[],\"result\":" result more "}")

static struct fake_clock fake;
static struct server *server;
static struct http *http;
static struct d1_api *api;
static char seen[512];

static void start(const char *const *answers)
{
	struct secret token = { (char *)"topsecret", 9 };
	char base[128];

	fake_clock_init(&fake, 1795400000000);
	server = server_start(answers);
	http = test_http(&fake, 0, NULL);
	(void)snprintf(base, sizeof(base), "%s/client/v4", server_url(server));
	api = d1_api_new(http, base, ACCOUNT, &token);
	seen[0] = '\0';
}

static void stop(void)
{
	d1_api_free(api);
	http_free(http);
	server_stop(server);
}

static int see_bucket(void *ctx, const char *name, struct err *err)
{
	(void)ctx, (void)err;
	(void)strncat(strncat(seen, name, 50), " ", 2);
	return 0;
}

static int see_database(void *ctx, const char *name, const char *id, struct err *err)
{
	(void)see_bucket(ctx, name, err);
	return see_bucket(ctx, id, err);
}

START_TEST(reads_databases_until_a_page_is_empty)
{
	struct err err = ERR_INIT;

	/* The second page is shorter than was asked for, and not the last. */
	start((const char *[]){
		RESULT("[{\"name\":\"a\",\"uuid\":\"1\"},{\"name\":\"b\",\"uuid\":\"2\"}]", ""),
		RESULT("[{\"name\":\"c\",\"uuid\":\"3\"}]", ""), RESULT("[]", ""), NULL });
	ck_assert_msg(account_databases(api, see_database, NULL, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(seen, "a 1 b 2 c 3 ");
	ck_assert_ptr_nonnull(strstr(server_request(server, 1),
	    "GET /client/v4/accounts/" ACCOUNT "/d1/database?page=2&per_page=100 "));
	stop();
}
END_TEST

START_TEST(follows_the_cursor_of_buckets)
{
	struct err err = ERR_INIT;

	start((const char *[]){
		RESULT("{\"buckets\":[{\"name\":\"x\"}]}", ",\"result_info\":{\"cursor\":\"a/b=\"}"),
		RESULT("{\"buckets\":[{\"name\":\"y\"}]}", ",\"result_info\":{\"cursor\":\"\"}"), NULL });
	ck_assert_msg(account_buckets(api, see_bucket, NULL, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(seen, "x y ");
	ck_assert_ptr_nonnull(strstr(server_request(server, 0),
	    "GET /client/v4/accounts/" ACCOUNT "/r2/buckets?per_page=100 "));
	ck_assert_ptr_nonnull(strstr(server_request(server, 1), "&cursor=a%2Fb%3D "));
	stop();
}
END_TEST

START_TEST(says_which_permission_is_missing)
{
	struct err err = ERR_INIT;

	start((const char *[]){ JSON("403", "{\"success\":false,\"errors\":[{\"code\":10000,"
	    "\"message\":\"Authentication error\"}],\"result\":null}"), NULL });
	ck_assert_int_eq(account_buckets(api, see_bucket, NULL, &err), -1);
	ck_assert_int_eq(err.code, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(err.hint, "R2 Storage > Read"));
	stop();
}
END_TEST

START_TEST(refuses_lists_that_are_none)
{
	static const char *const answers[] = { RESULT("{}", ""), RESULT("[{\"uuid\":\"1\"}]", ""),
		RESULT("[7]", ""), RESULT("\"\"", "") };

	for (size_t i = 0; i < 4; i++) {
		struct err err = ERR_INIT;

		start((const char *[]){ answers[i], NULL });
		ck_assert_int_eq(account_databases(api, see_database, NULL, &err), -1);
		ck_assert_str_eq(seen, "");
		stop();
		start((const char *[]){ answers[i], NULL });
		ck_assert_int_eq(account_buckets(api, see_bucket, NULL, &err), -1);
		stop();
	}
}
END_TEST

UNIT_CASE(account)
{
	tcase_add_test(tc, reads_databases_until_a_page_is_empty);
	tcase_add_test(tc, follows_the_cursor_of_buckets);
	tcase_add_test(tc, says_which_permission_is_missing);
	tcase_add_test(tc, refuses_lists_that_are_none);
}

#include "control/auth.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* "t0ken" may all, "look" may read. */
static struct auth load(void)
{
	struct auth auth = { .all.set = false };
	struct err err = ERR_INIT;

	ck_assert_int_eq(setenv("TEST_ALL", "t0ken", 1), 0);
	ck_assert_int_eq(setenv("TEST_READ", "look", 1), 0);
	ck_assert_msg(auth_load(&auth, "env:TEST_ALL", "env:TEST_READ", &err) == 0, "%s", err.msg);
	return auth;
}

static enum auth_verdict ask(const char *authorization, enum right right, bool *ret_wrong)
{
	struct auth auth = load();
	struct auth_request request = { .authorization = authorization, .host = "backup.example" };

	return auth_check(&auth, &request, right, ret_wrong);
}

START_TEST(bearer_tokens)
{
	bool wrong;

	ck_assert_int_eq(ask("Bearer t0ken", RIGHT_ALL, &wrong), AUTH_YES);
	ck_assert(!wrong);
	ck_assert_int_eq(ask("bearer   t0ken", RIGHT_READ, NULL), AUTH_YES);
	ck_assert_int_eq(ask("Bearer look", RIGHT_READ, NULL), AUTH_YES);
	ck_assert_int_eq(ask("Bearer look", RIGHT_ALL, &wrong), AUTH_NOT_YOU);
	ck_assert(!wrong);
	ck_assert_int_eq(ask("Bearer t0ke", RIGHT_READ, &wrong), AUTH_WHO);
	ck_assert(wrong);
	ck_assert_int_eq(ask(NULL, RIGHT_READ, &wrong), AUTH_WHO);
	ck_assert(!wrong);
	ck_assert_int_eq(ask(NULL, RIGHT_NONE, NULL), AUTH_YES);
}
END_TEST

static const char *const not_tokens[] = {
	"", "Bearer", "Bearer ", "Bearert0ken", "t0ken", "Bearer t0ken ", "Bearer t0ken\n", "Token t0ken",
	"Bearer t0kent0ken", "Basic", "Basic ", "Basic t0ken", "Basic dDBrZW4=", "Basic !!!!", "Basic ====",
	"Basic eDp0MGtlbg", "Basic eDp0MGtlbiA=", "Basic eDo=", "Basic Og==", "Bearer \xff\xff",
};

START_TEST(nothing_else_is_a_token)
{
	bool wrong;

	for (size_t i = 0; i < sizeof(not_tokens) / sizeof(not_tokens[0]); i++) {
		ck_assert_msg(ask(not_tokens[i], RIGHT_READ, &wrong) == AUTH_WHO, "%s", not_tokens[i]);
		ck_assert_msg(wrong, "%s", not_tokens[i]);
	}
}
END_TEST

START_TEST(a_browser_logs_in)
{
	/* "x:t0ken", ":t0ken", "admin:look" */
	ck_assert_int_eq(ask("Basic eDp0MGtlbg==", RIGHT_ALL, NULL), AUTH_YES);
	ck_assert_int_eq(ask("basic OnQwa2Vu", RIGHT_ALL, NULL), AUTH_YES);
	ck_assert_int_eq(ask("Basic YWRtaW46bG9vaw==", RIGHT_READ, NULL), AUTH_YES);
	ck_assert_int_eq(ask("Basic YWRtaW46bG9vaw==", RIGHT_ALL, NULL), AUTH_NOT_YOU);
}
END_TEST

START_TEST(no_token_set_is_no_empty_token)
{
	struct auth nobody = { .all.set = false };
	struct auth only_read = load();
	struct auth_request request = { .authorization = "Bearer ", .host = "127.0.0.1:8417" };

	/* Loopback without tokens: whatever is sent along is of no interest. */
	ck_assert_int_eq(auth_check(&nobody, &request, RIGHT_ALL, NULL), AUTH_YES);
	only_read.all.set = false;
	memset(only_read.all.sha256, 0, sizeof(only_read.all.sha256));
	ck_assert_int_eq(auth_check(&only_read, &request, RIGHT_ALL, NULL), AUTH_WHO);
	request.authorization = "Bearer look";
	ck_assert_int_eq(auth_check(&only_read, &request, RIGHT_ALL, NULL), AUTH_NOT_YOU);
}
END_TEST

START_TEST(without_tokens_only_our_own_names)
{
	struct auth nobody = { .all.set = false };
	struct auth_request request = { .host = "evil.example:8417" };

	ck_assert_int_eq(auth_check(&nobody, &request, RIGHT_READ, NULL), AUTH_HOST);
	request.host = NULL;
	ck_assert_int_eq(auth_check(&nobody, &request, RIGHT_READ, NULL), AUTH_HOST);
	request.page = true;
	ck_assert_int_eq(auth_check(&nobody, &request, RIGHT_READ, NULL), AUTH_HOST);
	request.host = "[::1]:8417";
	ck_assert_int_eq(auth_check(&nobody, &request, RIGHT_READ, NULL), AUTH_YES);
	/* The file's mode has said who may. */
	request = (struct auth_request){ .on_socket = true, .host = "evil.example" };
	ck_assert_int_eq(auth_check(&nobody, &request, RIGHT_ALL, NULL), AUTH_YES);
}
END_TEST

struct site_case {
	const char *origin, *site;
	bool post, page;
	enum auth_verdict verdict;
};

static const struct site_case sites[] = {
	{ NULL, NULL, true, false, AUTH_YES },                           /* curl */
	{ "http://127.0.0.1:8417", "same-origin", true, false, AUTH_YES },
	{ "http://127.0.0.1:8417", NULL, true, false, AUTH_YES },
	{ "https://127.0.0.1:8417", "same-origin", true, false, AUTH_YES },   /* a proxy took TLS off */
	{ "http://evil.example", "cross-site", true, false, AUTH_CROSS_SITE },
	{ "http://evil.example", NULL, true, false, AUTH_CROSS_SITE },
	{ "http://127.0.0.1:9999", NULL, true, false, AUTH_CROSS_SITE },
	{ "http://127.0.0.1:8417.evil.example", NULL, true, false, AUTH_CROSS_SITE },
	{ "null", NULL, true, false, AUTH_CROSS_SITE },
	{ "", NULL, true, false, AUTH_CROSS_SITE },
	{ NULL, "cross-site", true, false, AUTH_CROSS_SITE },
	{ NULL, "same-site", true, false, AUTH_CROSS_SITE },
	{ NULL, "none", true, false, AUTH_YES },
	{ NULL, "cross-site", false, false, AUTH_CROSS_SITE },           /* <img src=…/api/backup/list> */
	{ NULL, "cross-site", false, true, AUTH_YES },                   /* a link to the page */
	{ NULL, "none", false, false, AUTH_YES },
	{ "http://evil.example", NULL, true, true, AUTH_CROSS_SITE },
};

START_TEST(other_sites_cannot_have_a_browser_ask)
{
	struct auth nobody = { .all.set = false }, tokens = load();

	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		struct auth_request request = {
			.host = "127.0.0.1:8417", .origin = sites[i].origin,
			.sec_fetch_site = sites[i].site, .post = sites[i].post, .page = sites[i].page,
		};

		ck_assert_msg(auth_check(&nobody, &request, RIGHT_ALL, NULL) == sites[i].verdict, "%zu", i);
		request.on_socket = true;
		ck_assert_msg(auth_check(&nobody, &request, RIGHT_ALL, NULL) == sites[i].verdict, "%zu", i);
		request.on_socket = false;
		request.authorization = "Basic eDp0MGtlbg==";
		ck_assert_msg(auth_check(&tokens, &request, RIGHT_ALL, NULL) == sites[i].verdict, "%zu", i);
		/* No browser sends one by itself. */
		request.authorization = "Bearer t0ken";
		ck_assert_int_eq(auth_check(&tokens, &request, RIGHT_ALL, NULL), AUTH_YES);
	}
}
END_TEST

START_TEST(a_token_that_cannot_be_read_is_an_error)
{
	struct auth auth = { .all.set = false };
	struct err err = ERR_INIT;

	(void)unsetenv("TEST_NONE");
	ck_assert_int_eq(auth_load(&auth, NULL, "env:TEST_NONE", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "control_read_token: "));
	ck_assert(!auth.all.set && !auth.read.set);
}
END_TEST

UNIT_CASE(auth)
{
	tcase_add_test(tc, bearer_tokens);
	tcase_add_test(tc, nothing_else_is_a_token);
	tcase_add_test(tc, a_browser_logs_in);
	tcase_add_test(tc, no_token_set_is_no_empty_token);
	tcase_add_test(tc, without_tokens_only_our_own_names);
	tcase_add_test(tc, other_sites_cannot_have_a_browser_ask);
	tcase_add_test(tc, a_token_that_cannot_be_read_is_an_error);
}

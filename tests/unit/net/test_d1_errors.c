#include "net/d1_errors.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	int status;
	int64_t code;
	const char *message;
	enum err_code expected;
	bool transient;
	const char *hint;   /* a part of it, or NULL: none */
} cases[] = {
	/* transient, by D1's own list */
	{ 400, 7500, "Network connection lost.", ERR_AGAIN, true, NULL },
	{ 400, 7500, "Internal error while starting up D1 DB storage caused object to be reset.", ERR_AGAIN, true, NULL },
	{ 500, 7500, "Internal error in D1 DB storage caused object to be reset.", ERR_AGAIN, true, NULL },
	{ 400, 7500, "D1 DB reset because its code was updated.", ERR_AGAIN, true, NULL },
	{ 400, 7500, "Cannot resolve D1 DB due to transient issue on remote node.", ERR_AGAIN, true, NULL },
	{ 429, 7500, "D1 DB is overloaded. Requests queued for too long.", ERR_AGAIN, true, NULL },
	{ 429, 7500, "D1 DB is overloaded. Too many requests queued.", ERR_AGAIN, true, NULL },
	{ 400, 7500, "{\"D1_RESET_DO\":true}", ERR_AGAIN, true, NULL },
	{ 500, 7500, "internal error; reference = 0123abc", ERR_AGAIN, true, NULL },
	{ 400, 7500, "NOSENTRY database is locked: SQLITE_BUSY", ERR_AGAIN, true, NULL },
	{ 400, 7500, "Currently processing a long-running export.", ERR_AGAIN, true, "exporting" },
	{ 400, 7500, "Currently processing a long-running import. Cannot start another import until that completes or times out.",
	    ERR_AGAIN, true, "importing" },
	{ 500, 7009, "upstream service unavailable", ERR_AGAIN, true, NULL },
	{ 503, 0, "", ERR_AGAIN, true, NULL },
	{ 524, 0, "", ERR_AGAIN, true, NULL },
	{ 429, 971, "Please wait and consider throttling your request speed", ERR_AGAIN, true, NULL },
	{ 429, 10000, "More than 1200 requests per 300 seconds reached.", ERR_AGAIN, true, NULL },
	/* ask for less */
	{ 400, 7500, "string or blob too big: SQLITE_TOOBIG", ERR_TOO_BIG, false, NULL },
	{ 400, 7500, "statement too long: SQLITE_TOOBIG", ERR_TOO_BIG, false, NULL },
	{ 400, 7500, "D1 DB's isolate exceeded its memory limit and was reset.", ERR_TOO_BIG, false, NULL },
	{ 500, 7500, "D1 DB exceeded its CPU time limit and was reset.", ERR_TOO_BIG, false, NULL },
	{ 500, 7500, "D1 DB storage operation exceeded timeout which caused object to be reset.", ERR_TOO_BIG, false, NULL },
	{ 400, 7500, "out of memory: SQLITE_NOMEM", ERR_TOO_BIG, false, NULL },
	/* later, not now */
	{ 400, 7500, "Your account has exceeded D1's free tier daily row read limit", ERR_AGAIN, false, "00:00 UTC" },
	{ 429, 7500, "Your account has exceeded D1's free tier daily row write limit", ERR_AGAIN, false, "00:00 UTC" },
	/* a person's turn */
	{ 404, 7404, "The database 1 could not be found", ERR_NOT_FOUND, false, "wrangler d1 list" },
	{ 400, 7404, "", ERR_NOT_FOUND, false, "wrangler d1 list" },
	{ 401, 10000, "Authentication error", ERR_DENIED, false, "D1 > Read" },
	{ 400, 10000, "Authentication error", ERR_DENIED, false, "D1 > Read" },
	{ 403, 10001, "Unable to authenticate request", ERR_DENIED, false, "D1 > Read" },
	{ 403, 9109, "Invalid access token", ERR_DENIED, false, "D1 > Read" },
	{ 400, 6003, "Invalid request headers", ERR_DENIED, false, "D1 > Read" },
	{ 403, 0, "", ERR_DENIED, false, "D1 > Read" },
	{ 400, 7400, "The request is malformed: failed to decode ID", ERR_FAILED, false, "check the account's id" },
	{ 404, 7003, "Could not route to /accounts/x", ERR_FAILED, false, "check the account's id" },
	/* imports, exports, new databases */
	{ 400, 7502, "A database with that name already exists", ERR_EXISTS, false, "another name" },
	{ 400, 7406, "too many databases", ERR_REFUSED, false, "delete a database" },
	{ 200, 0, "D1 Export error: cannot export databases with Virtual Tables (fts5)", ERR_FAILED, false, "virtual table" },
	{ 200, 0, "Cancelled due to no poll() received in 15000ms. Latest messages: x", ERR_AGAIN, false, "15 s" },
	{ 200, 0, "Not currently importing anything.", ERR_AGAIN, false, "the database itself" },
	{ 200, 0, "Not currently import at bookmark 00000085", ERR_AGAIN, false, "the database itself" },
	{ 200, 0, "Input file x.sql missing or invalid", ERR_FAILED, false, NULL },
	/* the engine's own words */
	{ 400, 7500, "no such table: t: SQLITE_ERROR", ERR_FAILED, false, NULL },
	{ 400, 7500, "not authorized: SQLITE_AUTH", ERR_FAILED, false, NULL },
	{ 400, 7500, "Expression tree is too large (maximum depth 100): SQLITE_ERROR", ERR_FAILED, false, NULL },
	{ 400, 10001, "something else", ERR_FAILED, false, NULL },
	{ 200, 0, "", ERR_FAILED, false, NULL },
};

START_TEST(knows_every_message)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct d1_verdict v = d1_classify(cases[i].status, cases[i].code, cases[i].message);

		ck_assert_msg(v.code == cases[i].expected, "%s: %d", cases[i].message, (int)v.code);
		ck_assert_msg(v.transient == cases[i].transient, "%s", cases[i].message);
		if (cases[i].hint == NULL)
			ck_assert_msg(v.hint == NULL, "%s: %s", cases[i].message, v.hint);
		else
			ck_assert_msg(v.hint != NULL && strstr(v.hint, cases[i].hint) != NULL,
			    "%s: %s", cases[i].message, v.hint != NULL ? v.hint : "(no hint)");
	}
}
END_TEST

/* May a request that changes something be sent again? Only where it was turned
 * away at the door. */
START_TEST(knows_what_was_not_done)
{
	ck_assert(d1_classify(400, 7500, "Currently processing a long-running import.").not_done);
	ck_assert(d1_classify(400, 7500, "Currently processing a long-running export.").not_done);
	ck_assert(d1_classify(400, 7500, "D1 DB is overloaded. Requests queued for too long.").not_done);
	ck_assert(d1_classify(429, 10000, "More than 1200 requests per 300 seconds reached.").not_done);
	ck_assert(!d1_classify(400, 7500, "Network connection lost.").not_done);
	ck_assert(!d1_classify(500, 7009, "upstream service unavailable").not_done);
	ck_assert(!d1_classify(503, 0, "").not_done);
	ck_assert(!d1_classify(400, 7500, "no such table: t").not_done);
}
END_TEST

START_TEST(makes_foreign_text_one_line)
{
	static const char text[] = "\n a\r\n\tb \x1b[31m\xc3\xbc c\n";
	char ret[D1_TEXT_SIZE], big[1000];

	d1_printable(text, strlen(text), ret);
	ck_assert_str_eq(ret, "a b [31m c");
	memset(big, 'x', sizeof(big));
	d1_printable(big, sizeof(big), ret);
	ck_assert_uint_eq(strlen(ret), 200);
	d1_printable("", 0, ret);
	ck_assert_str_eq(ret, "");
}
END_TEST

UNIT_CASE(d1_errors)
{
	tcase_add_test(tc, knows_every_message);
	tcase_add_test(tc, knows_what_was_not_done);
	tcase_add_test(tc, makes_foreign_text_one_line);
}

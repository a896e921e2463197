#include "setup/wrangler.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

#define ID1 "483da8b0-94c7-4f9e-ab1a-68df41e5664d"
#define ID2 "b8f3b52c-3061-4402-a8b3-794b45dbb2cb"

static struct draft draft;
static struct err err;

static int take(const char *text, bool has_account)
{
	AUTO_JSON document = json_read(text, strlen(text), NULL);

	ck_assert_ptr_nonnull(document);
	draft = (struct draft){ 0 };
	err_clear(&err);
	return wrangler_take(&draft, document, "/p", has_account, &err);
}

START_TEST(the_top_level_is_local)
{
	const struct draft_database *d;

	ck_assert_int_eq(take("{\"d1_databases\":["
	    "{\"binding\":\"A\",\"database_name\":\"auth\",\"database_id\":\"" ID1 "\"},"
	    "{\"binding\":\"B\",\"database_id\":\"" ID1 "\",\"preview_database_id\":\"preview\"},"
	    "{\"binding\":\"C\"},{\"database_name\":\"no id\"},7],"
	    "\"env\":{\"staging\":{\"d1_databases\":[]}}}", true), 0);
	ck_assert_uint_eq(draft.count, 1);
	ck_assert_str_eq(draft.environments[0].name, "local");
	ck_assert(draft.environments[0].is_local);
	ck_assert_uint_eq(draft.environments[0].count, 3);
	d = draft.environments[0].databases;
	ck_assert_str_eq(d[0].title, "auth");
	ck_assert_str_eq(d[0].id, ID1);
	ck_assert_str_eq(d[0].project, "/p");
	ck_assert_str_eq(d[1].title, "B");
	ck_assert_str_eq(d[1].id, "preview");
	ck_assert_str_eq(d[2].id, "C");
	draft_release(&draft);
}
END_TEST

START_TEST(environments_are_remote)
{
	ck_assert_int_eq(take("{\"env\":{"
	    "\"production\":{\"d1_databases\":[{\"binding\":\"A\",\"database_name\":\"auth-production\",\"database_id\":\"" ID1 "\"}]},"
	    "\"staging\":{\"d1_databases\":[{\"binding\":\"A\",\"database_name\":\"auth\",\"database_id\":\"" ID2 "\"},"
	    "{\"binding\":\"B\",\"database_name\":\"new\",\"database_id\":\"<fill in>\"}]},"
	    "\"other\":{\"vars\":{}}}}", true), 0);
	ck_assert_uint_eq(draft.count, 2);
	ck_assert_str_eq(draft.environments[0].databases[0].title, "auth");
	ck_assert_str_eq(draft.environments[0].databases[0].name, "auth-production");
	ck_assert_str_eq(draft.environments[1].databases[0].id, ID2);
	ck_assert_uint_eq(draft.left_out_count, 1);
	ck_assert_str_eq(draft.left_out[0], "staging: new");
	draft_release(&draft);
}
END_TEST

START_TEST(without_environments_it_is_deployed_from_the_top)
{
	ck_assert_int_eq(take("{\"d1_databases\":[{\"binding\":\"A\",\"database_name\":\"auth\","
	    "\"database_id\":\"" ID1 "\"},{\"binding\":\"B\",\"database_id\":\"local-only\"}]}", true), 0);
	ck_assert_uint_eq(draft.count, 2);
	ck_assert_str_eq(draft.environments[1].name, "production");
	ck_assert_uint_eq(draft.environments[1].count, 1);
	ck_assert_ptr_nonnull(draft.environments[1].databases[0].note);
	draft_release(&draft);
}
END_TEST

START_TEST(without_an_account_the_remote_ones_are_left_out)
{
	ck_assert_int_eq(take("{\"env\":{\"production\":{\"d1_databases\":[{\"binding\":\"A\","
	    "\"database_name\":\"auth\",\"database_id\":\"" ID1 "\"}]}}}", false), 0);
	ck_assert_uint_eq(draft.count, 0);
	ck_assert_str_eq(draft.left_out[0], "production: auth");
	draft_release(&draft);
}
END_TEST

START_TEST(a_configuration_without_databases_is_none)
{
	static const char *const texts[] = { "{}", "{\"d1_databases\":{}}", "{\"d1_databases\":[]}",
		"{\"env\":[]}", "{\"env\":{\"a\":7}}" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_int_eq(take(texts[i], true), -1);
		ck_assert_int_eq(err.code, ERR_USAGE);
	}
}
END_TEST

UNIT_CASE(wrangler)
{
	tcase_add_test(tc, the_top_level_is_local);
	tcase_add_test(tc, environments_are_remote);
	tcase_add_test(tc, without_environments_it_is_deployed_from_the_top);
	tcase_add_test(tc, without_an_account_the_remote_ones_are_left_out);
	tcase_add_test(tc, a_configuration_without_databases_is_none);
}

#include <string.h>

#include "base/mem.h"
#include "setup/draft.h"
#include "tests/unit/unit.h"

static void check_split(const char *name, const char *environment, const char *rest)
{
	const char *const words[] = { "eu-west", "shadow", NULL };
	AUTO_STR e = NULL;
	AUTO_STR r = NULL;

	ck_assert_msg(group_split(name, words, &e, &r) == (environment != NULL), "%s", name);
	if (environment != NULL) {
		ck_assert_str_eq(e, environment);
		ck_assert_str_eq(r, rest);
	}
}

START_TEST(finds_the_environment_at_either_end)
{
	check_split("auth-production", "production", "auth");
	check_split("production-auth", "production", "auth");
	check_split("auth_staging", "staging", "auth");
	check_split("auth.prod", "production", "auth");
	check_split("Auth-PROD", "production", "Auth");
	check_split("user-data-dev", "development", "user-data");
	check_split("shadow_x", "shadow", "x");
	check_split("auth-eu-west", "eu-west", "auth");
	check_split("auth", NULL, NULL);
	check_split("products", NULL, NULL);       /* no word, only the beginning of one */
	check_split("production", NULL, NULL);     /* nothing would be left */
	check_split("-production", NULL, NULL);
	check_split("production-", NULL, NULL);
	check_split("a-production-b", NULL, NULL); /* in the middle it may mean anything */
	check_split("", NULL, NULL);
}
END_TEST

static const struct draft_environment *find(const struct draft *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++) {
		if (strcmp(d->environments[i].name, name) == 0)
			return &d->environments[i];
	}
	ck_abort_msg("no environment %s", name);
}

START_TEST(databases_go_into_their_environments)
{
	static const struct group_item items[] = {
		{ "auth-production", "1" }, { "production-auth", "2" }, { "auth-staging", "3" },
		{ "cache", "4" },
	};
	struct draft draft = { 0 };
	const struct draft_environment *p;

	group_databases(&draft, items, 4, NULL);
	p = find(&draft, "production");
	ck_assert_uint_eq(draft.count, 2);
	ck_assert_uint_eq(p->count, 3);
	ck_assert_str_eq(p->databases[0].title, "auth");
	ck_assert_ptr_null(p->databases[0].note);
	ck_assert_str_eq(p->databases[1].title, "production-auth");   /* "auth" is taken */
	ck_assert_str_eq(p->databases[2].title, "cache");
	ck_assert_ptr_nonnull(p->databases[2].note);
	ck_assert_str_eq(find(&draft, "staging")->databases[0].title, "auth");
	draft_release(&draft);
}
END_TEST

START_TEST(only_the_wished_ones)
{
	static const struct group_item items[] = {
		{ "auth-production", "1" }, { "auth-staging", "2" }, { "auth-canary", "3" }, { "x", "4" },
	};
	const char *const only[] = { "canary", "staging", NULL };
	struct draft draft = { 0 };

	group_databases(&draft, items, 4, only);
	ck_assert_uint_eq(draft.count, 2);
	ck_assert_uint_eq(find(&draft, "canary")->count, 2);   /* and x: it says nothing */
	ck_assert_uint_eq(find(&draft, "staging")->count, 1);
	ck_assert_uint_eq(draft.left_out_count, 1);
	ck_assert_str_eq(draft.left_out[0], "auth-production");
	draft_release(&draft);
}
END_TEST

START_TEST(titles_are_titles)
{
	static const struct group_item items[] = {
		{ "a b/c", "1" }, { ".hidden", "2" }, { "a b/c", "3" }, { "a b/c", "4" },
	};
	struct draft draft = { 0 };
	const struct draft_environment *p;

	group_databases(&draft, items, 4, NULL);
	p = find(&draft, "production");
	ck_assert_str_eq(p->databases[0].title, "a-b-c");
	ck_assert_str_eq(p->databases[1].title, "xhidden");
	ck_assert_str_eq(p->databases[2].title, "a-b-c-2");
	ck_assert_str_eq(p->databases[3].title, "a-b-c-3");
	draft_release(&draft);
}
END_TEST

static void check_bucket(const char *environment, char **buckets, size_t count,
    const char *expected)
{
	struct draft draft = { 0 };

	(void)draft_environment(&draft, environment);
	group_buckets(&draft, buckets, count);
	if (expected == NULL)
		ck_assert_ptr_null(draft.environments[0].bucket);
	else
		ck_assert_str_eq(draft.environments[0].bucket, expected);
	draft_release(&draft);
}

START_TEST(a_bucket_fits_by_its_name)
{
	char *taco[] = { (char *)"assets", (char *)"staging-uploads", (char *)"taco-backups",
		(char *)"taco-backups-staging" };
	char *both[] = { (char *)"backups", (char *)"d1keep-prod" };

	check_bucket("production", taco, 4, "taco-backups");
	check_bucket("staging", taco, 4, "taco-backups-staging");
	check_bucket("development", taco, 4, NULL);
	check_bucket("production", both, 2, "d1keep-prod");
	check_bucket("staging", both, 2, NULL);
	/* Somebody's own bucket is never taken. */
	check_bucket("staging", taco + 1, 1, NULL);
}
END_TEST

START_TEST(production_comes_first)
{
	static const struct group_item items[] = {
		{ "b-dev", "1" }, { "z-production", "2" }, { "a-dev", "3" },
	};
	struct draft draft = { 0 };

	draft_sort(&draft);
	draft_environment(&draft, "a")->is_local = true;
	group_databases(&draft, items, 3, NULL);
	draft_sort(&draft);
	ck_assert_str_eq(draft.environments[0].name, "production");
	ck_assert_str_eq(draft.environments[1].name, "development");
	ck_assert_str_eq(draft.environments[1].databases[0].title, "a");
	ck_assert_str_eq(draft.environments[2].name, "a");
	draft_release(&draft);
}
END_TEST

UNIT_CASE(group)
{
	tcase_add_test(tc, production_comes_first);
	tcase_add_test(tc, finds_the_environment_at_either_end);
	tcase_add_test(tc, databases_go_into_their_environments);
	tcase_add_test(tc, only_the_wished_ones);
	tcase_add_test(tc, titles_are_titles);
	tcase_add_test(tc, a_bucket_fits_by_its_name);
}

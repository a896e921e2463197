#include "restore/target.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	const char *text;
	enum target_kind kind;
	const char *path, *database;
} good[] = {
	{ "sqlite:a b.sqlite", TARGET_SQLITE, "a b.sqlite", NULL },
	{ "sqlite:/x:y", TARGET_SQLITE, "/x:y", NULL },
	{ "sql:-", TARGET_SQL, "-", NULL },
	{ "sql:./-", TARGET_SQL, "./-", NULL },
	{ "wrangler:dev/auth", TARGET_WRANGLER, NULL, "dev/auth" },
	{ "d1:staging/auth", TARGET_D1, NULL, "staging/auth" },
	{ "d1:staging", TARGET_D1, NULL, "staging" },
};

START_TEST(is_read)
{
	struct target t;
	struct err err = ERR_INIT;

	ck_assert_msg(target_parse(good[_i].text, &t, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(t.kind, good[_i].kind);
	ck_assert_pstr_eq(t.path, good[_i].path);
	ck_assert_pstr_eq(t.database, good[_i].database);
	target_release(&t);
}
END_TEST

static const char *const bad[] = { "", "x.sqlite", "sqlite:", "sqlite:-", "d1:", "D1:a/b", "sqlite", "r2:x" };

START_TEST(is_refused)
{
	struct target t;
	struct err err = ERR_INIT;

	ck_assert_int_eq(target_parse(bad[_i], &t, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.hint, "d1:ENV/DB"));
}
END_TEST

UNIT_CASE(target)
{
	tcase_add_loop_test(tc, is_read, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, is_refused, 0, sizeof(bad) / sizeof(bad[0]));
}

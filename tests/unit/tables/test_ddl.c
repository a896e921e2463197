#include "tables/ddl.h"

#include "tests/unit/unit.h"

START_TEST(sees_a_comment_that_runs_to_the_end)
{
	ck_assert_str_eq(ddl_comment_end("CREATE VIEW v AS SELECT 1 -- one"), "\n");
	ck_assert_str_eq(ddl_comment_end("CREATE VIEW v AS SELECT 1 --"), "\n");
	ck_assert_str_eq(ddl_comment_end("-- a\n-- b"), "\n");
}
END_TEST

START_TEST(sees_a_comment_that_nothing_closes)
{
	ck_assert_str_eq(ddl_comment_end("CREATE VIEW v AS SELECT 1 /* one"), "*/");
	ck_assert_str_eq(ddl_comment_end("SELECT /* a */ 1 /* -- '"), "*/");
	ck_assert_str_eq(ddl_comment_end("SELECT 1 /*/"), "*/");
}
END_TEST

START_TEST(is_not_deceived_by_texts_and_names)
{
	ck_assert_str_eq(ddl_comment_end("SELECT '--'"), "");
	ck_assert_str_eq(ddl_comment_end("SELECT '''--', '/*'"), "");
	ck_assert_str_eq(ddl_comment_end("CREATE TABLE \"a--b\"(\"c\"\"/*\")"), "");
	ck_assert_str_eq(ddl_comment_end("CREATE TABLE [a--b](`/*`)"), "");
	ck_assert_str_eq(ddl_comment_end("SELECT 1 - -1 / 2 * 3"), "");
	ck_assert_str_eq(ddl_comment_end(""), "");
}
END_TEST

START_TEST(leaves_a_closed_comment_alone)
{
	ck_assert_str_eq(ddl_comment_end("CREATE INDEX i ON t(a) -- one\n"), "");
	ck_assert_str_eq(ddl_comment_end("CREATE TABLE t(a -- it's one\n)"), "");
	ck_assert_str_eq(ddl_comment_end("CREATE TABLE t(a /* it's -- \" one */)"), "");
}
END_TEST

UNIT_CASE(ddl)
{
	tcase_add_test(tc, sees_a_comment_that_runs_to_the_end);
	tcase_add_test(tc, sees_a_comment_that_nothing_closes);
	tcase_add_test(tc, is_not_deceived_by_texts_and_names);
	tcase_add_test(tc, leaves_a_closed_comment_alone);
}

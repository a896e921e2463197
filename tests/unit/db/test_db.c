#include "db/db.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static bool number(const char *text, int64_t *ret)
{
	return db_cell_int((struct db_cell){ text, strlen(text) }, ret);
}

START_TEST(a_whole_number_is_read)
{
	int64_t n;

	ck_assert(number("0", &n) && n == 0);
	ck_assert(number("-12", &n) && n == -12);
	ck_assert(number("9223372036854775807", &n) && n == INT64_MAX);
	ck_assert(number("-9223372036854775808", &n) && n == INT64_MIN);
}
END_TEST

START_TEST(what_is_no_whole_number_is_not)
{
	static const char *const texts[] = { "", " 1", "1 ", "1.0", "1e3", "x", "-", "0x10", "9223372036854775808" };
	int64_t n = 7;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(!number(texts[i], &n), "%s", texts[i]);
	ck_assert(!db_cell_int((struct db_cell){ NULL, 0 }, &n));
	ck_assert(!db_cell_int((struct db_cell){ "1\0", 2 }, &n));
	ck_assert_int_eq(n, 7);
}
END_TEST

START_TEST(a_cell_that_is_not_there_is_null)
{
	struct db_cell cells[] = { { "a", 1 }, { "b", 1 } };
	struct db_rows rows = { .columns = 2, .count = 1, .cells = cells };

	ck_assert_str_eq(db_cell(&rows, 0, 1).text, "b");
	ck_assert_ptr_null(db_cell(&rows, 0, 2).text);
	ck_assert_ptr_null(db_cell(&rows, 1, 0).text);
}
END_TEST

START_TEST(an_empty_answer_is_released)
{
	struct db_answer answer = { 0 };

	db_answer_release(&answer);
	db_answer_release(&answer);
	db_free(NULL);
}
END_TEST

/* CLOUDFLARE.md 6.3: names of files that miniflare made. */
START_TEST(a_local_d1_has_the_name_that_wrangler_gives_it)
{
	char hash[65];

	local_d1_hash("DB", hash);
	ck_assert_str_eq(hash, "e7352547963de7050bd7d94658afc4fe78b61811b7815da12d90be8e863abf4d");
	local_d1_hash("00000000-0000-0000-0000-000000000001", hash);
	ck_assert_str_eq(hash, "a36f84ea60804f30bb0c7f7cad9f5336a6cca0165abdab8b9241d93dbf0b6006");
}
END_TEST

START_TEST(a_local_d1_lies_below_the_project_or_the_state)
{
	char *path = local_d1_path("/home/me/taco", NULL, "DB");

	ck_assert_str_eq(path, "/home/me/taco/.wrangler/state/v3/d1/miniflare-D1DatabaseObject/"
	    "e7352547963de7050bd7d94658afc4fe78b61811b7815da12d90be8e863abf4d.sqlite");
	free(path);
	path = local_d1_path("/home/me/taco", "/tmp/state", "DB");
	ck_assert_str_eq(path, "/tmp/state/v3/d1/miniflare-D1DatabaseObject/"
	    "e7352547963de7050bd7d94658afc4fe78b61811b7815da12d90be8e863abf4d.sqlite");
	free(path);
}
END_TEST

UNIT_CASE(db)
{
	tcase_add_test(tc, a_whole_number_is_read);
	tcase_add_test(tc, what_is_no_whole_number_is_not);
	tcase_add_test(tc, a_cell_that_is_not_there_is_null);
	tcase_add_test(tc, an_empty_answer_is_released);
	tcase_add_test(tc, a_local_d1_has_the_name_that_wrangler_gives_it);
	tcase_add_test(tc, a_local_d1_lies_below_the_project_or_the_state);
}

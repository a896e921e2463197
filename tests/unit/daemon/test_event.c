#include "daemon/event.h"

#include <string.h>

#include "tests/unit/unit.h"

static void add(struct event_sum *sum, const char *line)
{
	struct err err = ERR_INIT;

	ck_assert_msg(event_add(sum, line, strlen(line), &err) == 0, "%s", err.msg);
}

START_TEST(a_run_adds_up)
{
	struct event_sum sum = { 0 };

	add(&sum, "{\"event\":\"start\",\"database\":\"production/auth\",\"id\":1}");
	add(&sum, "{\"event\":\"progress\",\"rows\":10,\"bytes\":2000}");
	ck_assert_int_eq(sum.rows, 10);
	ck_assert_int_eq(sum.sql_bytes, 2000);
	ck_assert(!sum.done);
	add(&sum, "{\"event\":\"done\",\"snapshot\":\"20261122T021700Z\",\"rows\":12,"
	    "\"sql_bytes\":3000,\"stored_bytes\":500,\"new_bytes\":40,\"requests\":9,\"retries\":2,"
	    "\"rows_read\":24,\"ms\":1500,\"exceptions\":0,\"exit\":0}");
	add(&sum, "{\"event\":\"verified\",\"how\":\"replay\",\"good\":true,\"ms\":4,\"problems\":[]}");
	add(&sum, "{\"event\":\"pruned\",\"removed\":1,\"kept\":3,\"freed_bytes\":77}");
	ck_assert_int_eq(sum.requests, 9);
	ck_assert_int_eq(sum.retries, 2);
	ck_assert_int_eq(sum.rows_read, 24);
	ck_assert_int_eq(sum.took_ms, 1500);
	ck_assert_int_eq(sum.verified, STATE_VERIFIED_GOOD);
	ck_assert_int_eq(sum.freed_bytes, 77);
	ck_assert_str_eq(sum.blocked, "");
	add(&sum, "{\"event\":\"pruned\",\"removed\":0,\"kept\":3,\"freed_bytes\":0,\"blocked\":\"no trust\"}");
	ck_assert_str_eq(sum.blocked, "no trust");
	ck_assert(!sum.taken);
	ck_assert(sum.done);
	ck_assert_int_eq(sum.rows, 12);
	ck_assert_int_eq(sum.sql_bytes, 3000);
	ck_assert_int_eq(sum.stored_bytes, 500);
	ck_assert_int_eq(sum.new_bytes, 40);
	ck_assert_str_eq(sum.snapshot, "20261122T021700Z");
}
END_TEST

START_TEST(the_last_error_counts)
{
	struct event_sum sum = { 0 };

	add(&sum, "{\"event\":\"error\",\"code\":\"again\",\"message\":\"first\",\"hint\":\"h\"}");
	add(&sum, "{\"event\":\"error\",\"code\":\"again\",\"message\":\"overloaded\"}");
	ck_assert_str_eq(sum.message, "overloaded");
	ck_assert_str_eq(sum.hint, "");
	ck_assert_str_eq(sum.code, "again");
	add(&sum, "{\"event\":\"error\",\"message\":\"no code\"}");
	ck_assert_str_eq(sum.code, "");
}
END_TEST

START_TEST(a_slot_that_was_taken_names_its_snapshot)
{
	struct event_sum sum = { 0 };

	add(&sum, "{\"event\":\"taken\",\"snapshot\":\"20261122T021700Z\"}");
	ck_assert(sum.taken && !sum.done);
	ck_assert_str_eq(sum.snapshot, "20261122T021700Z");
}
END_TEST

/* Whatever is not plainly good is bad. */
static const char *const not_good[] = {
	"{\"event\":\"verified\",\"good\":false,\"problems\":[\"chunk 7: sha256 differs\",\"more\"]}",
	"{\"event\":\"verified\",\"good\":\"true\",\"problems\":[7]}",
	"{\"event\":\"verified\",\"good\":1,\"problems\":\"x\"}",
	"{\"event\":\"verified\"}",
};

START_TEST(a_bad_verdict_says_its_first_problem)
{
	struct event_sum sum = { 0 };

	add(&sum, not_good[_i]);
	ck_assert_int_eq(sum.verified, STATE_VERIFIED_BAD);
	ck_assert_str_eq(sum.message, _i == 0 ? "chunk 7: sha256 differs" : "");
}
END_TEST

START_TEST(counts_below_nothing_are_none)
{
	struct event_sum sum = { 0 };

	add(&sum, "{\"event\":\"progress\",\"rows\":3,\"bytes\":-1}");
	add(&sum, "{\"event\":\"done\",\"rows\":-5,\"requests\":-9223372036854775808,\"ms\":1e99}");
	ck_assert_int_eq(sum.rows, 3);
	ck_assert_int_eq(sum.sql_bytes, 0);
	ck_assert_int_eq(sum.requests, 0);
	ck_assert_int_eq(sum.took_ms, 0);
}
END_TEST

START_TEST(what_is_new_is_passed_over)
{
	struct event_sum sum = { 0 }, nothing = { 0 };

	add(&sum, "{\"event\":\"weather\",\"rows\":7}");
	add(&sum, "{\"event\":\"progress\",\"rows\":\"many\",\"more\":[]}");
	ck_assert_mem_eq(&sum, &nothing, sizeof(sum));
}
END_TEST

static const char *const garbage[] = {
	"", "hello", "{}", "[]", "7", "{\"event\":1}", "{\"event\":\"done\"", "{\"event\":\"done\"} x",
	"{\"event\":\"\xff\"}",
};

START_TEST(garbage_is_no_event)
{
	struct event_sum sum = { 0 }, nothing = { 0 };
	struct err err = ERR_INIT;

	ck_assert_int_eq(event_add(&sum, garbage[_i], strlen(garbage[_i]), &err), -1);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_mem_eq(&sum, &nothing, sizeof(sum));
}
END_TEST

START_TEST(text_is_cut_between_characters)
{
	char ret[5];

	event_copy_text(ret, sizeof(ret), "abcd");
	ck_assert_str_eq(ret, "abcd");
	event_copy_text(ret, sizeof(ret), "abcde");
	ck_assert_str_eq(ret, "abcd");
	event_copy_text(ret, sizeof(ret), "abcö");
	ck_assert_str_eq(ret, "abc");
	event_copy_text(ret, sizeof(ret), "a\xf0\x9f\x8c\xae!");
	ck_assert_str_eq(ret, "a");
	event_copy_text(ret, sizeof(ret), NULL);
	ck_assert_str_eq(ret, "");
}
END_TEST

UNIT_CASE(event)
{
	tcase_add_test(tc, a_run_adds_up);
	tcase_add_test(tc, the_last_error_counts);
	tcase_add_test(tc, a_slot_that_was_taken_names_its_snapshot);
	tcase_add_loop_test(tc, a_bad_verdict_says_its_first_problem, 0,
	    sizeof(not_good) / sizeof(not_good[0]));
	tcase_add_test(tc, counts_below_nothing_are_none);
	tcase_add_test(tc, what_is_new_is_passed_over);
	tcase_add_loop_test(tc, garbage_is_no_event, 0, sizeof(garbage) / sizeof(garbage[0]));
	tcase_add_test(tc, text_is_cut_between_characters);
}

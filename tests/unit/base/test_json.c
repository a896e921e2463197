#include "base/json.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct json_object *read_text(const char *text, struct err *err)
{
	return json_read(text, strlen(text), err);
}

START_TEST(reads_a_document)
{
	AUTO_JSON o = read_text(" {\"s\":\"x\\u00e4\",\"i\":-9007199254740993,\"b\":true,\"n\":null}\n", NULL);

	ck_assert_ptr_nonnull(o);
	ck_assert_str_eq(json_get_str(o, "s"), "x\xc3\xa4");
	ck_assert_int_eq(json_get_int(o, "i", 0), INT64_C(-9007199254740993));
	ck_assert(json_get_bool(o, "b", false));
	ck_assert_ptr_null(json_get_str(o, "n"));
}
END_TEST

START_TEST(refuses_what_is_not_one_whole_document)
{
	static const char *const bad[] = {
		"", " ", "{", "{\"a\":1", "{\"a\":}", "{\"a\"}", "[1,2", "\"abc", "tru", "{\"a\":1}}",
		"{} {}", "{}x", "{}\n\n]", "[1,]", "{\"a\":1,}", "{a:1}", "['a']", "[01]", "[+1]", "[.5]",
		"[\"\\x\"]", "\xef\xbb\xbf{}", "nul", "[1 2]", "{\"a\" \"b\"}", "[\"\\ud83d",
		"/* c */{}", "{}//", "[TRUE]", "[nan]", "[1e]", "[-]", "[\"\\u00\"]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_msg(read_text(bad[i], &err) == NULL, "%s", bad[i]);
		ck_assert_msg(err.code == ERR_CORRUPT, "%s", bad[i]);
	}
}
END_TEST

START_TEST(says_in_words_what_is_wrong)
{
	struct err err = ERR_INIT;

	ck_assert_ptr_null(read_text("{\"a\":1", &err));
	ck_assert_str_eq(err.msg, "not valid JSON: it ends too early");
	ck_assert_ptr_null(read_text("", &err));
	ck_assert_str_eq(err.msg, "not valid JSON: it ends too early");
	ck_assert_ptr_null(read_text("{} {}", &err));
	ck_assert_ptr_null(strstr(err.msg, "success"));
	ck_assert_ptr_null(json_read("{}\0", 3, &err));
	ck_assert_ptr_null(strstr(err.msg, "success"));
}
END_TEST

START_TEST(nothing_may_follow_behind_a_nul)
{
	ck_assert_ptr_null(json_read("{}\0", 3, NULL));
	ck_assert_ptr_null(json_read("{}\0{}", 5, NULL));
	ck_assert_ptr_null(json_read("\0{}", 3, NULL));
	ck_assert_ptr_null(json_read("{\"a\0\":1}", 8, NULL));
}
END_TEST

START_TEST(reads_no_further_than_it_was_told)
{
	AUTO_JSON o = json_read("{\"a\":1}garbage", 7, NULL);

	ck_assert_int_eq(json_get_int(o, "a", 0), 1);
}
END_TEST

START_TEST(refuses_text_that_is_not_utf_8)
{
	static const char *const bad[] = {
		"[\"\xff\"]", "[\"\xc0\x80\"]", "[\"\xc3\"]", "[\"\x80\"]", "{\"\xfe\":1}",
		"[\"\xed\xa0\x80\"]", "[\"\xe0\x80\x80\"]", "[\"\xf4\x90\x80\x80\"]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_msg(read_text(bad[i], &err) == NULL, "%zu", i);
		ck_assert_int_eq(err.code, ERR_CORRUPT);
	}
}
END_TEST

static struct json_object *nested(int depth)
{
	char text[128];

	memset(text, '[', (size_t)depth);
	memset(text + depth, ']', (size_t)depth);
	return json_read(text, 2 * (size_t)depth, NULL);
}

START_TEST(nests_no_deeper_than_32)
{
	AUTO_JSON deepest = nested(31);

	ck_assert_ptr_nonnull(deepest);
	ck_assert_ptr_null(nested(33));
	ck_assert_ptr_null(nested(60));
}
END_TEST

START_TEST(the_last_of_two_members_of_a_name_counts)
{
	AUTO_JSON o = read_text("{\"a\":1,\"a\":2}", NULL);

	ck_assert_int_eq(json_get_int(o, "a", 0), 2);
	ck_assert_int_eq(json_object_object_length(o), 1);
}
END_TEST

START_TEST(a_member_of_another_type_is_as_good_as_missing)
{
	AUTO_JSON o = read_text("{\"s\":\"1\",\"i\":1,\"d\":1.0,\"b\":true,\"n\":null,\"a\":[],\"o\":{}}", NULL);
	static const char *const names[] = { "s", "i", "d", "b", "n", "a", "o", "none" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name = names[i];

		ck_assert_msg((json_get_str(o, name) != NULL) == (*name == 's'), "%s", name);
		ck_assert_msg((json_get_int(o, name, -7) != -7) == (*name == 'i'), "%s", name);
		ck_assert_msg(json_get_bool(o, name, false) == (*name == 'b'), "%s", name);
		ck_assert_msg((json_get(o, name, json_type_array) != NULL) == (*name == 'a'), "%s", name);
		ck_assert_msg((json_get(o, name, json_type_object) != NULL) == (*name == 'o'), "%s", name);
	}
}
END_TEST

START_TEST(what_is_no_object_has_no_members)
{
	AUTO_JSON array = read_text("[1]", NULL);

	ck_assert_ptr_null(json_get_str(array, "a"));
	ck_assert_int_eq(json_get_int(array, "a", 5), 5);
	ck_assert_int_eq(json_get_int(NULL, "a", 5), 5);
	ck_assert_ptr_null(json_get(NULL, "a", json_type_object));
}
END_TEST

/* As a C string it would be another, shorter one. */
START_TEST(a_string_with_a_nul_is_no_string)
{
	AUTO_JSON o = read_text("{\"a\":\"20261122\\u0000x\"}", NULL);
	struct err err = ERR_INIT;
	const char *s;

	ck_assert_ptr_nonnull(o);
	ck_assert_ptr_null(json_get_str(o, "a"));
	ck_assert_int_ne(json_need_str(o, "a", &s, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
}
END_TEST

START_TEST(a_needed_member_that_is_missing_is_named)
{
	AUTO_JSON o = read_text("{\"i\":1,\"s\":\"x\"}", NULL);
	struct err err = ERR_INIT;
	const char *s = "untouched";
	int64_t i = 42;

	ck_assert_int_ne(json_need_str(o, "i", &s, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"i\""));
	ck_assert_int_ne(json_need_str(o, "other", &s, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"other\""));
	ck_assert_str_eq(s, "untouched");
	ck_assert_int_ne(json_need_int(o, "s", &i, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"s\""));
	ck_assert_int_eq(i, 42);
	ck_assert_int_eq(json_need_int(o, "i", &i, NULL), 0);
	ck_assert_int_eq(i, 1);
	ck_assert_int_eq(json_need_str(o, "s", &s, NULL), 0);
	ck_assert_str_eq(s, "x");
}
END_TEST

START_TEST(what_was_built_is_read_back)
{
	AUTO_JSON o = json_object_new_object();
	AUTO_JSON again = NULL;

	json_set_str(o, "text", "a\"b\\c\n\xc3\xa4");
	json_set_str(o, "null", NULL);
	json_set_int(o, "least", INT64_MIN);
	json_set_int(o, "most", INT64_MAX);
	json_set_bool(o, "yes", true);
	again = read_text(json_object_to_json_string(o), NULL);
	ck_assert_ptr_nonnull(again);
	ck_assert(json_object_equal(o, again));
	ck_assert_str_eq(json_get_str(again, "text"), "a\"b\\c\n\xc3\xa4");
	ck_assert_int_eq(json_get_int(again, "least", 0), INT64_MIN);
	ck_assert_int_eq(json_get_int(again, "most", 0), INT64_MAX);
	ck_assert(json_object_object_get_ex(again, "null", NULL));
}
END_TEST

UNIT_CASE(json)
{
	tcase_add_test(tc, reads_a_document);
	tcase_add_test(tc, refuses_what_is_not_one_whole_document);
	tcase_add_test(tc, says_in_words_what_is_wrong);
	tcase_add_test(tc, nothing_may_follow_behind_a_nul);
	tcase_add_test(tc, reads_no_further_than_it_was_told);
	tcase_add_test(tc, refuses_text_that_is_not_utf_8);
	tcase_add_test(tc, nests_no_deeper_than_32);
	tcase_add_test(tc, the_last_of_two_members_of_a_name_counts);
	tcase_add_test(tc, a_member_of_another_type_is_as_good_as_missing);
	tcase_add_test(tc, what_is_no_object_has_no_members);
	tcase_add_test(tc, a_string_with_a_nul_is_no_string);
	tcase_add_test(tc, a_needed_member_that_is_missing_is_named);
	tcase_add_test(tc, what_was_built_is_read_back);
}

#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "tests/unit/unit.h"

static void fill(char *text, size_t size, const char *piece)
{
	size_t n = strlen(piece), used = 0;

	for (; used + n < size; used += n)
		memcpy(text + used, piece, n);
	text[used] = '\0';
}

static bool ends_with(const char *s, const char *tail)
{
	return strlen(s) >= strlen(tail) && strcmp(s + strlen(s) - strlen(tail), tail) == 0;
}

START_TEST(setting_an_error_forgets_the_one_before)
{
	struct err err = ERR_INIT;

	(void)err_sys(&err, ENOSPC, "first");
	ck_assert_int_eq(err_set(&err, ERR_AGAIN, "second %d", 2), -1);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_int_eq(err.sys, 0);
	ck_assert_str_eq(err.msg, "second 2");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(without_an_err_everything_still_fails)
{
	ck_assert_int_eq(err_set(NULL, ERR_FAILED, "x"), -1);
	ck_assert_int_eq(err_sys(NULL, ENOENT, "x"), -1);
	ck_assert_int_eq(err_wrap(NULL, "x"), -1);
	ck_assert_int_eq(err_hint(NULL, "x"), -1);
}
END_TEST

START_TEST(wrapping_goes_outward_and_keeps_code_and_hint)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_CORRUPT, "sha256 differs");
	(void)err_hint(&err, "use another");
	ck_assert_int_eq(err_wrap(&err, "chunk %d", 7), -1);
	ck_assert_int_eq(err_wrap(&err, "restore %s", "a/b@c"), -1);
	ck_assert_str_eq(err.msg, "restore a/b@c: chunk 7: sha256 differs");
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_str_eq(err.hint, "use another");
}
END_TEST

START_TEST(a_subject_is_said_once)
{
	ck_assert_str_eq(err_without("a/b: no file", "a/b"), "no file");
	ck_assert_str_eq(err_without("a/bc: no file", "a/b"), "a/bc: no file");
	ck_assert_str_eq(err_without("a/b", "a/b"), "a/b");
	ck_assert_str_eq(err_without("", "a/b"), "");
}
END_TEST

START_TEST(the_deepest_hint_stays)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_FAILED, "x");
	ck_assert_int_eq(err_hint(&err, "deep"), -1);
	ck_assert_int_eq(err_hint(&err, "shallow"), -1);
	ck_assert_str_eq(err.hint, "deep");
}
END_TEST

START_TEST(clearing_leaves_nothing)
{
	struct err err = ERR_INIT;

	(void)err_sys(&err, ENOSPC, "x");
	err_clear(&err);
	ck_assert_int_eq(err.code, ERR_NONE);
	ck_assert_int_eq(err.sys, 0);
	ck_assert_str_eq(err.msg, "");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(an_errno_decides_the_code)
{
	static const struct { int errnum; enum err_code code; } cases[] = {
		{ ENOENT, ERR_NOT_FOUND }, { ENOTDIR, ERR_NOT_FOUND }, { EEXIST, ERR_EXISTS },
		{ EACCES, ERR_DENIED }, { EPERM, ERR_DENIED }, { EROFS, ERR_DENIED },
		{ EIO, ERR_FAILED }, { ENOSPC, ERR_FAILED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_int_eq(err_sys(&err, cases[i].errnum, "open \"%s\"", "f"), -1);
		ck_assert_int_eq(err.code, cases[i].code);
		ck_assert_int_eq(err.sys, cases[i].errnum);
		ck_assert_int_eq(strncmp(err.msg, "open \"f\": ", 10), 0);
		ck_assert(ends_with(err.msg, strerror(cases[i].errnum)));
	}
}
END_TEST

START_TEST(a_full_disk_has_a_hint)
{
	struct err err = ERR_INIT;

	(void)err_sys(&err, ENOSPC, "write");
	ck_assert_ptr_nonnull(strstr(err.hint, "free some space"));
	(void)err_sys(&err, EIO, "write");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(a_text_that_is_too_long_is_cut)
{
	struct err err = ERR_INIT;
	char text[3000];

	fill(text, sizeof(text), "x");
	(void)err_set(&err, ERR_FAILED, "%s", text);
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
	(void)err_hint(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.hint), sizeof(err.hint) - 1);
	(void)err_wrap(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
}
END_TEST

START_TEST(the_reason_stays_behind_a_long_path)
{
	struct err err = ERR_INIT;
	char text[3000];

	fill(text, sizeof(text), "x");
	(void)err_sys(&err, EACCES, "cannot open \"%s\"", text);
	ck_assert(ends_with(err.msg, ": Permission denied"));
}
END_TEST

/* A message goes into JSON and on terminals: half a character is in the way. */
START_TEST(a_cut_never_halves_a_character)
{
	char text[3000];

	fill(text, sizeof(text), "\xf0\x9f\x98\x80");
	for (int before = 0; before < 4; before++) {
		struct err err = ERR_INIT;

		(void)err_set(&err, ERR_FAILED, "%.*s%s", before, "abc", text);
		ck_assert(utf8_valid(err.msg, strlen(err.msg)));
		ck_assert_uint_gt(strlen(err.msg), sizeof(err.msg) - 8);
		(void)err_wrap(&err, "%.*s", before, "abc");
		ck_assert(utf8_valid(err.msg, strlen(err.msg)));
		(void)err_hint(&err, "%.*s%s", before, "abc", text);
		ck_assert(utf8_valid(err.hint, strlen(err.hint)));
		(void)err_sys(&err, EIO, "%.*s%s", before, "abc", text);
		ck_assert(utf8_valid(err.msg, strlen(err.msg)));
	}
}
END_TEST

UNIT_CASE(err)
{
	tcase_add_test(tc, setting_an_error_forgets_the_one_before);
	tcase_add_test(tc, without_an_err_everything_still_fails);
	tcase_add_test(tc, wrapping_goes_outward_and_keeps_code_and_hint);
	tcase_add_test(tc, a_subject_is_said_once);
	tcase_add_test(tc, the_deepest_hint_stays);
	tcase_add_test(tc, clearing_leaves_nothing);
	tcase_add_test(tc, an_errno_decides_the_code);
	tcase_add_test(tc, a_full_disk_has_a_hint);
	tcase_add_test(tc, a_text_that_is_too_long_is_cut);
	tcase_add_test(tc, the_reason_stays_behind_a_long_path);
	tcase_add_test(tc, a_cut_never_halves_a_character);
}

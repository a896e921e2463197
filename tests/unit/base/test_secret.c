#include "base/secret.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

#define TOKEN "hunter2-very-secret"

/* A file of that text, of any mode; the spec that names it. */
static char *spec_of(const char *text, mode_t mode)
{
	AUTO_STR path = mem_printf("%s/token", unit_folder());

	ck_assert_int_eq(file_write(path, text, strlen(text), mode, false, NULL), 0);
	return mem_printf("file:%s", path);
}

static void assert_loads(const char *spec, const char *expected)
{
	struct secret s = { 0 };
	struct err err = ERR_INIT;

	ck_assert_msg(secret_load(&s, spec, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(s.bytes, expected);
	ck_assert_uint_eq(s.len, strlen(expected));
	secret_release(&s);
}

/* Fails with that code, sets nothing, and tells nothing of the secret. */
static void assert_fails(const char *spec, enum err_code code, struct err *ret)
{
	struct secret s = { 0 };

	err_clear(ret);
	ck_assert_int_ne(secret_load(&s, spec, ret), 0);
	ck_assert_msg(ret->code == code, "%d: %s", ret->code, ret->msg);
	ck_assert_ptr_null(s.bytes);
	ck_assert_uint_eq(s.len, 0);
	ck_assert_ptr_null(strstr(ret->msg, "hunter2"));
	ck_assert_ptr_null(strstr(ret->hint, "hunter2"));
}

START_TEST(a_file_gives_its_contents)
{
	AUTO_STR spec = spec_of(TOKEN, 0600);

	assert_loads(spec, TOKEN);
}
END_TEST

START_TEST(the_newline_at_the_end_is_no_part_of_it)
{
	AUTO_STR unix_line = spec_of(TOKEN "\n", 0600);
	AUTO_STR dos_line = spec_of(TOKEN "\r\n", 0600);

	assert_loads(unix_line, TOKEN);
	assert_loads(dos_line, TOKEN);
}
END_TEST

START_TEST(the_lines_of_a_key_file_stay)
{
	AUTO_STR spec = spec_of("-----BEGIN\nabc\n-----END\n", 0600);

	assert_loads(spec, "-----BEGIN\nabc\n-----END");
}
END_TEST

/* The group may read it (root:d1keep 0640 is a usual way), no more. */
START_TEST(the_mode_of_a_file_is_looked_at)
{
	static const mode_t good[] = { 0400, 0600, 0640, 0440, 0700 };
	static const mode_t bad[] = { 0604, 0602, 0601, 0644, 0660, 0620, 0666, 0777, 0444 };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		AUTO_STR spec = spec_of(TOKEN, good[i]);

		assert_loads(spec, TOKEN);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		AUTO_STR spec = spec_of(TOKEN, bad[i]);

		assert_fails(spec, ERR_REFUSED, &err);
		ck_assert_ptr_nonnull(strstr(err.hint, "chmod 600"));
		ck_assert_ptr_nonnull(strstr(err.msg, spec + strlen("file:")));
	}
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	struct err err = ERR_INIT;

	assert_fails("file:/none/token", ERR_NOT_FOUND, &err);
	ck_assert_ptr_nonnull(strstr(err.msg, "/none/token"));
}
END_TEST

START_TEST(a_folder_is_no_secret)
{
	AUTO_STR spec = mem_printf("file:%s", unit_folder());
	struct err err = ERR_INIT;

	assert_fails(spec, ERR_USAGE, &err);
}
END_TEST

/* Opening one would wait for a writer for ever. */
START_TEST(a_pipe_is_no_secret)
{
	AUTO_STR path = mem_printf("%s/pipe", unit_folder());
	AUTO_STR spec = mem_printf("file:%s", path);
	struct err err = ERR_INIT;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	assert_fails(spec, ERR_USAGE, &err);
}
END_TEST

START_TEST(a_file_larger_than_any_secret_is_refused)
{
	AUTO_STR text = mem_calloc(16386, 1);
	AUTO_STR spec = NULL;
	AUTO_STR most = NULL;
	struct err err = ERR_INIT;

	memset(text, 'x', 16385);
	spec = spec_of(text, 0600);
	assert_fails(spec, ERR_USAGE, &err);
	ck_assert_ptr_nonnull(strstr(err.msg, "16384"));
	text[16384] = '\0';
	most = spec_of(text, 0600);
	assert_loads(most, text);
}
END_TEST

START_TEST(an_environment_variable_gives_its_value)
{
	ck_assert_int_eq(setenv("D1KEEP_TEST_TOKEN", TOKEN, 1), 0);
	assert_loads("env:D1KEEP_TEST_TOKEN", TOKEN);
}
END_TEST

START_TEST(a_variable_that_is_not_set_is_named)
{
	struct err err = ERR_INIT;

	(void)unsetenv("D1KEEP_TEST_TOKEN");
	assert_fails("env:D1KEEP_TEST_TOKEN", ERR_NOT_FOUND, &err);
	ck_assert_ptr_nonnull(strstr(err.msg, "D1KEEP_TEST_TOKEN"));
	assert_fails("env:", ERR_NOT_FOUND, &err);
}
END_TEST

START_TEST(a_credential_lies_in_systemds_folder)
{
	const char *folder = unit_folder();
	AUTO_STR path = mem_printf("%s/token", folder);

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	ck_assert_int_eq(file_write(path, TOKEN "\n", strlen(TOKEN) + 1, 0444, false, NULL), 0);
	assert_loads("credential:token", TOKEN);
}
END_TEST

START_TEST(a_credential_outside_of_a_service_has_a_hint)
{
	struct err err = ERR_INIT;

	(void)unsetenv("CREDENTIALS_DIRECTORY");
	assert_fails("credential:token", ERR_NOT_FOUND, &err);
	ck_assert_ptr_nonnull(strstr(err.hint, "LoadCredential=token"));
}
END_TEST

START_TEST(a_credential_stays_in_its_folder)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", "/etc", 1), 0);
	assert_fails("credential:../etc/passwd", ERR_USAGE, &err);
	assert_fails("credential:/etc/passwd", ERR_USAGE, &err);
}
END_TEST

START_TEST(an_empty_secret_is_none)
{
	AUTO_STR empty = spec_of("", 0600);
	AUTO_STR newline = spec_of("\n", 0600);
	struct err err = ERR_INIT;

	assert_fails(empty, ERR_USAGE, &err);
	ck_assert_ptr_nonnull(strstr(err.msg, empty));
	assert_fails(newline, ERR_USAGE, &err);
	ck_assert_int_eq(setenv("D1KEEP_TEST_TOKEN", "", 1), 0);
	assert_fails("env:D1KEEP_TEST_TOKEN", ERR_USAGE, &err);
}
END_TEST

START_TEST(a_secret_in_the_configuration_is_refused_and_not_repeated)
{
	static const char *const inlined[] = {
		TOKEN, "", "FILE:" TOKEN, "files:" TOKEN, "file " TOKEN, " env:" TOKEN, "env" TOKEN,
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(inlined) / sizeof(inlined[0]); i++) {
		assert_fails(inlined[i], ERR_USAGE, &err);
		ck_assert_ptr_nonnull(strstr(err.hint, "file:PATH"));
	}
}
END_TEST


START_TEST(a_secret_can_be_set_again_and_from_itself)
{
	struct secret s = { 0 };

	secret_set(&s, "first", 5);
	secret_set(&s, s.bytes + 1, 3);
	ck_assert_str_eq(s.bytes, "irs");
	ck_assert_uint_eq(s.len, 3);
	secret_release(&s);
	ck_assert_ptr_null(s.bytes);
	ck_assert_uint_eq(s.len, 0);
	secret_release(&s);
}
END_TEST

START_TEST(a_protected_process_leaves_no_core)
{
	struct rlimit limit;

	secret_protect_process();
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	ck_assert_uint_eq(limit.rlim_max, 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	/* A leak checker at the end of this process needs it back. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
END_TEST

UNIT_CASE(secret)
{
	tcase_add_test(tc, a_file_gives_its_contents);
	tcase_add_test(tc, the_newline_at_the_end_is_no_part_of_it);
	tcase_add_test(tc, the_lines_of_a_key_file_stay);
	tcase_add_test(tc, the_mode_of_a_file_is_looked_at);
	tcase_add_test(tc, a_missing_file_is_named);
	tcase_add_test(tc, a_folder_is_no_secret);
	tcase_add_test(tc, a_pipe_is_no_secret);
	tcase_add_test(tc, a_file_larger_than_any_secret_is_refused);
	tcase_add_test(tc, an_environment_variable_gives_its_value);
	tcase_add_test(tc, a_variable_that_is_not_set_is_named);
	tcase_add_test(tc, a_credential_lies_in_systemds_folder);
	tcase_add_test(tc, a_credential_outside_of_a_service_has_a_hint);
	tcase_add_test(tc, a_credential_stays_in_its_folder);
	tcase_add_test(tc, an_empty_secret_is_none);
	tcase_add_test(tc, a_secret_in_the_configuration_is_refused_and_not_repeated);
	tcase_add_test(tc, a_secret_can_be_set_again_and_from_itself);
	tcase_add_test(tc, a_protected_process_leaves_no_core);
}

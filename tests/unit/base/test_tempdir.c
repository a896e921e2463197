#include "base/tempdir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

static void put(const char *folder, const char *name)
{
	AUTO_STR path = mem_printf("%s/%s", folder, name);
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	(void)fclose(f);
}

START_TEST(is_private_and_goes_with_its_files)
{
	const char *below = unit_folder();
	AUTO_STR kept = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	char *path;

	ck_assert_int_eq(setenv("TMPDIR", below, 1), 0);
	path = tempdir_make(&err);
	ck_assert_msg(path != NULL, "%s", err.msg);
	kept = mem_strdup(path);
	ck_assert_int_eq(strncmp(path, below, strlen(below)), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	put(path, "one.sql");
	put(path, ".hidden");
	put(path, "with space");
	tempdir_remove(path);
	ck_assert_int_ne(stat(kept, &st), 0);
}
END_TEST

START_TEST(each_has_its_own)
{
	char *one, *two;

	ck_assert_int_eq(setenv("TMPDIR", unit_folder(), 1), 0);
	one = tempdir_make(NULL);
	two = tempdir_make(NULL);
	ck_assert_str_ne(one, two);
	tempdir_remove(one);
	tempdir_remove(two);
	tempdir_remove(NULL);
}
END_TEST

START_TEST(says_where_it_could_not_be_made)
{
	AUTO_STR nowhere = mem_printf("%s/nowhere", unit_folder());
	struct err err = ERR_INIT;

	ck_assert_int_eq(setenv("TMPDIR", nowhere, 1), 0);
	ck_assert_ptr_null(tempdir_make(&err));
	ck_assert_ptr_nonnull(strstr(err.msg, nowhere));
	ck_assert_ptr_nonnull(strstr(err.hint, "TMPDIR"));
	/* An empty one is none. */
	ck_assert_int_eq(setenv("TMPDIR", "", 1), 0);
	nowhere[0] = '\0';
	tempdir_remove(tempdir_make(&err));
}
END_TEST

UNIT_CASE(tempdir)
{
	tcase_add_test(tc, is_private_and_goes_with_its_files);
	tcase_add_test(tc, each_has_its_own);
	tcase_add_test(tc, says_where_it_could_not_be_made);
}

#include "state/lock.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

START_TEST(only_one_has_it)
{
	AUTO_STR dir = mem_printf("%s/new/folder", unit_folder());
	AUTO_STR expected = mem_printf("another d1keepd (process %ld) already works in \"%s\"",
	    (long)getpid(), dir);
	struct err err = ERR_INIT;
	struct stat st;
	int first, second;

	ck_assert(!state_is_locked(dir));
	first = state_lock(dir, &err);
	ck_assert_msg(first >= 0, "%s", err.msg);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777u, 0700);
	ck_assert(state_is_locked(dir));
	ck_assert_int_eq(state_lock(dir, &err), -1);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_str_eq(err.msg, expected);

	(void)close(first);
	ck_assert(!state_is_locked(dir));
	second = state_lock(dir, &err);
	ck_assert_int_ge(second, 0);
	(void)close(second);
}
END_TEST

START_TEST(a_dead_holder_gives_it_back)
{
	const char *dir = unit_folder();
	struct err err = ERR_INIT;
	int status, fd;
	pid_t pid = fork();

	if (pid == 0)
		_exit(state_lock(dir, &err) >= 0 ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	fd = state_lock(dir, &err);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}
END_TEST

UNIT_CASE(lock)
{
	tcase_add_test(tc, only_one_has_it);
	tcase_add_test(tc, a_dead_holder_gives_it_back);
}

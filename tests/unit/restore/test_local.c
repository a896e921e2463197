#include "restore/local.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

static bool is_there(const char *path, const char *ending)
{
	AUTO_STR full = mem_printf("%s%s", path, ending);

	return access(full, F_OK) == 0;
}

/* A process of its own that runs `sql` and holds the file until it is killed. */
static pid_t hold(const char *path, const char *sql)
{
	int ready[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		sqlite3 *db = NULL;

		if (sqlite3_open(path, &db) != SQLITE_OK ||
		    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void kill_it(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(a_holder_is_named)
{
	const char *path = file_with("CREATE TABLE t(a)");
	pid_t pid = hold(path, "SELECT * FROM t");
	AUTO_STR who = mem_printf("process %ld (", (long)pid);
	struct err err = ERR_INIT;

	for (int how = LOCAL_REFUSED; how <= LOCAL_LEFT; how++) {
		ck_assert_int_eq(local_check_unused(path, (enum local_journals)how, &err), -1);
		ck_assert_int_eq(err.code, ERR_REFUSED);
		ck_assert_ptr_nonnull(strstr(err.msg, who));
	}
	kill_it(pid);
	ck_assert_msg(local_check_unused(path, LOCAL_REFUSED, &err) == 0, "%s", err.msg);
}
END_TEST

START_TEST(a_log_that_nobody_holds)
{
	const char *path = new_path("left.sqlite");
	pid_t pid = hold(path, "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (7)");
	AUTO_STR found = NULL;
	struct err err = ERR_INIT;

	kill_it(pid);
	ck_assert(is_there(path, "-wal"));
	ck_assert_int_eq(local_check_unused(path, LOCAL_REFUSED, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert(strstr(err.msg, "-wal\" exists") != NULL || strstr(err.msg, "-shm\" exists") != NULL);
	ck_assert_int_eq(local_check_unused(path, LOCAL_LEFT, &err), 0);
	ck_assert(is_there(path, "-wal"));
	ck_assert_msg(local_check_unused(path, LOCAL_SETTLED, &err) == 0, "%s", err.msg);
	ck_assert(!is_there(path, "-wal") && !is_there(path, "-shm"));
	found = fixture_query(path, "SELECT a FROM t");
	ck_assert_str_eq(found, "7");
}
END_TEST

START_TEST(a_journal_may_be_needed)
{
	const char *path = file_with("CREATE TABLE t(a)");
	AUTO_STR journal = mem_printf("%s-journal", path);

	fixture_write(journal, "?", 1);
	ck_assert_int_eq(local_check_unused(path, LOCAL_LEFT, NULL), -1);
	ck_assert_int_eq(local_check_unused(path, LOCAL_REFUSED, NULL), -1);
}
END_TEST

START_TEST(nothing_there_is_fine)
{
	const char *empty = new_path("empty");
	struct err err = ERR_INIT;

	ck_assert_int_eq(local_check_unused(new_path("none"), LOCAL_SETTLED, &err), 0);
	ck_assert_int_eq(local_copy(new_path("none"), empty, &err), 0);
	ck_assert(is_there(empty, ""));
	ck_assert_int_eq(local_copy(new_path("none"), empty, &err), -1);
	ck_assert_int_eq(err.code, ERR_EXISTS);
}
END_TEST

START_TEST(a_wal_database_is_copied_and_left_alone)
{
	const char *path = new_path("wal.sqlite"), *copy = new_path("copy.sqlite");
	sqlite3 *sqlite = sqlite_open(path);
	struct err err = ERR_INIT;
	AUTO_STR found = NULL;
	struct stat st;

	sqlite_run(sqlite, "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (3)");
	ck_assert_int_eq(sqlite3_close(sqlite), SQLITE_OK);
	ck_assert(local_is_wal(path));
	ck_assert_msg(local_copy(path, copy, &err) == 0, "%s", err.msg);
	ck_assert(!is_there(path, "-wal") && !is_there(path, "-shm"));
	ck_assert_int_eq(stat(copy, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	sqlite = sqlite_open(copy);
	sqlite_run(sqlite, "PRAGMA journal_mode=DELETE");
	ck_assert_int_eq(sqlite3_close(sqlite), SQLITE_OK);
	ck_assert(!local_is_wal(copy));
	ck_assert_int_eq(local_make_wal(copy, &err), 0);
	ck_assert(local_is_wal(copy));
	ck_assert(!is_there(copy, "-wal") && !is_there(copy, "-shm"));
	found = fixture_query(copy, "SELECT a FROM t");
	ck_assert_str_eq(found, "3");
	ck_assert(!local_is_wal(new_path("none")));
}
END_TEST

START_TEST(what_is_no_database_is_not_copied)
{
	const char *text = new_path("text");
	struct err err = ERR_INIT;

	fixture_write(text, "this is no database, and long enough to be none of any kind at all", 60);
	ck_assert_int_eq(local_copy(text, new_path("copy"), &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "not a database"));
}
END_TEST

UNIT_CASE(local)
{
	tcase_add_test(tc, a_holder_is_named);
	tcase_add_test(tc, a_log_that_nobody_holds);
	tcase_add_test(tc, a_journal_may_be_needed);
	tcase_add_test(tc, nothing_there_is_fine);
	tcase_add_test(tc, a_wal_database_is_copied_and_left_alone);
	tcase_add_test(tc, what_is_no_database_is_not_copied);
}

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

static int entries_in(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n - 2;
}

static void assert_holds(const char *path, const char *text)
{
	AUTO_BUF b = BUF_INIT(1u << 20);
	struct err err = ERR_INIT;

	ck_assert_msg(file_read(path, &b, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(buf_str(&b), text);
}

static void put(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_msg(file_write(path, text, strlen(text), 0600, false, &err) == 0, "%s", err.msg);
}

/* ---- reading ---- */

START_TEST(reading_appends_the_whole_file)
{
	AUTO_STR path = mem_printf("%s/f", unit_folder());
	AUTO_STR large = mem_calloc(200001, 1);
	AUTO_BUF b = BUF_INIT(1u << 20);

	memset(large, 'x', 200000);
	put(path, large);
	ck_assert_int_eq(buf_adds(&b, "before ", NULL), 0);
	ck_assert_int_eq(file_read(path, &b, NULL), 0);
	ck_assert_uint_eq(b.len, 7 + 200000);
	ck_assert_str_eq(buf_str(&b) + 7, large);
}
END_TEST

START_TEST(an_empty_file_reads_as_nothing)
{
	AUTO_STR path = mem_printf("%s/f", unit_folder());
	AUTO_BUF b = BUF_INIT(0);

	put(path, "");
	ck_assert_int_eq(file_read(path, &b, NULL), 0);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(a_file_past_the_ceiling_is_too_big_and_named)
{
	AUTO_STR path = mem_printf("%s/f", unit_folder());
	AUTO_BUF enough = BUF_INIT(5);
	AUTO_BUF short_of = BUF_INIT(4);
	struct err err = ERR_INIT;

	put(path, "12345");
	ck_assert_int_eq(file_read(path, &enough, NULL), 0);
	ck_assert_int_ne(file_read(path, &short_of, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
}
END_TEST

START_TEST(a_missing_file_is_not_found_and_named)
{
	AUTO_STR path = mem_printf("%s/none", unit_folder());
	AUTO_BUF b = BUF_INIT(10);
	struct err err = ERR_INIT;

	ck_assert_int_ne(file_read(path, &b, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
}
END_TEST

START_TEST(a_folder_cannot_be_read)
{
	AUTO_BUF b = BUF_INIT(10);
	struct err err = ERR_INIT;

	ck_assert_int_ne(file_read(unit_folder(), &b, &err), 0);
	ck_assert_int_eq(err.sys, EISDIR);
}
END_TEST

/* ---- writing ---- */

START_TEST(writing_replaces_what_is_there)
{
	const char *folder = unit_folder();
	AUTO_STR path = mem_printf("%s/f", folder);

	put(path, "the old one, which is longer");
	put(path, "new");
	assert_holds(path, "new");
	ck_assert_int_eq(entries_in(folder), 1);
}
END_TEST

/* Someone who has the old file open goes on reading the old one, whole. */
START_TEST(writing_never_changes_the_file_itself)
{
	AUTO_STR path = mem_printf("%s/f", unit_folder());
	char text[4] = "";
	int fd;

	put(path, "old");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	put(path, "new");
	ck_assert_int_eq(read(fd, text, sizeof(text)), 3);
	ck_assert_str_eq(text, "old");
	(void)close(fd);
}
END_TEST

START_TEST(the_mode_is_the_one_asked_for)
{
	AUTO_STR path = mem_printf("%s/f", unit_folder());
	struct stat st;

	(void)umask(077);
	ck_assert_int_eq(file_write(path, "x", 1, 0644, false, NULL), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(file_write(path, "x", 1, 0600, false, NULL), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(an_exclusive_write_keeps_what_is_there)
{
	const char *folder = unit_folder();
	AUTO_STR path = mem_printf("%s/f", folder);
	struct err err = ERR_INIT;

	ck_assert_int_eq(file_write(path, "first", 5, 0600, true, NULL), 0);
	ck_assert_int_ne(file_write(path, "second", 6, 0600, true, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	assert_holds(path, "first");
	ck_assert_int_eq(entries_in(folder), 1);
}
END_TEST

#define RACERS 4
#define ROUNDS 200

/* Shared by the racing processes. */
struct track {
	pthread_barrier_t start;
	int wins[ROUNDS][RACERS];
};

static struct track *new_track(void)
{
	struct track *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	ck_assert(t != MAP_FAILED);
	ck_assert_int_eq(pthread_barrierattr_init(&shared), 0);
	ck_assert_int_eq(pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED), 0);
	ck_assert_int_eq(pthread_barrier_init(&t->start, &shared, RACERS), 0);
	(void)pthread_barrierattr_destroy(&shared);
	return t;
}

/* All begin each round together, and write their own number. */
static _Noreturn void race(struct track *t, const char *folder, int number)
{
	for (int round = 0; round < ROUNDS; round++) {
		AUTO_STR path = mem_printf("%s/%d", folder, round);
		AUTO_STR text = mem_printf("%d", number);
		struct err err = ERR_INIT;

		(void)pthread_barrier_wait(&t->start);
		t->wins[round][number] = file_write(path, text, strlen(text), 0600, true, &err) == 0;
		if (!t->wins[round][number] && err.code != ERR_EXISTS)
			_exit(1);
	}
	_exit(0);
}

START_TEST(one_process_alone_wins_an_exclusive_race)
{
	const char *folder = unit_folder();
	struct track *t = new_track();
	pid_t pids[RACERS];

	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			race(t, folder, i);
	}
	for (int i = 0; i < RACERS; i++) {
		int status = 0;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		AUTO_STR path = mem_printf("%s/%d", folder, round);
		AUTO_STR text = NULL;
		int winners = 0;

		for (int i = 0; i < RACERS; i++) {
			winners += t->wins[round][i];
			if (t->wins[round][i] && text == NULL)
				text = mem_printf("%d", i);
		}
		ck_assert_int_eq(winners, 1);
		assert_holds(path, text);
	}
	ck_assert_int_eq(entries_in(folder), ROUNDS);
	(void)munmap(t, sizeof(*t));
}
END_TEST

START_TEST(a_missing_folder_is_not_found)
{
	AUTO_STR path = mem_printf("%s/none/f", unit_folder());
	struct err err = ERR_INIT;

	ck_assert_int_ne(file_write(path, "x", 1, 0600, false, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
}
END_TEST

START_TEST(a_folder_in_the_way_stays_and_nothing_is_left_beside_it)
{
	const char *folder = unit_folder();
	AUTO_STR path = mem_printf("%s/f", folder);
	struct err err = ERR_INIT;

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_ne(file_write(path, "x", 1, 0600, false, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	ck_assert_int_ne(file_write(path, "x", 1, 0600, true, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_eq(entries_in(folder), 1);
}
END_TEST

/* ---- no room ---- */

#define SMALL (256 * 1024)

/* A file system that only this process sees, where it may make one; else a
 * limit on the size of its files. Both refuse a large write half-way. */
static int leave_little_room(const char *folder)
{
	struct rlimit limit = { SMALL, SMALL };

	if (unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", folder, "tmpfs", 0, "size=256k") == 0)
		return ENOSPC;
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	return EFBIG;
}

START_TEST(a_write_that_does_not_fit_keeps_the_old_file_and_leaves_nothing)
{
	const char *folder = unit_folder();
	int expected = leave_little_room(folder);
	AUTO_STR path = mem_printf("%s/f", folder);
	AUTO_STR large = mem_calloc(4 * SMALL, 1);
	struct err err = ERR_INIT;

	put(path, "old");
	ck_assert_int_ne(file_write(path, large, 4 * SMALL, 0600, false, &err), 0);
	ck_assert_int_eq(err.sys, expected);
	ck_assert(expected != ENOSPC || strstr(err.hint, "free some space") != NULL);
	assert_holds(path, "old");
	ck_assert_int_eq(entries_in(folder), 1);
}
END_TEST

START_TEST(an_exclusive_write_that_does_not_fit_leaves_nothing)
{
	const char *folder = unit_folder();
	int expected = leave_little_room(folder);
	AUTO_STR path = mem_printf("%s/f", folder);
	AUTO_STR large = mem_calloc(4 * SMALL, 1);
	struct err err = ERR_INIT;

	ck_assert_int_ne(file_write(path, large, 4 * SMALL, 0600, true, &err), 0);
	ck_assert_int_eq(err.sys, expected);
	ck_assert_int_eq(entries_in(folder), 0);
}
END_TEST

START_TEST(a_full_device_is_named)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err err = ERR_INIT;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(file_write_fd(fd, "x", 1, "standard output", &err), 0);
	ck_assert_int_eq(err.sys, ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"standard output\""));
	(void)close(fd);
}
END_TEST

START_TEST(writing_nothing_to_a_descriptor_succeeds)
{
	ck_assert_int_eq(file_write_fd(-1, NULL, 0, "nowhere", NULL), 0);
}
END_TEST

/* A pipe takes what it has room for: the rest has to follow. */
START_TEST(all_of_it_goes_through_a_small_pipe)
{
	AUTO_STR bytes = mem_calloc(1000000, 1);
	unsigned long sum = 0;
	size_t got = 0;
	char piece[977];
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	for (size_t i = 0; i < 1000000; i++)
		bytes[i] = (char)(i * 31 % 127);
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)close(ends[0]);
		_exit(file_write_fd(ends[1], bytes, 1000000, "pipe", NULL) == 0 ? 0 : 1);
	}
	(void)close(ends[1]);
	while ((n = read(ends[0], piece, sizeof(piece))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum += piece[i] != bytes[got + (size_t)i];
		got += (size_t)n;
	}
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(got, 1000000);
	ck_assert_uint_eq(sum, 0);
}
END_TEST

/* ---- folders ---- */

START_TEST(makes_every_folder_on_the_way)
{
	AUTO_STR path = mem_printf("%s/a/b//c/", unit_folder());
	struct stat st;

	ck_assert_int_eq(dir_make(path, 0700, NULL), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(dir_make(path, 0700, NULL), 0);
	ck_assert_int_eq(dir_make("/", 0700, NULL), 0);
}
END_TEST

START_TEST(a_relative_folder_is_made_too)
{
	ck_assert_int_eq(chdir(unit_folder()), 0);
	ck_assert_int_eq(dir_make("a", 0700, NULL), 0);
	ck_assert_int_eq(dir_make("b/c", 0700, NULL), 0);
	ck_assert_int_eq(access("a", F_OK), 0);
	ck_assert_int_eq(access("b/c", F_OK), 0);
}
END_TEST

START_TEST(a_folder_without_a_name_cannot_be_made)
{
	struct err err = ERR_INIT;

	ck_assert_int_ne(dir_make("", 0700, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_file_in_the_way_is_no_folder)
{
	AUTO_STR path = mem_printf("%s/f", unit_folder());
	AUTO_STR below = mem_printf("%s/sub", path);
	struct err err = ERR_INIT;

	put(path, "x");
	ck_assert_int_ne(dir_make(path, 0700, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	ck_assert_int_ne(dir_make(below, 0700, &err), 0);
	assert_holds(path, "x");
}
END_TEST

START_TEST(a_link_to_a_folder_is_a_folder)
{
	const char *folder = unit_folder();
	AUTO_STR real = mem_printf("%s/real", folder);
	AUTO_STR other = mem_printf("%s/other", folder);
	AUTO_STR below = mem_printf("%s/sub", other);

	ck_assert_int_eq(mkdir(real, 0700), 0);
	ck_assert_int_eq(symlink("real", other), 0);
	ck_assert_int_eq(dir_make(other, 0700, NULL), 0);
	ck_assert_int_eq(dir_make(below, 0700, NULL), 0);
}
END_TEST

START_TEST(a_name_alone_is_synced_in_the_present_folder)
{
	ck_assert_int_eq(chdir(unit_folder()), 0);
	ck_assert_int_eq(file_write("alone", "x", 1, 0600, false, NULL), 0);
	ck_assert_int_eq(dir_sync_parent("alone", NULL), 0);
	ck_assert_int_ne(dir_sync_parent("none/f", NULL), 0);
}
END_TEST

UNIT_CASE(file)
{
	tcase_add_test(tc, reading_appends_the_whole_file);
	tcase_add_test(tc, an_empty_file_reads_as_nothing);
	tcase_add_test(tc, a_file_past_the_ceiling_is_too_big_and_named);
	tcase_add_test(tc, a_missing_file_is_not_found_and_named);
	tcase_add_test(tc, a_folder_cannot_be_read);
	tcase_add_test(tc, writing_replaces_what_is_there);
	tcase_add_test(tc, writing_never_changes_the_file_itself);
	tcase_add_test(tc, the_mode_is_the_one_asked_for);
	tcase_add_test(tc, an_exclusive_write_keeps_what_is_there);
	tcase_add_test(tc, one_process_alone_wins_an_exclusive_race);
	tcase_add_test(tc, a_missing_folder_is_not_found);
	tcase_add_test(tc, a_folder_in_the_way_stays_and_nothing_is_left_beside_it);
	tcase_add_test(tc, a_write_that_does_not_fit_keeps_the_old_file_and_leaves_nothing);
	tcase_add_test(tc, an_exclusive_write_that_does_not_fit_leaves_nothing);
	tcase_add_test(tc, a_full_device_is_named);
	tcase_add_test(tc, writing_nothing_to_a_descriptor_succeeds);
	tcase_add_test(tc, all_of_it_goes_through_a_small_pipe);
	tcase_add_test(tc, makes_every_folder_on_the_way);
	tcase_add_test(tc, a_relative_folder_is_made_too);
	tcase_add_test(tc, a_folder_without_a_name_cannot_be_made);
	tcase_add_test(tc, a_file_in_the_way_is_no_folder);
	tcase_add_test(tc, a_link_to_a_folder_is_a_folder);
	tcase_add_test(tc, a_name_alone_is_synced_in_the_present_folder);
}

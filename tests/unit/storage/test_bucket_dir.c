#include "storage/bucket_dir.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "storage/bucket_key.h"
#include "tests/unit/unit.h"

static char root[256];
static struct bucket *b;

static void setup(void)
{
	(void)snprintf(root, sizeof(root), "%s/not/yet", unit_folder());
	b = bucket_dir_new(root, "here", NULL);
	ck_assert_ptr_nonnull(b);
}

static void teardown(void)
{
	bucket_free(b);
}

static const char *in_root(const char *tail)
{
	static char path[2048];

	(void)snprintf(path, sizeof(path), "%s/%s", root, tail);
	return path;
}

static void put(const char *key, const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_msg(bucket_put(b, key, text, strlen(text), false, &err) == 0, "%s", err.msg);
}

START_TEST(gives_back_what_was_put)
{
	struct stat st;
	int64_t bytes;
	AUTO_BUF got;

	buf_init(&got, 100);
	put("a/b/c.json", "one");
	put("a/b/c.json", "another");
	ck_assert_int_eq(buf_adds(&got, ">", NULL), 0);
	ck_assert_int_eq(bucket_get(b, "a/b/c.json", &got, NULL), 0);
	ck_assert_str_eq(buf_str(&got), ">another");
	ck_assert_int_eq(bucket_head(b, "a/b/c.json", &bytes, NULL), 0);
	ck_assert_int_eq(bytes, 7);
	put("empty", "");
	ck_assert_int_eq(bucket_head(b, "empty", &bytes, NULL), 0);
	ck_assert_int_eq(bytes, 0);
	ck_assert_int_eq(stat(in_root("a/b/c.json"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(in_root("a"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(root, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(tells_what_is_not_there)
{
	struct err err = ERR_INIT;
	int64_t bytes;
	AUTO_BUF got;

	buf_init(&got, 4);
	ck_assert_int_ne(bucket_get(b, "a/b", &got, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_str_eq(err.msg, "bucket \"here\": \"a/b\" is not there");
	ck_assert_int_eq(bucket_remove(b, "a/b", NULL), 0);
	put("a/b", "12345");
	ck_assert_int_ne(bucket_get(b, "a", &got, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_int_ne(bucket_head(b, "a/b/c", &bytes, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_int_ne(bucket_get(b, "a/b", &got, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_eq(got.len, 0);
	ck_assert_int_eq(bucket_remove(b, "a/b", NULL), 0);
	ck_assert_int_eq(bucket_remove(b, "a/b", NULL), 0);
	ck_assert_int_ne(bucket_head(b, "a/b", &bytes, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
}
END_TEST

START_TEST(keeps_the_first_when_told)
{
	struct err err = ERR_INIT;
	AUTO_BUF got;

	buf_init(&got, 100);
	ck_assert_int_eq(bucket_put(b, "x/lease.json", "first", 5, true, NULL), 0);
	ck_assert_int_ne(bucket_put(b, "x/lease.json", "second", 6, true, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_str_eq(err.msg, "bucket \"here\": \"x/lease.json\" exists already");
	ck_assert_int_eq(bucket_get(b, "x/lease.json", &got, NULL), 0);
	ck_assert_str_eq(buf_str(&got), "first");
}
END_TEST

START_TEST(replaces_one_version_only)
{
	struct bucket_version v, later;
	char etag[BUCKET_ETAG_SIZE] = "";
	struct err err = ERR_INIT;
	AUTO_BUF got = BUF_INIT(100);

	ck_assert_int_eq(bucket_replace(b, "x/y.json", "one", 3, etag, NULL), 0);
	ck_assert_int_eq(bucket_get_version(b, "x/y.json", &got, &v, NULL), 0);
	ck_assert_str_eq(v.etag, etag);
	ck_assert_int_ge(v.age_ms, 0);
	ck_assert_int_lt(v.age_ms, 60000);
	ck_assert_int_eq(bucket_replace(b, "x/y.json", "two", 3, etag, NULL), 0);
	ck_assert_str_ne(etag, v.etag);
	/* An older version; where something is; where nothing is. */
	ck_assert_int_ne(bucket_replace(b, "x/y.json", "three", 5, v.etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_str_eq(err.msg, "bucket \"here\": \"x/y.json\" was changed by somebody else");
	ck_assert_int_ne(bucket_replace(b, "x/y.json", "three", 5, (char[BUCKET_ETAG_SIZE]){ "" }, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_ne(bucket_replace(b, "x/z.json", "three", 5, etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_ne(bucket_replace(b, "not/there", "three", 5, etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_eq(bucket_get_version(b, "x/y.json", &got, &later, NULL), 0);
	ck_assert_str_eq(buf_str(&got), "onetwo");
	ck_assert_str_eq(later.etag, etag);
}
END_TEST

/* The age is the file system's own. */
START_TEST(tells_the_age)
{
	struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct bucket_version v;
	AUTO_BUF got = BUF_INIT(100);

	put("k", "old");
	ck_assert_int_eq(utimensat(AT_FDCWD, in_root("k"), times, 0), 0);
	ck_assert_int_eq(bucket_get_version(b, "k", &got, &v, NULL), 0);
	ck_assert_int_gt(v.age_ms, INT64_C(1700000000000));
	times[1].tv_sec = INT32_MAX;   /* counted from now on */
	ck_assert_int_eq(utimensat(AT_FDCWD, in_root("k"), times, 0), 0);
	ck_assert_int_eq(bucket_get_version(b, "k", &got, &v, NULL), 0);
	ck_assert_int_eq(v.age_ms, 0);
	ck_assert_int_eq(bucket_get_version(b, "k", &got, &v, NULL), 0);
	ck_assert(v.age_ms >= 0 && v.age_ms < 60000);
	ck_assert_int_ne(bucket_get_version(b, "none", &got, &v, NULL), 0);
	ck_assert_int_ne(access(in_root("none.tmp-locked"), F_OK), 0);
}
END_TEST

/* Each adds its digit to what it has seen; only one of each round may. */
START_TEST(of_many_one_replaces)
{
	char etag[BUCKET_ETAG_SIZE] = "";

	ck_assert_int_eq(bucket_replace(b, "k", "begin", 5, etag, NULL), 0);
	for (int round = 0; round < 15; round++) {
		int winners = 0, status;
		struct bucket_version v;
		AUTO_BUF got = BUF_INIT(100);

		for (int i = 0; i < 6; i++) {
			if (fork() == 0) {
				char text[40];
				int len = snprintf(text, sizeof(text), "%d of %d", i, round);

				_exit(bucket_replace(b, "k", text, (size_t)len, etag, NULL) == 0);
			}
		}
		while (wait(&status) > 0)
			winners += WEXITSTATUS(status);
		ck_assert_int_eq(winners, 1);
		ck_assert_int_eq(bucket_get_version(b, "k", &got, &v, NULL), 0);
		memcpy(etag, v.etag, sizeof(etag));
	}
}
END_TEST

static int collect(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct buf *seen = ctx;

	(void)age_s;
	return buf_addf(seen, err, "%s:%d ", key, (int)bytes);
}

/* What is listed below `prefix`; the string lives until the next call. */
static const char *listed(const char *prefix)
{
	static struct buf seen = { .max = 10000 };

	buf_reset(&seen);
	ck_assert_int_eq(bucket_list(b, prefix, collect, &seen, NULL), 0);
	return buf_str(&seen);
}

START_TEST(lets_one_of_eight_win)
{
	char command[600];

	for (int round = 0; round < 20; round++) {
		int winners = 0;
		char key[64];

		(void)snprintf(key, sizeof(key), "r%d/new/folder/lease", round);
		for (int i = 0; i < 8; i++) {
			pid_t pid = fork();
			struct err err = ERR_INIT;
			char text = (char)('0' + i);

			ck_assert_int_ge(pid, 0);
			if (pid != 0)
				continue;
			if (bucket_put(b, key, &text, 1, true, &err) == 0)
				_exit(1);
			_exit(err.code == ERR_EXISTS ? 0 : 2);
		}
		for (int i = 0; i < 8; i++) {
			int status;

			ck_assert_int_gt(wait(&status), 0);
			ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
			winners += WEXITSTATUS(status);
		}
		ck_assert_int_eq(winners, 1);
	}
	/* And none left a temporary file behind. */
	(void)snprintf(command, sizeof(command), "test -z \"$(find %s -name '*.tmp-*')\"", root);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(lists_in_byte_order)
{
	ck_assert_str_eq(listed(""), "");   /* not even a folder yet */
	put("a/b/2", "22");
	put("a/b/10", "1");
	put("a-b", "1");
	put("a.b", "1");
	put("a0", "1");
	put("a/b-", "1");
	put("a/b.json", "1");
	put("a/b0", "1");
	put("A", "1");
	ck_assert_str_eq(listed(""),
	    "A:1 a-b:1 a.b:1 a/b-:1 a/b.json:1 a/b/10:1 a/b/2:2 a/b0:1 a0:1 ");
	ck_assert_str_eq(listed("a/"), "a/b-:1 a/b.json:1 a/b/10:1 a/b/2:2 a/b0:1 ");
	ck_assert_str_eq(listed("a/b"), "a/b-:1 a/b.json:1 a/b/10:1 a/b/2:2 a/b0:1 ");
	ck_assert_str_eq(listed("a/b/"), "a/b/10:1 a/b/2:2 ");
	ck_assert_str_eq(listed("a/b/1"), "a/b/10:1 ");
	ck_assert_str_eq(listed("a."), "a.b:1 ");
	ck_assert_str_eq(listed("a-b/"), "");   /* a file, not a folder */
	ck_assert_str_eq(listed("none/at/all"), "");
}
END_TEST

START_TEST(lists_only_what_was_put)
{
	put("a/x", "1");
	put("a/y.tmp-abcdef/z", "1");   /* a folder may be called that */
	ck_assert_int_eq(file_write(in_root("a/x.tmp-aB3dE6"), "half", 4, 0600, false, NULL), 0);
	ck_assert_int_eq(file_write(in_root("a/x.tmp-short"), "kept", 4, 0600, false, NULL), 0);
	ck_assert_int_eq(symlink("/etc/passwd", in_root("a/link")), 0);
	ck_assert_int_eq(symlink("/etc", in_root("a/etc")), 0);
	ck_assert_int_eq(mkfifo(in_root("a/pipe"), 0600), 0);
	ck_assert_str_eq(listed(""), "a/x:1 a/x.tmp-short:4 a/y.tmp-abcdef/z:1 ");
}
END_TEST

static int take_age(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	(void)key, (void)bytes, (void)err;
	*(int64_t *)ctx = age_s;
	return 0;
}

/* A listing that leaves out a manifest would make garbage of its chunks. */
START_TEST(leaves_out_nothing_that_it_cannot_look_at)
{
	struct err err = ERR_INIT;
	int64_t visits = 0;

	enum { NAME = 200, LONG = 251 };
	char name[LONG + 1];
	size_t len;
	int fd;

	put("x", "1");
	memset(name, 'n', sizeof(name));
	fd = open(in_root(""), O_RDONLY | O_DIRECTORY);
	/* As deep as a folder's path may be; that of what lies in it is longer. */
	for (len = strlen(in_root("")); len + 1 + NAME + 1 < PATH_MAX; len += 1 + NAME) {
		name[NAME] = '\0';
		ck_assert_int_eq(mkdirat(fd, name, 0700), 0);
		fd = openat(fd, name, O_RDONLY | O_DIRECTORY);
	}
	ck_assert_int_ge(fd, 0);
	name[NAME] = 'n';
	name[LONG] = '\0';
	ck_assert_int_ge(openat(fd, name, O_WRONLY | O_CREAT, 0600), 0);
	ck_assert_int_ne(bucket_list(b, "", take_age, &visits, &err), 0);
	ck_assert_msg(strstr(err.msg, "cannot look at") != NULL, "%s", err.msg);
	ck_assert_int_eq(unlinkat(fd, name, 0), 0);   /* no cleaning up would reach it */
}
END_TEST

static int stop_at_b(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	(void)bytes, (void)age_s;
	(*(int *)ctx)++;
	return strcmp(key, "b") == 0 ? err_set(err, ERR_CORRUPT, "mine alone") : 0;
}

START_TEST(passes_a_visitors_error_on)
{
	struct err err = ERR_INIT;
	int visits = 0;

	put("a", "1");
	put("b", "1");
	put("c", "1");
	ck_assert_int_ne(bucket_list(b, "", stop_at_b, &visits, &err), 0);
	ck_assert_int_eq(visits, 2);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_str_eq(err.msg, "mine alone");
}
END_TEST

START_TEST(tells_the_age_of_an_object)
{
	struct timespec hour_ago[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = time(NULL) - 3600 } };
	struct timespec tomorrow[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = time(NULL) + 86400 } };
	int64_t age = -1;

	put("a", "1");
	ck_assert_int_eq(bucket_list(b, "", take_age, &age, NULL), 0);
	ck_assert(age >= 0 && age < 60);
	ck_assert_int_eq(utimensat(AT_FDCWD, in_root("a"), hour_ago, 0), 0);
	ck_assert_int_eq(bucket_list(b, "", take_age, &age, NULL), 0);
	ck_assert(age >= 3600 && age < 3660);
	ck_assert_int_eq(utimensat(AT_FDCWD, in_root("a"), tomorrow, 0), 0);
	ck_assert_int_eq(bucket_list(b, "", take_age, &age, NULL), 0);
	ck_assert_int_eq(age, 0);
}
END_TEST

static void make_aged(const char *path, int64_t age_s)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = time(NULL) - age_s } };

	ck_assert_int_eq(file_write(in_root(path), "half", 4, 0600, false, NULL), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, in_root(path), times, 0), 0);
}

static bool is_there(const char *path)
{
	return access(in_root(path), F_OK) == 0;
}

START_TEST(sweeps_what_was_left_half_written)
{
	struct bucket_swept swept;

	put("a/data/x", "1");
	put("b/data/x", "1");
	make_aged("a/data/y.tmp-abc123", 7200);
	make_aged("a/z.tmp-ABCDEF", 7200);
	make_aged("a/young.tmp-abcdef", 60);
	make_aged("a/lease.json.tmp-locked", 7200);
	make_aged("a/mine.tmp-", 7200);
	make_aged("b/data/y.tmp-abc123", 7200);
	ck_assert_int_eq(bucket_sweep(b, "a/", 3600, true, &swept, NULL), 0);
	ck_assert(swept.count == 2 && swept.bytes == 8);
	ck_assert(is_there("a/data/y.tmp-abc123"));
	ck_assert_int_eq(bucket_sweep(b, "a/", 3600, false, &swept, NULL), 0);
	ck_assert(swept.count == 2 && swept.bytes == 8);
	ck_assert(!is_there("a/data/y.tmp-abc123") && !is_there("a/z.tmp-ABCDEF"));
	ck_assert(is_there("a/young.tmp-abcdef") && is_there("a/lease.json.tmp-locked"));
	ck_assert(is_there("a/mine.tmp-") && is_there("a/data/x") && is_there("b/data/y.tmp-abc123"));
	ck_assert_int_eq(bucket_sweep(b, "nowhere/", 0, false, &swept, NULL), 0);
	ck_assert(swept.count == 0);
	ck_assert_int_ne(bucket_sweep(b, "../", 0, false, &swept, NULL), 0);
}
END_TEST

START_TEST(refuses_bad_keys)
{
	static const char *const keys[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "./a",
		"a b", "a\nb", "a\\b", "a:b", "a*b", "\xc3\xbc", "a/x.tmp-abcdef",
	};
	static char too_long[1100];
	int64_t bytes;
	AUTO_BUF got;

	buf_init(&got, 10);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_msg(bucket_put(b, keys[i], "x", 1, false, &err) != 0, "\"%s\"", keys[i]);
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_int_ne(bucket_get(b, keys[i], &got, NULL), 0);
		ck_assert_int_ne(bucket_head(b, keys[i], &bytes, NULL), 0);
		ck_assert_int_ne(bucket_remove(b, keys[i], NULL), 0);
	}
	ck_assert_int_ne(bucket_list(b, "../", stop_at_b, NULL, NULL), 0);
	ck_assert_int_ne(bucket_list(b, "/", stop_at_b, NULL, NULL), 0);
	ck_assert_int_ne(bucket_list(b, "a//", stop_at_b, NULL, NULL), 0);
	memset(too_long, 'a', 1025);
	ck_assert(!bucket_key_ok(too_long));
	ck_assert(!bucket_prefix_ok(too_long));
	too_long[1024] = '\0';
	ck_assert(bucket_key_ok(too_long));
	ck_assert(bucket_key_ok("production/auth/data/t%C3%BC/0a.sql.gz"));
	ck_assert(bucket_key_ok("..."));
	ck_assert(bucket_prefix_ok("a/b/"));
	ck_assert(bucket_prefix_ok("a/.."));   /* may become "a/..x" */
	ck_assert(bucket_prefix_ok("a.tmp-a1B2c"));   /* "a.tmp-a1B2c.json" */
	ck_assert(bucket_prefix_ok("a.tmp-a1B2c3"));
}
END_TEST

START_TEST(needs_a_folder)
{
	const char *folder = unit_folder();
	struct err err = ERR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/file", folder);
	ck_assert_int_eq(file_write(path, "x", 1, 0600, false, NULL), 0);
	ck_assert_ptr_null(bucket_dir_new(path, "b", &err));
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_null(bucket_dir_new("", "b", &err));
	ck_assert_int_eq(err.code, ERR_USAGE);
	bucket_free(NULL);
}
END_TEST

static unsigned owner_of(const char *path)
{
	struct stat st;

	ck_assert_msg(stat(path, &st) == 0, "%s", path);
	return st.st_uid;
}

/* Root's own run in the service's folder. */
START_TEST(belongs_to_whom_the_folder_belongs)
{
	const char *folder = unit_folder();
	char etag[BUCKET_ETAG_SIZE] = "", path[512];
	struct bucket *own;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(folder, 1234, 1235), 0);
	(void)snprintf(path, sizeof(path), "%s/bucket", folder);
	own = bucket_dir_new(path, "own", NULL);
	ck_assert_int_eq(bucket_replace(own, "a/b", "1", 1, etag, NULL), 0);
	ck_assert_int_eq(bucket_replace(own, "a/b", "2", 1, etag, NULL), 0);
	ck_assert_uint_eq(owner_of(path), 1234);
	(void)snprintf(path, sizeof(path), "%s/bucket/a", folder);
	ck_assert_uint_eq(owner_of(path), 1234);
	(void)snprintf(path, sizeof(path), "%s/bucket/a/b", folder);
	ck_assert_uint_eq(owner_of(path), 1234);
	(void)snprintf(path, sizeof(path), "%s/bucket/a/b.tmp-locked", folder);
	ck_assert_uint_eq(owner_of(path), 1234);
	/* With the object its lock goes. */
	ck_assert_int_eq(bucket_remove(own, "a/b", NULL), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	bucket_free(own);
	ck_assert_int_eq(chown(folder, 0, 0), 0);
}
END_TEST

UNIT_CASE(bucket_dir)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, gives_back_what_was_put);
	tcase_add_test(tc, tells_what_is_not_there);
	tcase_add_test(tc, keeps_the_first_when_told);
	tcase_add_test(tc, replaces_one_version_only);
	tcase_add_test(tc, tells_the_age);
	tcase_add_test(tc, of_many_one_replaces);
	tcase_add_test(tc, lets_one_of_eight_win);
	tcase_add_test(tc, lists_in_byte_order);
	tcase_add_test(tc, lists_only_what_was_put);
	tcase_add_test(tc, leaves_out_nothing_that_it_cannot_look_at);
	tcase_add_test(tc, passes_a_visitors_error_on);
	tcase_add_test(tc, tells_the_age_of_an_object);
	tcase_add_test(tc, sweeps_what_was_left_half_written);
	tcase_add_test(tc, refuses_bad_keys);
	tcase_add_test(tc, needs_a_folder);
	tcase_add_test(tc, belongs_to_whom_the_folder_belongs);
}

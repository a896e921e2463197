/* A bucket in a folder, put later: what is there when, and what the disk was asked for
 * in which order, as a power cut would find it. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "storage/bucket_dir.h"
#include "tests/unit/unit.h"

static char root[256];
static struct bucket *b;

/* "sync NAME" and "name NAME" of what happened, without what makes a name temporary. */
static struct buf events = { .max = 100000 };
static bool watched;

static void note(const char *what, const char *path)
{
	const char *name = strrchr(path, '/') + 1, *tail = strstr(name, ".tmp-");
	int len = (int)(tail != NULL ? (size_t)(tail - name) : strlen(name));

	if (watched)
		(void)buf_addf(&events, NULL, "%s %.*s; ", what, len, name);
}

/* In the place of libc's. */
int fsync(int fd)
{
	char link[64], path[PATH_MAX] = "/";

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	(void)readlink(link, path, sizeof(path) - 1);
	note("sync", path);
	return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
	note("name", to);
	return (int)syscall(SYS_rename, from, to);
}

static void setup(void)
{
	(void)snprintf(root, sizeof(root), "%s/bucket", unit_folder());
	b = bucket_dir_new(root, "here", NULL);
	ck_assert_ptr_nonnull(b);
	watched = false;
	buf_reset(&events);
}

static void teardown(void)
{
	bucket_free(b);
	buf_release(&events);
}

static void put_later(const char *key, const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_msg(bucket_put_later(b, key, text, strlen(text), &err) == 0, "%s", err.msg);
}

static void settle(void)
{
	struct err err = ERR_INIT;

	ck_assert_msg(bucket_settle(b, &err) == 0, "%s", err.msg);
}

static void assert_holds(const char *key, const char *text)
{
	AUTO_BUF got = BUF_INIT(1000);
	struct err err = ERR_INIT;

	ck_assert_msg(bucket_get(b, key, &got, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(buf_str(&got), text);
}

static int count(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	(void)key, (void)bytes, (void)age_s, (void)err;
	++*(int *)ctx;
	return 0;
}

static int objects(void)
{
	int n = 0;

	ck_assert_int_eq(bucket_list(b, "", count, &n, NULL), 0);
	return n;
}

/* Files that a kill would leave; folders are not counted. */
static int temporary_files(void)
{
	struct bucket_swept swept;

	ck_assert_int_eq(bucket_sweep(b, "", 0, true, &swept, NULL), 0);
	return (int)swept.count;
}

START_TEST(is_there_when_it_is_settled)
{
	struct stat st;

	settle();   /* nothing */
	ck_assert_int_eq(bucket_put(b, "data/t/a", "old", 3, false, NULL), 0);
	put_later("data/t/a", "new");
	put_later("data/u/b", "another");
	assert_holds("data/t/a", "old");
	ck_assert_int_eq(objects(), 1);
	settle();
	assert_holds("data/t/a", "new");
	assert_holds("data/u/b", "another");
	ck_assert_int_eq(objects(), 2);
	ck_assert_int_eq(temporary_files(), 0);
	AUTO_STR path = mem_printf("%s/data/u/b", root);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

/* A name before the bytes are on the disk could be of half an object after a power
 * cut, and the folder is what keeps the names. */
START_TEST(names_nothing_that_is_not_on_the_disk)
{
	put_later("data/t/a", "1");
	put_later("data/u/b", "2");
	put_later("data/t/c", "3");
	watched = true;
	settle();
	ck_assert_str_eq(buf_str(&events),
	    "sync a; name a; sync b; name b; sync c; name c; sync t; sync u; ");
}
END_TEST

START_TEST(leaves_nothing_when_it_is_not_settled)
{
	ck_assert_int_eq(bucket_put(b, "t/a", "old", 3, false, NULL), 0);
	put_later("t/a", "new");
	put_later("t/b", "another");
	ck_assert_int_eq(temporary_files(), 2);
	bucket_free(b);
	b = bucket_dir_new(root, "here", NULL);
	ck_assert_int_eq(temporary_files(), 0);
	ck_assert_int_eq(objects(), 1);
	assert_holds("t/a", "old");
}
END_TEST

/* A folder in the way of one; the others may be lost, and are not half there. */
START_TEST(says_what_could_not_be_named)
{
	AUTO_STR way = mem_printf("%s/t/b", root);
	struct err err = ERR_INIT;

	put_later("t/a", "1");
	put_later("t/b", "2");
	put_later("t/c", "3");
	ck_assert_int_eq(mkdir(way, 0700), 0);
	ck_assert_int_ne(bucket_settle(b, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "bucket \"here\": cannot rename to"));
	ck_assert_int_eq(temporary_files(), 0);
	ck_assert_int_eq(rmdir(way), 0);
	/* They are not tried again by themselves, and nothing put since makes up for them. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_ne(bucket_settle(b, &err), 0);
		ck_assert_ptr_nonnull(strstr(err.msg, "cannot rename to"));
	}
	ck_assert_int_ne(bucket_put_later(b, "t/d", "1", 1, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "cannot rename to"));
	ck_assert_int_ne(bucket_settle(b, NULL), 0);
	ck_assert_int_eq(bucket_put(b, "t/e", "1", 1, false, NULL), 0);
	ck_assert_int_eq(temporary_files(), 0);
	ck_assert_int_eq(objects(), 3);
	ck_assert_int_ne(bucket_put_later(b, "../x", "1", 1, &err), 0);
	ck_assert_int_eq(err.code, ERR_USAGE);
}
END_TEST

enum { THREADS = 6, EACH = 100 };

static void *put_many(void *arg)
{
	for (int i = 0; i < EACH; i++) {
		AUTO_STR key = mem_printf("t%d/%d", *(int *)arg, i);

		put_later(key, key);
	}
	return NULL;
}

/* However many: most of them are settled on the way, by those who put. */
START_TEST(holds_few_files_open)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, put_many, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_ge(objects(), THREADS * EACH - 40);
	settle();
	ck_assert_int_eq(objects(), THREADS * EACH);
	ck_assert_int_eq(temporary_files(), 0);
	assert_holds("t5/99", "t5/99");
}
END_TEST

UNIT_CASE(bucket_later)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, is_there_when_it_is_settled);
	tcase_add_test(tc, names_nothing_that_is_not_on_the_disk);
	tcase_add_test(tc, leaves_nothing_when_it_is_not_settled);
	tcase_add_test(tc, says_what_could_not_be_named);
	tcase_add_test(tc, holds_few_files_open);
}

#include "storage/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

#define NAME "20261122T021700Z.json"

static int64_t now_ms;
static struct cache *cache;
static const char *folder;

static int64_t read_clock(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static const struct clock fake = { .now_ms = read_clock };

static void setup(void)
{
	AUTO_STR below = mem_printf("%s/a/b", folder = unit_folder());

	now_ms = INT64_C(1795313820000);
	cache = cache_open(below, &fake);
	ck_assert_ptr_nonnull(cache);
}

static void teardown(void)
{
	cache_free(cache);
}

static void keep_at(const char *name, int64_t asked_at, const char *text)
{
	cache_put(cache, name, asked_at, text, strlen(text));
}

/* What it has of an object that was written `age_s` ago; NULL: nothing. */
static const char *copy(const char *name, int64_t bytes, int64_t age_s)
{
	static char text[100];
	AUTO_BUF bytes_read = BUF_INIT(sizeof(text) - 1);

	if (!cache_get(cache, name, bytes, age_s, &bytes_read))
		return NULL;
	ck_assert_int_eq((int64_t)bytes_read.len, bytes);
	return strcpy(text, buf_str(&bytes_read));
}

START_TEST(a_copy_holds_for_what_is_older)
{
	int64_t now = cache_now(cache);

	ck_assert_ptr_null(copy(NAME, 5, 1000));
	keep_at(NAME, now - 100, "hello");
	ck_assert_str_eq(copy(NAME, 5, 1000), "hello");
	ck_assert_str_eq(copy(NAME, 5, 102), "hello");
	/* It may have been written in the same second, or after. */
	ck_assert_ptr_null(copy(NAME, 5, 101));
	ck_assert_ptr_null(copy(NAME, 5, 0));
	ck_assert_ptr_null(copy(NAME, 5, -1));
	ck_assert_ptr_null(copy(NAME, 6, 1000));
	ck_assert_ptr_null(copy(NAME, -1, 1000));
	ck_assert_ptr_null(copy("20261122T021701Z.json", 5, 1000));
	/* The machine's clock was set back: nobody knows how long ago it asked. */
	now_ms -= 200000;
	ck_assert_ptr_null(copy(NAME, 5, 1000));
}
END_TEST

START_TEST(an_empty_object_is_one)
{
	keep_at(NAME, cache_now(cache), "");
	ck_assert_str_eq(copy(NAME, 0, 10), "");
}
END_TEST

/* Any byte of it. */
START_TEST(a_damaged_copy_is_none)
{
	AUTO_STR path = mem_printf("%s/a/b/" NAME, folder);
	struct stat st;
	char byte;
	int fd;

	keep_at(NAME, cache_now(cache) - 100, "hello");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	fd = open(path, O_RDWR);
	for (off_t at = 0; at < st.st_size; at++) {
		/* The blank behind the hash is nothing. */
		if (at == 64)
			continue;
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 1;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		ck_assert_msg(copy(NAME, 5, 1000) == NULL, "byte %d", (int)at);
		byte ^= 1;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	ck_assert_str_eq(copy(NAME, 5, 1000), "hello");
	ck_assert_int_eq(ftruncate(fd, st.st_size - 1), 0);
	ck_assert_ptr_null(copy(NAME, 5, 1000));
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_ptr_null(copy(NAME, 5, 1000));
	(void)close(fd);
}
END_TEST

static bool is_wanted(void *ctx, const char *name)
{
	return strcmp(name, ctx) == 0;
}

static int entries(void)
{
	AUTO_STR path = mem_printf("%s/a/b", folder);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

START_TEST(what_nobody_wants_goes)
{
	char wanted[] = "b";

	keep_at("a", 0, "1");
	keep_at("b", 0, "2");
	keep_at("b.tmp-123456", 0, "3");
	cache_trim(cache, is_wanted, wanted);
	ck_assert_int_eq(entries(), 1);
	ck_assert_str_eq(copy("b", 1, INT64_MAX), "2");
}
END_TEST

static bool is_anything(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return true;
}

START_TEST(it_does_not_grow_without_end)
{
	AUTO_STR text = mem_calloc(1, CACHE_OBJECT_MAX_BYTES + 1);
	int most = CACHE_MAX_BYTES / CACHE_OBJECT_MAX_BYTES;

	cache_put(cache, "too-large", 0, text, CACHE_OBJECT_MAX_BYTES + 1);
	ck_assert_int_eq(entries(), 0);
	for (int i = 0; i < most + 5; i++) {
		AUTO_STR name = mem_printf("%d", i);

		cache_put(cache, name, 0, text, CACHE_OBJECT_MAX_BYTES);
	}
	cache_trim(cache, is_anything, NULL);
	ck_assert_int_eq(entries(), most - 1);
}
END_TEST

START_TEST(without_a_place_there_is_none)
{
	AUTO_STR file = mem_printf("%s/a/b/" NAME, folder);
	AUTO_STR below = mem_printf("%s/below", file);

	keep_at(NAME, 0, "x");
	ck_assert_ptr_null(cache_open(below, &fake));
	cache_free(NULL);
}
END_TEST

UNIT_CASE(cache)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_copy_holds_for_what_is_older);
	tcase_add_test(tc, an_empty_object_is_one);
	tcase_add_test(tc, a_damaged_copy_is_none);
	tcase_add_test(tc, what_nobody_wants_goes);
	tcase_add_test(tc, it_does_not_grow_without_end);
	tcase_add_test(tc, without_a_place_there_is_none);
}

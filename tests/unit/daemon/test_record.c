#include "daemon/record.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

static int64_t fixed_now(void *ctx)
{
	(void)ctx;
	return INT64_C(1795313820000);
}

static const struct clock fixed = { fixed_now, NULL, NULL, NULL };

static void quiet(void)
{
	log_setup("test", LOG_STYLE_PLAIN, (enum log_level)0);
}

START_TEST(a_damaged_file_is_replaced)
{
	const char *dir = unit_folder();
	AUTO_STR path = mem_printf("%s/state.db", dir);
	AUTO_STR aside = mem_printf("%s.corrupt-20261122T021700Z", path);
	struct state_database db;
	struct record record;

	ck_assert_int_eq(file_write(path, "not a database, not at all", 26, 0600, false, NULL), 0);
	record_open(&record, dir, &fixed);
	ck_assert(!record.in_memory);
	ck_assert_int_eq(access(aside, F_OK), 0);
	record_next(&record, "a/b", 7);
	ck_assert(record_get(&record, "a/b", &db));
	ck_assert_int_eq(db.next_at, 7);
	ck_assert(!record_get(&record, "a/c", &db));
	record_close(&record);
}
END_TEST

START_TEST(without_a_file_memory_serves_until_there_is_one)
{
	AUTO_STR dir = mem_printf("%s/state", unit_folder());
	struct state_database db;
	struct record record;

	ck_assert_int_eq(file_write(dir, "", 0, 0600, false, NULL), 0);
	record_open(&record, dir, &fixed);
	ck_assert(record.in_memory);
	record_begin(&record, "a/b", 1, 2);
	record_end(&record, "a/b", &(struct state_run){ .started_at = 2, .finished_at = 3 });
	ck_assert(record_get(&record, "a/b", &db));
	ck_assert_int_eq(db.last_success_at, 3);

	ck_assert_int_eq(unlink(dir), 0);
	record_retry(&record);
	ck_assert(!record.in_memory);
	ck_assert(record_was_renewed(&record));
	ck_assert(!record_was_renewed(&record));
	record_close(&record);
}
END_TEST

static bool is_wanted(void *ctx, const char *database)
{
	return strcmp(database, ctx) == 0;
}

START_TEST(what_has_no_schedule_has_no_next_time)
{
	struct state_database db;
	struct record record;
	char wanted[] = "a/c";

	record_open(&record, unit_folder(), &fixed);
	record_next(&record, "a/b", 7);
	record_next(&record, "a/c", 8);
	record_next(&record, "a/d", -1);
	record_unschedule(&record, is_wanted, wanted);
	ck_assert(record_get(&record, "a/b", &db));
	ck_assert_int_eq(db.next_at, 0);
	ck_assert(record_get(&record, "a/c", &db));
	ck_assert_int_eq(db.next_at, 8);
	ck_assert(record_get(&record, "a/d", &db));
	ck_assert_int_eq(db.next_at, 0);
	record_close(&record);
}
END_TEST

UNIT_CASE(record)
{
	tcase_add_checked_fixture(tc, quiet, NULL);
	tcase_add_test(tc, a_damaged_file_is_replaced);
	tcase_add_test(tc, without_a_file_memory_serves_until_there_is_one);
	tcase_add_test(tc, what_has_no_schedule_has_no_next_time);
}

#include "daemon/record.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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
	record_open(&record, dir, &fixed, NULL);
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
	record_open(&record, dir, &fixed, NULL);
	ck_assert(record.in_memory);
	record_begin(&record, "a/b", &(struct state_run){ .slot_at = 1, .started_at = 2 });
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

	record_open(&record, unit_folder(), &fixed, NULL);
	record_next(&record, "a/b", 7);
	record_next(&record, "a/c", 8);
	record_next(&record, "a/d", -1);
	record_tries_again(&record, "a/b", 9, 7, 2);
	record_unschedule(&record, is_wanted, wanted);
	ck_assert(record_get(&record, "a/b", &db));
	ck_assert_int_eq(db.next_at, 0);
	ck_assert_int_eq(db.retry_at, 0);
	ck_assert(record_get(&record, "a/c", &db));
	ck_assert_int_eq(db.next_at, 8);
	ck_assert(record_get(&record, "a/d", &db));
	ck_assert_int_eq(db.next_at, 0);
	record_close(&record);
}
END_TEST

/* ---- with a loop, and so with a thread that writes */

static uv_loop_t loop;

static void begin_with_loop(struct record *record, const char *dir)
{
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	record_open(record, dir, &fixed, &loop);
}

static void end_with_loop(struct record *record)
{
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	record_close(record);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(notes_are_written_in_their_order)
{
	const char *dir = unit_folder();
	struct state_database db;
	struct record record;

	begin_with_loop(&record, dir);
	for (int i = 1; i <= 3000; i++) {
		AUTO_STR name = mem_printf("a/%d", i % 1000);
		struct state_run run = { .id = i, .started_at = i };

		record_next(&record, name, i);
		record_asked(&record, name, i, "v");
		record_begin(&record, name, &run);
		if (i % 500 == 0)
			(void)uv_run(&loop, UV_RUN_NOWAIT);
		run.finished_at = i + 1;
		record_end(&record, name, &run);
	}
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	for (int i = 2001; i <= 3000; i++) {
		AUTO_STR name = mem_printf("a/%d", i % 1000);

		ck_assert(record_get(&record, name, &db));
		ck_assert_int_eq(db.next_at, i);
		ck_assert_int_eq(db.last.id, i);
		ck_assert_msg(db.last.finished_at == i + 1, "%d %d", i, (int)db.last.finished_at);
		ck_assert_int_eq(db.asked_id, 0);
	}
	ck_assert_int_eq(record_last_id(&record), 3000);
	end_with_loop(&record);
}
END_TEST

/* The thread finds the damage; the loop goes on with a new file. */
static int renewals;

static void count_renewal(void *ctx)
{
	++*(int *)ctx;
}

START_TEST(damage_that_the_thread_finds_is_replaced)
{
	const char *dir = unit_folder();
	AUTO_STR path = mem_printf("%s/state.db", dir);
	AUTO_STR aside = mem_printf("%s.corrupt-20261122T021700Z", path);
	struct state_database db;
	struct record record;
	long size;
	FILE *f;

	record_open(&record, dir, &fixed, NULL);
	for (int i = 0; i < 300; i++) {
		AUTO_STR name = mem_printf("environment/a-rather-long-name-%d", i);

		record_begin(&record, name, &(struct state_run){ .started_at = 1 });
	}
	record_close(&record);
	begin_with_loop(&record, dir);
	record_on_renewed(&record, count_renewal, &renewals);
	/* Under its hands: all but the first page. */
	f = fopen(path, "r+");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	ck_assert_int_eq(fseek(f, 4096, SEEK_SET), 0);
	for (long i = 4096; i < size; i++)
		ck_assert_int_eq(fputc(0xff, f), 0xff);
	ck_assert_int_eq(fclose(f), 0);
	for (int i = 0; i < 10; i++) {
		AUTO_STR name = mem_printf("environment/a-rather-long-name-%d", i * 30);

		record_begin(&record, name, &(struct state_run){ .started_at = 5 });
		(void)uv_run(&loop, UV_RUN_DEFAULT);
	}
	ck_assert_int_eq(access(aside, F_OK), 0);
	ck_assert_int_eq(renewals, 1);
	ck_assert(record_was_renewed(&record));
	ck_assert(!record.in_memory);
	record_next(&record, "a/b", 7);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert(record_get(&record, "a/b", &db));
	ck_assert_int_eq(db.next_at, 7);
	end_with_loop(&record);
}
END_TEST

START_TEST(a_full_disk_loses_notes_and_nothing_else)
{
	struct state_database db;
	struct record record;
	struct rlimit limit;

	begin_with_loop(&record, unit_folder());
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 64 * 1024;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 2000; i++) {
		AUTO_STR name = mem_printf("a/%d", i);

		record_next(&record, name, 5);
	}
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(!record.in_memory);
	record_next(&record, "a/after", 6);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert(record_get(&record, "a/after", &db));
	ck_assert_int_eq(db.next_at, 6);
	end_with_loop(&record);
}
END_TEST

UNIT_CASE(record)
{
	tcase_add_checked_fixture(tc, quiet, NULL);
	tcase_add_test(tc, a_damaged_file_is_replaced);
	tcase_add_test(tc, without_a_file_memory_serves_until_there_is_one);
	tcase_add_test(tc, what_has_no_schedule_has_no_next_time);
	tcase_add_test(tc, notes_are_written_in_their_order);
	tcase_add_test(tc, damage_that_the_thread_finds_is_replaced);
	tcase_add_test(tc, a_full_disk_loses_notes_and_nothing_else);
}

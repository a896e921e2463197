#include "state/state.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

static struct state *open_or_fail(const char *dir, bool create)
{
	struct err err = ERR_INIT;
	struct state *state = state_open(dir, create, &err);

	ck_assert_msg(state != NULL, "%s", err.msg);
	return state;
}

static struct state_database get(struct state *state, const char *name)
{
	struct err err = ERR_INIT;
	struct state_database db;

	ck_assert_msg(state_get(state, name, &db, &err) == 0, "%s", err.msg);
	return db;
}

static void begin(struct state *state, const char *name, int64_t slot_at, int64_t now)
{
	struct state_run run = { .slot_at = slot_at, .started_at = now };
	struct err err = ERR_INIT;

	ck_assert_msg(state_run_begin(state, name, &run, &err) == 0, "%s", err.msg);
}

static void end_with(struct state *state, const char *name, struct state_run run)
{
	struct err err = ERR_INIT;

	ck_assert_msg(state_run_end(state, name, &run, &err) == 0, "%s", err.msg);
}

static void run_sql(const char *dir, const char *sql)
{
	AUTO_STR path = mem_printf("%s/state.db", dir);
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(what_is_written_comes_back_after_closing)
{
	const char *dir = unit_folder();
	struct state *state = open_or_fail(dir, true);
	struct state_database db;
	struct err err = ERR_INIT;

	ck_assert_int_eq(state_set_next(state, "production/auth", 5000, &err), 0);
	begin(state, "production/auth", 1000, 1001);
	ck_assert(get(state, "production/auth").running);
	end_with(state, "production/auth", (struct state_run){
		.id = 1, .slot_at = 1000, .started_at = 1001, .finished_at = 1010, .exit_code = 5,
		.took_ms = 8123, .cause = STATE_CAUSE_MADE_UP, .attempt = 2,
		.verified = STATE_VERIFIED_GOOD, .taken = true,
		.rows = 12403, .sql_bytes = 1 << 21, .stored_bytes = 219000, .new_bytes = 31000,
		.freed_bytes = 77, .requests = 9, .retries = 2, .rows_read = 25000,
		.label = "before-0004", .snapshot = "20261122T021700Z", .code = "again",
		.message = "naïve",
	});
	state_close(state);

	state = open_or_fail(dir, false);
	db = get(state, "production/auth");
	ck_assert_str_eq(db.name, "production/auth");
	ck_assert_int_eq(db.next_at, 5000);
	ck_assert(!db.running);
	ck_assert_int_eq(db.last_success_at, 1010);
	ck_assert_int_eq(db.last_verified_at, 1010);
	ck_assert_int_eq(db.last.id, 1);
	ck_assert_int_eq(db.last.took_ms, 8123);
	ck_assert_int_eq(db.last.cause, STATE_CAUSE_MADE_UP);
	ck_assert_int_eq(db.last.attempt, 2);
	ck_assert_int_eq(db.last.verified, STATE_VERIFIED_GOOD);
	ck_assert(db.last.taken);
	ck_assert_int_eq(db.last.freed_bytes, 77);
	ck_assert_int_eq(db.last.requests, 9);
	ck_assert_int_eq(db.last.retries, 2);
	ck_assert_int_eq(db.last.rows_read, 25000);
	ck_assert_str_eq(db.last.label, "before-0004");
	ck_assert_str_eq(db.last.code, "again");
	ck_assert_int_eq(db.last.slot_at, 1000);
	ck_assert_int_eq(db.last.started_at, 1001);
	ck_assert_int_eq(db.last.finished_at, 1010);
	ck_assert_int_eq(db.last.exit_code, 5);
	ck_assert_int_eq(db.last.rows, 12403);
	ck_assert_int_eq(db.last.sql_bytes, 1 << 21);
	ck_assert_int_eq(db.last.stored_bytes, 219000);
	ck_assert_int_eq(db.last.new_bytes, 31000);
	ck_assert_str_eq(db.last.snapshot, "20261122T021700Z");
	ck_assert_str_eq(db.last.message, "naïve");
	state_close(state);
}
END_TEST

START_TEST(a_failure_leaves_the_last_success)
{
	struct state *state = open_or_fail(unit_folder(), true);

	begin(state, "a/b", 1, 1);
	end_with(state, "a/b", (struct state_run){ .slot_at = 1, .started_at = 1, .finished_at = 2 });
	begin(state, "a/b", 10, 10);
	end_with(state, "a/b", (struct state_run){
		.slot_at = 10, .started_at = 10, .finished_at = 20, .exit_code = 1 });
	ck_assert_int_eq(get(state, "a/b").last_success_at, 2);
	ck_assert_int_eq(get(state, "a/b").last.exit_code, 1);
	state_close(state);
}
END_TEST

START_TEST(an_end_without_a_beginning_is_kept_whole)
{
	struct state *state = open_or_fail(unit_folder(), true);

	end_with(state, "a/b", (struct state_run){ .slot_at = 1, .started_at = 3, .finished_at = 7 });
	ck_assert_int_eq(get(state, "a/b").last.started_at, 3);
	ck_assert_int_eq(get(state, "a/b").last_success_at, 7);
	state_close(state);
}
END_TEST

START_TEST(nothing_known_is_not_found)
{
	const char *dir = unit_folder();
	struct err err = ERR_INIT;
	struct state_database db;
	struct state *state;

	ck_assert_ptr_null(state_open(dir, false, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	state = open_or_fail(dir, true);
	ck_assert_int_eq(state_get(state, "a/b", &db, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_str_eq(err.msg, "nothing is known of a/b");
	state_close(state);
}
END_TEST

struct seen {
	size_t count;
	int64_t first, last;
	char names[64];
};

static int see_run(void *ctx, const struct state_run *run, struct err *err)
{
	struct seen *seen = ctx;

	(void)err;
	if (seen->count++ == 0)
		seen->first = run->slot_at;
	seen->last = run->slot_at;
	return 0;
}

START_TEST(the_history_is_trimmed_for_each_database)
{
	struct state *state = open_or_fail(unit_folder(), true);
	struct seen seen = { 0 };

	begin(state, "quiet/one", 77, 77);
	for (int i = 1; i <= STATE_RUNS_KEPT + 50; i++) {
		begin(state, "busy/one", i, i);
		end_with(state, "busy/one", (struct state_run){
			.slot_at = i, .started_at = i, .finished_at = i });
	}
	ck_assert_int_eq(state_each_run(state, "busy/one", 1000, see_run, &seen, NULL), 0);
	ck_assert_uint_eq(seen.count, STATE_RUNS_KEPT);
	ck_assert_int_eq(seen.first, STATE_RUNS_KEPT + 50);
	ck_assert_int_eq(seen.last, 51);
	ck_assert_int_eq(get(state, "quiet/one").last.slot_at, 77);
	state_close(state);
}
END_TEST

static int see_database(void *ctx, const struct state_database *db, struct err *err)
{
	struct seen *seen = ctx;

	(void)snprintf(seen->names + strlen(seen->names), sizeof(seen->names) - strlen(seen->names),
	    "%s ", db->name);
	return ++seen->count == 2 ? err_set(err, ERR_INTERRUPTED, "enough") : 0;
}

START_TEST(each_goes_by_name_and_stops_when_told)
{
	struct state *state = open_or_fail(unit_folder(), true);
	struct seen seen = { 0 };
	struct err err = ERR_INIT;

	ck_assert_int_eq(state_set_next(state, "b/b", 1, &err), 0);
	ck_assert_int_eq(state_set_next(state, "a/z", 1, &err), 0);
	ck_assert_int_eq(state_set_next(state, "c/a", 1, &err), 0);
	ck_assert_int_eq(state_each(state, see_database, &seen, &err), -1);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	ck_assert_str_eq(seen.names, "a/z b/b ");
	state_close(state);
}
END_TEST

START_TEST(recovery_makes_a_cut_off_run_due_again_ten_times)
{
	struct state *state = open_or_fail(unit_folder(), true);
	struct err err = ERR_INIT;

	for (int i = 1; i <= 10; i++) {
		begin(state, "a/b", 100, 100 + i);
		ck_assert_int_eq(state_set_next(state, "a/b", 900, &err), 0);
		ck_assert_int_eq(state_recover(state, 200 + i, &err), 0);
		ck_assert(!get(state, "a/b").running);
		ck_assert_int_eq(get(state, "a/b").last.exit_code, 130);
		ck_assert_int_eq(get(state, "a/b").next_at, i < 10 ? 100 : 900);
		ck_assert_str_eq(get(state, "a/b").last.code, STATE_CODE_CUT_OFF);
		ck_assert_int_eq(get(state, "a/b").failures, 0);
	}
	state_close(state);
}
END_TEST

/* Each of these is put where the state file should be. */
static const struct {
	const char *bytes;
	size_t len;
} damaged[] = {
	{ "this is no database at all, but long enough for a header to be looked for in it, "
	  "all one hundred bytes of it", 108 },
	{ "SQLite format 3\0\x10\0\x01\x01", 20 },
};

START_TEST(a_damaged_file_is_set_aside)
{
	const char *dir = unit_folder();
	AUTO_STR path = mem_printf("%s/state.db", dir);
	AUTO_STR wal = mem_printf("%s/state.db-wal", dir);
	AUTO_STR expected = mem_printf("%s/state.db.corrupt-20261122T021700Z", dir);
	AUTO_STR expected_wal = mem_printf("%s-wal", expected);
	AUTO_STR aside = NULL;
	struct err err = ERR_INIT;
	struct state *state;

	ck_assert_int_eq(file_write(path, damaged[_i].bytes, damaged[_i].len, 0600, false, &err), 0);
	ck_assert_ptr_null(state_open(dir, true, &err));
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_null(state_open(dir, false, &err));
	ck_assert_int_eq(err.code, ERR_CORRUPT);

	ck_assert_int_eq(file_write(wal, "x", 1, 0600, false, &err), 0);
	aside = state_set_aside(dir, 1795313820, &err);
	ck_assert_msg(aside != NULL, "%s", err.msg);
	ck_assert_str_eq(aside, expected);
	ck_assert_int_eq(access(expected, F_OK), 0);
	ck_assert_int_eq(access(expected_wal, F_OK), 0);
	state = open_or_fail(dir, true);
	begin(state, "a/b", 1, 1);
	state_close(state);
}
END_TEST

START_TEST(another_programs_database_is_not_taken_for_ours)
{
	const char *dir = unit_folder();
	struct err err = ERR_INIT;

	run_sql(dir, "CREATE TABLE t(a)");
	ck_assert_ptr_null(state_open(dir, true, &err));
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	for (int format = 1; format <= 2; format++) {
		AUTO_STR sql = mem_printf("PRAGMA user_version = %d", format);

		run_sql(dir, sql);
		ck_assert_ptr_null(state_open(dir, true, &err));
		ck_assert_int_eq(err.code, ERR_CORRUPT);
	}
}
END_TEST

START_TEST(damage_inside_shows_when_it_is_touched)
{
	const char *dir = unit_folder();
	AUTO_STR path = mem_printf("%s/state.db", dir);
	struct state *state = open_or_fail(dir, true);
	struct err err = ERR_INIT;
	struct stat st;
	FILE *f;
	int rc = 0;

	for (int i = 0; i < 200; i++) {
		AUTO_STR name = mem_printf("environment/a-rather-long-name-%d", i);

		begin(state, name, 1, 1);
	}
	state_close(state);
	/* Everything but the first page, which holds the schema. */
	ck_assert_int_eq(stat(path, &st), 0);
	f = fopen(path, "r+");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, 4096, SEEK_SET), 0);
	for (off_t i = 4096; i < st.st_size; i++)
		ck_assert_int_eq(fputc(0xff, f), 0xff);
	ck_assert_int_eq(fclose(f), 0);

	state = open_or_fail(dir, true);
	rc = state_run_begin(state, "a/b", &(struct state_run){ .started_at = 1 }, &err);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	state_close(state);
}
END_TEST

START_TEST(a_newer_format_is_left_alone)
{
	const char *dir = unit_folder();
	struct err err = ERR_INIT;

	state_close(open_or_fail(dir, true));
	run_sql(dir, "PRAGMA user_version = 3");
	ck_assert_ptr_null(state_open(dir, true, &err));
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "has format 3; this d1keep knows format 2"));
	ck_assert_int_ne(err.hint[0], '\0');
}
END_TEST

START_TEST(a_full_disk_is_an_error_and_no_more)
{
	const char *dir = unit_folder();
	struct state *state = open_or_fail(dir, true);
	struct rlimit limit = { 0, 0 };
	struct err err = ERR_INIT;
	int failed = 0;

	begin(state, "a/b", 1, 1);
	/* The nearest thing to a full disk that a test may have. */
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 64 * 1024;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 100; i++)
		failed += state_run_begin(state, "a/c", &(struct state_run){
			.slot_at = i, .started_at = i }, &err) != 0;
	ck_assert_int_gt(failed, 0);
	ck_assert_int_eq(err.code, ERR_FAILED);

	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	begin(state, "a/d", 9, 9);
	ck_assert_int_eq(get(state, "a/d").last.slot_at, 9);
	state_close(state);
}
END_TEST

/* A reader in another process, in step with the writer: it tells what it reads
 * over one pipe each time it is asked over the other. */
static void read_when_asked(const char *dir, int ask, int answer)
{
	struct state *state = NULL;
	char byte;

	while (read(ask, &byte, 1) == 1) {
		struct state_database db;

		if (state == NULL)
			state = open_or_fail(dir, false);
		db = get(state, "a/b");
		if (write(answer, &db.next_at, sizeof(db.next_at)) != sizeof(db.next_at))
			break;
	}
	state_close(state);
	_exit(0);
}

START_TEST(another_process_reads_what_was_just_written)
{
	const char *dir = unit_folder();
	struct err err = ERR_INIT;
	int ask[2], answer[2], status;
	struct state *state;
	int64_t read_back;
	pid_t pid;

	ck_assert_int_eq(pipe(ask), 0);
	ck_assert_int_eq(pipe(answer), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)close(ask[1]);
		read_when_asked(dir, ask[0], answer[1]);
	}
	/* Only now: SQLite's connections are not for taking through a fork. */
	state = open_or_fail(dir, true);
	for (int64_t i = 1; i <= 100; i++) {
		ck_assert_int_eq(state_set_next(state, "a/b", i, &err), 0);
		ck_assert_int_eq(write(ask[1], "?", 1), 1);
		ck_assert_int_eq(read(answer[0], &read_back, sizeof(read_back)), sizeof(read_back));
		ck_assert_int_eq(read_back, i);
	}
	(void)close(ask[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	state_close(state);
}
END_TEST

static int write_meanwhile(void *ctx, const struct state_database *db, struct err *err)
{
	/* A slow reader does not keep the writer out. */
	return state_set_next(ctx, db->name, 2, err);
}

START_TEST(a_slow_reader_holds_up_no_writer)
{
	const char *dir = unit_folder();
	struct state *writer = open_or_fail(dir, true);
	struct err err = ERR_INIT;
	struct state *reader;

	ck_assert_int_eq(state_set_next(writer, "a/b", 1, &err), 0);
	ck_assert_int_eq(state_set_next(writer, "a/c", 1, &err), 0);
	reader = open_or_fail(dir, false);
	ck_assert_int_eq(state_each(reader, write_meanwhile, writer, &err), 0);
	ck_assert_int_eq(get(reader, "a/c").next_at, 2);
	ck_assert_int_eq(state_set_next(reader, "a/b", 3, &err), -1);
	state_close(reader);
	state_close(writer);
}
END_TEST

START_TEST(memory_serves_as_a_state_too)
{
	struct err err = ERR_INIT;
	struct state *state = state_open_memory(&err);

	ck_assert_ptr_nonnull(state);
	begin(state, "a/b", 1, 1);
	ck_assert(get(state, "a/b").running);
	state_close(state);
	state_close(NULL);
}
END_TEST

UNIT_CASE(state)
{
	tcase_add_test(tc, what_is_written_comes_back_after_closing);
	tcase_add_test(tc, a_failure_leaves_the_last_success);
	tcase_add_test(tc, an_end_without_a_beginning_is_kept_whole);
	tcase_add_test(tc, nothing_known_is_not_found);
	tcase_add_test(tc, the_history_is_trimmed_for_each_database);
	tcase_add_test(tc, each_goes_by_name_and_stops_when_told);
	tcase_add_test(tc, recovery_makes_a_cut_off_run_due_again_ten_times);
	tcase_add_loop_test(tc, a_damaged_file_is_set_aside, 0, 2);
	tcase_add_test(tc, another_programs_database_is_not_taken_for_ours);
	tcase_add_test(tc, damage_inside_shows_when_it_is_touched);
	tcase_add_test(tc, a_newer_format_is_left_alone);
	tcase_add_test(tc, a_full_disk_is_an_error_and_no_more);
	tcase_add_test(tc, another_process_reads_what_was_just_written);
	tcase_add_test(tc, a_slow_reader_holds_up_no_writer);
	tcase_add_test(tc, memory_serves_as_a_state_too);
}

#include "notify/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "tests/unit/unit.h"

#define BODY "{\"event\":\"failure\",\"id\":\"d1\",\"database\":\"shop/a\",\"message\":\"a \\\"b\\\" $(c)\"}"

static struct {
	char *path;
	struct notice notice;
	struct buf output;
	struct err err;
} t;

static void setup(void)
{
	memset(&t, 0, sizeof(t));
	t.path = mem_printf("%s/program", unit_folder());
	buf_init(&t.output, PROGRAM_OUTPUT_BYTES);
	ck_assert_int_eq(notice_read(&t.notice, BODY, strlen(BODY), NULL), 0);
}

static void teardown(void)
{
	stop_clear();
	notice_release(&t.notice);
	buf_release(&t.output);
	free(t.path);
}

static int run(const char *script, int64_t limit_ms)
{
	struct program program = {
		.path = t.path, .config_path = "/etc/x.conf", .limit_ms = limit_ms, .kill_after_ms = 50,
	};
	AUTO_STR text = mem_printf("#!/bin/sh\n%s\n", script);

	ck_assert_int_eq(file_write(t.path, text, strlen(text), 0700, false, NULL), 0);
	return program_run(&program, &t.notice, &t.output, &t.err);
}

START_TEST(gets_the_notice)
{
	ck_assert_int_eq(run("cat; echo; echo \"$#:$D1KEEP_EVENT:$D1KEEP_ID:$D1KEEP_DATABASE:"
	    "$D1KEEP_MESSAGE:${D1KEEP_HINT-none}:$D1KEEP_CONFIG\" >&2", 20000), 0);
	ck_assert_str_eq(buf_str(&t.output),
	    BODY "\n0:failure:d1:shop/a:a \"b\" $(c):none:/etc/x.conf\n");
}
END_TEST

/* Neither a variable of ours nor a descriptor. */
START_TEST(gets_nothing_else)
{
	int open_one = dup(1);

	(void)setenv("CLOUDFLARE_API_TOKEN", "hush", 1);
	(void)setenv("CREDENTIALS_DIRECTORY", "/run/hush", 1);
	(void)setenv("LC_TIME", "C", 1);
	ck_assert_int_eq(run("env | cut -d= -f1 | grep -v '^_$' | grep -v PWD | sort | tr '\\n' ' '\n"
	    "ls /proc/self/fd | tr '\\n' ' '", 20000), 0);
	ck_assert_ptr_null(strstr(buf_str(&t.output), "TOKEN"));
	ck_assert_ptr_null(strstr(buf_str(&t.output), "CREDENTIALS"));
	ck_assert_ptr_nonnull(strstr(buf_str(&t.output), "LC_TIME"));
	/* ls itself has the folder open as 3. */
	ck_assert_msg(strstr(buf_str(&t.output), "0 1 2 3 ") != NULL &&
	    strstr(buf_str(&t.output), "0 1 2 3 4") == NULL, "%s", buf_str(&t.output));
	(void)close(open_one);
}
END_TEST

static const struct { const char *script; const char *says; } failures[] = {
	{ "exit 3", "ended with exit code 3" },
	{ "kill -9 $$", "ended by signal 9 (Killed)" },
};

START_TEST(says_how_it_ended)
{
	ck_assert_int_eq(run(failures[_i].script, 20000), -1);
	ck_assert_str_eq(t.err.msg, failures[_i].says);
}
END_TEST

START_TEST(is_ended_when_late)
{
	int64_t began = clock_monotonic_ms();

	/* It ignores SIGTERM, and so does what it started. */
	ck_assert_int_eq(run("trap '' TERM; echo here; sleep 300", 150), -1);
	ck_assert_str_eq(t.err.msg, "stopped: it took longer than 0 s");
	ck_assert_str_eq(buf_str(&t.output), "here\n");
	ck_assert_int_lt(clock_monotonic_ms() - began, 20000);
}
END_TEST

START_TEST(is_ended_by_a_stop)
{
	stop_request();
	ck_assert_int_eq(run("exec sleep 300", 60000), -1);
	ck_assert_int_eq(t.err.code, ERR_INTERRUPTED);
}
END_TEST

START_TEST(its_output_is_bounded)
{
	ck_assert_int_eq(run("yes | head -c 3000000", 20000), 0);
	ck_assert_uint_eq(t.output.len, PROGRAM_OUTPUT_BYTES);
}
END_TEST

/* What it leaves behind holds our pipe. */
START_TEST(what_it_leaves_is_not_waited_for)
{
	int64_t began = clock_monotonic_ms();

	ck_assert_int_eq(run("sleep 20 & echo left", 60000), 0);
	ck_assert_str_eq(buf_str(&t.output), "left\n");
	ck_assert_int_lt(clock_monotonic_ms() - began, 15000);
}
END_TEST

START_TEST(cannot_be_started)
{
	struct program program = { .path = "/nowhere/page", .limit_ms = 1000 };

	ck_assert_int_eq(program_run(&program, &t.notice, &t.output, &t.err), -1);
	ck_assert_msg(strstr(t.err.msg, "cannot start \"/nowhere/page\": No such file") != NULL, "%s", t.err.msg);
}
END_TEST

UNIT_CASE(program)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, gets_the_notice);
	tcase_add_test(tc, gets_nothing_else);
	tcase_add_loop_test(tc, says_how_it_ended, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, is_ended_when_late);
	tcase_add_test(tc, is_ended_by_a_stop);
	tcase_add_test(tc, its_output_is_bounded);
	tcase_add_test(tc, what_it_leaves_is_not_waited_for);
	tcase_add_test(tc, cannot_be_started);
}

#include "daemon/runner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

/* A runner whose d1keep is a shell script. `$4` of the script is the database;
 * what a test did is in `told`, e.g. "+a/b -a/b=0 ". */
static struct {
	uv_loop_t loop;
	struct runner *runner;
	const char *dir;
	char *binary;
	char told[512];
	struct runner_end last;
	unsigned most_running;
} t;

static void on_began(void *ctx, const char *database, int64_t slot_at, int64_t now)
{
	(void)ctx;
	(void)slot_at;
	ck_assert_int_gt(now, 0);
	(void)sprintf(t.told + strlen(t.told), "+%s ", database);
	if (runner_running(t.runner) > t.most_running)
		t.most_running = (unsigned)runner_running(t.runner);
}

static void on_ended(void *ctx, const struct runner_end *end)
{
	(void)ctx;
	(void)sprintf(t.told + strlen(t.told), "-%s=%d ", end->database, end->run.exit_code);
	t.last = *end;
	t.last.database = NULL;
}

static void setup(void)
{
	struct runner_options options = {
		.loop = &t.loop, .clock = &clock_system, .config_path = "backup.conf",
		.jobs = 1, .kill_after_ms = 20, .began = on_began, .ended = on_ended,
	};

	log_setup("test", LOG_STYLE_PLAIN, (enum log_level)0);
	memset(&t, 0, sizeof(t));
	t.dir = unit_folder();
	t.binary = mem_printf("%s/d1keep", t.dir);
	options.binary = t.binary;
	ck_assert_int_eq(uv_loop_init(&t.loop), 0);
	t.runner = runner_new(&options);
}

static void teardown(void)
{
	runner_free(t.runner);
	/* Fails when a handle was left open. */
	ck_assert_int_eq(uv_loop_close(&t.loop), 0);
	free(t.binary);
}

static void script(const char *body)
{
	AUTO_STR text = mem_printf("#!/bin/sh\ncd \"$(dirname \"$0\")\"\n%s\n", body);

	ck_assert_int_eq(file_write(t.binary, text, strlen(text), 0700, false, NULL), 0);
}

static void run(void)
{
	(void)uv_run(&t.loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(runner_running(t.runner), 0);
}

/* Call `then` in the loop once the script has made the file "ready". */
struct when_ready {
	uv_timer_t timer;
	void (*then)(void);
};

static void look_for_ready(uv_timer_t *timer)
{
	struct when_ready *when = timer->data;
	AUTO_STR path = mem_printf("%s/ready", t.dir);

	if (access(path, F_OK) != 0)
		return;
	uv_close((uv_handle_t *)timer, NULL);
	when->then();
}

static void when_ready(struct when_ready *when, void (*then)(void))
{
	when->then = then;
	when->timer.data = when;
	(void)uv_timer_init(&t.loop, &when->timer);
	(void)uv_timer_start(&when->timer, look_for_ready, 0, 5);
}

START_TEST(its_events_become_the_run)
{
	script("[ \"$*\" = '-c backup.conf backup a/b --events-fd 3' ] || exit 9\n"
	    "read -r nothing && exit 8\n"
	    "echo '{\"event\":\"progress\",\"rows\":3,\"bytes\":30}' >&3\n"
	    "echo garbage >&3; echo out; echo talk >&2\n"
	    "printf '{\"event\":\"done\",\"snapshot\":\"20261122T021700Z\",\"rows\":4,\"sql_bytes\":40,"
	    "\"stored_bytes\":20,\"new_bytes\":10,\"exit\":0}' >&3");
	runner_push(t.runner, "a/b", 0, 1234);
	run();
	ck_assert_str_eq(t.told, "+a/b -a/b=0 ");
	ck_assert_int_eq(t.last.run.slot_at, 1234);
	ck_assert_int_gt(t.last.run.started_at, 0);
	ck_assert_int_ge(t.last.run.finished_at, t.last.run.started_at);
	ck_assert_str_eq(t.last.run.snapshot, "20261122T021700Z");
	ck_assert_int_eq(t.last.run.rows, 4);
	ck_assert_int_eq(t.last.run.new_bytes, 10);
	ck_assert_str_eq(t.last.run.message, "");
	ck_assert(!t.last.cut_off);
}
END_TEST

static const struct {
	const char *script;
	int exit_code;
	const char *message;
} failures[] = {
	{ "echo '{\"event\":\"error\",\"code\":\"again\",\"message\":\"overloaded\"}' >&3; exit 75",
	  75, "overloaded" },
	{ "exit 3", 3, "ended with exit code 3 and said no reason" },
	{ "kill -9 $$", 137, "ended by signal 9 (Killed)" },
	{ "echo '{\"event\":\"progress\",\"rows\":3}' >&3; exit 1",
	  1, "ended with exit code 1 and said no reason" },
};

START_TEST(a_failure_says_why)
{
	script(failures[_i].script);
	runner_push(t.runner, "a/b", 0, 1);
	run();
	ck_assert_int_eq(t.last.run.exit_code, failures[_i].exit_code);
	ck_assert_str_eq(t.last.run.message, failures[_i].message);
	ck_assert_int_eq(t.last.run.rows, 0);
}
END_TEST

START_TEST(what_cannot_be_started_fails)
{
	AUTO_STR message = mem_printf("cannot start \"%s\": no such file or directory", t.binary);

	runner_push(t.runner, "a/b", 0, 1);
	run();
	ck_assert_str_eq(t.told, "+a/b -a/b=127 ");
	ck_assert_str_eq(t.last.run.message, message);
}
END_TEST

START_TEST(a_flood_is_bounded)
{
	script("head -c 3000000 /dev/zero | tr '\\0' x >&3; echo >&3\n"
	    "yes | head -n 5000 >&2; head -c 300000 /dev/zero >&2\n"
	    "echo '{\"event\":\"done\",\"snapshot\":\"s\",\"rows\":1}' >&3");
	runner_push(t.runner, "a/b", 0, 1);
	run();
	ck_assert_str_eq(t.told, "+a/b -a/b=0 ");
	ck_assert_str_eq(t.last.run.snapshot, "s");
}
END_TEST

START_TEST(so_many_at_once_and_in_order)
{
	script("exit 0");
	for (int i = 1; i <= 4; i++) {
		AUTO_STR name = mem_printf("a/%d", i);

		runner_push(t.runner, name, 0, i);
	}
	ck_assert_uint_eq(runner_running(t.runner), 1);
	ck_assert_uint_eq(runner_waiting(t.runner), 3);
	run();
	ck_assert_str_eq(t.told, "+a/1 -a/1=0 +a/2 -a/2=0 +a/3 -a/3=0 +a/4 -a/4=0 ");
	ck_assert_uint_eq(t.most_running, 1);
}
END_TEST

/* Three that each wait until all three are there: at once or never. */
START_TEST(more_at_once_when_allowed)
{
	script("mkdir -p $4; while [ ! -d a/1 ] || [ ! -d a/2 ] || [ ! -d a/3 ]; do sleep 0.01; done");
	runner_push(t.runner, "a/1", 30, 1);
	runner_push(t.runner, "a/2", 30, 1);
	runner_push(t.runner, "a/3", 30, 1);
	runner_set_jobs(t.runner, 3);
	ck_assert_uint_eq(runner_running(t.runner), 3);
	run();
	ck_assert_uint_eq(t.most_running, 3);
	ck_assert_int_eq(t.last.run.exit_code, 0);
}
END_TEST

START_TEST(a_timeout_ends_even_what_will_not_end)
{
	script("trap '' TERM; exec 2>&- 3>&-; while :; do sleep 0.1; done");
	runner_push(t.runner, "a/b", 1, 1);
	run();
	ck_assert_str_eq(t.told, "+a/b -a/b=137 ");
	ck_assert_str_eq(t.last.run.message, "stopped: it took longer than its timeout of 1 s");
	ck_assert(!t.last.cut_off);
}
END_TEST

static void stop_now(void)
{
	runner_stop(t.runner, 20000);
	runner_stop(t.runner, 20000);
}

static void stop_and_kill_soon(void)
{
	runner_stop(t.runner, 10);
}

START_TEST(stopping_ends_what_runs_and_what_waits)
{
	struct when_ready when;

	script("trap 'exit 130' TERM; : >ready; while :; do sleep 0.01; done");
	runner_push(t.runner, "a/1", 0, 1);
	runner_push(t.runner, "a/2", 0, 2);
	when_ready(&when, stop_now);
	run();
	ck_assert_str_eq(t.told, "+a/1 -a/2=0 -a/1=130 ");
	ck_assert(t.last.cut_off);
}
END_TEST

START_TEST(stopping_kills_what_does_not_end)
{
	struct when_ready when;

	script("trap '' TERM; : >ready; exec 2>&- 3>&-; while :; do sleep 0.1; done");
	runner_push(t.runner, "a/1", 0, 1);
	when_ready(&when, stop_and_kill_soon);
	run();
	ck_assert_str_eq(t.told, "+a/1 -a/1=137 ");
	ck_assert(t.last.cut_off);
}
END_TEST

/* The grandchild holds both pipes for longer than a test may take. */
START_TEST(what_a_job_leaves_behind_is_not_waited_for)
{
	script("sleep 300 & echo $! >left");
	runner_push(t.runner, "a/b", 0, 1);
	run();
	ck_assert_str_eq(t.told, "+a/b -a/b=0 ");
	{
		AUTO_STR path = mem_printf("%s/left", t.dir);
		AUTO_BUF left;

		buf_init(&left, 64);
		ck_assert_int_eq(file_read(path, &left, NULL), 0);
		ck_assert_int_eq(kill(atoi(buf_str(&left)), SIGKILL), 0);
	}
}
END_TEST

UNIT_CASE(runner)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, its_events_become_the_run);
	tcase_add_loop_test(tc, a_failure_says_why, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, what_cannot_be_started_fails);
	tcase_add_test(tc, a_flood_is_bounded);
	tcase_add_test(tc, so_many_at_once_and_in_order);
	tcase_add_test(tc, more_at_once_when_allowed);
	tcase_add_test(tc, a_timeout_ends_even_what_will_not_end);
	tcase_add_test(tc, stopping_ends_what_runs_and_what_waits);
	tcase_add_test(tc, stopping_kills_what_does_not_end);
	tcase_add_test(tc, what_a_job_leaves_behind_is_not_waited_for);
}

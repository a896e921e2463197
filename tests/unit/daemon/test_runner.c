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

static void on_began(void *ctx, const char *database, const struct state_run *run)
{
	(void)ctx;
	ck_assert_int_gt(run->started_at, 0);
	ck_assert_int_gt(run->id, 0);
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
	runner_close(t.runner);
	(void)uv_run(&t.loop, UV_RUN_DEFAULT);
	runner_free(t.runner);
	/* Fails when a handle was left open. */
	ck_assert_int_eq(uv_loop_close(&t.loop), 0);
	free(t.binary);
}

static int64_t push(const char *database, unsigned timeout_s, int64_t slot_at)
{
	struct runner_request request = {
		.database = database, .slot_at = slot_at, .attempt = 1, .timeout_s = timeout_s,
	};

	return runner_push(t.runner, &request, NULL);
}

static int64_t ask(const char *database, const char *label, bool *ret_is_new)
{
	struct runner_request request = {
		.database = database, .label = label, .cause = STATE_CAUSE_REQUEST, .attempt = 1,
	};

	return runner_push(t.runner, &request, ret_is_new);
}

struct at {
	size_t left;
	struct runner_item *ret;
	bool found;
};

static bool count_down(void *ctx, const struct runner_item *item)
{
	struct at *at = ctx;

	if (at->left-- > 0)
		return true;
	*at->ret = *item;
	at->found = true;
	return false;
}

static bool item_at(size_t i, struct runner_item *ret)
{
	struct at at = { i, ret, false };

	runner_each(t.runner, count_down, &at);
	return at.found;
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
	script("[ \"$*\" = '-c backup.conf backup a/b --events-fd 3"
	    " --slot 1970-01-01T00:20:34Z --prune' ] || exit 9\n"
	    "read -r nothing && exit 8\n"
	    "echo '{\"event\":\"progress\",\"rows\":3,\"bytes\":30}' >&3\n"
	    "echo garbage >&3; echo out; echo talk >&2\n"
	    "printf '{\"event\":\"done\",\"snapshot\":\"20261122T021700Z\",\"rows\":4,\"sql_bytes\":40,"
	    "\"stored_bytes\":20,\"new_bytes\":10,\"exit\":0}' >&3");
	push("a/b", 0, 1234);
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
	push("a/b", 0, 1);
	run();
	ck_assert_int_eq(t.last.run.exit_code, failures[_i].exit_code);
	ck_assert_str_eq(t.last.run.message, failures[_i].message);
	ck_assert_int_eq(t.last.run.rows, 0);
}
END_TEST

START_TEST(what_cannot_be_started_fails)
{
	AUTO_STR message = mem_printf("cannot start \"%s\": no such file or directory", t.binary);

	push("a/b", 0, 1);
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
	push("a/b", 0, 1);
	run();
	ck_assert_str_eq(t.told, "+a/b -a/b=0 ");
	ck_assert_str_eq(t.last.run.snapshot, "s");
}
END_TEST

START_TEST(so_many_at_once_and_in_order)
{
	struct runner_item item;

	script("exit 0");
	for (int i = 1; i <= 4; i++) {
		AUTO_STR name = mem_printf("a/%d", i);

		push(name, 0, i);
	}
	(void)uv_run(&t.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(runner_running(t.runner), 1);
	ck_assert_uint_eq(runner_waiting(t.runner), 3);
	ck_assert(item_at(0, &item));
	ck_assert_str_eq(item.request.database, "a/1");
	ck_assert_int_gt(item.started_at, 0);
	ck_assert(item_at(3, &item));
	ck_assert_str_eq(item.request.database, "a/4");
	ck_assert_int_eq(item.request.id, 4);
	ck_assert_int_eq(item.started_at, 0);
	ck_assert(!item_at(4, &item));
	run();
	ck_assert_str_eq(t.told, "+a/1 -a/1=0 +a/2 -a/2=0 +a/3 -a/3=0 +a/4 -a/4=0 ");
	ck_assert_uint_eq(t.most_running, 1);
}
END_TEST

/* Three that each wait until all three are there: at once or never. */
START_TEST(more_at_once_when_allowed)
{
	script("mkdir -p $4; while [ ! -d a/1 ] || [ ! -d a/2 ] || [ ! -d a/3 ]; do sleep 0.01; done");
	push("a/1", 30, 1);
	push("a/2", 30, 1);
	push("a/3", 30, 1);
	runner_set_jobs(t.runner, 3);
	run();
	ck_assert_uint_eq(t.most_running, 3);
	ck_assert_int_eq(t.last.run.exit_code, 0);
}
END_TEST

START_TEST(a_timeout_ends_even_what_will_not_end)
{
	script("trap '' TERM; exec 2>&- 3>&-; while :; do sleep 0.1; done");
	push("a/b", 1, 1);
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
	push("a/1", 0, 1);
	push("a/2", 0, 2);
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
	push("a/1", 0, 1);
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
	push("a/b", 0, 1);
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

START_TEST(what_is_asked_for_says_so)
{
	bool is_new;

	script("[ \"$*\" = '-c backup.conf backup a/b --events-fd 3 --wait 300 --label v1' ] || exit 9");
	ck_assert_int_eq(ask("a/b", "v1", &is_new), 1);
	ck_assert(is_new);
	run();
	ck_assert_int_eq(t.last.run.exit_code, 0);
	ck_assert_int_eq(t.last.run.slot_at, 0);
	ck_assert_int_eq(t.last.run.cause, STATE_CAUSE_REQUEST);
	ck_assert_str_eq(t.last.run.label, "v1");
}
END_TEST

START_TEST(what_waits_already_is_not_asked_for_twice)
{
	struct runner_item item;
	bool is_new = true;
	int64_t id;

	script("exit 0");
	(void)push("a/1", 0, 1);
	id = push("a/2", 0, 1);
	ck_assert_int_eq(ask("a/2", "v1", &is_new), id);
	ck_assert(!is_new);
	ck_assert(item_at(1, &item));
	ck_assert_str_eq(item.request.label, "v1");
	ck_assert_int_eq(ask("a/2", "v2", &is_new), id);
	ck_assert_int_eq(ask("a/3", NULL, &is_new), id + 1);
	ck_assert(is_new);
	runner_raise_id(t.runner, 100);
	runner_raise_id(t.runner, 50);
	ck_assert_int_eq(ask("a/4", NULL, &is_new), 101);
	run();
	ck_assert_str_eq(t.told, "+a/1 -a/1=0 +a/2 -a/2=0 +a/3 -a/3=0 +a/4 -a/4=0 ");
}
END_TEST

static void look_and_let_go(void)
{
	AUTO_STR go = mem_printf("%s/go", t.dir);
	struct runner_item item;
	bool is_new = true;

	ck_assert(item_at(0, &item));
	ck_assert_int_eq(item.rows, 3);
	ck_assert_int_eq(item.bytes, 30);
	ck_assert_int_eq(ask("a/b", NULL, &is_new), item.request.id);
	ck_assert(!is_new);
	ck_assert_int_eq(file_write(go, "", 0, 0600, false, NULL), 0);
}

START_TEST(progress_can_be_seen)
{
	struct when_ready when;

	/* Twice: the first is read before the second can be written whole. */
	script("echo '{\"event\":\"progress\",\"rows\":3,\"bytes\":30}' >&3; head -c 200000 /dev/zero >&3\n"
	    ": >ready; while [ ! -e go ]; do sleep 0.01; done");
	(void)push("a/b", 0, 1);
	when_ready(&when, look_and_let_go);
	run();
	ck_assert_int_eq(t.last.run.exit_code, 0);
}
END_TEST

UNIT_CASE(runner)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, its_events_become_the_run);
	tcase_add_loop_test(tc, a_failure_says_why, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, what_is_asked_for_says_so);
	tcase_add_test(tc, what_waits_already_is_not_asked_for_twice);
	tcase_add_test(tc, progress_can_be_seen);
	tcase_add_test(tc, what_cannot_be_started_fails);
	tcase_add_test(tc, a_flood_is_bounded);
	tcase_add_test(tc, so_many_at_once_and_in_order);
	tcase_add_test(tc, more_at_once_when_allowed);
	tcase_add_test(tc, a_timeout_ends_even_what_will_not_end);
	tcase_add_test(tc, stopping_ends_what_runs_and_what_waits);
	tcase_add_test(tc, stopping_kills_what_does_not_end);
	tcase_add_test(tc, what_a_job_leaves_behind_is_not_waited_for);
}

#include "daemon/delivery.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

static struct {
	uv_loop_t loop;
	const char *dir;
	char *binary;
	struct delivery *delivery;
	unsigned ended;
	bool delivered;
} t;

static void on_ended(void *ctx, bool delivered)
{
	(void)ctx;
	t.ended++;
	t.delivered = delivered;
}

static void setup(void)
{
	log_setup("test", LOG_STYLE_PLAIN, (enum log_level)0);
	(void)signal(SIGPIPE, SIG_IGN);   /* as d1keepd does */
	memset(&t, 0, sizeof(t));
	t.dir = unit_folder();
	t.binary = mem_printf("%s/d1keep", t.dir);
	ck_assert_int_eq(uv_loop_init(&t.loop), 0);
}

static void teardown(void)
{
	/* Fails when a handle was left open. */
	ck_assert_int_eq(uv_loop_close(&t.loop), 0);
	free(t.binary);
}

static void start(const char *script, const char *text, int64_t limit_ms)
{
	AUTO_STR body = mem_printf("#!/bin/sh\ncd \"$(dirname \"$0\")\"\n%s\n", script);
	struct delivery_options options = {
		.loop = &t.loop, .binary = t.binary, .config_path = "backup.conf", .target = "ops",
		.text = text, .limit_ms = limit_ms, .kill_after_ms = 50,
	};

	if (script[0] != '\0')
		ck_assert_int_eq(file_write(t.binary, body, strlen(body), 0700, false, NULL), 0);
	t.delivery = delivery_start(&options, on_ended, NULL);
}

static void run(void)
{
	(void)uv_run(&t.loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(t.ended, 1);
}

START_TEST(hands_the_document_over)
{
	AUTO_STR path = mem_printf("%s/got", t.dir);
	AUTO_BUF got = BUF_INIT(1000);

	start("[ \"$*\" = '-c backup.conf notify --deliver -- ops' ] && cat >got", "{\"event\":\"x\"}", 60000);
	ck_assert_uint_eq(t.ended, 0);
	run();
	ck_assert(t.delivered);
	ck_assert_int_eq(file_read(path, &got, NULL), 0);
	ck_assert_str_eq(buf_str(&got), "{\"event\":\"x\"}");
}
END_TEST

static const char *const failures[] = {
	"cat >/dev/null; echo no >&2; exit 1",
	"kill -9 $$",
	"yes | head -c 1000000 >&2; exit 3",
};

START_TEST(says_when_it_was_not)
{
	start(failures[_i], "{}", 60000);
	run();
	ck_assert(!t.delivered);
}
END_TEST

/* More than a pipe holds, and nobody reads it. */
START_TEST(is_not_read)
{
	char *text = mem_calloc(1, 1000001);

	memset(text, 'x', 1000000);
	start("exit 0", text, 60000);
	free(text);
	run();
	ck_assert(t.delivered);
}
END_TEST

START_TEST(hangs_and_will_not_end)
{
	start("trap '' TERM; exec 2>&-; while :; do sleep 0.1; done", "{}", 100);
	run();
	ck_assert(!t.delivered);
}
END_TEST

START_TEST(is_broken_off)
{
	start("exec sleep 300", "{}", 60000);
	delivery_stop(t.delivery);
	run();
	ck_assert(!t.delivered);
}
END_TEST

START_TEST(leaves_something_behind)
{
	start("sleep 30 & exit 0", "{}", 60000);
	run();
	ck_assert(t.delivered);
}
END_TEST

START_TEST(cannot_be_started)
{
	start("", "{}", 60000);
	ck_assert_uint_eq(t.ended, 0);
	run();
	ck_assert(!t.delivered);
}
END_TEST

UNIT_CASE(delivery)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, hands_the_document_over);
	tcase_add_loop_test(tc, says_when_it_was_not, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, is_not_read);
	tcase_add_test(tc, hangs_and_will_not_end);
	tcase_add_test(tc, is_broken_off);
	tcase_add_test(tc, leaves_something_behind);
	tcase_add_test(tc, cannot_be_started);
}

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log_json.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

/* `fd` becomes standard error; Check gives each test a process of its own. */
static void log_to(int fd)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
}

static char *log_file(void)
{
	char *path = mem_printf("%s/log", unit_folder());

	log_to(open(path, O_CREAT | O_RDWR | O_APPEND, 0600));
	return path;
}

static void expect_file(const char *path, const char *text)
{
	AUTO_BUF b = BUF_INIT(100000);

	ck_assert_int_eq(file_read(path, &b, NULL), 0);
	ck_assert_str_eq(buf_str(&b), text);
}

START_TEST(each_line_is_one_fact)
{
	AUTO_STR path = log_file();

	log_setup("d1keepd", LOG_STYLE_PLAIN, LOG_LEVEL_INFO);
	log_error("two\nlines \x1b[31m");
	log_debug("not this");
	log_setup("d1keepd", LOG_STYLE_JOURNAL, LOG_LEVEL_DEBUG);
	log_warning("%d", 7);
	log_info("8");
	log_debug("9");
	expect_file(path, "d1keepd: error: two lines  [31m\n<4>warning: 7\n<6>8\n<7>debug: 9\n");
}
END_TEST

START_TEST(json_is_one_object_a_line)
{
	AUTO_STR path = log_file();
	AUTO_BUF b = BUF_INIT(100000);
	AUTO_JSON o = NULL;

	log_setup("d1keepd", LOG_STYLE_JSON, LOG_LEVEL_INFO);
	log_error("job=3 database=production/auth: it's \"so\" \\ so");
	ck_assert_int_eq(file_read(path, &b, NULL), 0);
	o = json_read(buf_str(&b), b.len, NULL);
	ck_assert_ptr_nonnull(o);
	ck_assert_str_eq(json_get_str(o, "level"), "error");
	ck_assert_int_eq(json_get_int(o, "job", -1), 3);
	ck_assert_str_eq(json_get_str(o, "database"), "production/auth");
	ck_assert_str_eq(json_get_str(o, "message"), "it's \"so\" \\ so");
	ck_assert_uint_eq(strlen(json_get_str(o, "time")), 20);
	ck_assert_int_eq(buf_str(&b)[b.len - 1], '\n');
}
END_TEST

static const struct {
	const char *text, *json;
} lines[] = {
	{ "plain", "\"message\":\"plain\"}" },
	{ "job=1 database=a/b: x: y", "\"job\":1,\"database\":\"a/b\",\"message\":\"x: y\"}" },
	{ "job=1 database=a/b no colon", "\"message\":\"job=1 database=a/b no colon\"}" },
	{ "database=a/b: ", "\"database\":\"a/b\",\"message\":\"\"}" },
	{ "job=007 x=: y", "\"message\":\"job=007 x=: y\"}" },
	{ "job=007 x=1.5: y", "\"job\":\"007\",\"x\":\"1.5\",\"message\":\"y\"}" },
	{ "Job=1: x", "\"message\":\"Job=1: x\"}" },
	{ "a=\"b\": x", "\"a\":\"\\\"b\\\"\",\"message\":\"x\"}" },
	{ "\xff\xc3 caf\xc3\xa9", "\"message\":\"?? caf\xc3\xa9\"}" },
	{ "n=9999999999999999: x", "\"n\":\"9999999999999999\",\"message\":\"x\"}" },
	{ "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1: x",
	  "\"message\":\"a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1: x\"}" },
};

START_TEST(the_head_becomes_members)
{
	AUTO_STR expected = mem_printf("{\"time\":\"T\",\"level\":\"info\",%s\n", lines[_i].json);
	char out[1024];
	size_t len = log_json(out, sizeof(out), "T", "info", lines[_i].text);

	ck_assert_uint_eq(len, strlen(expected));
	ck_assert_mem_eq(out, expected, len);
}
END_TEST

/* Whatever comes in, what goes out fits and is JSON. */
START_TEST(any_text_makes_json)
{
	char text[2048], out[1500];

	srand(7);
	for (int round = 0; round < 20000; round++) {
		static const char *const likely[] = { "a=", "b=1", " ", ": ", "\"", "\\", "\xc3", "\xa9" };
		size_t len = 0, want = (size_t)(rand() % 1200);
		AUTO_JSON o = NULL;

		while (len < want) {
			if (rand() % 3 == 0)
				len += (size_t)sprintf(text + len, "%s", likely[rand() % 8]);
			else
				text[len++] = (char)(rand() % 255 + 1);
		}
		text[len] = '\0';
		len = log_json(out, sizeof(out), "T", "info", text);
		ck_assert_uint_le(len, sizeof(out));
		ck_assert_int_eq(out[len - 1], '\n');
		o = json_read(out, len, NULL);
		ck_assert_ptr_nonnull(o);
		ck_assert_ptr_nonnull(json_get_str(o, "message"));
	}
}
END_TEST

static void expect_no_wait(void)
{
	log_setup("d1keepd", LOG_STYLE_PLAIN, LOG_LEVEL_INFO);
	log_never_wait();
	for (int i = 0; i < 100000; i++)
		log_info("a line that nobody reads, number %d", i);
}

/* As soon as somebody reads. */
static void expect_told(int lost)
{
	char text[256], expected[128];
	int fds[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fds), 0);
	log_to(fds[1]);
	log_info("again");
	n = read(fds[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	(void)snprintf(expected, sizeof(expected),
	    " %d lines of this log could not be written\nd1keepd: again\n", lost);
	ck_assert_ptr_nonnull(strstr(text, expected));
}

START_TEST(a_reader_that_stopped_reading_holds_up_nobody)
{
	char text[65536];
	int fds[2];
	ssize_t n;

	if (_i == 0)
		ck_assert_int_eq(pipe(fds), 0);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	log_to(fds[1]);
	expect_no_wait();
	/* And when it reads again it is told. */
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	while (read(fds[0], text, sizeof(text)) > 0)
		;
	log_info("again");
	n = read(fds[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "lines of this log could not be written\nd1keepd: again\n"));
}
END_TEST

START_TEST(a_full_disk_holds_up_nobody)
{
	log_to(open("/dev/full", O_WRONLY));
	expect_no_wait();
	expect_told(100000);
}
END_TEST

START_TEST(a_closed_log_holds_up_nobody)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	log_to(fds[1]);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	expect_no_wait();
	(void)close(STDERR_FILENO);
	log_info("to nowhere at all");
	/* Nothing that is opened from here on is to take its place. */
	log_to(open("/dev/null", O_RDONLY));
	expect_told(100001);
}
END_TEST

UNIT_CASE(log)
{
	tcase_add_test(tc, each_line_is_one_fact);
	tcase_add_test(tc, json_is_one_object_a_line);
	tcase_add_loop_test(tc, the_head_becomes_members, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tc, any_text_makes_json);
	tcase_add_loop_test(tc, a_reader_that_stopped_reading_holds_up_nobody, 0, 2);
	tcase_add_test(tc, a_full_disk_holds_up_nobody);
	tcase_add_test(tc, a_closed_log_holds_up_nobody);
}

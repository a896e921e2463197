#include "daemon/teller.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/settings.h"
#include "tests/unit/unit.h"

#define NOW INT64_C(1795313820)

/* A teller whose d1keep notes what it is told: "ops failure" a line. */
static struct {
	uv_loop_t loop;
	struct record record;
	struct teller *teller;
	struct config *config;
	const char *dir;
	char *binary, *config_path, *state_dir;
	int64_t now;
	int64_t last_id;
	bool busy;
	const char *sections;        /* of the configuration at the beginning */
} t;

static int64_t now_ms(void *ctx)
{
	(void)ctx;
	return t.now * 1000;
}

static const struct clock clock_of_test = { now_ms, NULL, NULL, NULL };

static bool is_busy(void *ctx, const char *database)
{
	(void)ctx, (void)database;
	return t.busy;
}

static int config_fd(void *ctx)
{
	(void)ctx;
	return 0;
}

static void on_idle(void *ctx)
{
	(void)ctx;
	uv_stop(&t.loop);
}

static void read_config(const char *sections)
{
	AUTO_STR text = mem_printf("state_dir = \"%s\"\n%s\n"
	    "bucket \"here\" {\n type = \"directory\"\n path = \"%s\"\n}\n"
	    "environment \"shop\" {\n bucket = \"here\"\n max_age = \"26h\"\n"
	    " database \"a\" {\n  source = \"sqlite\"\n  path = \"%s/d1keep\"\n }\n"
	    " database \"b\" {\n  source = \"sqlite\"\n  path = \"%s/d1keep\"\n }\n}\n",
	    t.state_dir, sections, t.dir, t.dir, t.dir);
	struct config *old = t.config;

	ck_assert_int_eq(file_write(t.config_path, text, strlen(text), 0600, false, NULL), 0);
	t.config = settings_read(t.config_path);
	ck_assert_ptr_nonnull(t.config);
	teller_take_config(t.teller, t.config);
	config_free(old);
}

static const char two_targets[] =
    "notify \"ops\" { type = \"webhook\" url = \"https://x\" }\n"
    "notify \"page\" { type = \"exec\" command = \"/bin/true\" events = \"failure\" }\n";

static void begin(void)
{
	struct teller_options options = {
		.loop = &t.loop, .clock = &clock_of_test, .binary = t.binary,
		.config_path = t.config_path, .record = &t.record, .is_busy = is_busy,
		.config_fd = config_fd, .idle = on_idle,
	};

	record_open(&t.record, t.state_dir, &clock_of_test, NULL);
	t.teller = teller_new(&options);
	read_config(t.sections);
}

static void end(void)
{
	teller_free(t.teller);
	/* The first may only see that it was stopped. */
	while (uv_run(&t.loop, UV_RUN_DEFAULT) != 0)
		;
	record_close(&t.record);
}

static void setup(void)
{
	log_setup("test", LOG_STYLE_PLAIN, (enum log_level)0);
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&t, 0, sizeof(t));
	t.now = NOW;
	t.sections = two_targets;
	t.dir = unit_folder();
	t.binary = mem_printf("%s/d1keep", t.dir);
	t.config_path = mem_printf("%s/backup.conf", t.dir);
	t.state_dir = mem_printf("%s/state", t.dir);
	ck_assert_int_eq(uv_loop_init(&t.loop), 0);
	{
		static const char script[] = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n"
		    "[ ! -e fails ] || exit 1\n"
		    "cat >notice\n"
		    "echo \"$6 $(sed -E 's/.*\"event\":\"([a-z]*)\".*/\\1/' notice)\" >>told\n";

		ck_assert_int_eq(file_write(t.binary, script, strlen(script), 0700, false, NULL), 0);
	}
	begin();
}

static void teardown(void)
{
	end();
	ck_assert_int_eq(uv_loop_close(&t.loop), 0);
	config_free(t.config);
	free(t.binary);
	free(t.config_path);
	free(t.state_dir);
}

static void file(const char *name, const char *text)
{
	AUTO_STR path = mem_printf("%s/%s", t.dir, name);

	ck_assert_int_eq(file_write(path, text, strlen(text), 0600, false, NULL), 0);
}

/* What was told until nothing more is to be told, and no more of it. */
static const char *told(void)
{
	static char text[1000];
	AUTO_STR path = mem_printf("%s/told", t.dir);
	AUTO_BUF got = BUF_INIT(sizeof(text) - 1);

	(void)uv_run(&t.loop, UV_RUN_DEFAULT);
	text[0] = '\0';
	if (file_read(path, &got, NULL) == 0)
		(void)snprintf(text, sizeof(text), "%s", buf_str(&got));
	file("told", "");
	return text;
}

static void run_of(const char *database, bool good, bool is_final)
{
	struct state_run run = {
		.id = ++t.last_id, .slot_at = t.now, .started_at = t.now, .finished_at = t.now + 1,
		.exit_code = good ? 0 : 75, .attempt = 1,
		.verified = good ? STATE_VERIFIED_GOOD : STATE_NOT_VERIFIED,
		.snapshot = "20261122T021700Z", .rows = 5,
	};

	record_begin(&t.record, database, &run);
	record_end(&t.record, database, &run);
	teller_run_ended(t.teller, database, &run, NULL, is_final);
}

START_TEST(tells_each_target_once)
{
	ck_assert_str_eq(told(), "");
	run_of("shop/a", false, false);
	ck_assert_str_eq(told(), "");
	run_of("shop/a", false, true);
	ck_assert_str_eq(told(), "ops failure\npage failure\n");
	run_of("shop/a", false, true);
	ck_assert_str_eq(told(), "");
	end();
	begin();
	ck_assert_str_eq(told(), "");
	run_of("shop/a", true, true);
	ck_assert_str_eq(told(), "ops recovery\n");
}
END_TEST

START_TEST(decides_again_after_a_restart)
{
	AUTO_STR path = mem_printf("%s/fails", t.dir);

	file("fails", "");
	run_of("shop/a", false, true);
	ck_assert_str_eq(told(), "");
	end();
	ck_assert_int_eq(remove(path), 0);
	begin();
	ck_assert_str_eq(told(), "ops failure\npage failure\n");
}
END_TEST

/* A database that never had a snapshot is stale some day, whatever restarts. */
START_TEST(remembers_since_when_it_waits)
{
	ck_assert_str_eq(told(), "");
	t.now += 20 * 3600;
	end();
	begin();
	ck_assert_str_eq(told(), "");
	t.now += 6 * 3600 + 1;
	end();
	begin();
	ck_assert_str_eq(told(), "ops stale\nops stale\n");
}
END_TEST

START_TEST(a_new_configuration_forgets_nothing)
{
	run_of("shop/a", false, true);
	ck_assert_str_eq(told(), "ops failure\npage failure\n");
	read_config("notify \"page\" { type = \"exec\" command = \"/bin/true\" events = \"failure recovery\" }\n"
	    "notify \"new\" { type = \"exec\" command = \"/bin/true\" }\n");
	ck_assert_str_eq(told(), "new failure\n");
	run_of("shop/a", true, true);
	ck_assert_str_eq(told(), "page recovery\nnew recovery\n");
	read_config("");
	run_of("shop/a", false, true);
	ck_assert(teller_is_idle(t.teller));
}
END_TEST

/* The numbers of targets change under a delivery. */
START_TEST(a_new_configuration_while_one_is_told)
{
	(void)told();
	run_of("shop/b", false, true);
	ck_assert(!teller_is_idle(t.teller));
	read_config("notify \"page\" { type = \"exec\" command = \"/bin/true\" events = \"failure\" }\n"
	    "notify \"ops\" { type = \"webhook\" url = \"https://x\" }\n");
	ck_assert_str_eq(told(), "ops failure\npage failure\n");
	run_of("shop/b", false, true);
	ck_assert_str_eq(told(), "");
}
END_TEST

static const char *notice(void)
{
	static char text[4000];
	AUTO_STR path = mem_printf("%s/notice", t.dir);
	AUTO_BUF got = BUF_INIT(sizeof(text) - 1);

	ck_assert_int_eq(file_read(path, &got, NULL), 0);
	(void)snprintf(text, sizeof(text), "%s", buf_str(&got));
	return text;
}

static void read_seven(const char *target)
{
	static char sections[4000];
	AUTO_BUF text = BUF_INIT(sizeof(sections) - 1);

	(void)buf_addf(&text, NULL, "%s\nenvironment \"many\" {\n bucket = \"here\"\n", target);
	for (int i = 1; i <= 7; i++)
		(void)buf_addf(&text, NULL, " database \"d%d\" {\n  source = \"sqlite\"\n"
		    "  path = \"%s/d1keep\"\n }\n", i, t.dir);
	(void)buf_adds(&text, "}\n", NULL);
	(void)snprintf(sections, sizeof(sections), "%s", buf_str(&text));
	t.sections = sections;
	read_config(sections);
}

/* Nobody wants two thousand messages. */
START_TEST(many_at_once_are_one_notice)
{
	read_seven("notify \"ops\" { type = \"webhook\" url = \"https://x\" }\n");
	(void)told();
	for (int i = 1; i <= 7; i++) {
		AUTO_STR name = mem_printf("many/d%d", i);

		run_of(name, false, true);
	}
	/* The first went off at once, the others waited for it. */
	ck_assert_str_eq(told(), "ops failure\nops failure\n");
	ck_assert_ptr_nonnull(strstr(notice(), "\"message\":\"6 databases: no backup: many/d2, many/d3,"
	    " many/d4, many/d5, many/d6 and 1 more"));
	ck_assert_ptr_nonnull(strstr(notice(), "\"environment\":\"many\""));
	ck_assert_ptr_nonnull(strstr(notice(), "\"count\":6"));
	ck_assert_ptr_nonnull(strstr(notice(), "\"many/d7\"]"));
	ck_assert_ptr_nonnull(strstr(notice(), "\"reason\":\"failed\""));
	ck_assert_ptr_null(strstr(notice(), "\"database\":"));
	end();
	begin();
	ck_assert_str_eq(told(), "");
	t.now += 1;
	for (int i = 1; i <= 7; i++) {
		AUTO_STR name = mem_printf("many/d%d", i);

		run_of(name, true, true);
	}
	ck_assert_str_eq(told(), "ops recovery\nops recovery\n");
	ck_assert_ptr_nonnull(strstr(notice(), "\"message\":\"6 databases: well again: many/d2,"));
}
END_TEST

/* Some of the many are gone from the configuration when it has been told. */
START_TEST(a_new_configuration_while_many_are_told)
{
	AUTO_STR path = mem_printf("%s/fails", t.dir);

	file("fails", "");
	read_seven("notify \"ops\" { type = \"webhook\" url = \"https://x\" }\n");
	(void)told();
	for (int i = 1; i <= 7; i++) {
		AUTO_STR name = mem_printf("many/d%d", i);

		run_of(name, false, true);
	}
	(void)told();
	ck_assert_int_eq(remove(path), 0);
	t.now += 300;
	run_of("shop/a", true, true);
	ck_assert(!teller_is_idle(t.teller));
	read_config(two_targets);
	ck_assert_str_eq(told(), "ops failure\n");
	ck_assert_ptr_nonnull(strstr(notice(), "\"message\":\"7 databases: no backup: many/d1,"));
}
END_TEST

START_TEST(stopping_breaks_off)
{
	(void)told();
	run_of("shop/b", false, true);
	teller_stop(t.teller);
	run_of("shop/b", true, true);
	(void)told();
	ck_assert(teller_is_idle(t.teller));
}
END_TEST

UNIT_CASE(teller)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, tells_each_target_once);
	tcase_add_test(tc, decides_again_after_a_restart);
	tcase_add_test(tc, remembers_since_when_it_waits);
	tcase_add_test(tc, a_new_configuration_forgets_nothing);
	tcase_add_test(tc, a_new_configuration_while_one_is_told);
	tcase_add_test(tc, many_at_once_are_one_notice);
	tcase_add_test(tc, a_new_configuration_while_many_are_told);
	tcase_add_test(tc, stopping_breaks_off);
}

#include "daemon/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/settings.h"
#include "state/state.h"
#include "tests/unit/unit.h"

/* 2026-11-22T02:17:00Z */
#define DUE INT64_C(1795313820)

static int64_t began_ms;

/* A clock that starts a moment before the due time and goes as clocks do. */
static int64_t nearly_due_ms(void *ctx)
{
	(void)ctx;
	return DUE * 1000 - 500 + (clock_monotonic_ms() - began_ms);
}

static const struct clock nearly_due = { nearly_due_ms, NULL, NULL, NULL };

static char *write_file(const char *dir, const char *name, mode_t mode, const char *text)
{
	char *path = mem_printf("%s/%s", dir, name);

	ck_assert_int_eq(file_write(path, text, strlen(text), mode, false, NULL), 0);
	return path;
}

static struct config *make_config(const char *dir, char **ret_path)
{
	AUTO_STR text = mem_printf("state_dir = \"%s/state\"\n"
	    "bucket \"here\" {\n type = \"directory\"\n path = \"%s\"\n}\n"
	    "environment \"shop\" {\n bucket = \"here\"\n schedule = \"17 2 * * *\"\n"
	    " retry_delay = 1\n timezone = \"UTC\"\n"
	    " database \"a\" {\n  source = \"sqlite\"\n  path = \"%s/a.sqlite\"\n }\n}\n",
	    dir, dir, dir);
	struct config *config;

	free(write_file(dir, "a.sqlite", 0600, ""));
	*ret_path = write_file(dir, "backup.conf", 0600, text);
	config = settings_read(*ret_path);
	ck_assert_ptr_nonnull(config);
	return config;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* The datagrams so far, each in brackets. */
static void drain(int fd, char *ret, size_t size)
{
	char text[1024];
	ssize_t n;

	ret[0] = '\0';
	while ((n = recv(fd, text, sizeof(text), MSG_DONTWAIT)) > 0) {
		size_t used = strlen(ret);

		(void)snprintf(ret + used, size - used, "[%.*s]", (int)n, text);
	}
}

static struct state_database known_of(const char *dir, const char *database)
{
	AUTO_STR state_dir = mem_printf("%s/state", dir);
	struct state *state = state_open(state_dir, false, NULL);
	struct state_database db;

	ck_assert_ptr_nonnull(state);
	ck_assert_int_eq(state_get(state, database, &db, NULL), 0);
	state_close(state);
	return db;
}

/* The job itself ends the daemon, which is the end of the test. */
START_TEST(it_wakes_at_the_due_time)
{
	const char *dir = unit_folder();
	AUTO_STR binary = write_file(dir, "d1keep", 0700,
	    "#!/bin/sh\ntrap 'exit 0' TERM\nkill -TERM $PPID\nwhile :; do sleep 0.05; done\n");
	AUTO_STR path = NULL;
	AUTO_STR socket_path = mem_printf("%s/notify", dir);
	int fd = listen_at(socket_path);
	struct notify notify = { .socket = socket_path, .watchdog_ms = 10000 };
	struct loop_options options = {
		.binary = binary, .clock = &nearly_due, .notify = &notify,
	};
	struct state_database db;
	struct err err = ERR_INIT;
	char told[4096];

	log_setup("test", LOG_STYLE_PLAIN, (enum log_level)0);
	options.config = make_config(dir, &path);
	options.config_path = path;
	began_ms = clock_monotonic_ms();
	ck_assert_int_eq(loop_run(&options, &err), 0);
	db = known_of(dir, "shop/a");
	ck_assert_int_eq(db.last.slot_at, DUE);
	ck_assert_int_ge(db.last.started_at, DUE);
	ck_assert_int_eq(db.last.exit_code, 0);
	ck_assert_int_eq(db.next_at, DUE + 86400);

	drain(fd, told, sizeof(told));
	ck_assert_str_eq(told, "[READY=1]"
	    "[STATUS=0 running, 0 waiting; next is shop/a at 2026-11-22T02:17:00Z]"
	    "[WATCHDOG=1]"
	    "[STATUS=0 running, 1 waiting; next is shop/a at 2026-11-23T02:17:00Z]"
	    "[STATUS=1 running, 0 waiting; next is shop/a at 2026-11-23T02:17:00Z]"
	    "[STOPPING=1][STATUS=stopping, 1 running][STATUS=stopping, 0 running]");
	(void)close(fd);
}
END_TEST

static void note_asked(const char *dir)
{
	AUTO_STR state_dir = mem_printf("%s/state", dir);
	struct state *state = state_open(state_dir, true, NULL);

	ck_assert_ptr_nonnull(state);
	ck_assert_int_eq(state_set_asked(state, "shop/a", 1, "", NULL), 0);
	state_close(state);
}

/* Somebody asked for a run just before the database was due, and it fails. */
START_TEST(a_slot_is_not_lost_to_a_run_that_fails)
{
	const char *dir = unit_folder();
	AUTO_STR script = mem_printf("#!/bin/sh\nif mkdir '%s/first'; then sleep 1; exit 1; fi\n"
	    "trap '' TERM\nkill -TERM $PPID\n", dir);
	AUTO_STR binary = write_file(dir, "d1keep", 0700, script);
	AUTO_STR path = NULL;
	struct notify notify = { .socket = NULL };
	struct loop_options options = {
		.binary = binary, .clock = &nearly_due, .notify = &notify,
	};
	struct state_database db;
	struct err err = ERR_INIT;

	log_setup("test", LOG_STYLE_PLAIN, (enum log_level)0);
	options.config = make_config(dir, &path);
	options.config_path = path;
	note_asked(dir);
	began_ms = clock_monotonic_ms();
	ck_assert_int_eq(loop_run(&options, &err), 1);
	db = known_of(dir, "shop/a");
	ck_assert_int_eq(db.last.id, 2);
	ck_assert_int_eq(db.last.slot_at, DUE);
	ck_assert_int_eq(db.last.cause, STATE_CAUSE_MADE_UP);
	ck_assert_int_eq(db.last.exit_code, 0);
}
END_TEST

UNIT_CASE(loop)
{
	tcase_add_test(tc, it_wakes_at_the_due_time);
	tcase_add_test(tc, a_slot_is_not_lost_to_a_run_that_fails);
	tcase_set_timeout(tc, 30);
}

#include "daemon/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

/* A socket as systemd's; `name` begins with '/' or '@'. */
static int listen_as(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(strlen(name), sizeof(at.sun_path));
	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	return fd;
}

static const char *receive(int fd)
{
	static char text[2048];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

/* A path and an abstract name. */
START_TEST(datagrams_arrive)
{
	AUTO_STR name = _i == 0 ? mem_printf("%s/notify", unit_folder()) :
	    mem_printf("@d1keep-test-%ld", (long)getpid());
	struct notify notify;
	long long usec;
	int fd = listen_as(name);

	(void)setenv("NOTIFY_SOCKET", name, 1);
	notify_init(&notify);
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	notify_send(&notify, "READY=1");
	ck_assert_str_eq(receive(fd), "READY=1");
	notify_send(&notify, "STATUS=%d running", 3);
	ck_assert_str_eq(receive(fd), "STATUS=3 running");
	notify_reloading(&notify);
	ck_assert_int_eq(sscanf(receive(fd), "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
	ck_assert_int_gt(usec, 0);
	notify_release(&notify);
	(void)close(fd);
}
END_TEST

START_TEST(without_a_socket_nothing_happens)
{
	struct notify notify;

	(void)unsetenv("NOTIFY_SOCKET");
	notify_init(&notify);
	notify_send(&notify, "READY=1");
	notify_release(&notify);
	/* Nor with one that nobody listens at, nor with nonsense. */
	(void)setenv("NOTIFY_SOCKET", _i == 0 ? "/nonexistent/socket" : "vsock:2:1", 1);
	notify_init(&notify);
	notify_send(&notify, "READY=1");
	notify_release(&notify);
}
END_TEST

static int64_t watchdog(const char *usec, const char *pid)
{
	struct notify notify;
	int64_t ms;

	(void)setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		(void)setenv("WATCHDOG_PID", pid, 1);
	notify_init(&notify);
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
	ck_assert_ptr_null(getenv("WATCHDOG_PID"));
	ms = notify.watchdog_ms;
	notify_release(&notify);
	return ms;
}

START_TEST(the_watchdog_is_fed_twice_in_its_time)
{
	AUTO_STR own = mem_printf("%ld", (long)getpid());

	ck_assert_int_eq(watchdog("60000000", NULL), 30000);
	ck_assert_int_eq(watchdog("60000000", own), 30000);
	ck_assert_int_eq(watchdog("60000000", "1"), 0);
	ck_assert_int_eq(watchdog("soon", NULL), 0);
	ck_assert_int_eq(watchdog("-5", NULL), 0);
}
END_TEST

UNIT_CASE(notify)
{
	tcase_add_loop_test(tc, datagrams_arrive, 0, 2);
	tcase_add_loop_test(tc, without_a_socket_nothing_happens, 0, 2);
	tcase_add_test(tc, the_watchdog_is_fed_twice_in_its_time);
}

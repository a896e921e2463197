#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* A positive number, or 0. */
static int64_t env_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long long n;

	if (text == NULL)
		return 0;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && n > 0 ? (int64_t)n : 0;
}

void notify_init(struct notify *notify)
{
	int64_t pid = env_number("WATCHDOG_PID");

	*notify = (struct notify){ .socket = mem_strdup(getenv("NOTIFY_SOCKET")) };
	/* Twice in the time allowed, as sd_watchdog_enabled(3) advises. */
	if (pid == 0 || pid == (int64_t)getpid())
		notify->watchdog_ms = env_number("WATCHDOG_USEC") / 1000 / 2;
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void notify_release(struct notify *notify)
{
	free(notify->socket);
	*notify = (struct notify){ 0 };
}

/* What comes again anyway waits for no supervisor that is slow to read. */
static int flags_for(const char *text)
{
	bool comes_again = strncmp(text, "STATUS", 6) == 0 || strncmp(text, "WATCHDOG", 8) == 0;

	return MSG_NOSIGNAL | (comes_again ? MSG_DONTWAIT : 0);
}

static void send_text(const char *name, const char *text, size_t len)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t name_len = strlen(name);
	socklen_t to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_len);
	int fd;

	if ((name[0] != '/' && name[0] != '@') || name_len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, name, name_len);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, len, flags_for(text), (const struct sockaddr *)&to, to_len);
	(void)close(fd);
}

void notify_send(const struct notify *notify, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	if (notify->socket == NULL)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		send_text(notify->socket, text,
		    (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void notify_reloading(const struct notify *notify)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

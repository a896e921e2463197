#include "base/crash.h"

#ifdef D1KEEP_CRASH_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write a line, so that lines of several threads stay whole. */
static void note(const char *path, const char *name)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "%s\n", name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line, (size_t)len) != len)
		abort();
	(void)close(fd);
}

static bool is_due(const char *at, const char *name)
{
	static atomic_int passed;
	size_t len = strlen(name);
	int wanted = 1;

	if (strncmp(at, name, len) != 0 || (at[len] != '\0' && at[len] != ':'))
		return false;
	if (at[len] == ':')
		wanted = atoi(at + len + 1);
	return atomic_fetch_add(&passed, 1) + 1 == wanted;
}

void crash_point(const char *name)
{
	const char *at = getenv("D1KEEP_CRASH_AT"), *log = getenv("D1KEEP_CRASH_LOG"),
	    *signal = getenv("D1KEEP_CRASH_SIGNAL");

	if (log != NULL)
		note(log, name);
	if (at != NULL && is_due(at, name))
		(void)kill(getpid(), signal != NULL ? atoi(signal) : SIGKILL);
}

#endif

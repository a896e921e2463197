#include "state/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* The holder's process id is only there for people to read: the lock is the
 * lock, and a full disk must not keep the daemon from starting. */
static void write_holder(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)n, 0);
}

static int refuse(int fd, const char *state_dir, struct err *err)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? strspn(text, "0123456789") : 0] = '\0';
	(void)err_set(err, ERR_AGAIN, "another d1keepd%s%s%s already works in \"%s\"",
	    text[0] != '\0' ? " (process " : "", text,
	    text[0] != '\0' ? ")" : "", state_dir);
	return err_hint(err, "stop it first, or give this one a state_dir of its own");
}

int state_lock(const char *state_dir, struct err *err)
{
	AUTO_STR path = mem_printf("%s/d1keepd.lock", state_dir);
	int fd;

	if (dir_make(state_dir, 0700, err) != 0)
		return -1;
	/* Close-on-exec: a job that outlives its daemon must not hold the lock. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "cannot open \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			(void)refuse(fd, state_dir, err);
		else
			(void)err_sys(err, errno, "cannot lock \"%s\"", path);
		(void)close(fd);
		return -1;
	}
	write_holder(fd);
	return fd;
}

bool state_is_locked(const char *state_dir)
{
	AUTO_STR path = mem_printf("%s/d1keepd.lock", state_dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool locked;

	if (fd < 0)
		return false;
	/* Shared, so that two who ask do not take each other for the daemon. */
	locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	(void)close(fd);
	return locked;
}

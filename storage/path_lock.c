#include "storage/path_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define TAIL ".tmp-locked"
#define PATIENCE_MS 10000
#define PAUSE_MS 5

/* Somebody may have removed the file between its opening and the lock. */
static bool is_still(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
	    opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static int wait_for_lock(int fd, const char *path, struct err *err)
{
	int64_t end = clock_monotonic_ms() + PATIENCE_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, errno, "cannot lock \"%s\"", path);
		if (clock_monotonic_ms() > end)
			return err_set(err, ERR_AGAIN, "another process has kept \"%s\" locked for %d s",
			    path, PATIENCE_MS / 1000);
		clock_wait_ms(&clock_system, PAUSE_MS);
	}
	return 0;
}

int path_lock(const char *path, struct err *err)
{
	AUTO_STR lock = mem_printf("%s" TAIL, path);

	for (;;) {
		int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0)
			return err_sys(err, errno, "cannot open \"%s\"", lock);
		file_give_to_owner_of_folder(lock);
		if (wait_for_lock(fd, lock, err) != 0) {
			(void)close(fd);
			return -1;
		}
		if (is_still(fd, lock))
			return fd;
		(void)close(fd);
	}
}

void path_unlock(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* As its holder only: who waits for it finds another file, or none, and begins anew. */
void path_lock_forget(const char *path)
{
	AUTO_STR lock = mem_printf("%s" TAIL, path);
	struct err ignored = ERR_INIT;
	int fd;

	if (access(lock, F_OK) != 0 || (fd = path_lock(path, &ignored)) < 0)
		return;
	(void)unlink(lock);
	path_unlock(fd);
}

int64_t path_lock_now_ms(int fd)
{
	struct stat st;

	/* No time given: the file system sets its own. */
	if (futimens(fd, NULL) != 0 || fstat(fd, &st) != 0)
		return -1;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

bool path_lock_is_name(const char *name)
{
	size_t len = strlen(name), tail = strlen(TAIL);

	return len > tail && strcmp(name + len - tail, TAIL) == 0;
}

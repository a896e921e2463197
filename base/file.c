#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

int file_read(const char *path, struct buf *ret, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return err_sys(err, errno, "cannot open \"%s\"", path);
	for (;;) {
		char piece[65536];

		n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (buf_add(ret, piece, (size_t)n, err) != 0) {
			(void)err_wrap(err, "\"%s\"", path);
			(void)close(fd);
			return -1;
		}
	}
	if (n < 0)
		(void)err_sys(err, errno, "cannot read \"%s\"", path);
	(void)close(fd);
	return n < 0 ? -1 : 0;
}

int file_write_fd(int fd, const void *data, size_t len, const char *name,
    struct err *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "cannot write \"%s\"", name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int fill(int fd, const char *tmp, const void *data, size_t len, mode_t mode,
    struct err *err)
{
	if (file_write_fd(fd, data, len, tmp, err) != 0)
		return -1;
	if (fchmod(fd, mode) != 0)
		return err_sys(err, errno, "cannot set the mode of \"%s\"", tmp);
	/* The disk may begin: whoever syncs it waits for less. */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* link() refuses an existing name where rename() would replace it. */
static int move_in(const char *tmp, const char *path, bool exclusive, struct err *err)
{
	if (!exclusive)
		return rename(tmp, path) == 0 ? 0 :
		    err_sys(err, errno, "cannot rename to \"%s\"", path);
	if (link(tmp, path) != 0)
		return err_sys(err, errno, "cannot create \"%s\"", path);
	(void)unlink(tmp);
	return 0;
}

int file_no_room(const char *path, int errnum, struct err *err)
{
	if (errnum != ENOENT)
		return err_sys(err, errnum, "cannot create a file beside \"%s\"", path);
	(void)err_set(err, ERR_NOT_FOUND, "the folder of \"%s\" does not exist", path);
	return err_hint(err, "make it first: mkdir -p");
}

int file_draft_write(struct file_draft *ret, const char *path, const void *data, size_t len,
    mode_t mode, struct err *err)
{
	struct file_draft draft = { .tmp = mem_printf("%s.tmp-XXXXXX", path) };

	draft.fd = mkostemp(draft.tmp, O_CLOEXEC);
	if (draft.fd < 0) {
		free(draft.tmp);
		return file_no_room(path, errno, err);
	}
	draft.path = mem_strdup(path);
	if (fill(draft.fd, draft.tmp, data, len, mode, err) != 0) {
		file_draft_release(&draft);
		return -1;
	}
	*ret = draft;
	return 0;
}

/* Closed whatever happens, and -1 when it cannot be trusted to be on the disk. */
static int sync_and_close(struct file_draft *draft, struct err *err)
{
	int rc = 0;

	if (fsync(draft->fd) != 0)
		rc = err_sys(err, errno, "cannot sync \"%s\"", draft->tmp);
	if (close(draft->fd) != 0 && rc == 0)
		rc = err_sys(err, errno, "cannot close \"%s\"", draft->tmp);
	draft->fd = -1;
	return rc;
}

int file_draft_finish(struct file_draft *draft, bool exclusive, struct err *err)
{
	if (sync_and_close(draft, err) == 0 &&
	    move_in(draft->tmp, draft->path, exclusive, err) == 0)
		return 0;
	(void)unlink(draft->tmp);
	return -1;
}

void file_draft_release(struct file_draft *draft)
{
	if (draft->fd >= 0) {
		(void)close(draft->fd);
		(void)unlink(draft->tmp);
	}
	free(draft->path);
	free(draft->tmp);
	*draft = (struct file_draft){ .fd = -1 };
}

int file_write(const char *path, const void *data, size_t len, mode_t mode,
    bool exclusive, struct err *err)
{
	struct file_draft draft;
	int rc;

	if (file_draft_write(&draft, path, data, len, mode, err) != 0)
		return -1;
	rc = file_draft_finish(&draft, exclusive, err);
	file_draft_release(&draft);
	return rc == 0 ? dir_sync_parent(path, err) : -1;
}

static int make_folder(const char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0 ||
	    (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	return err_sys(err, errno, "cannot create the folder \"%s\"", path);
}

int dir_make(const char *path, mode_t mode, struct err *err)
{
	AUTO_STR copy = mem_strdup(path);

	for (char *p = copy + (*copy == '/'); ; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (make_folder(copy, mode, err) != 0)
			return -1;
		*p = c;
		if (c == '\0')
			return 0;
	}
}

int file_sync(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_sys(err, errno, "cannot open \"%s\"", path);
	if (fsync(fd) != 0)
		rc = err_sys(err, errno, "cannot sync \"%s\"", path);
	(void)close(fd);
	return rc;
}

static void *begin_sync(void *arg)
{
	int fd = (int)(intptr_t)arg;

	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	(void)close(fd);
	return NULL;
}

/* A disk that is busy takes the pages of a large file only as fast as it writes them. */
void file_begin_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	pthread_t thread;

	if (fd < 0)
		return;
	if (pthread_create(&thread, NULL, begin_sync, (void *)(intptr_t)fd) != 0)
		(void)close(fd);
	else
		(void)pthread_detach(thread);
}

int dir_sync_parent(const char *path, struct err *err)
{
	AUTO_STR copy = mem_strdup(path);
	const char *dir = dirname(copy);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_sys(err, errno, "cannot open the folder \"%s\"", dir);
	if (fsync(fd) != 0)
		rc = err_sys(err, errno, "cannot sync the folder \"%s\"", dir);
	(void)close(fd);
	return rc;
}

/* The user may play with what lies in the folder: nothing is followed, and no
 * second name of another file is given away. */
void file_give_to_owner_of_folder(const char *path)
{
	AUTO_STR copy = mem_strdup(path);
	struct stat folder, file;
	int fd;

	if (geteuid() != 0 || stat(dirname(copy), &folder) != 0 || folder.st_uid == 0)
		return;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &file) == 0 && file.st_uid == 0 && (S_ISDIR(file.st_mode) || file.st_nlink == 1) &&
	    fchown(fd, folder.st_uid, folder.st_gid) != 0)
		errno = 0;   /* then it stays root's */
	(void)close(fd);
}

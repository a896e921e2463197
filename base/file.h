/*
 * Files, whole or not at all. A file written here has either its old contents
 * or its new ones, also after a power cut: temporary name in the same folder,
 * fsync, rename, fsync of the folder.
 */
#ifndef D1KEEP_BASE_FILE_H
#define D1KEEP_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Append the whole file to `ret`; ERR_TOO_BIG past its ceiling. */
int file_read(const char *path, struct buf *ret, struct err *err);

/* Write `len` bytes under `path`, replacing what is there. With `exclusive`
 * an existing file is kept and the result is ERR_EXISTS, atomically even
 * against other processes. Folders must exist. */
int file_write(const char *path, const void *data, size_t len, mode_t mode,
    bool exclusive, struct err *err);

/* The same in steps, so that the disk can work on several at once. A draft is all
 * there, but under a temporary name, and nothing waited for the disk. */
struct file_draft {
	char *path, *tmp;
	int fd;               /* -1: finished, well or not */
};

/* Errors as of file_write; release it after a success. */
int file_draft_write(struct file_draft *ret, const char *path, const void *data, size_t len,
    mode_t mode, struct err *err);
/* fsync, and then its name. That lasts when the folder is synced too. */
int file_draft_finish(struct file_draft *draft, bool exclusive, struct err *err);
/* What has not got its name is removed. */
void file_draft_release(struct file_draft *draft);

/* Say why no file could be created beside `path`. Returns -1. */
int file_no_room(const char *path, int errnum, struct err *err);

/* Write all of it to a descriptor, however many calls it takes. */
int file_write_fd(int fd, const void *data, size_t len, const char *name,
    struct err *err);

/* For what root has made in a folder of the service's user: it shall be that
 * user's, who could not open it else. Does nothing for anybody but root. */
void file_give_to_owner_of_folder(const char *path);

/* mkdir -p. */
int dir_make(const char *path, mode_t mode, struct err *err);

/* fsync of a file that was written by other means. */
int file_sync(const char *path, struct err *err);

/* Have the system begin with that: file_sync then waits for less. Does not wait
 * itself: a thread hands the file's pages to the disk. */
void file_begin_sync(const char *path);

/* fsync of the folder that holds `path`: makes a rename durable. */
int dir_sync_parent(const char *path, struct err *err);

#endif

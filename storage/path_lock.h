/*
 * One process at a time at a file of a directory bucket: flock on a file beside
 * it, "<path>.tmp-locked", which no listing shows and which stays. The system
 * frees the lock of a process that dies. On NFS flock holds between hosts too
 * (Linux makes a byte-range lock of it).
 */
#ifndef D1KEEP_STORAGE_PATH_LOCK_H
#define D1KEEP_STORAGE_PATH_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The descriptor that holds the lock (path_unlock it), or -1: ERR_NOT_FOUND when
 * the folder is not there, ERR_AGAIN when another process keeps the lock for
 * seconds, which only a stopped one does. */
int path_lock(const char *path, struct err *err);
void path_unlock(int fd);

/* The file is gone, and nobody will want its lock again: remove that, too. */
void path_lock_forget(const char *path);

/* The file system's own clock (of an NFS server: that host's), in milliseconds;
 * -1 when it cannot be had. Touches the lock file. */
int64_t path_lock_now_ms(int fd);

/* Is this the name of a lock file? */
bool path_lock_is_name(const char *name);

#endif

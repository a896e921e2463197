/*
 * SQLite files that may be somebody's: whether anyone holds one, and a copy of
 * one.
 */
#ifndef D1KEEP_RESTORE_LOCAL_H
#define D1KEEP_RESTORE_LOCAL_H

#include <stdbool.h>

#include "base/err.h"
#include "restore/replay.h"

/* ERR_REFUSED when a process holds the database, or a journal beside it says that
 * one may. `settle`: journals that nobody holds (workerd leaves them) are worked
 * off first. Fine when there is no such file. */
int local_check_unused(const char *path, bool settle, struct err *err);

/* mkdir -p of the folder the file lies in. */
int local_make_folder(const char *path, struct err *err);

/* A consistent copy of `from` in a new file `to`, for the owner alone; an empty
 * one when there is no `from`. */
int local_copy(const char *from, const char *to, struct err *err);

/* The row of sqlite_sequence that a table has, if there are such rows. */
int local_forget_sequence(struct replay *replay, const char *table, struct err *err);

#endif

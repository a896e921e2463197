/*
 * SQLite files that may be somebody's: whether anyone holds one, and a copy of
 * one.
 */
#ifndef D1KEEP_RESTORE_LOCAL_H
#define D1KEEP_RESTORE_LOCAL_H

#include <stdbool.h>

#include "base/err.h"
#include "restore/replay.h"

/* Journals beside a database that no process holds (workerd leaves them). */
enum local_journals {
	LOCAL_REFUSED,       /* somebody out of sight may use them */
	LOCAL_SETTLED,       /* are worked off */
	LOCAL_LEFT,          /* a write-ahead log may stay as it is: only looking */
};

/* ERR_REFUSED when a process holds the database, or a journal beside it says that
 * one may. Fine when there is no such file. */
int local_check_unused(const char *path, enum local_journals journals, struct err *err);

/* mkdir -p of the folder the file lies in. */
int local_make_folder(const char *path, struct err *err);

/* A consistent copy of `from` in a new file `to`, for the owner alone; an empty
 * one when there is no `from`. */
int local_copy(const char *from, const char *to, struct err *err);

/* Does the file say that it is in WAL mode? */
bool local_is_wal(const char *path);

/* Put it into WAL mode; nothing stays beside it. */
int local_make_wal(const char *path, struct err *err);

/* The row of sqlite_sequence that a table has, if there are such rows. */
int local_forget_sequence(struct replay *replay, const char *table, struct err *err);

#endif

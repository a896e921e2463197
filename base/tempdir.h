/*
 * A private folder for what a command needs only while it runs: 0700, below
 * $TMPDIR or /tmp. What lies there is a user's data: remove it on every way out.
 */
#ifndef D1KEEP_BASE_TEMPDIR_H
#define D1KEEP_BASE_TEMPDIR_H

#include "base/err.h"

/* Its path, a string of its own; NULL with the error. */
char *tempdir_make(struct err *err);

/* Remove it with all that is in it, and free the path. NULL is fine. */
void tempdir_remove(char *path);

#endif

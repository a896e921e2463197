/*
 * One writer for each state folder: d1keepd holds a lock on
 * <state_dir>/d1keepd.lock as long as it lives.
 */
#ifndef D1KEEP_STATE_LOCK_H
#define D1KEEP_STATE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* Take it, making the folder (mode 0700) and the file where missing. The
 * descriptor, or -1: ERR_AGAIN when another process has it. Closing the
 * descriptor, or dying, gives it back. */
int state_lock(const char *state_dir, struct err *err);

/* Does some daemon hold it now? */
bool state_is_locked(const char *state_dir);

#endif

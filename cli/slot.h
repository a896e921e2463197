/*
 * Has a scheduled time been answered already? The manifests say: so neither a crash
 * between publication and the daemon's note of it, nor a second daemon, takes a
 * snapshot of one slot twice.
 */
#ifndef D1KEEP_CLI_SLOT_H
#define D1KEEP_CLI_SLOT_H

#include <stdint.h>

#include "base/err.h"
#include "storage/store.h"

/* What the clocks of two hosts may differ by: a slot further in the future than
 * this counts for nothing. */
#define SLOT_SKEW_S 900

/* 0 and the id of the snapshot that answers `slot_at` or a later slot; ERR_NOT_FOUND
 * when none does. `now` in Unix seconds. Looked at are the newest snapshot that can
 * be loaded and all that began since the slot (or shortly before). */
int slot_find(struct store *store, int64_t slot_at, int64_t now, char ret_id[20],
    struct err *err);

#endif

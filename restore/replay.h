/*
 * Replaying a dump into a SQLite file. The dump may have been written by
 * somebody hostile: it runs under an authorizer that allows what a dump needs
 * and nothing else (no ATTACH, no pragma but its own, no transaction control,
 * no virtual table, no reading of files).
 */
#ifndef D1KEEP_RESTORE_REPLAY_H
#define D1KEEP_RESTORE_REPLAY_H

#include "base/buf.h"
#include "base/err.h"
#include "storage/manifest.h"

struct replay;

/* Begin in a new, empty file at `path`, for the owner alone; ERR_EXISTS when
 * something is there. Nothing is durable before replay_commit. */
struct replay *replay_open(const char *path, struct err *err);

/* Run the statements of one chunk. ERR_CORRUPT when they are refused or do not
 * run: what cannot be replayed is no backup. */
int replay_apply(struct replay *replay, const struct buf *sql, struct err *err);

/* Compare the rows of each table with the manifest (ERR_CORRUPT), commit and
 * sync. */
int replay_commit(struct replay *replay, const struct manifest *m, struct err *err);

/* Closes; the file stays as it is. NULL is fine. */
void replay_free(struct replay *replay);

#endif

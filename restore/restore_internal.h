/* The three ways of restore.c. */
#ifndef D1KEEP_RESTORE_RESTORE_INTERNAL_H
#define D1KEEP_RESTORE_RESTORE_INTERNAL_H

#include "restore/restore.h"

/* `options->result` and `options->selection` are set. */
int restore_to_file(const struct restore_options *options, struct err *err);
int restore_to_d1(const struct restore_options *options, struct err *err);

/* The chosen tables and what belongs to them, as SQL. */
int restore_write_selection(const struct restore_options *options, int fd, const char *name,
    struct err *err);

/* Fetch and check every chunk, and do nothing with it; the other one also looks
 * whether the chosen tables are there. */
int restore_check_chunks(const struct restore_options *options, struct err *err);
int restore_dry_run_sql(const struct restore_options *options, struct err *err);

/* All of it into the new SQLite file `path`. */
int restore_replay(const struct restore_options *options, const char *path, struct err *err);

/* Does the snapshot have rows that refer to nothing? Then ERR_FAILED, which names
 * their tables; else 0, also when that cannot be found out. A file in `folder` is
 * made for it. */
int restore_check_keys(const struct restore_options *options, const char *folder,
    struct err *err);

/* Compare `db` with the manifest, into the result; ERR_CORRUPT when it differs. `path`:
 * as of check_options. */
int restore_check(const struct restore_options *options, struct db *db, const char *path,
    struct err *err);

#endif

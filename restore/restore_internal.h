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

/* Fetch and check every chunk, and do nothing with it. */
int restore_check_chunks(const struct restore_options *options, struct err *err);

/* Compare `db` with the manifest, into the result; ERR_CORRUPT when it differs. */
int restore_check(const struct restore_options *options, struct db *db, struct err *err);

#endif

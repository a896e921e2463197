/*
 * A restore as SQL in files: what goes, what comes, in an order in which a
 * database that enforces foreign keys takes it. Everything is fetched and checked
 * while it is written, so the database is touched only when all of it is there.
 *
 * One file is one transaction. What is larger than `part_bytes` becomes several:
 * tables behind those they refer to, circles of tables in one part whatever its
 * size. Each part notes its number in a table "_d1keep_restore"(part), which the
 * last one drops: so it can be told what a part whose answer was lost has done.
 */
#ifndef D1KEEP_RESTORE_SCRIPT_H
#define D1KEEP_RESTORE_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "restore/inventory.h"
#include "storage/manifest.h"
#include "storage/store.h"

#define SCRIPT_NOTE_TABLE "_d1keep_restore"

struct script_options {
	struct store *store;
	const struct manifest *manifest;
	const struct inventory *inventory;
	const struct selection *selection;
	unsigned workers;
	const struct buf *drops;   /* statements to begin with, or NULL */
	const struct buf *rebuilds;   /* statements to end with, or NULL */
	int64_t part_bytes;        /* 0: one part */
	/* For D1: rows that break a CHECK of their table come back as well. The
	 * pragma outlives the transaction on some engines: it is switched off again. */
	bool ignore_checks;
	/* A D1 has no pragmas of a file's header. */
	bool for_d1;
	/* A line of comment at the head of each file: makes it unlike any other. */
	const char *mark;
	void (*progress)(void *ctx, int64_t sql_bytes);   /* may be NULL */
	void *progress_ctx;
};

struct script {
	char **paths;              /* one a part; none of script_write_fd */
	size_t parts;
	size_t count, cap;
	size_t left_out;           /* statements that D1 would refuse */
};

/* Files in `folder`, for the owner alone. */
int script_write(const struct script_options *options, const char *folder, struct script *ret,
    struct err *err);
void script_release(struct script *script);

/* All of it, part behind part, to a descriptor; `name` is for errors. `ret` may be
 * NULL. */
int script_write_fd(const struct script_options *options, int fd, const char *name,
    struct script *ret, struct err *err);

#endif

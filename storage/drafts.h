/*
 * Files of a bucket in a folder that wait for the disk together: each has its bytes
 * under a temporary name (base/file.h). Thread-safe.
 */
#ifndef D1KEEP_STORAGE_DRAFTS_H
#define D1KEEP_STORAGE_DRAFTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/file.h"

/* So many at most before they are settled: by then the disk has
 * written most of the first ones, and one commit of its journal covers all of them. */
#define DRAFTS_MAX 32

struct drafts {
	pthread_mutex_t lock;
	struct file_draft items[DRAFTS_MAX];
	size_t count;
	bool failed;                 /* some were lost, for this reason */
	struct err why;
};

void drafts_init(struct drafts *drafts);
/* What was not settled is removed. */
void drafts_release(struct drafts *drafts);

/* Takes `draft` over. Settles those before it when there are many: the error may be
 * one of theirs. Once that happened, everything fails with it: whoever was told that a
 * lost one is there may rely on it in another attempt. */
int drafts_add(struct drafts *drafts, const struct file_draft *draft, struct err *err);

/* Every file that was ever added has its name, and is durable; else any of them may be
 * gone. */
int drafts_settle(struct drafts *drafts, struct err *err);

#endif

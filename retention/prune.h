/*
 * Retention and garbage collection of one database's folder.
 *
 * Removes the snapshots that the rules (retention/rules.h) name, then the garbage:
 * chunks that no remaining manifest names, their ".damaged" marks, signatures,
 * verdicts, pins and labels without a manifest, and what a killed process left
 * half-written. Objects whose names are none of
 * d1keep's are never touched.
 *
 * Of a snapshot the manifest goes first (then nothing is listed any more), then
 * what lies beside it, and chunks last, after all manifests: so whatever ends this
 * run leaves whole snapshots and garbage, which the next run removes.
 *
 * No garbage is removed unless every remaining manifest was read in this run, is
 * trusted, and no other has appeared meanwhile. Garbage that is not of a snapshot
 * removed in this very run is spared until it is `garbage_grace` old, by the
 * bucket's clock: it may be of a backup that is still running.
 *
 * The caller holds the database's lease (storage/lease.h) and hands in the
 * function that says whether it still does.
 */
#ifndef D1KEEP_RETENTION_PRUNE_H
#define D1KEEP_RETENTION_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "retention/rules.h"
#include "storage/store.h"

struct prune_options {
	struct store *store;
	/* `now` included, and what is known of the last run: a caller who has just
	 * published and verified a snapshot says that it did not fail. */
	struct retention_policy policy;
	int64_t garbage_grace;       /* seconds */
	unsigned workers;            /* deletes at once, at least 1 */
	bool dry_run;                /* decide and report; remove nothing */
	/* Before every delete: 0, or -1 with the error that ends this run (a lost
	 * lease). Called from several threads, never from two at once. NULL: always. */
	int (*may_go_on)(void *ctx, struct err *err);
	void *may_go_on_ctx;
};

struct prune_snapshot {
	char id[20];
	char *label;                 /* or NULL */
	int64_t pinned_until;        /* as in retention/rules.h */
	enum retention_verdict verdict;
	bool readable;               /* its manifest was read and is trusted */
	int64_t stored_bytes;        /* of its chunks, shared ones included; 0: unknown */
	struct retention_fate fate;
	bool removed;                /* its manifest is gone (a dry run: would go) */
};

#define PRUNE_FOREIGN_SHOWN 5

/* With `dry_run`, what would be. Objects are counted as they lie in the bucket. */
struct prune_report {
	struct prune_snapshot *snapshots;   /* oldest first */
	size_t snapshot_count;
	size_t kept, removed;        /* snapshots */
	size_t removed_objects;      /* all that went, manifests and chunks included */
	int64_t freed_bytes;         /* their size */
	size_t garbage;              /* of these, what no snapshot removed here had named */
	int64_t garbage_bytes;
	size_t young;                /* garbage that is spared: not old enough yet */
	size_t kept_by_policy;       /* objects that a lock rule of the bucket keeps: no error */
	size_t not_gone;             /* objects that were "deleted" and are still there */
	char **problems;             /* what a person should know, one a line; not_gone included */
	size_t problem_count, problem_cap;
	char *blocked;               /* why nothing, or no garbage, was removed; or NULL */
	char **foreign;              /* keys that are none of d1keep's, PRUNE_FOREIGN_SHOWN at most */
	size_t foreign_count;        /* of all of them */
};

/* 0 when it came to its end (not_gone > 0 is for the caller to make a failure of);
 * -1 with the first error that it could not go on after: ERR_AGAIN, ERR_DENIED
 * (deletes are not allowed), ERR_INTERRUPTED, what may_go_on said … Either way
 * `ret` says what was done; release it. */
int prune_store(const struct prune_options *options, struct prune_report *ret,
    struct err *err);

/* Removes these snapshots, whatever the policy says of them, also such as cannot be
 * read, and the chunks that were theirs alone; no other garbage. ERR_NOT_FOUND names
 * an id that is not there, and ERR_REFUSED one that bears a label or a pin or is the
 * last good one, unless `force`: then nothing was removed. */
int prune_remove(const struct prune_options *options, const char *const *ids, size_t count,
    bool force, struct prune_report *ret, struct err *err);

void prune_report_release(struct prune_report *report);

#endif

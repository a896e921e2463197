/*
 * The lease of a database's folder: `lease.json`, by conditional writes. Who holds
 * it may publish and delete there; everybody else waits. It is renewed by a
 * thread while it is held, and anybody's once it has not been renewed for its
 * time to live (and an eighth more): judged by the bucket's own clock, or by
 * seeing it unchanged for that long on one's own; never by comparing the clocks
 * of two hosts. Only where a bucket tells no age and nobody waits does the time
 * noted in it decide, with five minutes of tolerance.
 *
 * A holder that stood still (SIGSTOP, a suspended machine) finds out at
 * lease_check. What it sent just before cannot be called back: then a snapshot
 * more may be listed; and a chunk that it shares may be gone, if the other holder
 * pruned the only snapshot that named it. So it is verified in any case then
 * (cli/backup_job.c), and called damaged.
 */
#ifndef D1KEEP_STORAGE_LEASE_H
#define D1KEEP_STORAGE_LEASE_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "storage/store.h"

#define LEASE_TTL_S 120

struct lease;

struct lease_options {
	struct store *store;       /* must outlive the lease, as the clock */
	const struct clock *clock; /* wall time and chance; durations are the machine's own */
	const char *subject;       /* for messages: "production/auth" */
	const char *what;          /* "backup", "prune", "pin", "remove" */
	int64_t ttl_s;             /* 0: LEASE_TTL_S; at most an hour */
	int64_t wait_ms;           /* how long to wait for another holder; 0: not at all */
	/* Called once, when it begins to wait; may be NULL. `holder` as in "is being
	 * backed up by web-1 pid 4123 since …". */
	void (*waiting)(void *ctx, const char *holder);
	void *waiting_ctx;
};

/* NULL on failure. ERR_HELD: another has it, and the message says who and since
 * when. ERR_USAGE: the bucket has no conditional writes. */
struct lease *lease_acquire(const struct lease_options *options, struct err *err);

/* Still ours? Cheap, but when the last renewal is too long ago: then it is
 * renewed now. ERR_HELD when another has taken over, ERR_AGAIN when it cannot be
 * found out and the time is up. NULL is nobody's lease and fine. */
int lease_check(struct lease *lease, struct err *err);

/* While it is held, its bucket asks for it before each try of a removal and of a
 * manifest or signature (bucket_guard): so none of them outlasts it.
 *
 * Marks it free and frees the memory, also when a stop was requested and also on
 * failure (then it expires). A lease that was lost is left alone. */
int lease_release(struct lease *lease, struct err *err);

#endif

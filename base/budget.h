/*
 * The request budget of one API token: Cloudflare allows 1,200 requests in
 * five minutes and then refuses everything for five more (CLOUDFLARE.md 1.6:
 * developers.cloudflare.com/fundamentals/api/reference/limits). All processes
 * of a host share one budget: a GCRA timestamp in a locked file.
 *
 * GCRA: `tat` is the theoretical arrival time. A request at `now` is allowed
 * when max(tat, now) - now <= burst; then tat = max(tat, now) + interval.
 */
#ifndef D1KEEP_BASE_BUDGET_H
#define D1KEEP_BASE_BUDGET_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/* Cloudflare counts by five minutes. */
#define BUDGET_PERIOD_MS 300000

/* The longest that budget_block holds everybody up. */
#define BUDGET_MAX_BLOCK_MS 300000

struct budget;

/* Where the processes of this host share the budget of an account: a string of its
 * own. */
char *budget_path(const char *folder, const char *account);

/* `path` is the file (created with mode 0600, its folder must exist);
 * `requests` (at least 1) in any stretch of `period_ms`, of which up to a
 * quarter may go out at once. The clock must outlive the budget. A budget may
 * be used by several threads at once. */
struct budget *budget_open(const char *path, unsigned requests, int64_t period_ms,
    const struct clock *clock, struct err *err);
void budget_close(struct budget *budget);

/* Wait until one more request may be sent. ERR_INTERRUPTED when stopped. When
 * the file cannot be used just now, the budget is this process's alone. */
int budget_spend(struct budget *budget, struct err *err);

/* The server said "not for `ms`": nobody on this host sends before then. */
void budget_block(struct budget *budget, int64_t ms);

/* How many requests could go out at once now, of all processes of this host, and
 * for how long the server has asked to wait (0: it has not). Spends nothing. */
void budget_left(struct budget *budget, unsigned *ret_requests, int64_t *ret_blocked_ms);

/* The rule alone, pure: milliseconds to wait at `now`, and the new `*tat` when
 * that is 0. Times in microseconds. */
int64_t budget_gcra(int64_t *tat_us, int64_t now_us, int64_t interval_us, int64_t burst_us);

#endif

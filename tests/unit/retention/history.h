/*
 * Histories of snapshots for the tests of the rules.
 */
#ifndef D1KEEP_TESTS_RETENTION_HISTORY_H
#define D1KEEP_TESTS_RETENTION_HISTORY_H

#include "retention/rules.h"
#include "tests/unit/chance.h"

#define HISTORY_MAX 2000

struct history {
	struct retention_snapshot items[HISTORY_MAX];
	size_t count;
	/* of the last history_decide */
	struct retention_fate fates[HISTORY_MAX];
	bool may_remove;
};

/* 2026-11-22T02:17:00Z, a Sunday. */
#define NOW INT64_C(1795313820)

/* Adds one whose moment is `text` ("2026-11-22T02:17:00Z"). */
struct retention_snapshot *history_add(struct history *h, const char *text);
struct retention_snapshot *history_add_at(struct history *h, int64_t at);

void history_decide(struct history *h, const struct retention_policy *policy);

/* "kept" or "removed", and the reasons: "kept: last 1/3, the newest". The string
 * lives until the next call. */
const char *history_fate(const struct history *h, size_t i);

/* How many are kept. */
size_t history_kept(const struct history *h);

/* Takes out what is to be removed. */
void history_remove(struct history *h);
void history_release(struct history *h);

/* A history of `n` and a policy, of any kind. Many moments lie near those at which
 * the clock of the policy's zone is changed. */
void history_random(struct chance *c, size_t n, struct history *ret);
void policy_random(struct chance *c, struct retention_policy *ret);

#endif

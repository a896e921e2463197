/*
 * Who has been told of what, so that a restart of d1keepd does not repeat it:
 * a table of state.db. What it means is daemon/alerts.h's business.
 */
#ifndef D1KEEP_STATE_ALERTS_H
#define D1KEEP_STATE_ALERTS_H

#include "state/state.h"

struct state_alert {
	char database[256];      /* environment/database, or empty */
	char target[72];         /* a section notify, or empty */
	char kind[16];
	int64_t since_at;
	int64_t told_at;
	int64_t gravity;
};

/* There is one of each database, target and kind. */
int state_alert_set(struct state *state, const struct state_alert *alert, struct err *err);
int state_alert_clear(struct state *state, const char *database, const char *target,
    const char *kind, struct err *err);

/* In no order. `visit` may stop with -1 and its own err; it may not change them. */
int state_each_alert(struct state *state,
    int (*visit)(void *ctx, const struct state_alert *alert, struct err *err),
    void *ctx, struct err *err);

#endif

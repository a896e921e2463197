/*
 * The snapshots of one database with what lies beside them, several fetched at once.
 */
#ifndef D1KEEP_CLI_LISTING_H
#define D1KEEP_CLI_LISTING_H

#include "cli/session.h"

struct listed_snapshot {
	const struct store_id *id;
	struct snapshot snapshot;
	struct verdict verdict;      /* zeroed: none */
	struct pin pin;              /* zeroed: none */
	/* ERR_NONE, or why there is no snapshot; and, where there is one, why there is
	 * no verdict or pin. */
	struct err err, beside_err;
};

/* Newest first; the snapshot is released when `visit` returns. */
int listing_each(struct open_store *open, const struct store_ids *ids,
    void (*visit)(void *ctx, const struct listed_snapshot *listed), void *ctx, struct err *err);

#endif

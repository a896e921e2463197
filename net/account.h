/*
 * What an account holds: its D1 databases and its R2 buckets, by name. For
 * `d1keep init`, which makes a configuration of them.
 */
#ifndef D1KEEP_NET_ACCOUNT_H
#define D1KEEP_NET_ACCOUNT_H

#include "base/err.h"
#include "net/d1_api.h"

/* Strings live as long as the call. Return -1 to stop, with an error. */
typedef int account_visit_database(void *ctx, const char *name, const char *id, struct err *err);
typedef int account_visit_bucket(void *ctx, const char *name, struct err *err);

/* GET …/d1/database, page after page. */
int account_databases(struct d1_api *api, account_visit_database *visit, void *ctx,
    struct err *err);

/* GET …/r2/buckets. ERR_DENIED where the token may not read R2. */
int account_buckets(struct d1_api *api, account_visit_bucket *visit, void *ctx,
    struct err *err);

#endif

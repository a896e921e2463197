/*
 * A project's wrangler configuration as environments of ours. Pure: the
 * document has been read already, by wrangler itself or as JSON.
 *
 * The databases of the top level are those of `wrangler dev`: the environment
 * "local", with source "wrangler". Those of env.NAME are D1's at Cloudflare: the
 * environment NAME. A project without any env is deployed from its top level: its
 * databases are also the environment "production".
 */
#ifndef D1KEEP_SETUP_WRANGLER_H
#define D1KEEP_SETUP_WRANGLER_H

#include "base/json.h"
#include "setup/draft.h"

/* `project` is the absolute folder of the file. Without an account remote
 * databases cannot be written: they are noted as left out. ERR_USAGE when there
 * is no database in it. */
int wrangler_take(struct draft *draft, struct json_object *document, const char *project,
    bool has_account, struct err *err);

/* account_id, or NULL; as long-lived as the document. */
const char *wrangler_account(struct json_object *document);

#endif

/*
 * d1keep init, in parts: what is asked (cmd_init.c), Cloudflare's answer
 * (init_account.c), and a project's wrangler configuration (init_wrangler.c).
 */
#ifndef D1KEEP_CLI_INIT_H
#define D1KEEP_CLI_INIT_H

#include <stdbool.h>

#include "base/json.h"
#include "setup/draft.h"

struct init {
	/* options */
	const char *account, *token, *output, *wrangler;
	const char *api_base, *endpoint, *ca_file;
	const char **environments;   /* ends with NULL */
	size_t environment_count, environment_cap;
	bool force, keygen, credentials;

	char *folder;                /* of the output, absolute */
	char *token_place;           /* absolute, where it is a file */
	struct draft draft;
};

/* The account's databases (unless the project has told its own) and buckets, into
 * the draft. Buckets that may not be listed are a warning. */
int init_ask_account(struct init *init, bool with_databases, struct err *err);

/* The configuration of the project in `folder`, as wrangler reads it. */
int init_read_wrangler(const char *folder, struct json_object **ret, struct err *err);

#endif

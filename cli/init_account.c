#include "cli/init.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cli/session.h"
#include "net/account.h"

struct lists {
	struct group_item *databases;
	size_t database_count, database_cap;
	char **buckets;
	size_t bucket_count, bucket_cap;
};

static int on_database(void *ctx, const char *name, const char *id, struct err *err)
{
	struct lists *lists = ctx;

	(void)err;
	lists->databases = mem_grow(lists->databases, lists->database_count, &lists->database_cap,
	    sizeof(*lists->databases));
	lists->databases[lists->database_count++] =
	    (struct group_item){ mem_strdup(name), mem_strdup(id) };
	return 0;
}

static int on_bucket(void *ctx, const char *name, struct err *err)
{
	struct lists *lists = ctx;

	(void)err;
	lists->buckets = mem_grow(lists->buckets, lists->bucket_count, &lists->bucket_cap,
	    sizeof(*lists->buckets));
	lists->buckets[lists->bucket_count++] = mem_strdup(name);
	return 0;
}

static void lists_release(struct lists *lists)
{
	for (size_t i = 0; i < lists->database_count; i++) {
		mem_free_str((char **)&lists->databases[i].name);
		mem_free_str((char **)&lists->databases[i].id);
	}
	for (size_t i = 0; i < lists->bucket_count; i++)
		free(lists->buckets[i]);
	free(lists->databases);
	free(lists->buckets);
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(((const struct group_item *)a)->name, ((const struct group_item *)b)->name);
}

/* Without the right to list buckets there is still a configuration to write. */
static int ask(struct d1_api *api, bool with_databases, struct lists *lists, struct err *err)
{
	struct err why = ERR_INIT;

	if (with_databases && account_databases(api, on_database, lists, err) != 0)
		return -1;
	if (lists->database_count > 0)
		qsort(lists->databases, lists->database_count, sizeof(*lists->databases), compare_items);
	if (account_buckets(api, on_bucket, lists, &why) == 0)
		return 0;
	if (why.code == ERR_INTERRUPTED) {
		*err = why;
		return -1;
	}
	log_warning("the account's buckets are not known: %s", why.msg);
	if (why.hint[0] != '\0')
		log_info("hint: %s", why.hint);
	return 0;
}

int init_ask_account(struct init *init, bool with_databases, struct err *err)
{
	struct lists lists = { 0 };
	struct secret token = { 0 };
	struct http *http;
	struct d1_api *api;
	int rc;

	if (secret_load(&token, init->token_place, err) != 0)
		return err_wrap(err, "--token");
	http = open_http(init->ca_file);
	api = d1_api_new(http, init->api_base, init->account, &token);
	secret_release(&token);
	rc = ask(api, with_databases, &lists, err);
	if (rc == 0) {
		group_databases(&init->draft, lists.databases, lists.database_count, init->environments);
		group_buckets(&init->draft, lists.buckets, lists.bucket_count);
	}
	lists_release(&lists);
	d1_api_free(api);
	http_free(http);
	return rc;
}

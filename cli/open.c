/* Configuration to constructor arguments: secrets, HTTP, bucket, database. */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cli/lease_scope.h"
#include "base/budget.h"
#include "net/d1_api.h"
#include "net/s3.h"
#include "storage/bucket_dir.h"
#include "storage/bucket_r2.h"
#include "storage/cache.h"

#define RETRIES 4
#define CONNECT_TIMEOUT_MS 15000
#define STALL_TIMEOUT_MS 60000
#define FAR_READERS 16

static struct http *new_http(const char *ca_file, struct budget *budget)
{
	return http_new(&(struct http_options){
		.ca_file = ca_file, .clock = &clock_system, .budget = budget,
		.retries = RETRIES, .connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.stall_timeout_ms = STALL_TIMEOUT_MS,
	});
}

struct http *open_http(const char *ca_file)
{
	return new_http(ca_file, NULL);
}

/* ---- buckets ---- */

struct bucket_secrets {
	struct secret access_key_id, secret_access_key, session_token;
};

static int load_bucket_secrets(const struct config_bucket *c, struct bucket_secrets *ret,
    struct err *err)
{
	if (secret_load(&ret->access_key_id, c->access_key_id, err) != 0)
		return err_wrap(err, "access_key_id");
	if (secret_load(&ret->secret_access_key, c->secret_access_key, err) != 0)
		return err_wrap(err, "secret_access_key");
	if (c->session_token != NULL && secret_load(&ret->session_token, c->session_token, err) != 0)
		return err_wrap(err, "session_token");
	return 0;
}

static struct bucket *new_r2(const struct config_bucket *c, struct http *http, struct err *err)
{
	struct bucket_secrets secrets = { .session_token = { 0 } };
	AUTO_STR endpoint = NULL;
	struct s3 *s3 = NULL;

	endpoint = c->endpoint != NULL ? mem_strdup(c->endpoint) :
	    mem_printf("https://%s.r2.cloudflarestorage.com", c->account->id);
	if (load_bucket_secrets(c, &secrets, err) == 0)
		s3 = s3_new(http, &(struct s3_options){
			.endpoint = endpoint,
			.bucket = c->bucket != NULL ? c->bucket : c->name,
			.region = c->region,
			.access_key_id = &secrets.access_key_id,
			.secret_access_key = &secrets.secret_access_key,
			.session_token = &secrets.session_token,
			.clock = &clock_system,
		}, err);
	secret_release(&secrets.access_key_id);
	secret_release(&secrets.secret_access_key);
	secret_release(&secrets.session_token);
	return s3 != NULL ? bucket_r2_new(s3, c->name) : NULL;
}

int open_store(const struct session *session, const struct config_database *database,
    struct open_store *ret, struct err *err)
{
	const struct config_bucket *c = database->policy.bucket;

	*ret = (struct open_store){ .bucket = NULL };
	ret->readers = session->workers;
	if (c->type == CONFIG_BUCKET_DIRECTORY) {
		ret->bucket = bucket_dir_new(c->path, c->name, err);
	} else {
		ret->readers = FAR_READERS;
		ret->http = new_http(c->ca_file, NULL);
		ret->bucket = new_r2(c, ret->http, err);
	}
	if (ret->bucket == NULL) {
		close_store(ret);
		return err_wrap(err, "bucket \"%s\"", c->name);
	}
	store_init(&ret->store, ret->bucket, c->prefix, database->environment->name,
	    database->name, session->signer, session->verifier);
	return 0;
}

void close_store(struct open_store *open)
{
	lease_scope_end(open);
	store_release(&open->store);
	bucket_free(open->bucket);
	cache_free(open->cache);
	http_free(open->http);
	*open = (struct open_store){ .bucket = NULL };
}

/* ---- what this host keeps ---- */

/* state_dir, or for a person who may not write there, a folder of their own; false
 * when neither can be written. */
static bool find_folder(const struct config *config, char **ret)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct err ignored = ERR_INIT;

	*ret = mem_strdup(config->state_dir);
	if (dir_make(*ret, 0700, &ignored) == 0 && access(*ret, W_OK) == 0)
		return true;
	free(*ret);
	*ret = cache != NULL ? mem_printf("%s/d1keep", cache) :
	    mem_printf("%s/.cache/d1keep", home != NULL ? home : "");
	return dir_make(*ret, 0700, &ignored) == 0;
}

/* Another bucket, or another folder in it, has other objects of the same names. */
static void hash_place(const struct config_bucket *c, const char *folder, char ret[SHA256_HEX_SIZE])
{
	AUTO_STR place = mem_printf("%s\n%s\n%s\n%s", c->account != NULL ? c->account->id : "",
	    c->endpoint != NULL ? c->endpoint : "", c->bucket != NULL ? c->bucket : c->name, folder);

	sha256_hex(place, strlen(place), ret);
}

void open_cache(const struct session *session, const struct config_database *database,
    struct open_store *open)
{
	const struct config_bucket *c = database->policy.bucket;
	AUTO_STR folder = NULL;
	AUTO_STR all = NULL;
	AUTO_STR own = NULL;
	char hex[SHA256_HEX_SIZE];

	if (c->type == CONFIG_BUCKET_DIRECTORY || !find_folder(session->config, &folder))
		return;
	hash_place(c, open->store.folder, hex);
	all = mem_printf("%s/manifests", folder);
	own = mem_printf("%s/%.32s", all, hex);
	open->cache = cache_open(own, &clock_system);
	open->store.cache = open->cache;
	file_give_to_owner_of_folder(all);
	file_give_to_owner_of_folder(own);
}

/* ---- databases ---- */

/* The processes of this host share one token's budget. */
static struct budget *open_budget(const struct config *config, const struct config_account *a)
{
	AUTO_STR folder = NULL;
	AUTO_STR path = NULL;
	struct err err = ERR_INIT;
	struct budget *budget;

	if (!find_folder(config, &folder))
		log_warning("no place to share the request budget: neither \"%s\" nor \"%s\" can be written",
		    config->state_dir, folder);
	path = budget_path(folder, a->name);
	budget = budget_open(path, a->request_budget, BUDGET_PERIOD_MS, &clock_system, &err);
	if (budget == NULL)
		log_warning("requests are not paced: %s", err.msg);
	return budget;
}

static struct db *open_d1(const struct session *session, const struct config_database *d,
    struct open_db *ret, struct err *err)
{
	const struct config_account *a = d->policy.account;
	struct secret token = { 0 };

	if (secret_load(&token, a->api_token, err) != 0) {
		(void)err_wrap(err, "account \"%s\": api_token", a->name);
		return NULL;
	}
	ret->budget = open_budget(session->config, a);
	ret->http = new_http(a->ca_file, ret->budget);
	ret->api = d1_api_new(ret->http, a->api_base, a->id, &token);
	secret_release(&token);
	return db_d1_new(ret->api, d->id);
}

int open_db(const struct session *session, const struct config_database *database,
    struct open_db *ret, struct err *err)
{
	AUTO_STR path = NULL;

	*ret = (struct open_db){ .db = NULL };
	switch (database->source) {
	case CONFIG_SOURCE_D1:
		ret->db = open_d1(session, database, ret, err);
		break;
	case CONFIG_SOURCE_WRANGLER:
		path = local_d1_path(database->project, database->persist_to, database->id);
		ret->db = db_sqlite_open(path, "wrangler", err);
		break;
	case CONFIG_SOURCE_SQLITE:
		ret->db = db_sqlite_open(database->path, "sqlite", err);
		break;
	}
	if (ret->db == NULL) {
		close_db(ret);
		return -1;
	}
	return 0;
}

void close_db(struct open_db *open)
{
	db_free(open->db);
	d1_api_free(open->api);
	http_free(open->http);
	budget_close(open->budget);
	*open = (struct open_db){ .db = NULL };
}

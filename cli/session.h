/*
 * From the configuration to the things it names: keys, buckets, databases. The
 * only place where configuration turns into constructor arguments.
 */
#ifndef D1KEEP_CLI_SESSION_H
#define D1KEEP_CLI_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/cli.h"
#include "config/config.h"
#include "db/db.h"
#include "storage/names.h"
#include "storage/store.h"

struct session {
	struct config *config;
	struct signer *signer;       /* NULL: snapshots are not signed */
	struct verifier *verifier;   /* NULL: no key is trusted */
	unsigned workers;
};

/* Reads the configuration; every problem is printed. 0 or the exit status. */
int session_open(struct session *ret, const struct cli *cli);
void session_close(struct session *session);

/* Load the private key, for commands that write snapshots. */
int session_load_signer(struct session *session, struct err *err);

/* The configured databases that "env" or "env/db" names; a list of its own, not
 * the databases. ERR_USAGE with what there is. */
struct config_database **session_select(const struct session *session,
    const struct names_ref *ref, size_t *ret_count, struct err *err);

/* The one database "env/db" names, or the environment "env"; NULL and ERR_USAGE
 * with what there is. */
const struct config_database *session_database(const struct session *session, const char *text,
    struct err *err);
const struct config_environment *session_environment(const struct session *session,
    const char *name, struct err *err);

/* Is this D1 one whose users are real: of an environment of such a name
 * (cli/confirm.h), or the same D1 as one there under another name? */
bool session_is_production(const struct session *session, const struct config_database *database);

/* One database of the configuration with what it needs. */
struct open_store {
	struct store store;
	struct bucket *bucket;
	struct http *http;           /* of the bucket, or NULL */
	struct cache *cache;         /* of the store, or NULL */
	unsigned readers;            /* that may ask the bucket at once: more where it is far */
};

int open_store(const struct session *session, const struct config_database *database,
    struct open_store *ret, struct err *err);
void close_store(struct open_store *open);

/* Give the store copies on this machine's disk, for commands that only look. A bucket
 * that is a folder needs none. */
void open_cache(const struct session *session, const struct config_database *database,
    struct open_store *open);

struct open_db {
	struct db *db;
	struct d1_api *api;
	struct http *http;
	struct budget *budget;
};

int open_db(const struct session *session, const struct config_database *database,
    struct open_db *ret, struct err *err);
void close_db(struct open_db *open);

/* What all of it is reached by; for what is not of the configuration. */
struct http *open_http(const char *ca_file);

/* "production/auth@which" to its store and snapshot, both open. `which` NULL
 * is the latest. */
struct open_snapshot {
	const struct config_database *database;
	struct open_store open;
	struct snapshot snapshot;
};

int open_snapshot(const struct session *session, const char *text,
    struct open_snapshot *ret, struct err *err);
void close_snapshot(struct open_snapshot *open);

/* "production/auth@2026-11-22T02:17:00Z", a string of its own. */
char *snapshot_name(const struct manifest *m);

#endif

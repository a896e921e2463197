/*
 * backup.conf, read in this one place and handed down as plain structs. Every
 * option, with its default, stands in backup.conf.example; the names of the
 * fields are the names of the options.
 *
 * Reading collects *all* problems, each with file and line. Secrets are not
 * loaded here: a struct holds only the text that says where one lies
 * (base/secret.h), and the program loads those it needs.
 */
#ifndef D1KEEP_CONFIG_CONFIG_H
#define D1KEEP_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "schedule/slots.h"

struct config_account {
	char *name;              /* the section's title */
	int line;
	char *id;                /* 32 hex digits */
	char *api_token;         /* a secret's place */
	char *api_base;          /* NULL: Cloudflare's */
	char *ca_file;           /* or NULL */
	unsigned request_budget; /* requests in five minutes */
};

enum config_bucket_type { CONFIG_BUCKET_DIRECTORY, CONFIG_BUCKET_R2 };

struct config_bucket {
	char *name;
	int line;
	enum config_bucket_type type;
	char *path;              /* directory */
	/* r2 */
	char *endpoint;          /* NULL: https://<account id>.r2.cloudflarestorage.com */
	char *bucket;            /* its name at the provider; NULL: the title */
	char *region;
	const struct config_account *account;   /* or NULL when endpoint is given */
	char *access_key_id;     /* the places of three secrets; the last optional */
	char *secret_access_key;
	char *session_token;
	char *ca_file;
	char *prefix;            /* "" or a relative path without slashes at its ends */
};

enum config_source { CONFIG_SOURCE_D1, CONFIG_SOURCE_WRANGLER, CONFIG_SOURCE_SQLITE };

enum config_consistency { CONFIG_CONSISTENCY_SNAPSHOT, CONFIG_CONSISTENCY_BEST_EFFORT };

enum config_fallback { CONFIG_FALLBACK_NONE, CONFIG_FALLBACK_EXPORT };

enum config_verify { CONFIG_VERIFY_NONE, CONFIG_VERIFY_HASHES, CONFIG_VERIFY_REPLAY };

/* What a database inherits from its environment unless it says otherwise. */
struct config_policy {
	char *schedule;          /* as written, or NULL: never by itself */
	struct cron cron;        /* parsed; meaningless when schedule is NULL */
	char *timezone;          /* an IANA name, e.g. "UTC" */
	enum config_consistency consistency;
	unsigned attempts;       /* readings before a moving database is given up */
	enum config_fallback fallback;   /* for source d1: what then */
	unsigned timeout;        /* seconds a run may take; 0: no limit */
	unsigned spread;         /* seconds over which the due times of databases are spread */
	char *blackout;          /* as written, or NULL: times at which nothing begins */
	struct blackout blackout_windows;   /* parsed; none when blackout is NULL */
	unsigned retries;        /* of a failed run, before its next due time */
	unsigned retry_delay;    /* seconds before the first; doubles each time */
	enum config_verify verify;   /* after each backup */
	char *max_age;           /* a span: no verified snapshot this young is an alarm; or NULL */
	unsigned garbage_grace;  /* seconds before a chunk that nobody names is removed */
	unsigned keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly;
	char *keep_within;       /* a span such as "30d", or NULL */
	const struct config_account *account;   /* for source d1 */
	const struct config_bucket *bucket;
};

struct config_database {
	char *name;
	const struct config_environment *environment;
	int line;
	enum config_source source;
	char *id;                /* d1 and wrangler */
	char *project;           /* wrangler: the folder of its configuration file */
	char *persist_to;        /* wrangler: or NULL for <project>/.wrangler/state */
	char *path;              /* sqlite */
	struct config_policy policy;
};

struct config_environment {
	char *name;
	int line;
	struct config_policy policy;
	struct config_database **databases;
	size_t database_count;
};

enum config_notify_type { CONFIG_NOTIFY_WEBHOOK, CONFIG_NOTIFY_EXEC, CONFIG_NOTIFY_HEARTBEAT };

/* Bits of config_notify.events, in the order of their words. */
enum config_event {
	CONFIG_EVENT_FAILURE = 1, CONFIG_EVENT_RECOVERY = 2, CONFIG_EVENT_SHRINK = 4,
	CONFIG_EVENT_STALE = 8,
};

/* Whom to tell. */
struct config_notify {
	char *name;
	int line;
	enum config_notify_type type;
	char *url;               /* webhook, heartbeat: an address, or a secret's place */
	char *secret;            /* webhook: place of the key that signs the body, or NULL */
	char *command;           /* exec: a program */
	char *environment;       /* only of this one (its name), or NULL: of all */
	char *ca_file;
	unsigned events;         /* bits */
	char *repeat_after;      /* a span: what goes on is told again after it */
};

enum config_access { CONFIG_ACCESS_OWNER, CONFIG_ACCESS_GROUP };

enum config_log_format { CONFIG_LOG_TEXT, CONFIG_LOG_JSON };

struct config {
	char *path;              /* of the file itself */
	char *text;              /* what was read there */
	char *state_dir;
	char *timezone;          /* where no environment says otherwise */
	unsigned jobs;           /* runs at once in the daemon */
	unsigned workers;        /* threads of one job that compress and upload; 0: one a core, 6 to 8 */
	char *control_socket;    /* path of d1keepd's Unix socket; NULL: none */
	enum config_access control_access;   /* who may use it */
	char *listen;            /* "127.0.0.1:8417", or NULL */
	char *control_token;     /* places of secrets: may do all, may only look; or NULL */
	char *control_read_token;
	enum config_log_format log_format;   /* of d1keepd */
	char *sign_key;          /* place of the private key, or NULL: not signed */
	char **trusted_keys;     /* public key files (PEM) or "ed25519:<64 hex>" */
	size_t trusted_key_count;
	struct config_account **accounts;
	size_t account_count;
	struct config_bucket **buckets;
	size_t bucket_count;
	struct config_notify **notifies;
	size_t notify_count;
	struct config_environment **environments;
	size_t environment_count;
	struct config_database **databases;   /* of all environments, in order; not owned */
	size_t database_count;
};

/* A problem: `line` is 0 when it belongs to no line. A program prints
 * "path:line: message", and the hint on a line of its own. */
struct config_problem {
	int line;
	char *message;
	char *hint;              /* or NULL */
	bool warning;            /* it works, but look */
};

struct config_problems {
	struct config_problem *items;
	size_t count, cap;
};

/* Which file: `given` (from -c) or $D1KEEP_CONFIG, else ./backup.conf, else
 * /etc/d1keep/backup.conf. A string of its own; ERR_USAGE with a hint when
 * there is none. */
char *config_find(const char *given, struct err *err);

/* Read and check the file. NULL when it cannot be used; then `problems` (zeroed
 * before the first use) has at least one entry, in the order of the lines.
 * Relative paths in it are relative to the file's folder. libConfuse keeps its
 * state in globals: one thread at a time. */
struct config *config_read(const char *path, struct config_problems *problems);

/* The same, but the text comes from another file: as if it stood at `path`. So
 * d1keepd has its children work by the configuration it has accepted, although
 * the file may have been broken since. */
struct config *config_read_from(const char *path, const char *text_path,
    struct config_problems *problems);
void config_free(struct config *config);

/* What goes beyond the text: secrets that are missing or readable by others, CA
 * and key files, folders and source files that are not there, a configuration
 * that anyone may change. Line numbers are those of the section. Places
 * "credential:…" are skipped outside a service that has credentials; folders
 * that d1keep makes itself (state_dir, a directory bucket) need only not be
 * something else. Appends to `problems`; used by `d1keep check` and `d1keepd` at
 * start. */
void config_check_surroundings(const struct config *config, struct config_problems *problems);

void config_problems_release(struct config_problems *problems);

/* When runs of a scheduled database are due. The zone's name is the config's. */
struct slots config_slots(const struct config_database *database);

#endif

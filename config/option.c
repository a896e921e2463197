#include "config/option.h"

#include <string.h>

#include "config/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order of the enums in config/config.h. */
static const char *const bucket_types[] = { "directory", "r2", NULL };
static const char *const sources[] = { "d1", "wrangler", "sqlite", NULL };
static const char *const consistencies[] = { "snapshot", "best-effort", NULL };
static const char *const fallbacks[] = { "none", "export", NULL };
static const char *const verifies[] = { "none", "hashes", "replay", NULL };
static const char *const notify_types[] = { "webhook", "exec", "heartbeat", NULL };
static const char *const events[] = { "failure", "recovery", "shrink", "stale", NULL };
static const char *const accesses[] = { "owner", "group", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

#define DIRECTORY (1u << CONFIG_BUCKET_DIRECTORY)
#define R2 (1u << CONFIG_BUCKET_R2)
#define WEBHOOK (1u << CONFIG_NOTIFY_WEBHOOK)
#define EXEC (1u << CONFIG_NOTIFY_EXEC)
#define HEARTBEAT (1u << CONFIG_NOTIFY_HEARTBEAT)
#define D1 (1u << CONFIG_SOURCE_D1)
#define WRANGLER (1u << CONFIG_SOURCE_WRANGLER)
#define SQLITE (1u << CONFIG_SOURCE_SQLITE)

#define FILE_FIELD(f) .sections = IN(SECTION_FILE), .offset = offsetof(struct config, f)
#define ACCOUNT_FIELD(f) .sections = IN(SECTION_ACCOUNT), .offset = offsetof(struct config_account, f)
#define BUCKET_FIELD(f) .sections = IN(SECTION_BUCKET), .offset = offsetof(struct config_bucket, f)
#define NOTIFY_FIELD(f) .sections = IN(SECTION_NOTIFY), .offset = offsetof(struct config_notify, f)
#define DATABASE_FIELD(f) .sections = IN(SECTION_DATABASE), .offset = offsetof(struct config_database, f)
#define POLICY_FIELD(f) .sections = IN(SECTION_ENVIRONMENT) | IN(SECTION_DATABASE), \
	.offset = offsetof(struct config_policy, f)
#define NUMBER(default_, low_, high_) .kind = OPTION_NUMBER, .fallback = default_, \
	.low = low_, .high = high_

const struct option option_table[] = {
	{ "state_dir", FILE_FIELD(state_dir), .kind = OPTION_PATH, .fallback = "/var/lib/d1keep",
	  .help = "the folder where d1keepd notes what ran when" },
	{ "timezone", FILE_FIELD(timezone), .kind = OPTION_ZONE, .fallback = "UTC",
	  .help = "the time zone of schedules" },
	{ "jobs", FILE_FIELD(jobs), NUMBER("2", 1, 64),
	  .help = "how many backups d1keepd runs at once" },
	{ "workers", FILE_FIELD(workers), NUMBER("0", 0, 256),
	  .help = "threads of one backup that compress and upload; 0: one a core, 6 at least and 8 at most" },
	{ "control_socket", FILE_FIELD(control_socket), .kind = OPTION_SOCKET,
	  .help = "d1keepd's Unix socket; default: control.sock in state_dir; \"\": none" },
	{ "control_access", FILE_FIELD(control_access), .kind = OPTION_CHOICE, .choices = accesses,
	  .fallback = "owner", .help = "who may use the socket: \"owner\", or \"group\" as well" },
	{ "listen", FILE_FIELD(listen), .kind = OPTION_ADDRESS,
	  .help = "address and port for d1keepd's page and API, such as \"127.0.0.1:8417\"" },
	{ "control_token", FILE_FIELD(control_token), .kind = OPTION_SECRET,
	  .help = "where the token lies that listen asks for" },
	{ "control_read_token", FILE_FIELD(control_read_token), .kind = OPTION_SECRET,
	  .help = "where a second token lies that may only look" },
	{ "log_format", FILE_FIELD(log_format), .kind = OPTION_CHOICE, .choices = log_formats,
	  .fallback = "text", .help = "how d1keepd logs: \"text\" or \"json\"" },
	{ "sign_key", FILE_FIELD(sign_key), .kind = OPTION_SECRET,
	  .help = "where the private key lies that signs manifests" },
	{ "trusted_keys", FILE_FIELD(trusted_keys), .kind = OPTION_KEYS,
	  .help = "public keys whose signatures count" },

	{ "id", ACCOUNT_FIELD(id), .kind = OPTION_HEX32, .needed_for = OPTION_NEEDED,
	  .help = "the account's id, 32 hexadecimal digits" },
	{ "api_token", ACCOUNT_FIELD(api_token), .kind = OPTION_SECRET, .needed_for = OPTION_NEEDED,
	  .help = "where the API token lies: file:PATH, env:NAME or credential:NAME" },
	{ "api_base", ACCOUNT_FIELD(api_base), .kind = OPTION_URL,
	  .help = "another address of the API" },
	{ "ca_file", ACCOUNT_FIELD(ca_file), .kind = OPTION_PATH,
	  .help = "certificates to trust instead of the system's" },
	{ "request_budget", ACCOUNT_FIELD(request_budget), NUMBER("1200", 1, 100000),
	  .help = "API requests in five minutes, at most" },

	{ "type", BUCKET_FIELD(type), .kind = OPTION_CHOICE, .choices = bucket_types,
	  .needed_for = OPTION_NEEDED, .help = "\"r2\" (any S3) or \"directory\"" },
	{ "path", BUCKET_FIELD(path), .kind = OPTION_PATH, .only_for = DIRECTORY,
	  .needed_for = DIRECTORY, .help = "the directory" },
	{ "account", BUCKET_FIELD(account), .kind = OPTION_ACCOUNT, .only_for = R2,
	  .help = "the account that owns the bucket" },
	{ "endpoint", BUCKET_FIELD(endpoint), .kind = OPTION_URL, .only_for = R2,
	  .help = "the S3 endpoint, where it is not the account's own" },
	{ "bucket", BUCKET_FIELD(bucket), .kind = OPTION_NAME, .only_for = R2,
	  .help = "the bucket's name there, if not the title" },
	{ "region", BUCKET_FIELD(region), .kind = OPTION_NAME, .fallback = "auto", .only_for = R2,
	  .help = "the S3 region" },
	{ "access_key_id", BUCKET_FIELD(access_key_id), .kind = OPTION_SECRET, .only_for = R2,
	  .needed_for = R2, .help = "where the access key id lies" },
	{ "secret_access_key", BUCKET_FIELD(secret_access_key), .kind = OPTION_SECRET, .only_for = R2,
	  .needed_for = R2, .help = "where the secret access key lies" },
	{ "session_token", BUCKET_FIELD(session_token), .kind = OPTION_SECRET, .only_for = R2,
	  .help = "where the token of temporary credentials lies" },
	{ "ca_file", BUCKET_FIELD(ca_file), .kind = OPTION_PATH, .only_for = R2,
	  .help = "certificates to trust instead of the system's" },
	{ "prefix", BUCKET_FIELD(prefix), .kind = OPTION_PREFIX, .fallback = "",
	  .help = "a folder within the bucket" },

	{ "type", NOTIFY_FIELD(type), .kind = OPTION_CHOICE, .choices = notify_types,
	  .needed_for = OPTION_NEEDED, .help = "\"webhook\", \"exec\" or \"heartbeat\"" },
	{ "url", NOTIFY_FIELD(url), .kind = OPTION_SECRET_URL, .only_for = WEBHOOK | HEARTBEAT,
	  .needed_for = WEBHOOK | HEARTBEAT,
	  .help = "an address, or where it lies: file:PATH, env:NAME or credential:NAME" },
	{ "secret", NOTIFY_FIELD(secret), .kind = OPTION_SECRET, .only_for = WEBHOOK,
	  .help = "where the key lies that signs the body" },
	{ "command", NOTIFY_FIELD(command), .kind = OPTION_PATH, .only_for = EXEC,
	  .needed_for = EXEC, .help = "a program; the event is its standard input" },
	{ "environment", NOTIFY_FIELD(environment), .kind = OPTION_NAME, .needed_for = HEARTBEAT,
	  .help = "only what concerns this environment" },
	{ "events", NOTIFY_FIELD(events), .kind = OPTION_WORDS, .choices = events,
	  .fallback = "failure recovery shrink stale", .only_for = WEBHOOK | EXEC,
	  .help = "what is told" },
	{ "repeat_after", NOTIFY_FIELD(repeat_after), .kind = OPTION_SPAN, .fallback = "24h",
	  .only_for = WEBHOOK | EXEC, .help = "what goes on is told again after this" },
	{ "ca_file", NOTIFY_FIELD(ca_file), .kind = OPTION_PATH, .only_for = WEBHOOK | HEARTBEAT,
	  .help = "certificates to trust instead of the system's" },

	{ "account", POLICY_FIELD(account), .kind = OPTION_ACCOUNT,
	  .help = "the account that owns the databases" },
	{ "bucket", POLICY_FIELD(bucket), .kind = OPTION_BUCKET,
	  .help = "the bucket that takes the snapshots" },
	{ "schedule", POLICY_FIELD(schedule), .kind = OPTION_SCHEDULE,
	  .help = "when d1keepd takes a snapshot: five cron fields or @hourly, @daily …" },
	{ "timezone", POLICY_FIELD(timezone), .kind = OPTION_ZONE,
	  .help = "the time zone of the schedule" },
	{ "consistency", POLICY_FIELD(consistency), .kind = OPTION_CHOICE, .choices = consistencies,
	  .fallback = "snapshot", .help = "\"snapshot\", or \"best-effort\" for one that never rests" },
	{ "attempts", POLICY_FIELD(attempts), NUMBER("3", 1, 100),
	  .help = "readings of a database that changes meanwhile" },
	{ "fallback", POLICY_FIELD(fallback), .kind = OPTION_CHOICE, .choices = fallbacks,
	  .fallback = "none",
	  .help = "\"export\": when all attempts failed, Cloudflare's own export, which blocks the database" },
	{ "timeout", POLICY_FIELD(timeout), NUMBER("3600", 0, 604800),
	  .help = "seconds a backup may take; 0: any" },
	{ "spread", POLICY_FIELD(spread), NUMBER("0", 0, 86400),
	  .help = "seconds over which the due times of databases are spread" },
	{ "blackout", POLICY_FIELD(blackout), .kind = OPTION_BLACKOUT,
	  .help = "when nothing begins, such as \"mon-fri 08:00-18:00, 23:30-00:30\"" },
	{ "retries", POLICY_FIELD(retries), NUMBER("2", 0, 100),
	  .help = "how often a failed run is tried again before its next due time" },
	{ "retry_delay", POLICY_FIELD(retry_delay), NUMBER("300", 1, 86400),
	  .help = "seconds before the first retry; doubles each time, up to an hour" },
	{ "verify", POLICY_FIELD(verify), .kind = OPTION_CHOICE, .choices = verifies,
	  .fallback = "replay", .help = "after each backup: \"replay\", \"hashes\" or \"none\"" },
	{ "max_age", POLICY_FIELD(max_age), .kind = OPTION_SPAN,
	  .help = "a newest verified snapshot older than this is an alarm" },
	{ "garbage_grace", POLICY_FIELD(garbage_grace), NUMBER("86400", 0, 31536000),
	  .help = "seconds before a chunk that no snapshot names is removed" },
	{ "keep_last", POLICY_FIELD(keep_last), NUMBER("0", 0, 100000),
	  .help = "keep the newest N snapshots" },
	{ "keep_hourly", POLICY_FIELD(keep_hourly), NUMBER("0", 0, 100000),
	  .help = "keep one an hour, for N hours" },
	{ "keep_daily", POLICY_FIELD(keep_daily), NUMBER("0", 0, 100000),
	  .help = "keep one a day, for N days" },
	{ "keep_weekly", POLICY_FIELD(keep_weekly), NUMBER("0", 0, 100000),
	  .help = "keep one a week, for N weeks" },
	{ "keep_monthly", POLICY_FIELD(keep_monthly), NUMBER("0", 0, 100000),
	  .help = "keep one a month, for N months" },
	{ "keep_yearly", POLICY_FIELD(keep_yearly), NUMBER("0", 0, 100000),
	  .help = "keep one a year, for N years" },
	{ "keep_within", POLICY_FIELD(keep_within), .kind = OPTION_SPAN,
	  .help = "keep every snapshot younger than this, such as \"30d\"" },

	{ "source", DATABASE_FIELD(source), .kind = OPTION_CHOICE, .choices = sources,
	  .fallback = "d1", .help = "\"d1\", \"wrangler\" or \"sqlite\"" },
	{ "id", DATABASE_FIELD(id), .kind = OPTION_TEXT, .only_for = D1 | WRANGLER,
	  .needed_for = D1 | WRANGLER, .help = "the database's id, a UUID (wrangler: or its binding)" },
	{ "project", DATABASE_FIELD(project), .kind = OPTION_PATH, .only_for = WRANGLER,
	  .needed_for = WRANGLER, .help = "the folder of wrangler's configuration file" },
	{ "persist_to", DATABASE_FIELD(persist_to), .kind = OPTION_PATH, .only_for = WRANGLER,
	  .help = "wrangler's --persist-to, where it is used" },
	{ "path", DATABASE_FIELD(path), .kind = OPTION_PATH, .only_for = SQLITE,
	  .needed_for = SQLITE, .help = "the SQLite file" },
};
const size_t option_count = COUNT(option_table);

static const struct { const char *name; enum section_kind parent; } sections[SECTION_KINDS] = {
	[SECTION_FILE] = { "", SECTION_KINDS },
	[SECTION_ACCOUNT] = { "account", SECTION_FILE },
	[SECTION_BUCKET] = { "bucket", SECTION_FILE },
	[SECTION_NOTIFY] = { "notify", SECTION_FILE },
	[SECTION_ENVIRONMENT] = { "environment", SECTION_FILE },
	[SECTION_DATABASE] = { "database", SECTION_ENVIRONMENT },
};

const struct option *option_find(enum section_kind section, const char *name)
{
	for (size_t i = 0; i < option_count; i++) {
		if ((option_table[i].sections & IN(section)) != 0 &&
		    strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	}
	return NULL;
}

bool option_is_inherited(const struct option *option)
{
	return (option->sections & IN(SECTION_ENVIRONMENT)) != 0;
}

bool option_is_string(const struct option *option)
{
	return option->kind < OPTION_KEYS;
}

int option_choice(const struct option *option, const char *text)
{
	for (int i = 0; option->choices[i] != NULL; i++) {
		if (strcmp(option->choices[i], text) == 0)
			return i;
	}
	return -1;
}

const char *section_name(enum section_kind section)
{
	return sections[section].name;
}

enum section_kind section_find(enum section_kind parent, const char *name, bool nearly)
{
	for (int i = SECTION_FILE + 1; i < SECTION_KINDS; i++) {
		if (sections[i].parent == parent && (strcmp(sections[i].name, name) == 0 ||
		    (nearly && word_is_near(sections[i].name, name))))
			return (enum section_kind)i;
	}
	return SECTION_FILE;
}

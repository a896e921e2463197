/*
 * What no reading of the text can tell: whether the things it names are there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "config/config.h"
#include "config/problem.h"
#include "config/value.h"

struct subject {
	const char *what, *name;     /* `account "taco"`; NULL: the file's own options */
	int line;
	struct config_problems *problems;
};

static void complain(const struct subject *s, const char *option, struct err *err)
{
	(void)err_wrap(err, "%s", option);
	if (s->what != NULL)
		(void)err_wrap(err, "%s \"%s\"", s->what, s->name);
	problem_add_err(s->problems, s->line, err);
}

/* Loaded and forgotten. A credential exists only in a running service. */
static void check_secret(const struct subject *s, const char *option, const char *place)
{
	struct secret secret = { 0 };
	struct err err = ERR_INIT;

	if (place == NULL ||
	    (strncmp(place, "credential:", 11) == 0 && getenv("CREDENTIALS_DIRECTORY") == NULL))
		return;
	if (secret_load(&secret, place, &err) != 0)
		complain(s, option, &err);
	secret_release(&secret);
}

static void check_file(const struct subject *s, const char *option, const char *path)
{
	struct err err = ERR_INIT;
	struct stat st;

	if (path == NULL)
		return;
	if (stat(path, &st) != 0 || access(path, R_OK) != 0)
		(void)err_sys(&err, errno, "\"%s\"", path);
	else if (!S_ISREG(st.st_mode))
		(void)err_set(&err, ERR_FAILED, "\"%s\" is not a file", path);
	else
		return;
	complain(s, option, &err);
}

static void check_folder(const struct subject *s, const char *option, const char *path,
    bool may_be_missing)
{
	struct err err = ERR_INIT;
	struct stat st;

	if (path == NULL)
		return;
	if (stat(path, &st) != 0) {
		if (errno == ENOENT && may_be_missing)
			return;
		(void)err_sys(&err, errno, "\"%s\"", path);
	} else if (!S_ISDIR(st.st_mode)) {
		(void)err_set(&err, ERR_FAILED, "\"%s\" is not a folder", path);
	} else if (access(path, may_be_missing ? R_OK | W_OK | X_OK : R_OK | X_OK) != 0) {
		(void)err_sys(&err, errno, "\"%s\"", path);
	} else {
		return;
	}
	complain(s, option, &err);
}

/* Who may write here may name another bucket, and other keys to trust. */
static void check_itself(const struct config *config, struct config_problems *problems)
{
	struct stat st;

	if (stat(config->path, &st) != 0 || (st.st_mode & S_IWOTH) == 0)
		return;
	problem_add(problems, 0, "\"%s\" can be changed by everyone", config->path);
	problem_hint(problems, "chmod o-w %s", config->path);
}

static void check_top(const struct config *config, struct config_problems *problems)
{
	struct subject s = { NULL, NULL, 0, problems };

	check_itself(config, problems);
	check_folder(&s, "state_dir", config->state_dir, true);
	check_secret(&s, "control_token", config->control_token);
	check_secret(&s, "control_read_token", config->control_read_token);
	check_secret(&s, "sign_key", config->sign_key);
	for (size_t i = 0; i < config->trusted_key_count; i++) {
		if (strncmp(config->trusted_keys[i], "ed25519:", 8) != 0)
			check_file(&s, "trusted_keys", config->trusted_keys[i]);
	}
}

static void check_account(const struct config_account *account, struct config_problems *problems)
{
	struct subject s = { "account", account->name, account->line, problems };

	check_secret(&s, "api_token", account->api_token);
	check_file(&s, "ca_file", account->ca_file);
}

static void check_bucket(const struct config_bucket *bucket, struct config_problems *problems)
{
	struct subject s = { "bucket", bucket->name, bucket->line, problems };

	check_folder(&s, "path", bucket->path, true);
	check_secret(&s, "access_key_id", bucket->access_key_id);
	check_secret(&s, "secret_access_key", bucket->secret_access_key);
	check_secret(&s, "session_token", bucket->session_token);
	check_file(&s, "ca_file", bucket->ca_file);
}

static void warn(const struct subject *s, const char *what)
{
	problem_add(s->problems, s->line, "%s \"%s\": %s", s->what, s->name, what);
	problem_warn(s->problems);
}

/* Said without quoting it: such an address is a secret. */
static void check_url(const struct subject *s, const char *url)
{
	if (strncmp(url, "http://", 7) == 0 && !value_is_local(url + 7))
		warn(s, "url: what is told goes over the network unencrypted");
	else if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		problem_add(s->problems, s->line,
		    "%s \"%s\": url: what lies there does not begin with https:// or http://",
		    s->what, s->name);
}

static void check_url_place(const struct subject *s, const char *place)
{
	struct secret url = { 0 };

	if (place == NULL)
		return;
	if (strncmp(place, "http:", 5) == 0 || strncmp(place, "https:", 6) == 0) {
		check_url(s, place);
		return;
	}
	check_secret(s, "url", place);
	if (secret_load(&url, place, NULL) == 0)
		check_url(s, url.bytes);
	secret_release(&url);
}

static void check_command(const struct subject *s, const char *path)
{
	struct err err = ERR_INIT;

	check_file(s, "command", path);
	if (path == NULL || access(path, R_OK) != 0 || access(path, X_OK) == 0)
		return;
	(void)err_sys(&err, errno, "\"%s\" cannot be run", path);
	(void)err_hint(&err, "chmod +x %s", path);
	complain(s, "command", &err);
}

/* One that no run can ever make well is silent for ever. */
static void check_heartbeat(const struct subject *s, const struct config *config,
    const struct config_notify *notify)
{
	if (notify->type != CONFIG_NOTIFY_HEARTBEAT || notify->environment == NULL)
		return;
	for (size_t i = 0; i < config->database_count; i++) {
		const struct config_database *d = config->databases[i];

		if (strcmp(d->environment->name, notify->environment) == 0 &&
		    (d->policy.schedule != NULL || d->policy.max_age != NULL))
			return;
	}
	warn(s, "no database of its environment has a schedule or a max_age: it is never asked");
}

static void check_notify(const struct config *config, const struct config_notify *notify,
    struct config_problems *problems)
{
	struct subject s = { "notify", notify->name, notify->line, problems };

	check_url_place(&s, notify->url);
	check_secret(&s, "secret", notify->secret);
	check_command(&s, notify->command);
	check_heartbeat(&s, config, notify);
	check_file(&s, "ca_file", notify->ca_file);
}

static void check_database(const struct config_database *database,
    struct config_problems *problems)
{
	AUTO_STR name = mem_printf("%s/%s", database->environment->name, database->name);
	struct subject s = { "database", name, database->line, problems };

	check_folder(&s, "project", database->project, false);
	check_folder(&s, "persist_to", database->persist_to, false);
	check_file(&s, "path", database->path);
}

void config_check_surroundings(const struct config *config, struct config_problems *problems)
{
	size_t before = problems->count;

	check_top(config, problems);
	for (size_t i = 0; i < config->account_count; i++)
		check_account(config->accounts[i], problems);
	for (size_t i = 0; i < config->bucket_count; i++)
		check_bucket(config->buckets[i], problems);
	for (size_t i = 0; i < config->notify_count; i++)
		check_notify(config, config->notifies[i], problems);
	for (size_t i = 0; i < config->database_count; i++)
		check_database(config->databases[i], problems);
	problem_sort(problems, before);
}

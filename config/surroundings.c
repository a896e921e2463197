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

static void check_notify(const struct config_notify *notify, struct config_problems *problems)
{
	struct subject s = { "notify", notify->name, notify->line, problems };

	if (notify->url != NULL && strncmp(notify->url, "http", 4) != 0)
		check_secret(&s, "url", notify->url);
	check_secret(&s, "secret", notify->secret);
	check_file(&s, "command", notify->command);
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
		check_notify(config->notifies[i], problems);
	for (size_t i = 0; i < config->database_count; i++)
		check_database(config->databases[i], problems);
	problem_sort(problems, before);
}

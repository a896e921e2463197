/* d1keep init: a first configuration, from what the account or a project holds. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "base/tempdir.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/init.h"
#include "cli/keypair.h"
#include "config/config.h"
#include "schedule/zone.h"
#include "setup/wrangler.h"

#define MAX_TEXT (16u << 20)

enum { OPT_ACCOUNT = 256, OPT_TOKEN, OPT_ENVIRONMENT, OPT_WRANGLER, OPT_KEYGEN, OPT_CREDENTIALS,
	OPT_FORCE, OPT_API_BASE, OPT_ENDPOINT, OPT_CA_FILE };

static const struct option_def options[] = {
	{ OPT_ACCOUNT, "account", "ID", "the account's id, 32 hexadecimal digits" },
	{ OPT_TOKEN, "token", "PLACE", "where its API token lies: file:PATH or env:NAME" },
	{ OPT_WRANGLER, "wrangler", "DIR", "take ids and names from this project's configuration" },
	{ 'o', "output", "FILE", "write this file (./backup.conf)" },
	{ OPT_ENVIRONMENT, "environment", "NAME", "only this environment (may be given again)" },
	{ OPT_KEYGEN, "keygen", NULL, "make a signing key beside it, too: sign.pem" },
	{ OPT_CREDENTIALS, "credentials", NULL, "for the service: secrets are systemd's credentials" },
	{ OPT_FORCE, "force", NULL, "an existing file may be replaced" },
	{ OPT_API_BASE, "api-base", "URL", "another address of the API" },
	{ OPT_ENDPOINT, "endpoint", "URL", "the S3 endpoint, if it is not the account's at R2" },
	{ OPT_CA_FILE, "ca-file", "FILE", "certificates to trust instead of the system's" },
	{ 0, NULL, NULL, NULL },
};

/* ---- options ---- */

static void take_environment(struct init *init, const char *name)
{
	init->environments = mem_grow(init->environments, init->environment_count + 1,
	    &init->environment_cap, sizeof(*init->environments));
	init->environments[init->environment_count++] = name;
	init->environments[init->environment_count] = NULL;
}

static void take_option(struct init *init, int id, const char *value)
{
	switch (id) {
	case OPT_ACCOUNT: init->account = value; break;
	case OPT_TOKEN: init->token = value; break;
	case OPT_WRANGLER: init->wrangler = value; break;
	case OPT_ENVIRONMENT: take_environment(init, value); break;
	case OPT_KEYGEN: init->keygen = true; break;
	case OPT_CREDENTIALS: init->credentials = true; break;
	case OPT_FORCE: init->force = true; break;
	case OPT_API_BASE: init->api_base = value; break;
	case OPT_ENDPOINT: init->endpoint = value; break;
	case OPT_CA_FILE: init->ca_file = value; break;
	default: init->output = value; break;
	}
}

static bool is_account(const char *id)
{
	return strlen(id) == 32 && strspn(id, "0123456789abcdefABCDEF") == 32;
}

static int check_options(const struct command *command, const struct init *init, int rest_count)
{
	if (rest_count > 0)
		return usage_error(command, "init takes options only");
	if (init->account == NULL && init->wrangler == NULL)
		return usage_error(command, "which databases? (--account ID --token PLACE, or --wrangler DIR)");
	if (init->account != NULL && !is_account(init->account))
		return usage_error(command, "--account is an account's id, 32 hexadecimal digits");
	if (init->account != NULL && init->token == NULL && init->wrangler == NULL)
		return usage_error(command, "where does the account's token lie? (--token file:PATH or env:NAME)");
	if (init->wrangler != NULL && init->environment_count > 0)
		return usage_error(command, "--environment and --wrangler do not go together: the project has its environments");
	return EXIT_DONE;
}

/* A relative path begins here, and in the configuration at its own folder. */
static int place_token(struct init *init, struct err *err)
{
	char real[PATH_MAX];

	if (init->token == NULL || strncmp(init->token, "file:", 5) != 0) {
		init->token_place = mem_strdup(init->token);
		return 0;
	}
	if (realpath(init->token + 5, real) == NULL)
		return err_sys(err, errno, "--token: \"%s\"", init->token + 5);
	init->token_place = mem_printf("file:%s", real);
	return 0;
}

static int find_folder(struct init *init, struct err *err)
{
	const char *slash = strrchr(init->output, '/');
	AUTO_STR folder = slash == NULL ? mem_strdup(".") : slash == init->output ?
	    mem_strdup("/") : mem_strndup(init->output, (size_t)(slash - init->output));

	init->folder = realpath(folder, NULL);
	if (init->folder == NULL) {
		(void)err_sys(err, errno, "--output: the folder \"%s\"", folder);
		return err_hint(err, "make it first: mkdir -p");
	}
	if (init->force || access(init->output, F_OK) != 0)
		return 0;
	(void)err_set(err, ERR_REFUSED, "\"%s\" exists already", init->output);
	return err_hint(err, "--force replaces it; --output FILE writes another");
}

/* ---- the draft ---- */

static int ask_wrangler(struct init *init, struct json_object **ret_document, struct err *err)
{
	AUTO_STR project = realpath(init->wrangler, NULL);
	const char *account;

	if (project == NULL)
		return err_sys(err, errno, "--wrangler: \"%s\"", init->wrangler);
	if (init_read_wrangler(project, ret_document, err) != 0)
		return -1;
	account = wrangler_account(*ret_document);
	if (init->account == NULL && account != NULL && is_account(account))
		init->account = account;
	return wrangler_take(&init->draft, *ret_document, project, init->account != NULL, err);
}

static int make_draft(struct init *init, struct json_object **ret_document, struct err *err)
{
	if (init->wrangler != NULL && ask_wrangler(init, ret_document, err) != 0)
		return -1;
	if (init->account != NULL && init->token != NULL &&
	    init_ask_account(init, init->wrangler == NULL, err) != 0)
		return -1;
	draft_sort(&init->draft);
	if (init->draft.count > 0)
		return 0;
	if (init->draft.left_out_count > 0) {
		(void)err_set(err, ERR_NOT_FOUND, "no database is left to write: %zu belong elsewhere, %s first",
		    init->draft.left_out_count, init->draft.left_out[0]);
		return err_hint(err, init->wrangler != NULL ? "--account ID says whose the project's environments are" :
		    "another --environment, or none");
	}
	return err_set(err, ERR_NOT_FOUND, "account %s has no D1 databases", init->account);
}

/* ---- the text ---- */

/* The machine's own zone, where it has said one. */
static const char *host_zone(char room[PATH_MAX])
{
	static const char folder[] = "/zoneinfo/";
	ssize_t n = readlink("/etc/localtime", room, PATH_MAX - 1);
	const char *name;

	if (n <= 0)
		return "UTC";
	room[n] = '\0';
	name = strstr(room, folder);
	if (name == NULL || strcmp(name + strlen(folder), "Etc/UTC") == 0 ||
	    !zone_exists(name + strlen(folder)))
		return "UTC";
	return name + strlen(folder);
}

/* As it stands in the configuration: a file of the folder may be a credential. */
static char *written_token(const struct init *init)
{
	const char *place = init->token_place, *slash;

	if (place == NULL)
		return init->credentials ? mem_strdup("credential:api.token") :
		    mem_printf("file:%s/api.token", init->folder);
	slash = strrchr(place, '/');
	if (!init->credentials || slash == NULL)
		return mem_strdup(place);
	return mem_printf("credential:%s", slash + 1);
}

static int make_text(const struct init *init, const char *public_key, struct buf *ret,
    struct err *err)
{
	char room[PATH_MAX], date[STAMP_ISO_SIZE];
	AUTO_STR token = written_token(init);
	AUTO_STR sign_key = init->credentials ? mem_strdup("credential:sign.pem") :
	    mem_printf("file:%s/sign.pem", init->folder);
	bool is_system = strncmp(init->folder, "/etc", 4) == 0;

	(void)stamp_iso(clock_now(&clock_system), date);
	date[10] = '\0';
	return draft_write(&init->draft, &(struct draft_places){
		.account_id = init->account, .api_base = init->api_base, .ca_file = init->ca_file,
		.token = token, .token_is_to_come = init->token_place == NULL,
		.folder = init->folder, .credentials = init->credentials,
		.sign_key = public_key != NULL ? sign_key : NULL, .public_key = public_key,
		.endpoint = init->endpoint, .timezone = host_zone(room), .date = date,
		.directory = is_system ? "/var/lib/d1keep/bucket" : "d1keep-backups",
	}, ret, err);
}

/* Read as it will be read: what d1keep would refuse is not written. */
static int check_text(const struct init *init, const struct buf *text, struct err *err)
{
	struct config_problems problems = { .count = 0 };
	char *folder = tempdir_make(err);
	AUTO_STR path = NULL;
	struct config *config = NULL;

	if (folder == NULL)
		return -1;
	path = mem_printf("%s/backup.conf", folder);
	if (file_write(path, text->data, text->len, 0600, false, err) == 0) {
		config = config_read_from(init->output, path, &problems);
		if (config == NULL)
			(void)err_set(err, ERR_USAGE, "what was found makes no configuration: %s",
			    problems.count > 0 ? problems.items[0].message : "it cannot be read");
	}
	config_problems_release(&problems);
	tempdir_remove(folder);
	config_free(config);
	return config != NULL ? 0 : -1;
}

/* A key that is there stays: it may have signed snapshots. */
static int make_key(struct init *init, char public_key[SIGN_PUBLIC_TEXT_SIZE], struct err *err)
{
	AUTO_STR path = mem_printf("%s/sign.pem", init->folder);

	if (access(path, F_OK) != 0)
		return keypair_write(path, public_key, err);
	if (keypair_public(path, public_key, err) != 0)
		return -1;
	log_info("the signing key that is there already is used: %s", path);
	return 0;
}

static int write_files(struct init *init, struct err *err)
{
	AUTO_BUF text = BUF_INIT(MAX_TEXT);
	char public_key[SIGN_PUBLIC_TEXT_SIZE];

	if (init->keygen && make_key(init, public_key, err) != 0)
		return -1;
	if (make_text(init, init->keygen ? public_key : NULL, &text, err) != 0 ||
	    check_text(init, &text, err) != 0)
		return -1;
	if (file_write(init->output, text.data, text.len, 0644, !init->force, err) == 0)
		return 0;
	if (err->code == ERR_EXISTS)
		err->code = ERR_REFUSED;
	return -1;
}

/* ---- what is told ---- */

static void print_environments(const struct init *init)
{
	static const char *const headings[] = { "ENVIRONMENT", "BUCKET", "DATABASES" };
	struct columns *columns = columns_new(headings, 3);

	for (size_t i = 0; i < init->draft.count; i++) {
		const struct draft_environment *e = &init->draft.environments[i];
		AUTO_BUF names = BUF_INIT(400);

		for (size_t j = 0; j < e->count; j++) {
			if (buf_addf(&names, NULL, "%s%s", j > 0 ? ", " : "", e->databases[j].title) != 0) {
				(void)buf_adds(&names, " …", NULL);
				break;
			}
		}
		columns_add(columns, e->name);
		columns_add(columns, e->is_local ? "local (a directory)" :
		    e->bucket != NULL ? e->bucket : "to be made");
		columns_add(columns, buf_str(&names));
	}
	columns_print(columns);
	columns_free(columns);
}

/* For `systemctl edit`: each secret of the folder, under its file's name. */
static void print_credentials(const struct init *init)
{
	(void)printf("\nFor systemctl edit d1keepd, and systemctl edit d1keep-backup@:\n[Service]\n");
	if (init->keygen)
		(void)printf("LoadCredential=sign.pem:%s/sign.pem\n", init->folder);
	if (init->token_place != NULL && strncmp(init->token_place, "file:", 5) == 0)
		(void)printf("LoadCredential=%s:%s\n", strrchr(init->token_place, '/') + 1,
		    init->token_place + 5);
	else if (init->token_place == NULL && init->account != NULL)
		(void)printf("LoadCredential=api.token:%s/api.token\n", init->folder);
	for (size_t i = 0; i < init->draft.count; i++) {
		const struct draft_environment *e = &init->draft.environments[i];
		AUTO_STR name = e->bucket != NULL ? mem_strdup(e->bucket) :
		    mem_printf("d1-backups-%s", e->name);

		if (!e->is_local)
			(void)printf("LoadCredential=%s.id:%s/%s.id\nLoadCredential=%s.key:%s/%s.key\n",
			    name, init->folder, name, name, init->folder, name);
	}
}

static void tell(const struct init *init)
{
	bool remote = false;

	for (size_t i = 0; i < init->draft.count; i++)
		remote = remote || !init->draft.environments[i].is_local;
	print_environments(init);
	if (init->draft.left_out_count > 0)
		log_info("left out: %zu %s, named at the end of the file", init->draft.left_out_count,
		    plural((int64_t)init->draft.left_out_count, "database", "databases"));
	if (init->credentials)
		print_credentials(init);
	log_info("wrote %s%s; look at what is marked with \"guessed\"%s", init->output,
	    init->keygen ? " (sign.pem beside it: keep it secret, keep a copy)" : "",
	    remote ? ", and put the keys of the buckets where it says" : "");
	if (init->credentials)
		log_info("then, as root: export CREDENTIALS_DIRECTORY=%s, where all of them are to lie", init->folder);
	log_info("then: d1keep -c %s check && d1keep -c %s doctor", init->output, init->output);
}

static int run_init(struct init *init)
{
	struct json_object *document = NULL;
	struct err err = ERR_INIT;
	int status = EXIT_DONE;

	if (find_folder(init, &err) != 0 || place_token(init, &err) != 0 ||
	    make_draft(init, &document, &err) != 0 || write_files(init, &err) != 0)
		status = fail(&err);
	else
		tell(init);
	json_free(&document);
	draft_release(&init->draft);
	free(init->folder);
	free(init->token_place);
	return finish_output(status);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct init init = { .output = cli->config_path != NULL ? cli->config_path : "backup.conf" };
	struct args args;
	const char *value;
	int id, status = EXIT_USAGE;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		take_option(&init, id, value);
	args_release(&args);
	if (id == 0)
		status = check_options(command, &init, args.rest_count);
	if (status == EXIT_DONE)
		status = run_init(&init);
	free(init.environments);
	return status;
}

const struct command command_init = {
	.name = "init",
	.arguments = "",
	.summary = "Write a first configuration, from what the account or a project holds.",
	.details =
	    "Asks Cloudflare for the account's databases and buckets. Databases are put into\n"
	    "environments by their names (auth-production, staging_auth), each environment\n"
	    "gets the bucket whose name fits; what was guessed is marked in the file. The token\n"
	    "needs D1 Read, and for the buckets' names Workers R2 Storage Read.\n\n"
	    "--wrangler DIR takes databases from wrangler.json, .jsonc or .toml: those of the\n"
	    "top level are the environment \"local\" (source wrangler), those of env.NAME the\n"
	    "environment NAME, with the file's account_id or --account. wrangler itself reads\n"
	    "the file, from the project or PATH; without it only JSON can be read.\n\n"
	    "No secret is written: a PLACE says where one lies.",
	.options = options,
	.run = run,
};

#include "cli/session.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/stamp.h"
#include "cli/confirm.h"
#include "cli/nearest.h"
#include "storage/sign.h"

/* They wait for the bucket more than they compute; each holds a chunk. */
#define LEAST_WORKERS 6
#define MAX_WORKERS 8

static void print_problems(const char *path, const struct config_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *p = &problems->items[i];

		if (p->line > 0)
			log_error("%s:%d: %s", path, p->line, p->message);
		else
			log_error("%s: %s", path, p->message);
		if (p->hint != NULL)
			log_info("hint: %s", p->hint);
	}
}

/* A public key in the configuration is the key itself or a PEM file. */
static int trust(struct verifier *v, const char *key, struct err *err)
{
	AUTO_BUF pem = BUF_INIT(16384);

	if (strncmp(key, "ed25519:", 8) == 0)
		return verifier_add(v, key, err);
	if (strncmp(key, "file:", 5) == 0)
		key += 5;
	if (file_read(key, &pem, err) != 0 || verifier_add(v, buf_str(&pem), err) != 0)
		return err_wrap(err, "trusted key \"%s\"", key);
	return 0;
}

static int load_verifier(struct session *s, struct err *err)
{
	if (s->config->trusted_key_count == 0)
		return 0;
	s->verifier = verifier_new();
	for (size_t i = 0; i < s->config->trusted_key_count; i++) {
		if (trust(s->verifier, s->config->trusted_keys[i], err) != 0) {
			err->code = ERR_USAGE;
			return -1;
		}
	}
	return 0;
}

static unsigned worker_count(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->workers > 0)
		return config->workers;
	if (cores < LEAST_WORKERS)
		return LEAST_WORKERS;
	return cores > MAX_WORKERS ? MAX_WORKERS : (unsigned)cores;
}

int session_open(struct session *ret, const struct cli *cli)
{
	struct config_problems problems = { .count = 0 };
	struct err err = ERR_INIT;
	AUTO_STR path = config_find(cli->config_path, &err);
	const char *accepted;

	*ret = (struct session){ .config = NULL };
	if (path == NULL)
		return fail(&err);
	/* d1keepd names what it has accepted of this file: daemon/runner.h. */
	accepted = getenv("D1KEEP_CONFIG_TEXT");
	ret->config = config_read_from(path, accepted != NULL ? accepted : path, &problems);
	if (ret->config == NULL)
		print_problems(path, &problems);
	config_problems_release(&problems);
	if (ret->config == NULL)
		return EXIT_USAGE;
	ret->workers = worker_count(ret->config);
	if (load_verifier(ret, &err) != 0) {
		session_close(ret);
		return fail(&err);
	}
	return EXIT_DONE;
}

void session_close(struct session *session)
{
	signer_free(session->signer);
	verifier_free(session->verifier);
	config_free(session->config);
	*session = (struct session){ .config = NULL };
}

/* Snapshots that this very configuration would refuse are no use. */
static int check_trusted(const struct session *s, struct err *err)
{
	unsigned char sig[SIGN_BYTES];

	if (s->verifier == NULL)
		return 0;
	if (signer_sign(s->signer, "d1keep", 6, sig, err) != 0)
		return -1;
	if (verifier_check(s->verifier, "d1keep", 6, sig, sizeof(sig), NULL, NULL) == 0)
		return 0;
	(void)err_set(err, ERR_USAGE, "sign_key: its public key is not among trusted_keys");
	return err_hint(err, "add \"%s\" to trusted_keys", signer_public_text(s->signer));
}

/* What this configuration would not believe itself is no backup. */
static int check_unsigned(const struct session *s, struct err *err)
{
	if (s->verifier == NULL)
		return 0;
	(void)err_set(err, ERR_USAGE, "trusted_keys is set and sign_key is not: nobody who trusts these keys would read the snapshot");
	return err_hint(err, "set sign_key (d1keep keygen makes one), or back up where the key is");
}

int session_load_signer(struct session *session, struct err *err)
{
	struct secret pem = { 0 };

	if (session->config->sign_key == NULL)
		return check_unsigned(session, err);
	if (secret_load(&pem, session->config->sign_key, err) == 0)
		session->signer = signer_new(&pem, err);
	secret_release(&pem);
	return session->signer != NULL ? check_trusted(session, err) : err_wrap(err, "sign_key");
}

/* ---- which databases ---- */

/* The one that was probably meant, as it is written; or NULL. */
static char *probably_meant(const struct config *c, const struct names_ref *ref)
{
	AUTO_STR written = ref->database == NULL ? mem_strdup(ref->environment) :
	    mem_printf("%s/%s", ref->environment, ref->database);
	struct nearest nearest = { .written = written };
	char *best = NULL;

	for (size_t i = 0; i < c->database_count; i++) {
		const struct config_database *d = c->databases[i];
		AUTO_STR name = ref->database == NULL ? mem_strdup(d->environment->name) :
		    mem_printf("%s/%s", d->environment->name, d->name);

		nearest_offer(&nearest, name);
		if (nearest.best == name) {
			free(best);
			best = mem_strdup(name);
			nearest.best = best;
		}
	}
	return best;
}

static int nothing_named(const struct session *s, const struct names_ref *ref, struct err *err)
{
	const struct config *c = s->config;
	AUTO_STR meant = probably_meant(c, ref);
	AUTO_BUF names = BUF_INIT(300);

	for (size_t i = 0; i < c->database_count; i++) {
		if (buf_addf(&names, NULL, "%s%s/%s", i > 0 ? ", " : "",
		    c->databases[i]->environment->name, c->databases[i]->name) != 0) {
			(void)buf_adds(&names, " …", NULL);
			break;
		}
	}
	(void)err_set(err, ERR_USAGE, "%s names no %s%s%s%s", c->path,
	    ref->database != NULL ? "database \"" : "environment \"", ref->environment,
	    ref->database != NULL ? "/" : "\"", ref->database != NULL ? ref->database : "");
	if (ref->database != NULL)
		(void)strncat(err->msg, "\"", sizeof(err->msg) - strlen(err->msg) - 1);
	return meant != NULL ? err_hint(err, "did you mean %s?", meant) :
	    err_hint(err, "there are: %s", buf_str(&names));
}

struct config_database **session_select(const struct session *session,
    const struct names_ref *ref, size_t *ret_count, struct err *err)
{
	const struct config *c = session->config;
	struct config_database **found = mem_calloc(c->database_count, sizeof(struct config_database *));
	size_t count = 0;

	for (size_t i = 0; i < c->database_count; i++) {
		struct config_database *d = c->databases[i];

		if (ref->environment != NULL && strcmp(d->environment->name, ref->environment) != 0)
			continue;
		if (ref->database == NULL || strcmp(d->name, ref->database) == 0)
			found[count++] = d;
	}
	if (count == 0) {
		(void)nothing_named(session, ref, err);
		free(found);
		return NULL;
	}
	*ret_count = count;
	return found;
}

const struct config_database *session_database(const struct session *session, const char *text,
    struct err *err)
{
	struct config_database **found, *database = NULL;
	struct names_ref ref;
	size_t count;

	if (names_parse(text, &ref, err) != 0)
		return NULL;
	if (ref.database == NULL || ref.which != NULL) {
		(void)err_set(err, ERR_USAGE, "\"%s\" names no database", text);
		(void)err_hint(err, "write ENV/DB, as in staging/auth");
	} else if ((found = session_select(session, &ref, &count, err)) != NULL) {
		database = found[0];
		free(found);
	}
	names_ref_release(&ref);
	return database;
}

static bool same_d1(const struct config_database *a, const struct config_database *b)
{
	return a->source == CONFIG_SOURCE_D1 && b->source == CONFIG_SOURCE_D1 &&
	    a->policy.account != NULL && b->policy.account != NULL &&
	    strcmp(a->policy.account->id, b->policy.account->id) == 0 && strcasecmp(a->id, b->id) == 0;
}

bool session_is_production(const struct session *session, const struct config_database *database)
{
	const struct config *c = session->config;

	if (confirm_is_production(database->environment->name))
		return true;
	for (size_t i = 0; i < c->database_count; i++) {
		if (confirm_is_production(c->databases[i]->environment->name) &&
		    same_d1(c->databases[i], database))
			return true;
	}
	return false;
}

const struct config_environment *session_environment(const struct session *session,
    const char *name, struct err *err)
{
	const struct config *c = session->config;
	struct names_ref ref = { .environment = (char *)(uintptr_t)name };

	for (size_t i = 0; i < c->environment_count; i++) {
		if (strcmp(c->environments[i]->name, name) == 0)
			return c->environments[i];
	}
	(void)nothing_named(session, &ref, err);
	return NULL;
}

/* ---- snapshots ---- */

int open_snapshot(const struct session *session, const char *text,
    struct open_snapshot *ret, struct err *err)
{
	struct names_ref ref = { 0 };
	struct config_database **found;
	size_t count = 0;
	int rc = -1;

	*ret = (struct open_snapshot){ .database = NULL };
	if (names_parse(text, &ref, err) != 0)
		return -1;
	if (ref.database == NULL) {
		(void)err_set(err, ERR_USAGE, "\"%s\" names an environment, not a snapshot", text);
		(void)err_hint(err, "write %s/DATABASE@WHICH, as in %s/auth@latest", text, text);
	} else if ((found = session_select(session, &ref, &count, err)) != NULL) {
		ret->database = found[0];
		free(found);
		rc = open_store(session, ret->database, &ret->open, err);
		if (rc == 0 && (rc = store_find(&ret->open.store, ref.which, &ret->snapshot, err)) != 0)
			close_store(&ret->open);
		if (rc != 0)
			(void)err_wrap(err, "%s", text);
	}
	names_ref_release(&ref);
	return rc;
}

void close_snapshot(struct open_snapshot *open)
{
	snapshot_release(&open->snapshot);
	close_store(&open->open);
}

char *snapshot_name(const struct manifest *m)
{
	char stamp[STAMP_ISO_SIZE];
	int64_t at = 0;

	(void)stamp_parse(m->id, &at);
	return mem_printf("%s/%s@%s", m->environment, m->database, stamp_iso(at, stamp));
}

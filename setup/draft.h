/*
 * The draft of a first configuration, made from what an account or a project
 * holds. Pure: nobody is asked here, nothing is read and nothing written.
 */
#ifndef D1KEEP_SETUP_DRAFT_H
#define D1KEEP_SETUP_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum draft_source { DRAFT_D1, DRAFT_WRANGLER };

struct draft_database {
	char *title;             /* unlike its neighbours' */
	char *name;              /* what Cloudflare calls it */
	char *id;
	enum draft_source source;
	char *project;           /* wrangler */
	char *note;              /* a guess that a person should look at, or NULL */
};

struct draft_environment {
	char *name;
	bool is_local;           /* its databases are files, its bucket a directory */
	char *bucket;            /* at R2, or NULL: none fits */
	struct draft_database *databases;
	size_t count, cap;
};

struct draft {
	struct draft_environment *environments;
	size_t count, cap;
	char **left_out;         /* databases that belong to no wished environment */
	size_t left_out_count, left_out_cap;
};

void draft_release(struct draft *draft);

/* Found by its name, or added. Good until the next one is added. */
struct draft_environment *draft_environment(struct draft *draft, const char *name);

/* Everything is copied. The title is made from `title`: characters that none may
 * have become '-', and a second "auth" gets `name`, or a number. `note` and
 * `project` may be NULL. */
struct draft_wish {
	const char *title, *name, *id, *project, *note;
	enum draft_source source;
};
void draft_add(struct draft_environment *environment, const struct draft_wish *wish);

/* Production first, what is local last; databases by their titles. */
void draft_sort(struct draft *draft);

/* ---- which environment (group.c) ---- */

/* "auth-production", "production_auth", "auth.staging": the environment and what
 * is left, strings of their own; false when no word of it is one. `words` are
 * names that count beside the usual ones (NULL-terminated, or NULL). */
bool group_split(const char *name, const char *const *words, char **ret_environment,
    char **ret_rest);

struct group_item { const char *name, *id; };

/* Databases of an account into environments. `only` (NULL-terminated): no others;
 * what belongs to none of them is noted as left out, and what names no
 * environment at all goes into the first. Without `only`, that goes into
 * "production": the name that is asked for before anything is overwritten. */
void group_databases(struct draft *draft, const struct group_item *items, size_t count,
    const char *const *only);

/* Give each remote environment the bucket whose name fits: one with the
 * environment in it, best with "backup"; for production also one with "backup"
 * and no environment. */
void group_buckets(struct draft *draft, char *const *buckets, size_t count);

/* ---- the text (write.c) ---- */

struct draft_places {
	const char *account_id;  /* NULL: no account, no remote environment */
	const char *api_base, *ca_file;   /* or NULL */
	const char *token;       /* the places of secrets, as they are to be written */
	bool token_is_to_come;   /* nobody said where it lies */
	const char *key_id, *key_secret;   /* NULL: <folder>/<bucket>.id and .key */
	const char *folder;      /* of secrets: absolute, no slash at its end */
	bool credentials;        /* secrets of <folder> are systemd credentials */
	const char *sign_key;    /* a place, or NULL: not signed */
	const char *public_key;  /* "ed25519:…" */
	const char *endpoint;    /* S3, where it is not the account's at R2; or NULL */
	const char *directory;   /* of the local bucket */
	const char *timezone;
	const char *date;        /* "2026-11-28" */
};

/* backup.conf, with comments that say what was guessed and what is missing. */
int draft_write(const struct draft *draft, const struct draft_places *places, struct buf *ret,
    struct err *err);

#endif

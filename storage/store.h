/*
 * A store: the folder of one database in a bucket, with its snapshots. This is
 * the only place that knows which objects make a snapshot and in what order
 * they may be written.
 *
 * A listed snapshot is whole: its manifest is uploaded last, and only if
 * nothing has that name.
 */
#ifndef D1KEEP_STORAGE_STORE_H
#define D1KEEP_STORAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "storage/bucket.h"
#include "storage/manifest.h"

struct signer;
struct verifier;
struct lease;
struct cache;

struct store {
	struct bucket *bucket;             /* not owned */
	char *folder;                      /* "production/auth/"; owned */
	const struct signer *signer;       /* NULL: new snapshots are not signed; not owned */
	const struct verifier *verifier;   /* NULL: no key is trusted; not owned */
	struct lease *lease;               /* NULL: none is held; checked before what matters
	                                    * is written or deleted (storage/lease.h); not owned */
	const struct cache *cache;         /* NULL: none; of what store_…_listed() read; not owned */
	char latest_id[20];                /* what "latest" meant when it was asked for last, also
	                                    * if it cannot be read; or empty */
};

/* Fills `ret`; everything handed in must outlive it. */
void store_init(struct store *ret, struct bucket *bucket, const char *prefix,
    const char *environment, const char *database, const struct signer *signer,
    const struct verifier *verifier);
void store_release(struct store *store);

/* ---- objects, by key relative to the folder ---- */

int store_put(struct store *store, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err);
/* As bucket_put_later and bucket_settle. */
int store_put_later(struct store *store, const char *key, const void *data, size_t len,
    struct err *err);
int store_settle(struct store *store, struct err *err);
int store_get(struct store *store, const char *key, struct buf *ret, struct err *err);

/* Gone when it returns 0; as bucket_remove. */
int store_remove(struct store *store, const char *key, struct err *err);

/* What killed processes left half-written there; as bucket_sweep. */
int store_sweep(struct store *store, int64_t min_age_s, bool dry_run, struct bucket_swept *ret,
    struct err *err);

/* Every object of the folder, by its key there, in byte order: chunks come before
 * labels, and these before snapshots. */
int store_list_all(struct store *store, bucket_visit *visit, void *ctx, struct err *err);

/* ---- snapshots ---- */

enum signature {
	SIGNATURE_GOOD,        /* by a trusted key */
	SIGNATURE_NONE,        /* not signed */
	SIGNATURE_UNCHECKED,   /* signed, but no key is trusted here */
	SIGNATURE_BAD,         /* by another key, or the manifest was changed */
};

const char *signature_name(enum signature signature);

struct snapshot {
	struct manifest manifest;
	char manifest_sha256[SHA256_HEX_SIZE];   /* of the object, as it is stored */
	enum signature signature;
};

void snapshot_release(struct snapshot *snapshot);

/* What a listing tells of an object. */
struct store_seen {
	int64_t bytes;           /* -1: it is not there */
	int64_t age_s;           /* as for bucket_visit */
};

/* Ids, oldest first, and what lies beside the manifest. */
struct store_id {
	char id[20];
	bool has_verdict;
	bool has_pin;
	struct store_seen manifest, signature, verdict, pin;
};
struct store_ids {
	struct store_id *items;
	size_t count, cap;
};
int store_list(struct store *store, struct store_ids *ret, struct err *err);
void store_ids_release(struct store_ids *ids);

/* Load a manifest and check its signature. ERR_NOT_FOUND; ERR_CORRUPT when it
 * is damaged, names another database, or its signature is bad, or when keys
 * are trusted and it is not signed at all. `ret` is empty on failure. */
int store_load(struct store *store, const char *id, struct snapshot *ret, struct err *err);

/* The same for one that was just listed, with its verdict and its pin: what the
 * store's cache has of them, and what the listing shows to be missing, is not asked
 * for again. For looking on: whoever restores or deletes asks the bucket. */
int store_load_listed(struct store *store, const struct store_id *listed, struct snapshot *ret,
    struct err *err);

/* The cache forgets what is not listed. */
void store_trim_cache(const struct store *store, const struct store_ids *ids);

/* The id that `which` means: "latest" (or NULL), a moment, or a label. The latest is
 * none that is dated more than a day ahead, unless all are.
 * ERR_NOT_FOUND with a hint. */
int store_resolve(struct store *store, const char *which, char ret_id[20], struct err *err);

/* Both: what a command needs of "production/auth@which". */
int store_find(struct store *store, const char *which, struct snapshot *ret, struct err *err);

/* ERR_REFUSED when a snapshot bears this label already. A label that was
 * reserved by a backup which never finished is free. */
int store_check_label(struct store *store, const char *label, struct err *err);

/* Write signature, label and manifest, in this order. The snapshot's id is
 * `manifest->started_at` as text, or a second later where that is taken or does not
 * lie behind `previous_id` (unless that one is minutes ahead); `manifest->id` is
 * set. The lease, where one is held, is checked first, and before the manifest. */
int store_publish(struct store *store, struct manifest *manifest, struct err *err);

/* ---- verdicts: what a verification found ---- */

struct verdict {
	int64_t verified_at;
	char how[16];            /* "hashes" or "replay" */
	bool good;
	char **damaged;          /* keys of chunks that are missing or altered */
	size_t damaged_count, damaged_cap;
	char **problems;         /* what a replay found, in words */
	size_t problem_count, problem_cap;
	int64_t broken_references;   /* rows that refer to none, as they did before; -1:
	                              * that could not be found out */
};

void verdict_add_damaged(struct verdict *v, const char *key);
void verdict_add_problem(struct verdict *v, const char *problem);
void verdict_release(struct verdict *v);
int store_put_verdict(struct store *store, const char *id, const struct verdict *v,
    struct err *err);
/* ERR_NOT_FOUND when the snapshot was never verified. */
int store_get_verdict(struct store *store, const char *id, struct verdict *ret,
    struct err *err);
int store_get_verdict_listed(struct store *store, const struct store_id *listed,
    struct verdict *ret, struct err *err);

/* ---- marks: chunks that a verification found damaged ---- */

/* An object beside the chunk, so that the listing of a backup sees it: the chunk is
 * not shared but stored anew. `found_at` in Unix seconds, for people. */
int store_mark_damaged(struct store *store, const char *chunk_key, int64_t found_at,
    struct err *err);

/* It was stored anew. No error when there was no mark. */
int store_unmark_damaged(struct store *store, const char *chunk_key, struct err *err);

/* ---- pins: what retention must leave alone ---- */

#define PINNED_FOR_EVER INT64_MAX

struct pin {
	int64_t until;           /* Unix seconds, or PINNED_FOR_EVER */
	int64_t at;              /* when it was pinned */
};

int store_put_pin(struct store *store, const char *id, const struct pin *pin, struct err *err);

/* ERR_NOT_FOUND when it is not pinned; ERR_CORRUPT when the pin cannot be read: then
 * `ret` is a pin for ever. */
int store_get_pin(struct store *store, const char *id, struct pin *ret, struct err *err);
int store_get_pin_listed(struct store *store, const struct store_id *listed, struct pin *ret,
    struct err *err);

/* No error when there was none. */
int store_remove_pin(struct store *store, const char *id, struct err *err);

/* ---- which chunks lie there ---- */

/* Every object below data/, with its size: chunks, and their marks. */
int store_list_chunks(struct store *store, bucket_visit *visit, void *ctx, struct err *err);

#endif

/*
 * A store in a directory bucket of the running test, and manifests to put there.
 */
#ifndef D1KEEP_TESTS_STORAGE_FIXTURE_H
#define D1KEEP_TESTS_STORAGE_FIXTURE_H

#include "storage/manifest.h"
#include "storage/sign.h"
#include "storage/store.h"

/* 2026-11-22T02:17:00Z */
#define FIXTURE_AT 1795313820
#define FIXTURE_ID "20261122T021700Z"

struct fixture {
	const char *folder;          /* of the test */
	struct bucket *bucket;       /* "<folder>/bucket" */
	struct signer *signer;
	struct verifier *verifier;   /* trusts that signer */
	struct store store;          /* production/auth, signed and checked */
};

void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* The store of another database of the bucket; release it. */
struct store fixture_store(struct fixture *f, const char *prefix, const char *environment,
    const char *database);

/* One with every member set; release it. Heading: production/auth, no label. */
void fixture_manifest(struct manifest *ret);

/* Publish one that began at `at`, with a label or NULL; its id in `ret_id`. */
void fixture_publish(struct store *store, const char *environment, int64_t at, const char *label,
    char ret_id[20]);

/* The objects of production/auth, as files: "snapshots/…". */
char *fixture_path(struct fixture *f, const char *key);
void fixture_put(struct fixture *f, const char *key, const void *data, size_t len);
void fixture_get(struct fixture *f, const char *key, struct buf *ret);

#endif

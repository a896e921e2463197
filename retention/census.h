/*
 * All that lies in one database's folder, and what its manifests name: read once,
 * before anything is removed.
 */
#ifndef D1KEEP_RETENTION_CENSUS_H
#define D1KEEP_RETENTION_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "retention/rules.h"
#include "storage/names.h"
#include "storage/store.h"

#define CENSUS_NONE ((size_t)-1)

struct census_object {
	char *key;                   /* in the folder */
	int64_t bytes;
	int64_t age_s;               /* -1: not told */
	enum names_kind kind;
	char id[20];                 /* of what lies beside a manifest; of a label that no
	                              * manifest bears: where it leads; or empty */
	bool gone;                   /* removed in this run */
	bool named;                  /* a chunk: by a manifest that remains */
	bool orphaned;               /* part of a snapshot that was removed in this run */
};

struct census_snapshot {
	char id[20];
	char *label;                 /* or NULL */
	int64_t pinned_until;
	enum retention_verdict verdict;
	char *unreadable;            /* as in retention/rules.h, or NULL */
	int64_t stored_bytes;
	size_t *chunks;              /* objects that its manifest names and that are there */
	size_t chunk_count;
	bool has_verdict, has_pin;
	bool gone;                   /* its manifest was removed in this run */
};

struct census {
	struct store *store;         /* not owned */
	struct census_object *objects;   /* in byte order of keys */
	size_t object_count, object_cap;
	struct census_snapshot *snapshots;   /* oldest first */
	size_t snapshot_count, snapshot_cap;
};

/* Lists everything, then loads every manifest, `workers` at a time. A manifest that
 * is damaged or not trusted is noted; one that could not be fetched is an error. */
int census_take(struct store *store, unsigned workers, struct census *ret, struct err *err);
void census_release(struct census *census);

/* Where an object or a snapshot is, or CENSUS_NONE. */
size_t census_find(const struct census *census, const char *key);
size_t census_find_snapshot(const struct census *census, const char *id);

/* Does a snapshot that remains bear this label? */
bool census_is_borne(const struct census *census, const char *label);

/* Sets `named` and `orphaned` of all chunks anew, by what is gone by now. */
void census_mark_chunks(struct census *census);

#endif

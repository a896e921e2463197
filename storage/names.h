/*
 * Names in a bucket (docs/format.md), pure. Below the database's own folder
 * "<prefix>/<environment>/<database>/" lie:
 *
 *   data/<table>/<32 hex>.sql.gz          a chunk
 *   data/<table>/<32 hex>.sql.gz.damaged  the mark of a damaged one
 *   snapshots/<id>.json  .json.sig  .verified.json  .pinned.json
 *   labels/<label>
 *   lease.json                            who may write there
 *
 * An id is the snapshot's moment in compact form (base/stamp.h), so ids sort by
 * time.
 */
#ifndef D1KEEP_STORAGE_NAMES_H
#define D1KEEP_STORAGE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Strings of their own: free them. */
char *names_folder(const char *prefix, const char *environment, const char *database);
char *names_chunk(const char *table, const char *sql_sha256);
char *names_manifest(const char *id);
char *names_signature(const char *id);
char *names_verdict(const char *id);
char *names_pin(const char *id);
char *names_label(const char *label);
char *names_damaged(const char *chunk_key);   /* the mark of a damaged one */

/* The key of the chunk whose mark this is, or NULL when it is no mark. */
char *names_chunk_of_mark(const char *key);

/* A table's name as one path segment: letters, digits, '_' and '-' stand for
 * themselves ('.' too, but not in front), every other byte is %XX; a name that
 * gets longer than 120 bytes is cut and ends in its own hash. */
char *names_segment(const char *name);

/* Is this a key that names_chunk could have made? Manifests are read with
 * this, so that a hostile one cannot point outside its folder. */
bool names_is_chunk(const char *key);

bool names_is_id(const char *id);

/* What lies under a key of the folder. */
enum names_kind {
	NAMES_FOREIGN,         /* none of d1keep's names */
	NAMES_CHUNK,
	NAMES_DAMAGED_MARK,    /* a chunk's key and ".damaged" */
	NAMES_MANIFEST,        /* this and the next three: the id goes to `ret_id` */
	NAMES_SIGNATURE,
	NAMES_VERDICT,
	NAMES_PIN,
	NAMES_LABEL,
	NAMES_LEASE,
};
enum names_kind names_kind_of(const char *key, char ret_id[20]);

/* "20261122T021700Z.json" -> the id in `ret` (17 bytes); false for others. */
bool names_id_of_manifest(const char *file, char ret[20]);

/* Labels: letters, digits, '-', '_', '.', at most 64, first a letter or digit,
 * not "latest", nothing that reads as a moment, and no ending that buckets refuse
 * (storage/bucket.h). ERR_USAGE says which. */
int names_check_label(const char *label, struct err *err);

/*
 * What a person types: "env", "env/db" or "env/db@which".
 * The parts are strings of their own (NULL where not given).
 */
struct names_ref {
	char *environment;
	char *database;
	char *which;
};
int names_parse(const char *text, struct names_ref *ret, struct err *err);
void names_ref_release(struct names_ref *ref);

#endif

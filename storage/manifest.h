/*
 * The manifest: the JSON document that is a snapshot (docs/format.md).
 * Reading trusts nothing: types, ranges, hashes and keys are checked.
 */
#ifndef D1KEEP_STORAGE_MANIFEST_H
#define D1KEEP_STORAGE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#define MANIFEST_FORMAT 1
#define MANIFEST_MAX_BYTES (64u << 20)

/* No chunk is larger, before or after packing: a ceiling for readers. */
#define CHUNK_MAX_BYTES (64u << 20)

enum manifest_kind { MANIFEST_SCHEMA, MANIFEST_ROWS, MANIFEST_POST };

/* A chunk, in dump order. Strings are owned by the manifest. */
struct manifest_object {
	enum manifest_kind kind;
	char *table;                         /* kind rows; else NULL */
	char *key;                           /* relative to the database's folder */
	int64_t rows;
	int64_t sql_bytes;
	char sql_sha256[SHA256_HEX_SIZE];
	int64_t stored_bytes;
	char stored_sha256[SHA256_HEX_SIZE];
	/* Of its last tuple, where the next snapshot has to be told that a chunk ends there
	 * (backup/boundary.h); else 0. */
	uint32_t end_crc32;
};

struct manifest_table {
	char *name;
	int64_t rows;
	char sql_sha256[SHA256_HEX_SIZE];    /* of its tuples, a LF after each */
};

struct manifest_exception {
	char *object;                        /* the table or virtual table */
	char *reason;
};

struct manifest {
	char *id;
	char *label;                         /* or NULL */
	char *environment;
	char *database;
	char *database_id;                   /* or NULL (sqlite files) */
	char *source;                        /* "d1", "wrangler", "sqlite" */
	char *tool;                          /* "d1keep 0.1.0" */
	int64_t started_at;                  /* Unix seconds: when reading began */
	int64_t finished_at;
	int64_t slot_at;                     /* the scheduled time it answers, or 0 */
	/* How one moment was kept: "transaction" (one read transaction or one
	 * batch call), "unchanged" (page by page, and nothing wrote meanwhile),
	 * "best-effort" (something did), "export" (from Cloudflare's own export). */
	char *consistency;
	char *bookmark_before;               /* or NULL */
	char *bookmark_after;
	int64_t attempts;                    /* readings it took */
	char *schema_version;                /* newest row of d1_migrations, or NULL */
	char *previous_id;                   /* the snapshot before, or NULL */
	char previous_sha256[SHA256_HEX_SIZE];
	int64_t requests;                    /* what it cost */
	int64_t rows_read;
	int64_t new_bytes;                   /* stored by this snapshot, not shared */
	struct manifest_object *objects;
	size_t object_count, object_cap;
	struct manifest_table *tables;
	size_t table_count, table_cap;
	struct manifest_exception *exceptions;
	size_t exception_count, exception_cap;
};

/* Zeroed, then filled by the caller; release frees every string. */
void manifest_release(struct manifest *m);

/* Append one, zeroed, and return it (valid until the next append). */
struct manifest_object *manifest_add_object(struct manifest *m);
struct manifest_table *manifest_add_table(struct manifest *m);
void manifest_add_exception(struct manifest *m, const char *object, const char *reason);

/* Sums over its parts. */
int64_t manifest_rows(const struct manifest *m);
int64_t manifest_sql_bytes(const struct manifest *m);
int64_t manifest_stored_bytes(const struct manifest *m);

/* ERR_CORRUPT when the chunks of a table do not have as many rows as the table: one
 * is missing from the list, there twice, or another table's. */
int manifest_check_rows(const struct manifest *m, struct err *err);

/* Append the document's text. (What is stored, hashed and signed is its gzip member:
 * storage/snapshot.c.) */
int manifest_write(const struct manifest *m, struct buf *ret, struct err *err);

/* `ret` must be zeroed; ERR_CORRUPT says what is wrong, and `ret` is empty. */
int manifest_read(const char *text, size_t len, struct manifest *ret, struct err *err);

/* Its tables and its exceptions as JSON arrays of their own. */
struct json_object;
struct json_object *manifest_tables_json(const struct manifest *m);
struct json_object *manifest_exceptions_json(const struct manifest *m);

const char *manifest_kind_name(enum manifest_kind kind);

#endif

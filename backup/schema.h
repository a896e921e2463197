/*
 * What a database is made of, read from sqlite_schema and the table pragmas.
 * Left out: D1's own "_cf_…" tables, SQLite's "sqlite_…" tables, and the shadow
 * tables of virtual tables. Virtual tables cannot be kept yet: each becomes an
 * exception of the snapshot.
 */
#ifndef D1KEEP_BACKUP_SCHEMA_H
#define D1KEEP_BACKUP_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"

struct column {
	char *name;
	char *type;          /* as declared, may be empty */
	int pk;              /* 1-based place in the primary key, 0: not in it */
	bool generated;      /* computed: never inserted */
};

/*
 * A table's rows are read and written as tuples of its `values`: the columns
 * that are not generated, behind the rowid where that is not one of them (so
 * rowids come back as they were).
 */
struct table {
	char *name;
	char *sql;
	struct column *columns;
	size_t column_count, column_cap;
	bool strict;
	bool without_rowid;
	bool pk_index;            /* the primary key has an index of its own */
	const char *rowid;        /* the name its rowid goes by, or NULL */
	const char **values;      /* names, in tuple order; not owned */
	size_t value_count;
	size_t *key;              /* places in the tuple of what orders the rows */
	size_t key_count;
};

enum schema_kind { SCHEMA_INDEX, SCHEMA_VIEW, SCHEMA_TRIGGER };

struct schema_object {
	enum schema_kind kind;
	char *name;
	char *sql;
};

struct schema_exception {
	char *object;
	char *reason;
};

struct schema {
	struct table *tables;
	size_t table_count, table_cap;
	struct schema_object *objects;     /* in order of creation */
	size_t object_count, object_cap;
	struct schema_exception *exceptions;
	size_t exception_count, exception_cap;
	bool has_sequence;                 /* sqlite_sequence is there */
	bool has_migrations;               /* d1_migrations(id, name) is there */
	char *fingerprint;                 /* equal when nothing of the schema changed */
	int64_t database_bytes;            /* 0: not told */
	int64_t total_changes;
};

int schema_read(struct db *db, struct schema *ret, struct err *err);
void schema_release(struct schema *schema);

/* The statement whose answer makes a fingerprint, and the fingerprint of an
 * answer to it (a string of its own): to look again inside another call. */
extern const char schema_fingerprint_sql[];
char *schema_fingerprint(const struct db_rows *rows);

/* The affinity of a declared type (sqlite.org/datatype3.html, 3.1). */
bool column_is_numeric(const char *type);

#endif

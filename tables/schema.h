/*
 * What a database is made of, read from sqlite_schema and the table pragmas.
 * Left out: "_cf_…" tables of a D1 (Cloudflare's own), SQLite's "sqlite_…" tables,
 * and the shadow tables of virtual tables, which those make themselves.
 *
 * What is not kept exactly becomes an exception of the snapshot: the words of a
 * contentless FTS5 index; an FTS5 index whose content is gone; a virtual table of
 * a module that D1 does not have; a table "_d1keep_…" (a dump uses such names
 * itself); a table whose rowid no name reaches; and the indexes and triggers of
 * what is left out.
 */
#ifndef D1KEEP_TABLES_SCHEMA_H
#define D1KEEP_TABLES_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"
#include "tables/tuple.h"

struct column {
	char *name;
	char *type;          /* as declared, may be empty */
	bool in_pk;
	bool generated;      /* computed: never inserted */
};

/* A primary key may name a column twice, and by a collation that is not the
 * column's. */
struct pk_part {
	char *name;
	char *collation;
};

enum table_kind {
	TABLE_ORDINARY,
	TABLE_FTS5,          /* with content of its own */
	TABLE_RTREE,
};

/*
 * A table's rows are read and written as tuples of its `values`: the columns
 * that are not generated, behind the rowid where that is not one of them (so
 * rowids come back as they were).
 */
struct table {
	enum table_kind kind;
	char *name;
	char *sql;
	char *settings;           /* TABLE_FTS5: statements that restore its options, each
	                           * with its ";\n"; or NULL */
	struct column *columns;
	size_t column_count, column_cap;
	bool without_rowid;
	bool exact_reals;         /* as its database's traits */
	struct pk_part *pk;       /* of the primary key's own index, if it has one */
	size_t pk_count, pk_cap;
	const char *rowid;        /* the name its rowid goes by, or NULL */
	const char **values;      /* names, in tuple order; not owned */
	enum affinity *affinities; /* of each value; or NULL: not known */
	size_t value_count;
	size_t *key;              /* places in the tuple of what orders the rows */
	const char **key_collations; /* of each: NULL for the column's own; not owned */
	size_t key_count;
};

/* SCHEMA_VIRTUAL: a virtual table without rows of its own. */
enum schema_kind { SCHEMA_INDEX, SCHEMA_VIEW, SCHEMA_VIRTUAL, SCHEMA_TRIGGER };

struct schema_object {
	enum schema_kind kind;
	char *name;
	char *sql;
	char *fill;               /* SCHEMA_VIRTUAL: what follows its creation, as settings */
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
	bool has_stat;                     /* sqlite_stat1 is there */
	int64_t user_version;              /* of a file that is no D1; else 0 */
	int64_t application_id;
	bool has_migrations;               /* d1_migrations(id, name) is there */
	char *fingerprint;                 /* equal when nothing of the schema changed */
	int64_t database_bytes;            /* 0: not told */
	int64_t total_changes;
};

int schema_read(struct db *db, struct schema *ret, struct err *err);
void schema_release(struct schema *schema);

static inline enum affinity table_affinity(const struct table *table, size_t place)
{
	return table->affinities != NULL ? table->affinities[place] : AFFINITY_OTHER;
}

/* Is its key one integer, the rowid? */
static inline bool table_has_rowid_key(const struct table *table)
{
	return table->kind == TABLE_ORDINARY && table->rowid != NULL && table->key_count == 1;
}

/* The statement whose answer makes a fingerprint, and the fingerprint of an
 * answer to it (a string of its own): to look again inside another call. */
const char *schema_fingerprint_sql(const struct db *db);
char *schema_fingerprint(const struct db_rows *rows);

#endif

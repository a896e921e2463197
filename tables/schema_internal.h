/*
 * What schema.c (ordinary tables), schema_virtual.c (virtual ones) and
 * schema_keys.c share: they read into one schema.
 */
#ifndef D1KEEP_TABLES_SCHEMA_INTERNAL_H
#define D1KEEP_TABLES_SCHEMA_INTERNAL_H

#include "tables/schema.h"

/* The text of a hex cell; a string of its own, never NULL. */
char *schema_unhex(struct db_cell cell);

/* Both take the strings over. The result is valid until the next is added. */
struct table *schema_add_table(struct schema *schema, enum table_kind kind, char *name,
    char *sql);
struct schema_object *schema_add_object(struct schema *schema, enum schema_kind kind,
    char *name, char *sql);
void schema_add_exception(struct schema *schema, const char *object, const char *reason);

/* The row of pragma_table_list (name as hex, type, wr) for this name. */
const struct db_cell *schema_table_facts(const struct db_rows *tables, struct db_cell hex_name);

/* Rows: table and column as hex, type, pk, hidden. */
void schema_take_columns(struct schema *schema, const struct db_rows *rows);

bool schema_has_column(const struct table *t, const char *name);

/* Which values a tuple has, and which of them are its key; without a key when
 * the rowid cannot be reached. */
int schema_settle_keys(struct table *t, struct err *err);

/* A table that SQLite calls a shadow, by the virtual tables of `schema` (as below). */
enum shadow {
	SHADOW_REAL,           /* a virtual table makes it */
	SHADOW_KEPT,           /* somebody's own, and filled before the virtual table is made */
	SHADOW_LOST,           /* somebody's own, and the virtual table is made before any row:
	                        * a database that protects shadows then takes none for it */
};

enum shadow schema_shadow(const struct db_rows *schema, const char *table);

/* `schema` and `tables`: sqlite_schema and pragma_table_list, as schema.c asked
 * for them. */
int schema_take_virtual(struct schema *ret, struct db *db, const struct db_rows *schema,
    const struct db_rows *tables, struct err *err);

#endif

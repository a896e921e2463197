/*
 * What the files of the maker of random databases share.
 */
#ifndef D1KEEP_TESTS_UNIT_RANDOM_MAKER_H
#define D1KEEP_TESTS_UNIT_RANDOM_MAKER_H

#include <stdint.h>

#include "tests/unit/random/random_database.h"
#include "tests/unit/random/value.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define NAME_SIZE 200
#define COLUMNS_MAX 101
#define TABLES_MAX 5

struct random_column {
	char name[NAME_SIZE];
	const char *type;
	bool key;                    /* of the primary key: no long values */
	bool refers;                 /* to another table: small numbers */
};

struct random_table {
	char name[NAME_SIZE];
	struct random_column columns[COLUMNS_MAX];
	size_t count;
	bool made;
	bool searched;               /* an FTS5 table has its content here */
	bool has_id, auto_id;        /* columns[0]; it is the rowid */
	bool strict, without_rowid;
	const char *rowid;           /* a name that its hidden rowid goes by, or NULL */
};

struct maker {
	sqlite3 *sqlite;
	struct chance *c;
	struct random_options options;
	struct random_facts facts;
	struct random_table tables[TABLES_MAX];
	size_t table_count;
	size_t serial;
};

/* Text as for sqlite3_mprintf. True when the database took it. */
bool make(struct maker *m, const char *format, ...);
void make_tell(struct maker *m, const char *sql);
bool one_in(struct maker *m, size_t n);
const char *make_pick(struct maker *m, const char *const *list, size_t count);
#define PICK(m, list) make_pick(m, list, COUNT(list))

/* A name of any kind; it ends in a number when that is needed to tell it from others. */
void make_name(struct maker *m, bool alone, char ret[NAME_SIZE]);
/* Quoted in one of the four ways; valid for the next sixteen calls. */
const char *quoted(struct maker *m, const char *name);

/* Plan the names, make the tables, fill them. */
void make_tables(struct maker *m);
void make_rows(struct maker *m, struct random_table *t, size_t count);
/* Indexes; views and triggers; virtual tables. */
void make_indexes(struct maker *m, const struct random_table *t);
void make_views_and_triggers(struct maker *m, const struct random_table *t);
void make_virtual_tables(struct maker *m);

#endif

/*
 * Databases made by chance: every kind of table, names of any kind, values of
 * every storage class in columns of every type. The same seed makes the same.
 */
#ifndef D1KEEP_TESTS_UNIT_BACKUP_RANDOM_DATABASE_H
#define D1KEEP_TESTS_UNIT_BACKUP_RANDOM_DATABASE_H

#include <sqlite3.h>

#include "tests/unit/backup/support.h"

/* Tables with rows, indexes, views, triggers. */
void random_database(sqlite3 *sqlite, struct chance *c);

/* Some rows less. */
void random_changes(sqlite3 *sqlite, struct chance *c);

#endif

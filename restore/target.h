/*
 * Where a snapshot is brought back to, as a person writes it.
 *
 *   sqlite:PATH      a SQLite file
 *   sql:PATH, sql:-  the dump as a file, or on standard output
 *   wrangler:ENV/DB  the local file of a D1, as the configuration names it
 *   d1:ENV/DB        a D1; d1:ENV when it is created first
 */
#ifndef D1KEEP_RESTORE_TARGET_H
#define D1KEEP_RESTORE_TARGET_H

#include "base/err.h"

enum target_kind { TARGET_SQLITE, TARGET_SQL, TARGET_WRANGLER, TARGET_D1 };

struct target {
	enum target_kind kind;
	char *path;              /* "-": standard output (sql only); NULL for a D1 */
	char *database;          /* wrangler and d1: "ENV/DB" or "ENV", to be looked up */
};

/* ERR_USAGE. Release with target_release. A wrangler target's path is found by
 * whoever knows the configuration. */
int target_parse(const char *text, struct target *ret, struct err *err);
void target_release(struct target *target);

#endif

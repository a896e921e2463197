/*
 * What the SQL of a dump may do, whoever wrote it: make and fill what a D1 can
 * have, and nothing else. No ATTACH, no pragma but a dump's own, no transaction
 * control, no reading of files, no module that D1 does not have.
 */
#ifndef D1KEEP_RESTORE_AUTHORIZE_H
#define D1KEEP_RESTORE_AUTHORIZE_H

#include <sqlite3.h>
#include <stdbool.h>

/* Told of every action that is allowed; sqlite.org/c3ref/c_alter_table.html names
 * them and their two arguments. */
typedef void authorize_seen(void *ctx, int action, const char *a, const char *b);

struct authorize {
	authorize_seen *seen;    /* or NULL */
	void *ctx;
};

/* `authorize` must outlive the connection's use. Also sets SQLite's limits:
 * nothing attached, no writing of what SQLite keeps for itself. */
void authorize_install(sqlite3 *sqlite, const struct authorize *authorize);
void authorize_remove(sqlite3 *sqlite);

/* Would this function be allowed, if it were there? */
bool authorize_allows_function(const char *name);

#endif

/*
 * quote() for SQLite files, exact. SQLite's own (before 3.43, and Debian 12 has
 * 3.40) writes about one REAL in 50,000 as the decimal of its neighbour, which
 * only the same SQLite reads back as what it was. This one writes a decimal of
 * 15 or 17 digits that is this double and no other. All else is as SQLite has it
 * (sqlite.org/lang_corefunc.html#quote).
 */
#ifndef D1KEEP_DB_QUOTE_H
#define D1KEEP_DB_QUOTE_H

#include <sqlite3.h>

/* "1.0", "0.1", "1.0e+22", "-9.0e+999" for -Inf. */
#define QUOTE_REAL_SIZE 40
void quote_real(double value, char ret[QUOTE_REAL_SIZE]);

/* Put it in the place of the connection's own. SQLITE_OK or an error. */
int quote_install(sqlite3 *sqlite);

#endif

/*
 * REALs as SQL, exactly; and a quote() for SQLite files that writes them so.
 *
 * A decimal is read differently by different versions of SQLite: 3.40 (Debian
 * 12) misreads one of 5,000 random decimals of 15 digits, all of them close to the
 * middle between two doubles, and one of ten below 1e-290, whatever their digits;
 * 3.47 (workerd of 2026-07) one of 40 near 1e100. 17 digits are never close to the
 * middle. So a REAL is written
 *   - with the fewest digits up to 15 that make it, as a person would, unless they
 *     lie near the middle;
 *   - else with 17;
 *   - beyond 1e60 and below 1e-60 as an integer times, or divided by, powers of two
 *     up to 2^200: every step is exact in every version.
 */
#ifndef D1KEEP_DB_QUOTE_H
#define D1KEEP_DB_QUOTE_H

#include <sqlite3.h>

/* "1.0", "0.1", "1.0e+22", "-0.0", "-9.0e+999" for -Inf,
 * "5010420900022432*2.6815615859885194e+154" for 1.3e170 (with smaller factors).
 * No NaN. */
#define QUOTE_REAL_SIZE 192
void quote_real(double value, char ret[QUOTE_REAL_SIZE]);

/* Put it in the place of the connection's own. SQLITE_OK or an error. */
int quote_install(sqlite3 *sqlite);

#endif

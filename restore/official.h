/*
 * The file of Cloudflare's own export becomes a SQLite file. Its exporter
 * (miniflare's dumpSql.ts is its twin; CLOUDFLARE.md 6, TORTURE.md A2) writes what
 * SQLite does not read back as it is, and what can be mended is mended here:
 *
 *   triggers before the views they are on    run last
 *   sqlite_sequence without a table for it   made first, where the database had it
 *   a statement that ends inside a comment   which is ended
 *   Infinity, -Infinity                      9.0e+999
 *   a NUL within a text                      CAST(X'…' AS TEXT)
 *   reals as JavaScript prints them          spelled so that every SQLite reads
 *                                            the same number (db/quote.h)
 */
#ifndef D1KEEP_RESTORE_OFFICIAL_H
#define D1KEEP_RESTORE_OFFICIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Read the export at `from` into the new file `to`, under the authorizer.
 * `has_sequence`: the database has a sqlite_sequence. ERR_CORRUPT when a statement
 * is cut off, refused or does not run. */
int official_load(const char *from, const char *to, bool has_sequence, struct err *err);

/* ---- pure ---- */

/* Bytes of the first statement of `text`, its ";" and line end included; 0 when
 * its end is not there yet. `last`: nothing follows. `*from` is where to look on
 * next time (0 at first). */
size_t official_statement(const char *text, size_t len, bool last, size_t *from);

/* Append the statement as it is to be run. */
int official_mend(struct buf *ret, const char *statement, size_t len, struct err *err);

#endif

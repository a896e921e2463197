/*
 * The statements that empty a database, or take some tables out of it: triggers
 * and views first, then children before their parents, so that no foreign key's
 * action fires (DROP TABLE deletes the rows first; sqlite.org/foreignkeys.html, 5).
 * Tables that refer to each other in a circle have no such order. To drop one of them
 * SQLite compiles the actions of those that remain, and these need every parent: so
 * an empty stand-in with the parent's key takes the place of each that went, until
 * all of the circle are gone.
 */
#ifndef D1KEEP_RESTORE_DROPS_H
#define D1KEEP_RESTORE_DROPS_H

#include "base/buf.h"
#include "base/err.h"
#include "restore/inventory.h"
#include "tables/references.h"
#include "tables/schema.h"

/* Append them, each with its ";\n", and add their number to `*ret_count`. */
int drops_write(const struct schema *schema, const struct references *references,
    const struct selection *selection, struct buf *ret, size_t *ret_count, struct err *err);

#endif

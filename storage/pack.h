/*
 * Packing: a chunk's SQL, or a manifest, becomes one gzip member and back. Members
 * concatenated are one valid .gz file (RFC 1952, 2.2).
 */
#ifndef D1KEEP_STORAGE_PACK_H
#define D1KEEP_STORAGE_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* What compression needs of memory, to be used again. One thread at a time. */
struct packer;
struct packer *packer_new(struct err *err);
void packer_free(struct packer *packer);   /* NULL is fine */

/* Append the gzip member of `len` bytes to `ret`. Thread-safe where `packer` is NULL:
 * then it has memory of its own. */
int pack_gzip(struct packer *packer, const void *data, size_t len, struct buf *ret,
    struct err *err);

/* Does it begin as a gzip member? No SQL and no JSON does. */
bool pack_is_gzip(const void *data, size_t len);

/* Does it begin as what pack_gzip makes, of whatever version of libdeflate? */
bool pack_is_ours(const void *data, size_t len);

/* Append what the gzip member in `data` holds. It must be exactly one member of
 * exactly `expected` bytes: ERR_CORRUPT otherwise, without ever making more
 * than that (a gzip bomb ends here). */
int pack_gunzip(const void *data, size_t len, size_t expected, struct buf *ret,
    struct err *err);

/* The same where nothing else tells how much it holds: as much as the member's own
 * last four bytes say. ERR_CORRUPT also where that does not fit into `ret`: one that
 * was cut off says anything. */
int pack_gunzip_member(const void *data, size_t len, struct buf *ret, struct err *err);

#endif

/*
 * Where a chunk ends, pure. The cut falls behind a row because of the row's own
 * bytes, so that the same rows make the same chunks tomorrow, and an insertion
 * moves only the chunk it falls into:
 *
 *   cut behind a tuple t when, with n the bytes of all tuples in the chunk,
 *     n >= 4 MiB, or
 *     n >= 256 KiB and crc32(t) < len(t) * 2^32 / 768 KiB, or
 *     n >= 512 KiB and crc32(t) is an end of the snapshot before (backup/ends.h)
 *
 * which makes about 1 MiB on average, of a table that grows by little each time at
 * least half of that. CRC-32 is gzip's.
 */
#ifndef D1KEEP_BACKUP_BOUNDARY_H
#define D1KEEP_BACKUP_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backup/ends.h"

#define BOUNDARY_MIN_BYTES (256u << 10)
#define BOUNDARY_MAX_BYTES (4u << 20)
#define BOUNDARY_MEAN_BYTES (768u << 10)
/* A table that grows by 2 KB an hour or by 300 KB a day would else be many small chunks
 * for ever, each with a line in every manifest and a request of every restore. Below it
 * the last chunk is stored anew: half of this, on average. */
#define BOUNDARY_END_MIN_BYTES (512u << 10)

/* What the cut sees of a tuple. */
struct boundary_tuple {
	size_t len;
	uint32_t crc32;
};
struct boundary_tuple boundary_tuple(const char *tuple, size_t len);

/* `chunk_bytes` counts this tuple too; `ends` may be NULL. */
bool boundary_after(const struct boundary_tuple *t, size_t chunk_bytes, const struct ends *ends);

/* What the manifest has to note of a chunk with this tuple at its end, so that the
 * next snapshot cuts there too: its CRC-32, or 0 where nothing needs to be noted
 * because its content says it, or because the chunk is too small for that. */
uint32_t boundary_end(const struct boundary_tuple *t, size_t chunk_bytes);

#endif

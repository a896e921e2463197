/*
 * Where a chunk ends, pure. The cut falls behind a row because of the row's own
 * bytes, so that the same rows make the same chunks tomorrow, and an insertion
 * moves only the chunk it falls into:
 *
 *   cut behind a tuple t when, with n the bytes of all tuples in the chunk,
 *     n >= 4 MiB, or
 *     n >= 256 KiB and crc32(t) < len(t) * 2^32 / 768 KiB
 *
 * which makes about 1 MiB on average. CRC-32 is gzip's.
 */
#ifndef D1KEEP_BACKUP_BOUNDARY_H
#define D1KEEP_BACKUP_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>

#define BOUNDARY_MIN_BYTES (256u << 10)
#define BOUNDARY_MAX_BYTES (4u << 20)
#define BOUNDARY_MEAN_BYTES (768u << 10)

/* `chunk_bytes` counts this tuple too. */
bool boundary_after(const char *tuple, size_t len, size_t chunk_bytes);

#endif

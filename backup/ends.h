/*
 * Ends of chunks that are taken over from the snapshot before: where a table once
 * ended, rows have since been appended, and no content says that a chunk ends
 * (backup/boundary.h). Cut there again, what lies before is still the chunk that the
 * bucket has; else the last chunk of a growing table is stored anew each time.
 *
 * An end is known by the CRC-32 of its tuple, as the manifest notes it. A tuple that has the
 * same by chance ends a chunk without need, and no more than that. Being a property of
 * the row, as the cut by content is, it is found again also where other rows before it
 * have changed. Thread-safe once made.
 */
#ifndef D1KEEP_BACKUP_ENDS_H
#define D1KEEP_BACKUP_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/manifest.h"

struct ends;

/* Those that `m` notes; NULL when there are none. */
struct ends *ends_new(const struct manifest *m);
void ends_free(struct ends *ends);

/* `ends` may be NULL. */
bool ends_have(const struct ends *ends, uint32_t crc32);

#endif

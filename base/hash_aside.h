/*
 * SHA-256 of much that comes in small pieces, computed by a thread of its own while
 * more comes: where one thread makes what is hashed, hashing is a sixth of its time.
 * One hash after another; a short one is computed without the thread.
 */
#ifndef D1KEEP_BASE_HASH_ASIDE_H
#define D1KEEP_BASE_HASH_ASIDE_H

#include <stddef.h>

#include "base/hash.h"

struct hash_aside;

struct hash_aside *hash_aside_new(void);
void hash_aside_free(struct hash_aside *aside);   /* NULL is fine */

void hash_aside_add(struct hash_aside *aside, const void *data, size_t len);

/* Of all that was added since the last one. */
void hash_aside_end(struct hash_aside *aside, unsigned char ret[SHA256_BYTES]);

#endif

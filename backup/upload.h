/*
 * Chunks on their way into the bucket: hashed, looked up among those already
 * there, compressed and stored, by worker threads while the reader reads on.
 */
#ifndef D1KEEP_BACKUP_UPLOAD_H
#define D1KEEP_BACKUP_UPLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "backup/dump.h"
#include "backup/share.h"
#include "base/err.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct upload;

/* `store` and `share` must outlive it. */
struct upload *upload_new(struct store *store, struct share *share, unsigned workers);
void upload_free(struct upload *upload);

/* Memory for the chunks that come to it: read_options. */
struct buf_pool *upload_pool(struct upload *upload);

/* A chunk_sink (backup/dump.h); `ctx` is the struct upload. */
int upload_chunk(void *ctx, struct chunk *chunk, struct err *err);

/* Wait until all of them are in the bucket and durable (a manifest may name them
 * now), then append the objects in dump order to `m` and add up `m->new_bytes`. */
int upload_finish(struct upload *upload, struct manifest *m, struct err *err);

#endif

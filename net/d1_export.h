/*
 * Cloudflare's own export of a D1 database (CLOUDFLARE.md 2): begin, poll, fetch
 * the file. While it runs the database answers nobody else; a poll that is late
 * (15 s) cancels it.
 */
#ifndef D1KEEP_NET_D1_EXPORT_H
#define D1KEEP_NET_D1_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/d1_api.h"

struct d1_export_options {
	struct d1_api *api;
	const char *database_id;
	const char *path;            /* the file to create, for the owner alone: must not exist */
	const struct clock *clock;
	void (*progress)(void *ctx, const char *message);   /* may be NULL */
	void *progress_ctx;
};

struct d1_export_result {
	char *bookmark;              /* the moment it shows; or NULL; owned */
	int64_t bytes;               /* of the file */
	int64_t blocked_ms;          /* how long the database was taken up, as seen from here */
	/* It failed after the service had begun: the database may be locked now. */
	bool began;
};

/* 0 and the whole file; else the file is removed (one that was there before is
 * kept: ERR_EXISTS). Never begins a second export: a failure after the first
 * begin is final here (ERR_AGAIN, ERR_FAILED), even when the answer to the begin
 * was lost. ERR_INTERRUPTED at any time: what is not polled any more ends by
 * itself. An empty file, one of a single line, one that does not end with ";"
 * (and maybe a line end), or that ends with the exporter's own "ERROR …" is
 * ERR_CORRUPT. A download that is cut is repeated, and in the end ERR_AGAIN. A
 * signed URL that has expired (403, 404) is asked for anew, once. */
int d1_export(const struct d1_export_options *options, struct d1_export_result *ret,
    struct err *err);
void d1_export_result_release(struct d1_export_result *result);

#endif

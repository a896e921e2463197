/*
 * fallback = "export": a D1 that was written to during every reading is taken from
 * Cloudflare's own export, which shows one moment. The export blocks the database
 * while it runs, and one that fails may leave it blocked (TORTURE.md A1 #2, #3): so
 * it is begun once, never for a database it refuses, and the database is watched
 * afterwards.
 */
#ifndef D1KEEP_CLI_FALLBACK_H
#define D1KEEP_CLI_FALLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "backup/take.h"
#include "base/err.h"
#include "net/d1_api.h"

struct fallback {
	struct take_options take;    /* as for the readings that failed */
	struct d1_api *api;
	void (*say)(void *ctx, const char *what);   /* what goes on now */
	void *say_ctx;
};

struct fallback_report {
	int64_t unavailable_ms;      /* how long the database answered nobody else */
	/* Set when the export was had, and the database did not answer afterwards:
	 * somebody has to know, whatever became of the snapshot. */
	struct err locked;
};

/* As take_snapshot(). ERR_CHANGED when the export cannot help: virtual tables. */
int fallback_take(const struct fallback *fallback, struct manifest *ret,
    struct fallback_report *report, struct err *err);

#endif

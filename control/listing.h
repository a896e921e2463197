/*
 * What lies in the buckets, as `d1keep list --json` says. Children fetch it:
 * one for all who ask at the same time, and its answer is kept for some seconds,
 * so that a page that is reloaded does not cost a listing each time.
 */
#ifndef D1KEEP_CONTROL_LISTING_H
#define D1KEEP_CONTROL_LISTING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "control/child.h"

#define LISTING_MAX_BYTES (8u << 20)

struct listing {
	TAILQ_ENTRY(listing) link;
	struct listings *listings;
	char *name;              /* environment/database, or "" for all */
	bool done;               /* from here on it does not change */
	bool kept;               /* others may still be given it */
	struct buf text;         /* the document; empty: none came */
	struct child_end end;
	int64_t done_at_ms;
	struct child *child;     /* until it is done */
	unsigned refs;
};

struct listings;

/* `done` is called each time that a listing has come to its end. */
struct listings *listings_new(const struct control_host *host,
    void (*done)(void *ctx, struct listing *listing), void *ctx);

/* A reference to the listing of `name`, done or under way; NULL when too many
 * are under way. */
struct listing *listings_get(struct listings *listings, const char *name);
void listing_release(struct listing *listing);  /* NULL is fine */

/* Nobody is given what was fetched before now. */
void listings_forget(struct listings *listings);
void listings_sweep(struct listings *listings, int64_t now_ms);

/* Is there none that has to be swept away later? */
bool listings_are_gone(const struct listings *listings);

/* End the children; those who wait are not told. */
void listings_stop(struct listings *listings);
void listings_free(struct listings *listings);

#endif

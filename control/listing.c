#include "control/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define UNDER_WAY_MAX 4
#define KEPT_MAX 16
#define KEPT_BYTES_MAX LISTING_MAX_BYTES
#define KEPT_MS 5000
#define TIMEOUT_MS 60000
#define PIECE_BYTES 16384

TAILQ_HEAD(listing_list, listing);

struct listings {
	const struct control_host *host;
	void (*done)(void *ctx, struct listing *listing);
	void *ctx;
	struct listing_list kept;        /* oldest first; each has one reference of ours */
	size_t under_way;
	bool stopped;
};

struct listings *listings_new(const struct control_host *host,
    void (*done)(void *ctx, struct listing *listing), void *ctx)
{
	struct listings *listings = mem_calloc(1, sizeof(*listings));

	listings->host = host;
	listings->done = done;
	listings->ctx = ctx;
	TAILQ_INIT(&listings->kept);
	return listings;
}

void listing_release(struct listing *listing)
{
	if (listing == NULL || --listing->refs > 0)
		return;
	if (listing->child != NULL) {
		listing->listings->under_way--;
		child_drop(listing->child);
	}
	buf_release(&listing->text);
	free(listing->name);
	free(listing);
}

static void forget(struct listings *listings, struct listing *listing)
{
	TAILQ_REMOVE(&listings->kept, listing, link);
	listing->kept = false;
	listing_release(listing);
}

/* The oldest go when there are too many, or too much. */
static void trim(struct listings *listings)
{
	struct listing *listing, *next;
	size_t count = 0, bytes = 0;

	TAILQ_FOREACH(listing, &listings->kept, link) {
		count++;
		bytes += listing->text.cap;
	}
	for (listing = TAILQ_FIRST(&listings->kept);
	    listing != NULL && (count > KEPT_MAX || bytes > KEPT_BYTES_MAX); listing = next) {
		next = TAILQ_NEXT(listing, link);
		if (!listing->done)
			continue;
		count--;
		bytes -= listing->text.cap;
		forget(listings, listing);
	}
}

static void finish(struct listing *listing, const struct child_end *end)
{
	struct listings *listings = listing->listings;

	listing->child = NULL;
	listing->done = true;
	listing->done_at_ms = clock_monotonic_ms();
	listing->end = *end;
	listings->under_way--;
	listing->refs++;
	trim(listings);
	listings->done(listings->ctx, listing);
	listing_release(listing);
}

static void on_ended(void *ctx, const struct child_end *end)
{
	finish(ctx, end);
}

static void give_up(struct listing *listing)
{
	struct child_end end = { .exit_code = 1, .error_count = 1,
		.errors[0] = { "too-big", "the list is longer than 8 MiB", "ask for one database" } };

	buf_release(&listing->text);
	child_drop(listing->child);
	finish(listing, &end);
}

static void on_readable(void *ctx)
{
	struct listing *listing = ctx;
	size_t len;
	char *room;

	do {
		room = buf_reserve(&listing->text, PIECE_BYTES, NULL);
		if (room == NULL) {
			give_up(listing);
			return;
		}
		len = child_read(listing->child, room, PIECE_BYTES);
		buf_commit(&listing->text, len);
	} while (len > 0);
}

static struct listing *start(struct listings *listings, const char *name)
{
	struct listing *listing = mem_calloc(1, sizeof(*listing));
	const char *const args[] = {
		"list", "--json", "--events-fd", "3", name[0] != '\0' ? name : NULL, NULL,
	};

	listing->listings = listings;
	listing->name = mem_strdup(name);
	listing->refs = 1;
	listing->kept = true;
	buf_init(&listing->text, LISTING_MAX_BYTES);
	TAILQ_INSERT_TAIL(&listings->kept, listing, link);
	listings->under_way++;
	listing->child = child_start(&(struct child_options){
		.host = listings->host, .args = args, .timeout_ms = TIMEOUT_MS,
		.readable = on_readable, .ended = on_ended, .ctx = listing,
	});
	return listing;
}

struct listing *listings_get(struct listings *listings, const char *name)
{
	struct listing *listing;

	listings_sweep(listings, clock_monotonic_ms());
	TAILQ_FOREACH(listing, &listings->kept, link) {
		if (strcmp(listing->name, name) == 0)
			break;
	}
	if (listing == NULL) {
		if (listings->under_way >= UNDER_WAY_MAX || listings->stopped)
			return NULL;
		listing = start(listings, name);
	}
	listing->refs++;
	return listing;
}

void listings_sweep(struct listings *listings, int64_t now_ms)
{
	struct listing *listing, *next;

	for (listing = TAILQ_FIRST(&listings->kept); listing != NULL; listing = next) {
		next = TAILQ_NEXT(listing, link);
		if (listing->done && now_ms - listing->done_at_ms > KEPT_MS)
			forget(listings, listing);
	}
}

bool listings_are_gone(const struct listings *listings)
{
	return TAILQ_EMPTY(&listings->kept);
}

void listings_forget(struct listings *listings)
{
	struct listing *listing;

	while ((listing = TAILQ_FIRST(&listings->kept)) != NULL)
		forget(listings, listing);
}

void listings_stop(struct listings *listings)
{
	listings->stopped = true;
	listings_forget(listings);
}

void listings_free(struct listings *listings)
{
	free(listings);
}

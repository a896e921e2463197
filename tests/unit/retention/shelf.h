/*
 * A database's folder with snapshots of made-up chunks, before it a bucket that
 * fails on request, and what can be said of both.
 */
#ifndef D1KEEP_TESTS_RETENTION_SHELF_H
#define D1KEEP_TESTS_RETENTION_SHELF_H

#include "retention/prune.h"
#include "tests/unit/storage/fixture.h"

/* What happens to removals. */
struct faults {
	const char *locked;      /* keys that hold this are kept by a lock rule */
	const char *stuck;       /* … are "deleted" and stay */
	const char *denied;      /* … may not be deleted */
	int die_after;           /* so many removals, then the process is gone; -1: never */
	int removals;
	const char *meanwhile;   /* a manifest of this id appears at the first removal */
};

struct shelf {
	struct fixture fixture;
	struct bucket bucket;    /* in front of the fixture's */
	struct bucket *real;
	struct faults faults;
	struct prune_options options;
	struct prune_report report;
	struct err err;
};

void shelf_open(struct shelf *s);
void shelf_close(struct shelf *s);

/* The chunk that one letter stands for: its key (the string lives until the next
 * call but three). Its bytes are as many as its letter's number: a is 97. */
const char *shelf_chunk(char letter);

/* Publish a snapshot of the chunks `letters`, which are put if they are not there. */
void shelf_publish(struct shelf *s, const char *moment, const char *label, const char *letters);
void shelf_verdict(struct shelf *s, const char *moment, bool good);
void shelf_pin(struct shelf *s, const char *moment);

/* Put an object, so many seconds old. */
void shelf_put(struct shelf *s, const char *key, int64_t age_s);
void shelf_age(struct shelf *s, const char *key, int64_t age_s);

/* prune_store with shelf.options into shelf.report and shelf.err. */
int shelf_prune(struct shelf *s);

/* What lies there: "a b c | 2026-11-20 2026-11-21 | others", chunks by their letters,
 * snapshots by their days, other objects by their keys. The string lives until the
 * next call. */
const char *shelf_contents(struct shelf *s);

/* Every listed snapshot can be loaded, and has all its chunks. */
void shelf_is_whole(struct shelf *s);

/* The fate of the snapshot of this moment: "removed", "kept: daily 1/7 (…)". */
const char *shelf_fate(const struct shelf *s, const char *moment);

#endif

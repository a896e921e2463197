/*
 * The one place that deletes: asks first whether it may, counts what came of it, and
 * tells what a lock rule keeps from what is only said to be gone.
 */
#ifndef D1KEEP_RETENTION_REMOVER_H
#define D1KEEP_RETENTION_REMOVER_H

#include <pthread.h>

#include "retention/census.h"
#include "retention/prune.h"

struct remover {
	const struct prune_options *options;
	struct prune_report *report;
	pthread_mutex_t lock;        /* over the report and may_go_on */
};

enum removal {
	REMOVAL_DONE,                /* gone; a dry run: would be */
	REMOVAL_LOCKED,              /* a lock rule keeps it */
	REMOVAL_NOT_GONE,            /* "deleted", and still there */
};

void remover_init(struct remover *r, const struct prune_options *options,
    struct prune_report *report);
void remover_release(struct remover *r);

/* -1: nothing more can be removed, `err` says why. Thread-safe for different objects. */
int remover_remove(struct remover *r, struct census_object *object, enum removal *ret,
    struct err *err);

/* These, several at a time; `count` objects that need not go in this order. */
int remover_remove_all(struct remover *r, struct census_object **objects, size_t count,
    struct err *err);

/* -1 when the run has to end: a stop was requested, or the lease is lost. */
int remover_may_go_on(struct remover *r, struct err *err);

/* A line for report->problems, taken over. */
void remover_note(struct remover *r, char *problem);

#endif

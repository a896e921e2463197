/*
 * What belongs to no snapshot, and its removal. For retention/prune.c alone; the
 * rules are told in retention/prune.h.
 */
#ifndef D1KEEP_RETENTION_GARBAGE_H
#define D1KEEP_RETENTION_GARBAGE_H

#include "retention/remover.h"

/* Removes what the snapshots that are gone leave behind and, unless `only_orphans`,
 * all other garbage that is old enough. Sets report->blocked, and removes nothing,
 * when it cannot be known what is garbage. */
int garbage_remove(struct remover *r, struct census *census, bool only_orphans,
    struct err *err);

#endif

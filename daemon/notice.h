/*
 * What a target is told, as one JSON document: docs/notifications.md. Pure.
 */
#ifndef D1KEEP_DAEMON_NOTICE_H
#define D1KEEP_DAEMON_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/alerts.h"
#include "daemon/history.h"

struct notice_subject {
	const struct alerts_decision *decision;
	const char *target;              /* its name */
	const char *environment;         /* or NULL */
	const char *database;            /* environment/database, or NULL */
	const struct history *history;   /* of the database, or NULL */
	const char *host;
	int64_t now;
};

/* A string of its own. Its id follows from what is told: told a second time by
 * mistake, or again because nobody answered, it has the same. */
char *notice_write(const struct notice_subject *subject);

/* The same of several databases, of which their decisions are alike; the first ones
 * are named. */
char *notice_write_many(const struct notice_subject *subjects, size_t count);

/* "45 min", "3 h", "12 d" into `ret` of 32 bytes, which is returned. */
char *notice_span(int64_t seconds, char ret[32]);

#endif

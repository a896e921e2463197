/*
 * A notice: one JSON document that tells of one event. d1keepd writes it, and
 * every target gets these very bytes. docs/notifications.md describes them.
 */
#ifndef D1KEEP_NOTIFY_NOTICE_H
#define D1KEEP_NOTIFY_NOTICE_H

#include <json-c/json.h>
#include <stddef.h>

#include "base/err.h"

#define NOTICE_MAX_BYTES 32768

struct notice {
	const char *text;            /* the document as it came; lent */
	size_t len;
	/* Members of it; strings live as long as the notice. */
	const char *event;           /* "failure": small letters and "-" */
	const char *id;              /* letters, digits, "-" */
	const char *environment;     /* this and the others: or NULL */
	const char *database;        /* environment/database */
	const char *message;
	const char *hint;
	struct json_object *document;
};

/* ERR_CORRUPT when it is no notice. `text` must live as long as `ret`. */
int notice_read(struct notice *ret, const char *text, size_t len, struct err *err);
void notice_release(struct notice *notice);

#endif

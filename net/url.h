/*
 * The parts of an http(s) URL that requests are built from and errors name.
 */
#ifndef D1KEEP_NET_URL_H
#define D1KEEP_NET_URL_H

#include <stddef.h>

#include "base/err.h"

struct url {
	char *origin;  /* "https://host[:port]" */
	char *host;    /* as in a Host header: the port only when unusual */
	char *path;    /* percent-encoded, "" or "/a/b" without a last slash */
};

/* An endpoint as a person configures it. ERR_USAGE unless it is http or https,
 * without user name, query and fragment. Release it with url_release. */
int url_parse(struct url *ret, const char *text, struct err *err);
void url_release(struct url *url);

/* "https://host[:port]" of any URL, for messages: no path, no query, no
 * password. `ret` of `size` bytes becomes "?" when it is no http(s) URL. */
void url_origin(const char *text, char *ret, size_t size);

#endif

/*
 * Who may do what. Pure: headers in, a verdict out.
 *
 *   Unix socket        whoever may open the file may do all
 *   TCP with tokens    Authorization: Bearer TOKEN, or Basic with the token as
 *                      password (any user name), which is what browsers can do
 *   TCP without        loopback only; the Host header must be one of this
 *                      machine's own names, or a web page whose name was made to
 *                      point here could read everything (DNS rebinding)
 *
 * A browser sends what it knows (a Basic password, or nothing, as above) along
 * with requests that other sites had it make. So whatever does not carry a
 * Bearer token must not come from another site (Sec-Fetch-Site, Origin).
 */
#ifndef D1KEEP_CONTROL_AUTH_H
#define D1KEEP_CONTROL_AUTH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"

/* What a route asks for. */
enum right {
	RIGHT_NONE,      /* /healthz, /readyz */
	RIGHT_READ,
	RIGHT_ALL,       /* starting a backup; a database's contents */
};

struct auth_token {
	bool set;
	unsigned char sha256[SHA256_BYTES];
};

/* Who is known; zeroes: nobody. Only hashes are kept. */
struct auth {
	struct auth_token all, read;
};

/* Load them from their places (base/secret.h), NULL: none. */
int auth_load(struct auth *ret, const char *token, const char *read_token, struct err *err);
void auth_release(struct auth *auth);

/* What a request says; each may be NULL. */
struct auth_request {
	bool on_socket;          /* came over the Unix socket */
	bool post;               /* may change something */
	bool page;               /* a page for people, not the API: other sites may link to it */
	const char *authorization;
	const char *host;
	const char *origin;
	const char *sec_fetch_site;
};

enum auth_verdict {
	AUTH_YES,
	AUTH_WHO,        /* 401: no token, or a wrong one (`wrong` tells) */
	AUTH_NOT_YOU,    /* 403: the token is right, the right is not */
	AUTH_HOST,       /* 403: Host is none of ours */
	AUTH_CROSS_SITE, /* 403: another site's doing */
};

/* `ret_wrong` (NULL is fine): a token was given, and it is none that we know. */
enum auth_verdict auth_check(const struct auth *auth, const struct auth_request *request,
    enum right right, bool *ret_wrong);

#endif

/*
 * The control API and the status page: HTTP on a Unix socket, where the file's
 * mode says who may, and on an optional TCP address, where a token does
 * (docs/control.md). It lives in the caller's uv loop and never holds it up.
 */
#ifndef D1KEEP_CONTROL_CONTROL_H
#define D1KEEP_CONTROL_CONTROL_H

#include <stdbool.h>

#include "base/err.h"
#include "control/host.h"

/* Where to listen, and who may. */
struct control_options {
	const char *socket;      /* a path; NULL or "": no Unix socket */
	bool socket_group;       /* mode 0660 instead of 0600 */
	const char *listen;      /* "ADDRESS:PORT" (base/address.h); NULL or "": no TCP */
	const char *token;       /* places of secrets (base/secret.h), or NULL */
	const char *read_token;
};

struct control;

/* What cannot be opened is said by the host's log, and the rest goes on: no
 * backup may fail because a port is taken. A token that cannot be loaded closes
 * the TCP address. */
struct control *control_start(const struct control_host *host,
    const struct control_options *options);

/* The configuration was read again: tokens are loaded anew; a listener whose
 * address did not change stays as it is. */
void control_reload(struct control *control, const struct control_options *options);

/* A run ended: lists of snapshots that were kept for a moment are out of date. */
void control_changed(struct control *control);

/* Cuts every connection, ends every child, removes the socket file, and closes
 * its handles: uv_run can return then, and after that control_free. */
void control_stop(struct control *control);
void control_free(struct control *control);  /* NULL is fine */

#endif

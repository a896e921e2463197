/*
 * Talking to a running d1keepd (docs/control.md): over its Unix socket, or where
 * there is none, over its TCP address with the token.
 */
#ifndef D1KEEP_CLI_DAEMON_LINK_H
#define D1KEEP_CLI_DAEMON_LINK_H

#include <json-c/json.h>

#include "base/err.h"
#include "config/config.h"

struct daemon_link;

/* ERR_NOT_FOUND: no d1keepd answers. */
struct daemon_link *daemon_link_open(const struct config *config, struct err *err);
void daemon_link_close(struct daemon_link *link);   /* NULL is fine */

/* GET, or with `body` POST; the answer's document, or NULL with what the daemon
 * says is wrong. ERR_NOT_FOUND when it has gone, too. */
struct json_object *daemon_link_ask(struct daemon_link *link, const char *path,
    struct json_object *body, struct err *err);

#endif

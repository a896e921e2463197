/*
 * One listener: libmicrohttpd without threads. Its epoll descriptor is one of
 * the uv loop's, and each time it has something MHD_run does it.
 */
#ifndef D1KEEP_CONTROL_SERVER_H
#define D1KEEP_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "control/clients.h"
#include "control/internal.h"

/* Takes the listening descriptor over. NULL with the error. */
struct server *server_start(struct control *control, int fd, bool on_socket, struct err *err);

/* Cuts all connections; their requests are released within the call. It frees
 * itself when its handles are closed. NULL is fine. */
void server_stop(struct server *server);

/* Once a second: cut who is late, wake who waits for a client that has gone. */
void server_sweep(struct server *server, int64_t now_ms);

/* Is nobody connected? */
bool server_is_alone(const struct server *server);

/* A connection was resumed: without threads, libmicrohttpd has to be called for it
 * to notice. It is, from the loop. */
void server_poke(struct server *server);

struct clients *server_clients(struct server *server);
bool server_is_socket(const struct server *server);

#endif

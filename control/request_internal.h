/*
 * The life of a request as the listener sees it (control/server.c). The bools
 * are false when the connection is to be cut.
 */
#ifndef D1KEEP_CONTROL_REQUEST_INTERNAL_H
#define D1KEEP_CONTROL_REQUEST_INTERNAL_H

#include "control/request.h"

struct request *request_new(struct control *control, struct server *server,
    struct client *client, struct MHD_Connection *connection, const char *path);
void request_free(struct request *request);

/* Its headers are there: find the route, look at the token; what is refused is
 * refused before a byte of the body is read. */
bool request_begin(struct request *request, const char *method);
bool request_take_body(struct request *request, const char *data, size_t len);

/* It is whole, or was woken. */
bool request_go(struct request *request);

/* All of this listener's, before it ends: none does work any more. */
void request_resume_all(struct control *control, struct server *server);

/* Those whose client has gone meanwhile, or who have waited long enough. */
void request_sweep(struct control *control, int64_t now_ms);

#endif

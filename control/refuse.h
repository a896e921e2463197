/*
 * What is refused by its headers alone. Each returns true when it answered, or
 * could not (then the connection is cut).
 */
#ifndef D1KEEP_CONTROL_REFUSE_H
#define D1KEEP_CONTROL_REFUSE_H

#include <stdbool.h>

#include "control/request.h"

/* No such path, or not with this method; else the request has its route. */
bool refuse_route(struct request *request, const char *method);

/* Who may not (control/auth.h). */
bool refuse_stranger(struct request *request, const char *method);

/* Would it be let through to a route that asks for this? */
bool refuse_would_pass(struct request *request, enum right right);

/* An argument that this path does not have, or twice. */
bool refuse_arguments(struct request *request);

/* A body that is too long, or whose length is not said. */
bool refuse_body(struct request *request);

#endif

/*
 * The one table of what can be asked for.
 */
#ifndef D1KEEP_CONTROL_ROUTES_H
#define D1KEEP_CONTROL_ROUTES_H

#include <stdbool.h>

#include "control/auth.h"

struct request;

struct route {
	const char *method;      /* a GET answers HEAD too */
	const char *path;        /* one that ends in '/' (but "/") stands for all below it */
	enum right right;
	bool page;               /* for people: its errors are pages, others may link to it */
	void (*handle)(struct request *request);
	const char *arguments;   /* the query's, by words; others are refused. NULL: passed over */
};

/* NULL: nothing has this path, or (`*ret_allow` is set, e.g. "GET, HEAD") it has
 * other methods. */
const struct route *routes_find(const char *method, const char *path, const char **ret_allow);

/* What is behind the path that stands for more; "" for others. */
const char *routes_rest(const struct route *route, const char *path);

#endif

/*
 * What the parts of control/ share.
 */
#ifndef D1KEEP_CONTROL_INTERNAL_H
#define D1KEEP_CONTROL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "control/auth.h"
#include "control/control.h"
#include "control/listen.h"

struct request;
struct server;
struct listings;
TAILQ_HEAD(request_list, request);

/* Wrong tokens, told at most once a minute. */
struct login_failures {
	unsigned count;          /* since they were told */
	int64_t told_at_ms;      /* monotonic; 0: never */
	char last[64];           /* address */
};

struct control {
	struct control_host host;
	struct auth auth;
	struct server *socket, *tcp;     /* NULL: not open */
	char *socket_path, *listen_text; /* what they listen at, as configured */
	bool socket_group;
	struct listen_file socket_file;
	struct login_failures failures;
	struct listings *listings;
	unsigned downloads;
	char *want_socket, *want_listen; /* what they should listen at; NULL: nothing */
	bool want_group;
	uv_timer_t again;                /* while one of them could not be opened */
	uint64_t again_ms;               /* in which it is tried again */
	uv_timer_t sweep;                /* every second while somebody is there */
	uv_idle_t idle;                  /* while requests have work to do */
	struct request_list requests;    /* all there are */
	struct request_list working;
	char *csp;                       /* the Content-Security-Policy of all answers */
	bool stopping;
};

/* Somebody has come: look after them each second, until nobody is left. */
void control_attend(struct control *control);

#endif

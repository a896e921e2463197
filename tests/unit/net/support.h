/*
 * A clock that only tests move, and a server that says what it is told to.
 */
#ifndef D1KEEP_TESTS_UNIT_NET_SUPPORT_H
#define D1KEEP_TESTS_UNIT_NET_SUPPORT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/http.h"

/* Sleeping moves the time on, and does nothing else. */
struct fake_clock {
	_Atomic int64_t now_ms;
	_Atomic int64_t slept_ms;
	_Atomic unsigned sleeps;
	struct clock clock;
};

void fake_clock_init(struct fake_clock *fake, int64_t now_ms);

/*
 * Listens on a free port of 127.0.0.1. The n-th request gets the n-th answer,
 * sent byte for byte, and the last answer is given for ever; then the
 * connection is closed, unless the answer says "Connection: keep-alive".
 * "{url}" in an answer becomes the server's own URL.
 */
struct server;

#define SERVER_CUT "(cut)"         /* read the request, answer nothing, close */
/* Before an answer: request a stop (base/stop.h), give the client a moment to hang
 * up, and then answer. */
#define SERVER_STOPS "(stop)"
#define SERVER_SILENT "(silent)"   /* read the request, and keep still */

struct server *server_start(const char *const *answers);   /* NULL-terminated */
void server_stop(struct server *s);

/* "http://127.0.0.1:<port>" */
const char *server_url(const struct server *s);
/* How many requests and connections came, and the n-th request's text. */
size_t server_requests(struct server *s);
size_t server_connections(struct server *s);
const char *server_request(struct server *s, size_t n);

/* A URL where nobody listens. */
const char *closed_port_url(void);

struct http *test_http(const struct fake_clock *fake, unsigned retries, struct budget *budget);

#endif

/*
 * Who is connected. A client that is slow to ask takes a place from others:
 *
 *   - a request has to be there, whole, soon after the connection (or the last
 *     answer), however steadily its bytes drip;
 *   - where there are too many, in all or from one address, the one that has been
 *     slow to ask for longest gives way. So a newcomer always gets in, and one
 *     who asks at once is answered.
 *
 * What is cut here is shut down; libmicrohttpd then sees that it is gone.
 */
#ifndef D1KEEP_CONTROL_CLIENTS_H
#define D1KEEP_CONTROL_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/address.h"

#define CLIENTS_MAX 128              /* on one listener */
#define CLIENTS_PER_ADDRESS 64
#define CLIENTS_ASK_MS 15000         /* from the connection to the whole request */
#define CLIENTS_ANSWER_MS 120000     /* for an answer that is no download */

enum client_phase {
	CLIENT_ASKING,       /* no whole request yet */
	CLIENT_ANSWERED,     /* its answer is being made or sent */
	CLIENT_STREAMING,    /* a download: may take as long as it moves */
};

struct client {
	TAILQ_ENTRY(client) link;
	int fd;
	enum client_phase phase;
	bool cut;                        /* shut down, not yet gone */
	int64_t since_ms;                /* of the phase */
	char address[ADDRESS_TEXT_SIZE]; /* "" on a Unix socket */
};

TAILQ_HEAD(client_list, client);

/* Those of one listener, the oldest of a phase first. */
struct clients {
	struct client_list list;
	size_t count;            /* without those that are cut */
};

void clients_init(struct clients *clients);

/* Times are clock_monotonic_ms. The client is freed by clients_remove. */
struct client *clients_add(struct clients *clients, int fd, const struct sockaddr *address,
    int64_t now_ms);
void clients_remove(struct clients *clients, struct client *client);

/* It goes to the end of the list. */
void clients_phase(struct clients *clients, struct client *client, enum client_phase phase,
    int64_t now_ms);

/* Cut those whose time is up. */
void clients_sweep(struct clients *clients, int64_t now_ms);

/* Has the other side gone? For those whose socket nobody reads meanwhile. */
bool client_is_gone(const struct client *client);

#endif

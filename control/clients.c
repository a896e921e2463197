#include "control/clients.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void clients_init(struct clients *clients)
{
	TAILQ_INIT(&clients->list);
	clients->count = 0;
}

static void cut(struct clients *clients, struct client *client)
{
	if (client->cut)
		return;
	client->cut = true;
	clients->count--;
	(void)shutdown(client->fd, SHUT_RDWR);
}

/* The one that has been asking for longest; of this address, or NULL: of any. */
static struct client *slowest(struct clients *clients, const char *address)
{
	struct client *client;

	TAILQ_FOREACH(client, &clients->list, link) {
		if (!client->cut && client->phase == CLIENT_ASKING &&
		    (address == NULL || strcmp(client->address, address) == 0))
			return client;
	}
	return NULL;
}

static size_t count_address(const struct clients *clients, const char *address)
{
	const struct client *client;
	size_t count = 0;

	TAILQ_FOREACH(client, &clients->list, link)
		count += !client->cut && strcmp(client->address, address) == 0;
	return count;
}

/* The newcomer itself asks too: where all others are being answered, it goes. */
static void make_room(struct clients *clients, const struct client *newcomer)
{
	struct client *slow = NULL;

	if (newcomer->address[0] != '\0' &&
	    count_address(clients, newcomer->address) > CLIENTS_PER_ADDRESS)
		slow = slowest(clients, newcomer->address);
	else if (clients->count > CLIENTS_MAX)
		slow = slowest(clients, NULL);
	if (slow != NULL)
		cut(clients, slow);
}

struct client *clients_add(struct clients *clients, int fd, const struct sockaddr *address,
    int64_t now_ms)
{
	struct client *client = mem_calloc(1, sizeof(*client));

	client->fd = fd;
	client->since_ms = now_ms;
	if (address != NULL)
		(void)address_text(address, client->address);
	TAILQ_INSERT_TAIL(&clients->list, client, link);
	clients->count++;
	make_room(clients, client);
	return client;
}

void clients_remove(struct clients *clients, struct client *client)
{
	TAILQ_REMOVE(&clients->list, client, link);
	clients->count -= !client->cut;
	free(client);
}

void clients_phase(struct clients *clients, struct client *client, enum client_phase phase,
    int64_t now_ms)
{
	client->phase = phase;
	client->since_ms = now_ms;
	TAILQ_REMOVE(&clients->list, client, link);
	TAILQ_INSERT_TAIL(&clients->list, client, link);
}

static bool is_late(const struct client *client, int64_t now_ms)
{
	int64_t age = now_ms - client->since_ms;

	return (client->phase == CLIENT_ASKING && age > CLIENTS_ASK_MS) ||
	    (client->phase == CLIENT_ANSWERED && age > CLIENTS_ANSWER_MS);
}

void clients_sweep(struct clients *clients, int64_t now_ms)
{
	struct client *client;

	TAILQ_FOREACH(client, &clients->list, link) {
		if (is_late(client, now_ms))
			cut(clients, client);
	}
}

bool client_is_gone(const struct client *client)
{
	struct pollfd pollfd = { .fd = client->fd, .events = POLLRDHUP };

	return client->cut || (poll(&pollfd, 1, 0) > 0 &&
	    (pollfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
}

#include "control/clients.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define MANY 400

struct ends {
	int ours, theirs;
	struct client *client;
};

static struct sockaddr_in address_of(unsigned last)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = htonl(0x0a000000u + last);
	return in;
}

static void join(struct clients *clients, struct ends *ends, const struct sockaddr_in *address,
    int64_t now_ms)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ends->ours = pair[0];
	ends->theirs = pair[1];
	ends->client = clients_add(clients, pair[0], (const struct sockaddr *)address, now_ms);
}

static void leave(struct clients *clients, struct ends *ends)
{
	clients_remove(clients, ends->client);
	(void)close(ends->ours);
	(void)close(ends->theirs);
}

static bool is_cut(const struct ends *ends)
{
	char byte;

	return recv(ends->theirs, &byte, 1, MSG_DONTWAIT) == 0;
}

START_TEST(the_slowest_gives_way)
{
	static struct ends ends[MANY];
	struct clients clients;
	size_t cut = 0;

	clients_init(&clients);
	for (unsigned i = 0; i < MANY; i++) {
		struct sockaddr_in address = address_of(i / 2);

		join(&clients, &ends[i], &address, i);
		ck_assert_uint_le(clients.count, CLIENTS_MAX);
		ck_assert_msg(!is_cut(&ends[i]), "the newest is let in");
	}
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_int_eq(is_cut(&ends[i]), i < MANY - CLIENTS_MAX);
		cut += is_cut(&ends[i]);
	}
	ck_assert_uint_eq(cut, MANY - CLIENTS_MAX);
	for (size_t i = 0; i < MANY; i++)
		leave(&clients, &ends[i]);
	ck_assert_uint_eq(clients.count, 0);
}
END_TEST

START_TEST(one_address_takes_its_share_only)
{
	static struct ends ends[MANY];
	struct sockaddr_in one = address_of(1), other = address_of(2);
	struct ends stranger;
	struct clients clients;

	clients_init(&clients);
	join(&clients, &stranger, &other, 0);
	for (unsigned i = 0; i < MANY; i++)
		join(&clients, &ends[i], &one, i + 1);
	ck_assert_uint_eq(clients.count, CLIENTS_PER_ADDRESS + 1);
	ck_assert(!is_cut(&stranger));
	leave(&clients, &stranger);
	for (size_t i = 0; i < MANY; i++)
		leave(&clients, &ends[i]);
}
END_TEST

START_TEST(who_is_being_answered_stays)
{
	static struct ends ends[CLIENTS_PER_ADDRESS];
	struct sockaddr_in one = address_of(1);
	struct ends late;
	struct clients clients;

	clients_init(&clients);
	for (size_t i = 0; i < CLIENTS_PER_ADDRESS; i++) {
		join(&clients, &ends[i], &one, 0);
		clients_phase(&clients, ends[i].client, CLIENT_STREAMING, 0);
	}
	join(&clients, &late, &one, 0);
	ck_assert(is_cut(&late));
	clients_sweep(&clients, INT64_C(1) << 40);
	ck_assert(!is_cut(&ends[0]));
	leave(&clients, &late);
	for (size_t i = 0; i < CLIENTS_PER_ADDRESS; i++)
		leave(&clients, &ends[i]);
}
END_TEST

START_TEST(time_is_up)
{
	struct ends asks, answered, streams;
	struct clients clients;

	clients_init(&clients);
	join(&clients, &asks, NULL, 1000);
	join(&clients, &answered, NULL, 1000);
	join(&clients, &streams, NULL, 1000);
	clients_phase(&clients, answered.client, CLIENT_ANSWERED, 1000);
	clients_phase(&clients, streams.client, CLIENT_STREAMING, 1000);
	clients_sweep(&clients, 1000 + CLIENTS_ASK_MS);
	ck_assert(!is_cut(&asks));
	clients_sweep(&clients, 1001 + CLIENTS_ASK_MS);
	ck_assert(is_cut(&asks) && !is_cut(&answered));
	clients_sweep(&clients, 1001 + CLIENTS_ANSWER_MS);
	ck_assert(is_cut(&answered) && !is_cut(&streams));
	ck_assert(!client_is_gone(streams.client));
	(void)shutdown(streams.theirs, SHUT_RDWR);
	ck_assert(client_is_gone(streams.client));
	leave(&clients, &asks);
	leave(&clients, &answered);
	leave(&clients, &streams);
}
END_TEST

UNIT_CASE(clients)
{
	tcase_add_test(tc, the_slowest_gives_way);
	tcase_add_test(tc, one_address_takes_its_share_only);
	tcase_add_test(tc, who_is_being_answered_stays);
	tcase_add_test(tc, time_is_up);
}

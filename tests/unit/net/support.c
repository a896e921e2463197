#include "tests/unit/net/support.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"

#define MAX_REQUESTS 256
#define MAX_REQUEST_BYTES (8u << 20)

static int64_t fake_now(void *ctx)
{
	return atomic_load(&((struct fake_clock *)ctx)->now_ms);
}

static void fake_sleep(void *ctx, int64_t ms)
{
	struct fake_clock *fake = ctx;

	(void)atomic_fetch_add(&fake->now_ms, ms);
	(void)atomic_fetch_add(&fake->slept_ms, ms);
	(void)atomic_fetch_add(&fake->sleeps, 1);
}

static uint32_t fake_random(void *ctx)
{
	(void)ctx;
	return 499;
}

void fake_clock_init(struct fake_clock *fake, int64_t now_ms)
{
	atomic_init(&fake->now_ms, now_ms);
	atomic_init(&fake->slept_ms, 0);
	atomic_init(&fake->sleeps, 0);
	fake->clock = (struct clock){ fake_now, fake_sleep, fake_random, fake };
}

struct server {
	int fd;
	char url[64];
	const char *const *answers;
	pthread_t acceptor;
	pthread_mutex_t lock;
	pthread_t threads[MAX_REQUESTS];
	int fds[MAX_REQUESTS];        /* -1 once closed */
	size_t connections;
	char *requests[MAX_REQUESTS];
	size_t request_count;
	size_t next_answer;
};

struct connection {
	struct server *server;
	size_t number;
};

static const char *take_answer(struct server *s, char *request)
{
	const char *answer;

	(void)pthread_mutex_lock(&s->lock);
	s->requests[s->request_count++] = request;
	answer = s->answers[s->next_answer];
	if (s->answers[s->next_answer + 1] != NULL)
		s->next_answer++;
	(void)pthread_mutex_unlock(&s->lock);
	return answer;
}

static size_t body_length(const char *head)
{
	const char *p = strcasestr(head, "\r\ncontent-length:");

	return p != NULL ? strtoul(p + 17, NULL, 10) : 0;
}

/* One request's text, or NULL when the client has gone. */
static char *read_request(int fd)
{
	struct buf b;
	char piece[65536];
	const char *end;
	ssize_t n;

	buf_init(&b, MAX_REQUEST_BYTES);
	for (;;) {
		end = strstr(buf_str(&b), "\r\n\r\n");
		if (end != NULL &&
		    b.len >= (size_t)(end + 4 - b.data) + body_length(b.data))
			return b.data;
		n = recv(fd, piece, sizeof(piece), 0);
		if (n <= 0 || buf_add(&b, piece, (size_t)n, NULL) != 0)
			break;
	}
	buf_release(&b);
	return NULL;
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static void send_answer(const struct server *s, int fd, const char *answer)
{
	const char *mark;

	if (strncmp(answer, SERVER_STOPS, strlen(SERVER_STOPS)) == 0) {
		struct pollfd hung_up = { .fd = fd, .events = POLLIN };

		stop_request();
		(void)poll(&hung_up, 1, 1500);   /* libcurl looks every second */
		answer += strlen(SERVER_STOPS);
	}
	while ((mark = strstr(answer, "{url}")) != NULL) {
		send_all(fd, answer, (size_t)(mark - answer));
		send_all(fd, s->url, strlen(s->url));
		answer = mark + strlen("{url}");
	}
	send_all(fd, answer, strlen(answer));
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct server *s = c->server;
	int fd = s->fds[c->number];
	char *request;

	while ((request = read_request(fd)) != NULL) {
		const char *answer = take_answer(s, request);

		if (strcmp(answer, SERVER_SILENT) == 0)
			continue;
		if (strcmp(answer, SERVER_CUT) == 0)
			break;
		send_answer(s, fd, answer);
		if (strstr(answer, "keep-alive") == NULL)
			break;
	}
	(void)shutdown(fd, SHUT_RDWR);
	free(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct server *s = arg;
	int fd;

	while (s->connections < MAX_REQUESTS && (fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct connection *c = mem_calloc(1, sizeof(*c));

		(void)pthread_mutex_lock(&s->lock);
		*c = (struct connection){ s, s->connections };
		s->fds[s->connections] = fd;
		ck_assert_int_eq(pthread_create(&s->threads[s->connections], NULL, serve, c), 0);
		s->connections++;
		(void)pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static int listen_anywhere(int *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

struct server *server_start(const char *const *answers)
{
	struct server *s = mem_calloc(1, sizeof(*s));
	int port;

	s->answers = answers;
	s->fd = listen_anywhere(&port);
	(void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", port);
	(void)pthread_mutex_init(&s->lock, NULL);
	ck_assert_int_eq(pthread_create(&s->acceptor, NULL, accept_all, s), 0);
	return s;
}

void server_stop(struct server *s)
{
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->acceptor, NULL);
	for (size_t i = 0; i < s->connections; i++) {
		(void)shutdown(s->fds[i], SHUT_RDWR);
		(void)pthread_join(s->threads[i], NULL);
		(void)close(s->fds[i]);
	}
	(void)close(s->fd);
	for (size_t i = 0; i < s->request_count; i++)
		free(s->requests[i]);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

const char *server_url(const struct server *s)
{
	return s->url;
}

size_t server_requests(struct server *s)
{
	size_t n;

	(void)pthread_mutex_lock(&s->lock);
	n = s->request_count;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

size_t server_connections(struct server *s)
{
	size_t n;

	(void)pthread_mutex_lock(&s->lock);
	n = s->connections;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

const char *server_request(struct server *s, size_t n)
{
	ck_assert_uint_lt(n, server_requests(s));
	return s->requests[n];
}

/* Bound but not listening: nobody else can come to live there meanwhile. */
const char *closed_port_url(void)
{
	static char url[64];
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(a.sin_port));
	return url;
}

struct http *test_http(const struct fake_clock *fake, unsigned retries, struct budget *budget)
{
	struct http_options options = {
		.clock = &fake->clock, .budget = budget, .retries = retries,
		.connect_timeout_ms = 5000, .stall_timeout_ms = 5000,
	};

	return http_new(&options);
}

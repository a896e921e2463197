#include "control/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "control/request_internal.h"

#define IDLE_SECONDS 20
#define MEMORY_PER_CONNECTION 32768     /* a request's headers have to fit in there */
#define CONNECTIONS_OVER 64             /* those that are cut, and not yet gone */

struct server {
	struct control *control;
	struct MHD_Daemon *mhd;
	bool on_socket;
	bool stopping;
	struct clients clients;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_idle_t again;         /* runs while it wants to be called at once */
	unsigned open_handles;
};

/* ---- the loop's side */

static void on_timer(uv_timer_t *timer);
static void on_again(uv_idle_t *idle);

/* MHD wants to be called again then: 0 means that it has something to do that no
 * descriptor tells. Not by a timer of 0: that would go off in the same turn of
 * the loop, again and again, and nobody else would have one. */
static void set_timer(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;
	bool wanted = MHD_get_timeout(server->mhd, &ms) == MHD_YES;

	(void)uv_timer_stop(&server->timer);
	(void)uv_idle_stop(&server->again);
	if (wanted && ms == 0)
		(void)uv_idle_start(&server->again, on_again);
	else if (wanted)
		(void)uv_timer_start(&server->timer, on_timer, (uint64_t)ms, 0);
}

static void run(struct server *server)
{
	if (server->stopping)
		return;
	(void)MHD_run(server->mhd);
	set_timer(server);
}

static void on_timer(uv_timer_t *timer)
{
	run(timer->data);
}

static void on_again(uv_idle_t *idle)
{
	run(idle->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	run(poll->data);
}

/* ---- libmicrohttpd's side */

static struct client *client_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode what)
{
	struct server *server = cls;
	const union MHD_ConnectionInfo *fd, *address;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		clients_remove(&server->clients, *socket_context);
		*socket_context = NULL;
		return;
	}
	fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*socket_context = clients_add(&server->clients, fd->connect_fd,
	    server->on_socket ? NULL : address->client_addr, clock_monotonic_ms());
	control_attend(server->control);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **req_cls)
{
	struct server *server = cls;
	struct request *request = *req_cls;
	bool fine;

	if (request == NULL) {
		request = request_new(server->control, server, client_of(connection), connection, url);
		request->http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
		*req_cls = request;
		fine = request_begin(request, method);
	} else if (*data_len > 0) {
		fine = request_take_body(request, data, *data_len);
		*data_len = 0;
	} else {
		clients_phase(&server->clients, request->client, CLIENT_ANSWERED, clock_monotonic_ms());
		fine = request_go(request);
	}
	return fine ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **req_cls,
    enum MHD_RequestTerminationCode why)
{
	struct server *server = cls;
	struct request *request = *req_cls;

	(void)connection, (void)why;
	if (request == NULL)
		return;
	clients_phase(&server->clients, request->client, CLIENT_ASKING, clock_monotonic_ms());
	request_free(request);
	*req_cls = NULL;
}

/* ---- beginning and end */

static void free_when_closed(uv_handle_t *handle)
{
	struct server *server = handle->data;

	if (--server->open_handles == 0)
		free(server);
}

static struct MHD_Daemon *start_mhd(struct server *server, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
	    on_request, server,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)(CLIENTS_MAX + CONNECTIONS_OVER),
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_END);
}

struct server *server_start(struct control *control, int fd, bool on_socket, struct err *err)
{
	struct server *server = mem_calloc(1, sizeof(*server));
	const union MHD_DaemonInfo *info;

	server->control = control;
	server->on_socket = on_socket;
	clients_init(&server->clients);
	server->mhd = start_mhd(server, fd);
	if (server->mhd == NULL) {
		free(server);
		(void)err_set(err, ERR_FAILED, "libmicrohttpd cannot start: %s", strerror(errno));
		return NULL;
	}
	info = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	(void)uv_poll_init(control->host.loop, &server->poll, info->epoll_fd);
	(void)uv_timer_init(control->host.loop, &server->timer);
	(void)uv_idle_init(control->host.loop, &server->again);
	server->poll.data = server->timer.data = server->again.data = server;
	server->open_handles = 3;
	(void)uv_poll_start(&server->poll, UV_READABLE, on_poll);
	return server;
}

void server_stop(struct server *server)
{
	if (server == NULL)
		return;
	server->stopping = true;
	/* The loop must let go of the descriptor before MHD closes it. */
	uv_close((uv_handle_t *)&server->poll, free_when_closed);
	uv_close((uv_handle_t *)&server->timer, free_when_closed);
	uv_close((uv_handle_t *)&server->again, free_when_closed);
	request_resume_all(server->control, server);
	MHD_stop_daemon(server->mhd);
	server->mhd = NULL;
}

void server_sweep(struct server *server, int64_t now_ms)
{
	if (server != NULL)
		clients_sweep(&server->clients, now_ms);
}

bool server_is_alone(const struct server *server)
{
	return server == NULL || TAILQ_EMPTY(&server->clients.list);
}

void server_poke(struct server *server)
{
	if (!server->stopping)
		(void)uv_idle_start(&server->again, on_again);
}

struct clients *server_clients(struct server *server)
{
	return &server->clients;
}

bool server_is_socket(const struct server *server)
{
	return server->on_socket;
}

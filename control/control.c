#include "control/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/internal.h"
#include "control/listing.h"
#include "control/page.h"
#include "control/request_internal.h"
#include "control/server.h"

#define SWEEP_MS 1000
/* What could not be opened (another has the port) is tried again, later and later. */
#define AGAIN_FIRST_MS 2000
#define AGAIN_MAX_MS 300000

static void tell(struct control *control, const struct err *err)
{
	const struct control_host *host = &control->host;
	AUTO_STR hint = err->hint[0] != '\0' ? mem_printf("hint: %s", err->hint) : NULL;

	host->log(host->ctx, LOG_LEVEL_ERROR, err->msg);
	if (hint != NULL)
		host->log(host->ctx, LOG_LEVEL_INFO, hint);
}

static void say(struct control *control, const char *what, const char *where)
{
	const struct control_host *host = &control->host;
	AUTO_STR line = mem_printf("control: %s %s", what, where);

	host->log(host->ctx, LOG_LEVEL_INFO, line);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* "" is none, as in the configuration. */
static const char *or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* ---- listeners */

static void close_socket(struct control *control)
{
	server_stop(control->socket);
	control->socket = NULL;
	listen_file_remove(&control->socket_file);
	mem_free_str(&control->socket_path);
	control->socket_path = NULL;
}

static void close_tcp(struct control *control)
{
	server_stop(control->tcp);
	control->tcp = NULL;
	mem_free_str(&control->listen_text);
	control->listen_text = NULL;
}

static int open_socket(struct control *control, const char *path, bool group, struct err *err)
{
	int fd = listen_unix(path, group, &control->socket_file, err);

	if (fd < 0)
		return -1;
	control->socket = server_start(control, fd, true, err);
	if (control->socket == NULL) {
		listen_file_remove(&control->socket_file);
		return -1;
	}
	say(control, "listens at", path);
	control->socket_path = mem_strdup(path);
	control->socket_group = group;
	return 0;
}

/* The configuration was refused for this (config/), but it is the kind of rule
 * that should hold wherever one looks. */
static int open_tcp(struct control *control, const char *text, struct err *err)
{
	struct address address;
	AUTO_STR where = NULL;
	int fd;

	if (address_parse(text, &address, err) != 0)
		return -1;
	if (!address_is_loopback((const struct sockaddr *)&address.storage) &&
	    !control->auth.all.set && !control->auth.read.set)
		return err_set(err, ERR_REFUSED, "%s is not this machine alone: it takes a control_token", text);
	fd = listen_tcp(&address, text, err);
	if (fd < 0)
		return -1;
	control->tcp = server_start(control, fd, false, err);
	if (control->tcp == NULL)
		return -1;
	where = mem_printf("%.*s:%u", (int)(strrchr(text, ':') - text), text, listen_port(fd));
	say(control, "listens at", where);
	control->listen_text = mem_strdup(text);
	return 0;
}

static int keep_socket(struct control *control, struct err *err)
{
	const char *path = control->want_socket;

	if (control->socket != NULL && same_text(control->socket_path, path) &&
	    control->socket_group == control->want_group)
		return 0;
	close_socket(control);
	return path != NULL ? open_socket(control, path, control->want_group, err) : 0;
}

static int keep_tcp(struct control *control, struct err *err)
{
	const char *text = control->want_listen;

	if (control->tcp != NULL && same_text(control->listen_text, text))
		return 0;
	close_tcp(control);
	return text != NULL ? open_tcp(control, text, err) : 0;
}

/* What only another configuration can mend. */
static bool is_for_good(const struct err *err)
{
	return err->code == ERR_REFUSED || err->code == ERR_USAGE;
}

static void on_again(uv_timer_t *timer);

/* What cannot be opened is told the first time. */
static void keep_both(struct control *control, bool is_first)
{
	int (*const each[])(struct control *control, struct err *err) = { keep_tcp, keep_socket };
	bool again = false;

	for (int i = 0; i < 2; i++) {
		struct err err = ERR_INIT;

		if (each[i](control, &err) == 0)
			continue;
		if (is_first)
			tell(control, &err);
		again = again || !is_for_good(&err);
	}
	control->again_ms = is_first ? AGAIN_FIRST_MS : control->again_ms * 2;
	if (control->again_ms > AGAIN_MAX_MS)
		control->again_ms = AGAIN_MAX_MS;
	if (again)
		(void)uv_timer_start(&control->again, on_again, control->again_ms, 0);
	else
		(void)uv_timer_stop(&control->again);
}

static void on_again(uv_timer_t *timer)
{
	keep_both(timer->data, false);
}

static void want(struct control *control, const char *listen, const char *socket, bool group)
{
	mem_free_str(&control->want_listen);
	mem_free_str(&control->want_socket);
	control->want_listen = mem_strdup(listen);
	control->want_socket = mem_strdup(socket);
	control->want_group = group;
}

void control_reload(struct control *control, const struct control_options *options)
{
	const char *listen = or_null(options->listen);
	struct auth auth = { .all.set = false };
	struct err err = ERR_INIT;

	if (listen != NULL && auth_load(&auth, or_null(options->token),
	    or_null(options->read_token), &err) != 0) {
		/* An address for which nobody's right can be told is closed. */
		(void)err_wrap(&err, "nothing listens at %s", listen);
		tell(control, &err);
		listen = NULL;
	}
	if (control->tcp != NULL && auth.all.set == false && auth.read.set == false &&
	    (control->auth.all.set || control->auth.read.set))
		close_tcp(control);      /* open_tcp asks anew whether it may be open */
	auth_release(&control->auth);
	control->auth = auth;
	auth_release(&auth);
	want(control, listen, or_null(options->socket), options->socket_group);
	keep_both(control, true);
}

/* ---- beginning and end */

static void on_sweep(uv_timer_t *timer)
{
	struct control *control = timer->data;
	int64_t now_ms = clock_monotonic_ms();

	server_sweep(control->socket, now_ms);
	server_sweep(control->tcp, now_ms);
	request_sweep(control, now_ms);
	listings_sweep(control->listings, now_ms);
	if (server_is_alone(control->socket) && server_is_alone(control->tcp) &&
	    TAILQ_EMPTY(&control->requests) && listings_are_gone(control->listings))
		(void)uv_timer_stop(timer);
}

void control_attend(struct control *control)
{
	if (!control->stopping && !uv_is_active((uv_handle_t *)&control->sweep))
		(void)uv_timer_start(&control->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* Those who wait for it hold it as their job. */
static void on_listing(void *ctx, struct listing *listing)
{
	struct control *control = ctx;
	struct request *request;

	TAILQ_FOREACH(request, &control->requests, link) {
		if (request->job == listing)
			request_wake(request);
	}
}

struct control *control_start(const struct control_host *host,
    const struct control_options *options)
{
	struct control *control = mem_calloc(1, sizeof(*control));

	control->host = *host;
	control->csp = page_csp();
	control->listings = listings_new(&control->host, on_listing, control);
	TAILQ_INIT(&control->requests);
	TAILQ_INIT(&control->working);
	(void)uv_timer_init(host->loop, &control->again);
	(void)uv_timer_init(host->loop, &control->sweep);
	(void)uv_idle_init(host->loop, &control->idle);
	control->again.data = control->sweep.data = control->idle.data = control;
	control_reload(control, options);
	return control;
}

void control_changed(struct control *control)
{
	listings_forget(control->listings);
}

void control_stop(struct control *control)
{
	if (control->stopping)
		return;
	control->stopping = true;
	close_tcp(control);
	close_socket(control);
	listings_stop(control->listings);
	uv_close((uv_handle_t *)&control->again, NULL);
	uv_close((uv_handle_t *)&control->sweep, NULL);
	uv_close((uv_handle_t *)&control->idle, NULL);
}

void control_free(struct control *control)
{
	if (control == NULL)
		return;
	listings_free(control->listings);
	auth_release(&control->auth);
	want(control, NULL, NULL, false);
	free(control->csp);
	free(control);
}

#include "daemon/delivery.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "daemon/lines.h"

#define LINE_MAX_BYTES 1024
#define LINES_MAX 100
#define LINGER_MS 1000

struct delivery {
	char *target;
	char *text;
	int64_t kill_after_ms;
	bool exited, delivered;

	uv_process_t process;
	uv_timer_t timer;        /* the limit, then SIGKILL's, then LINGER_MS */
	uv_pipe_t input, errors;
	uv_write_t write;
	struct lines lines;
	unsigned line_count;
	unsigned open_handles;
	char read_buf[4096];

	void (*ended)(void *ctx, bool delivered);
	void *ctx;
};

static void take_line(void *ctx, const char *line, size_t len, bool cut)
{
	struct delivery *d = ctx;

	(void)len;
	d->line_count++;
	if (d->line_count <= LINES_MAX)
		log_info("notify=%s: %s%s", d->target, line, cut ? " …" : "");
}

static void free_when_closed(uv_handle_t *handle)
{
	struct delivery *d = handle->data;

	if (--d->open_handles > 0)
		return;
	d->ended(d->ctx, d->delivered);
	lines_release(&d->lines);
	free(d->target);
	free(d->text);
	free(d);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, free_when_closed);
}

static void close_errors(struct delivery *d)
{
	if (!uv_is_closing((uv_handle_t *)&d->errors))
		lines_finish(&d->lines);
	close_handle((uv_handle_t *)&d->errors);
}

static void close_all(struct delivery *d)
{
	close_errors(d);
	close_handle((uv_handle_t *)&d->input);
	close_handle((uv_handle_t *)&d->timer);
	close_handle((uv_handle_t *)&d->process);
}

/* What a process that the child left behind may still say is not waited for. */
static void on_linger(uv_timer_t *timer)
{
	close_all(timer->data);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
	struct delivery *d = process->data;

	d->exited = true;
	d->delivered = status == 0 && signal_number == 0;
	if (uv_is_closing((uv_handle_t *)&d->errors))
		close_all(d);
	else
		(void)uv_timer_start(&d->timer, on_linger, LINGER_MS, 0);
}

static void give_read_buf(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct delivery *d = handle->data;

	(void)suggested;
	*ret = uv_buf_init(d->read_buf, sizeof(d->read_buf));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct delivery *d = stream->data;

	if (len > 0)
		lines_feed(&d->lines, buf->base, (size_t)len);
	if (len >= 0)
		return;
	close_errors(d);
	if (d->exited)
		close_all(d);
}

/* Written, or not: a child that did not read it says so by its exit status. */
static void on_written(uv_write_t *write, int status)
{
	struct delivery *d = write->data;

	(void)status;
	close_handle((uv_handle_t *)&d->input);
}

static void on_kill(uv_timer_t *timer)
{
	struct delivery *d = timer->data;

	(void)uv_process_kill(&d->process, SIGKILL);
}

static void on_limit(uv_timer_t *timer)
{
	struct delivery *d = timer->data;

	log_warning("notify=%s: takes too long, stopping it", d->target);
	delivery_stop(d);
}

void delivery_stop(struct delivery *d)
{
	if (d->exited)
		return;
	(void)uv_process_kill(&d->process, SIGTERM);
	(void)uv_timer_start(&d->timer, on_kill, (uint64_t)d->kill_after_ms, 0);
}

static int spawn(struct delivery *d, const struct delivery_options *options)
{
	char *args[] = {
		(char *)options->binary, "-c", (char *)options->config_path, "notify", "--deliver",
		"--", d->target, NULL,
	};
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
		  .data.stream = (uv_stream_t *)&d->input },
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&d->errors },
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = options->config_fd },
	};
	uv_process_options_t process = {
		.file = options->binary, .args = args, .exit_cb = on_exit_of,
		.stdio = stdio, .stdio_count = options->config_fd > 0 ? 5 : 3,
	};

	return uv_spawn(options->loop, &d->process, &process);
}

static struct delivery *delivery_new(const struct delivery_options *options)
{
	struct delivery *d = mem_calloc(1, sizeof(*d));

	d->target = mem_strdup(options->target);
	d->text = mem_strdup(options->text);
	d->kill_after_ms = options->kill_after_ms;
	lines_init(&d->lines, LINE_MAX_BYTES, take_line, d);
	(void)uv_timer_init(options->loop, &d->timer);
	(void)uv_pipe_init(options->loop, &d->input, 0);
	(void)uv_pipe_init(options->loop, &d->errors, 0);
	d->process.data = d->timer.data = d->input.data = d->errors.data = d->write.data = d;
	d->open_handles = 4;
	return d;
}

struct delivery *delivery_start(const struct delivery_options *options,
    void (*ended)(void *ctx, bool delivered), void *ctx)
{
	struct delivery *d = delivery_new(options);
	int rc = spawn(d, options);
	uv_buf_t buf = uv_buf_init(d->text, (unsigned)strlen(d->text));

	d->ended = ended;
	d->ctx = ctx;
	if (rc != 0) {
		log_warning("notify=%s: cannot start \"%s\": %s", d->target, options->binary,
		    uv_strerror(rc));
		d->exited = true;
		close_all(d);
		return d;
	}
	(void)uv_read_start((uv_stream_t *)&d->errors, give_read_buf, on_read);
	(void)uv_write(&d->write, (uv_stream_t *)&d->input, &buf, 1, on_written);
	(void)uv_timer_start(&d->timer, on_limit, (uint64_t)options->limit_ms, 0);
	return d;
}

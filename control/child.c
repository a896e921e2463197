#include "control/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define OUTPUT_BYTES 65536
#define EVENT_LINE_MAX 8192
#define ARGS_MAX 8
#define KILL_AFTER_MS 5000

struct child {
	struct child_options options;
	struct child_end end;
	char output[OUTPUT_BYTES];       /* from `at` to `len` is not taken yet */
	size_t at, len;
	char scratch[4096];
	char line[EVENT_LINE_MAX];
	size_t line_len;
	bool line_long;
	bool dropped, exited, output_ended, events_ended, terminated, closing;
	uv_process_t process;
	uv_timer_t timer;                /* the time limit, then SIGKILL's */
	uv_pipe_t out, events;
	unsigned open_handles;
};

/* ---- events */

static void copy(char *ret, size_t size, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	if (len > 0)
		memcpy(ret, text, len);
	ret[len] = '\0';
}

static void take_line(struct child *child)
{
	AUTO_JSON o = json_read(child->line, child->line_len, NULL);
	const char *event = o != NULL ? json_get_str(o, "event") : NULL;
	struct child_error *error = &child->end.errors[child->end.error_count];

	if (event == NULL || strcmp(event, "error") != 0 ||
	    child->end.error_count == CHILD_ERRORS_MAX)
		return;
	copy(error->code, sizeof(error->code), json_get_str(o, "code"));
	copy(error->message, sizeof(error->message), json_get_str(o, "message"));
	copy(error->hint, sizeof(error->hint), json_get_str(o, "hint"));
	child->end.error_count++;
}

static void take_events(struct child *child, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n') {
			if (child->line_len < sizeof(child->line))
				child->line[child->line_len++] = data[i];
			else
				child->line_long = true;
			continue;
		}
		if (!child->line_long)
			take_line(child);
		child->line_len = 0;
		child->line_long = false;
	}
}

/* ---- its end */

static void free_when_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->open_handles > 0)
		return;
	if (!child->dropped)
		child->options.ended(child->options.ctx, &child->end);
	free(child);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, free_when_closed);
}

/* Over when the process is gone, its pipes are read, and its output is taken. */
static void end_if_over(struct child *child)
{
	if (!child->exited || !child->events_ended || !child->output_ended ||
	    child->at < child->len || child->closing)
		return;
	child->closing = true;
	close_handle((uv_handle_t *)&child->process);
	close_handle((uv_handle_t *)&child->timer);
	close_handle((uv_handle_t *)&child->out);
	close_handle((uv_handle_t *)&child->events);
}

static void on_kill(uv_timer_t *timer)
{
	struct child *child = timer->data;

	if (!child->exited)
		(void)uv_process_kill(&child->process, SIGKILL);
}

static void terminate(struct child *child)
{
	if (child->terminated || child->exited)
		return;
	child->terminated = true;
	(void)uv_process_kill(&child->process, SIGTERM);
	(void)uv_timer_start(&child->timer, on_kill, KILL_AFTER_MS, 0);
}

static void on_timeout(uv_timer_t *timer)
{
	struct child *child = timer->data;

	child->end.timed_out = true;
	terminate(child);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
	struct child *child = process->data;

	child->exited = true;
	child->end.exit_code = signal_number != 0 ? 128 + signal_number : (int)status;
	end_if_over(child);
}

/* ---- its output */

/* Where the output goes: behind what is not taken yet. */
static void give_output(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct child *child = handle->data;

	(void)suggested;
	*ret = uv_buf_init(child->output + child->len, (unsigned)(OUTPUT_BYTES - child->len));
}

static void on_output(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct child *child = stream->data;

	(void)buf;
	if (len == 0)
		return;
	if (len < 0) {
		child->output_ended = true;
		(void)uv_read_stop(stream);
	} else if (!child->dropped) {
		child->len += (size_t)len;
		if (child->len == OUTPUT_BYTES)
			(void)uv_read_stop(stream);
	}
	if (len > 0 && !child->dropped)
		child->options.readable(child->options.ctx);
	end_if_over(child);
}

size_t child_read(struct child *child, char *ret, size_t max)
{
	size_t len = child->len - child->at;

	if (len > max)
		len = max;
	if (len == 0)
		return 0;
	memcpy(ret, child->output + child->at, len);
	child->at += len;
	if (child->at < child->len)
		return len;
	child->at = child->len = 0;
	if (!child->output_ended)
		(void)uv_read_start((uv_stream_t *)&child->out, give_output, on_output);
	end_if_over(child);
	return len;
}

static void give_scratch(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct child *child = handle->data;

	(void)suggested;
	*ret = uv_buf_init(child->scratch, sizeof(child->scratch));
}

static void on_events(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct child *child = stream->data;

	if (len > 0)
		take_events(child, buf->base, (size_t)len);
	if (len >= 0)
		return;
	child->events_ended = true;
	(void)uv_read_stop(stream);
	end_if_over(child);
}

void child_drop(struct child *child)
{
	child->dropped = true;
	child->at = child->len = 0;
	child->output_ended = child->events_ended = true;
	(void)uv_read_stop((uv_stream_t *)&child->out);
	(void)uv_read_stop((uv_stream_t *)&child->events);
	terminate(child);
	end_if_over(child);
}

/* ---- its beginning */

static int spawn(struct child *child)
{
	const struct control_host *host = child->options.host;
	int config_fd = host->config_fd(host->ctx);
	char *args[ARGS_MAX + 4] = {
		(char *)host->binary, "-q", "-c", (char *)host->config_path(host->ctx),
	};
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->out },
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->events },
		{ .flags = UV_INHERIT_FD, .data.fd = config_fd },
	};
	uv_process_options_t process = {
		.file = host->binary, .args = args, .exit_cb = on_exit_of, .stdio = stdio,
		.stdio_count = config_fd > 0 ? 5 : 4,
	};

	for (size_t i = 0; i + 1 < ARGS_MAX && child->options.args[i] != NULL; i++)
		args[4 + i] = (char *)child->options.args[i];
	return uv_spawn(host->loop, &child->process, &process);
}

static void not_started(struct child *child, int rc)
{
	struct child_error *error = &child->end.errors[child->end.error_count++];

	copy(error->code, sizeof(error->code), "failed");
	(void)snprintf(error->message, sizeof(error->message), "cannot start \"%s\": %s",
	    child->options.host->binary, uv_strerror(rc));
	child->end.exit_code = 127;
	child->exited = child->output_ended = child->events_ended = true;
	end_if_over(child);
}

struct child *child_start(const struct child_options *options)
{
	struct child *child = mem_calloc(1, sizeof(*child));
	uv_loop_t *loop = options->host->loop;
	int rc;

	child->options = *options;
	(void)uv_timer_init(loop, &child->timer);
	(void)uv_pipe_init(loop, &child->out, 0);
	(void)uv_pipe_init(loop, &child->events, 0);
	child->process.data = child->timer.data = child->out.data = child->events.data = child;
	child->open_handles = 4;
	rc = spawn(child);
	child->options.args = NULL;      /* lent for the start alone */
	if (rc != 0) {
		not_started(child, rc);
		return child;
	}
	(void)uv_read_start((uv_stream_t *)&child->out, give_output, on_output);
	(void)uv_read_start((uv_stream_t *)&child->events, give_scratch, on_events);
	(void)uv_timer_start(&child->timer, on_timeout, (uint64_t)options->timeout_ms, 0);
	return child;
}

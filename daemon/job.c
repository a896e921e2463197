#include "daemon/job.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "daemon/lines.h"

#define ERROR_LINE_MAX 1024
#define ERROR_LINES_MAX 1000    /* of one job; a job that loops must not fill the disk */
#define LINGER_MS 1000
#define WAIT_FOR_LEASE "300"    /* seconds: somebody waits for what was asked for */
#define ARGS_MAX 16

enum phase {
	PHASE_RUNNING,
	PHASE_TERMINATED,   /* SIGTERM sent */
	PHASE_EXITED,       /* waiting for the rest of its output */
	PHASE_ENDED,        /* closing */
};

struct job {
	char *database;
	int64_t number;
	unsigned timeout_s;
	int64_t kill_after_ms;
	enum phase phase;

	uv_process_t process;
	uv_timer_t timer;        /* the time limit, then SIGKILL's, then LINGER_MS */
	uv_pipe_t events, errors;
	struct lines event_lines, error_lines;
	unsigned error_count;
	unsigned open_pipes;
	unsigned open_handles;
	char read_buf[8192];

	struct job_result result;
	void (*ended)(void *ctx, const struct job_result *result);
	void *ctx;
};

static void take_event(void *ctx, const char *line, size_t len, bool cut)
{
	struct job *job = ctx;
	struct err err = ERR_INIT;

	if (cut)
		(void)err_set(&err, ERR_TOO_BIG, "more than %d bytes", EVENT_MAX_BYTES);
	else if (event_add(&job->result.events, line, len, &err) == 0)
		return;
	log_debug("job=%" PRId64 " database=%s: not an event: %s", job->number, job->database, err.msg);
}

static void take_error_line(void *ctx, const char *line, size_t len, bool cut)
{
	struct job *job = ctx;

	(void)len;
	job->error_count++;
	if (job->error_count <= ERROR_LINES_MAX)
		log_info("job=%" PRId64 " database=%s: %s%s", job->number, job->database, line,
		    cut ? " …" : "");
	else if (job->error_count == ERROR_LINES_MAX + 1)
		log_warning("job=%" PRId64 " database=%s: more than %d lines, the rest is not logged",
		    job->number, job->database, ERROR_LINES_MAX);
}

/* Why it failed, in this order: what we did to it, what it said, how it ended. */
static void explain(struct job *job)
{
	struct job_result *result = &job->result;
	char *message = result->message;
	size_t size = sizeof(result->message);

	if (result->exit_code == 0 || message[0] != '\0')
		return;
	if (job->result.timed_out)
		(void)snprintf(message, size, "stopped: it took longer than its timeout of %u s",
		    job->timeout_s);
	else if (result->events.message[0] != '\0')
		event_copy_text(message, size, result->events.message);
	else if (result->exit_code > 128)
		(void)snprintf(message, size, "ended by signal %d (%s)", result->exit_code - 128,
		    strsignal(result->exit_code - 128));
	else if (result->exit_code != 5)
		(void)snprintf(message, size, "ended with exit code %d and said no reason",
		    result->exit_code);
}

static void free_when_closed(uv_handle_t *handle)
{
	struct job *job = handle->data;

	if (--job->open_handles > 0)
		return;
	explain(job);
	job->ended(job->ctx, &job->result);
	lines_release(&job->event_lines);
	lines_release(&job->error_lines);
	free(job->database);
	free(job);
}

/* Over when the process is gone and both pipes are read to their end. */
static void end_if_over(struct job *job)
{
	if (job->phase != PHASE_EXITED || job->open_pipes > 0)
		return;
	job->phase = PHASE_ENDED;
	uv_close((uv_handle_t *)&job->process, free_when_closed);
	uv_close((uv_handle_t *)&job->timer, free_when_closed);
}

static void close_pipe(struct job *job, uv_pipe_t *pipe)
{
	if (uv_is_closing((uv_handle_t *)pipe))
		return;
	lines_finish(pipe == &job->events ? &job->event_lines : &job->error_lines);
	uv_close((uv_handle_t *)pipe, free_when_closed);
	job->open_pipes--;
}

static void give_read_buf(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct job *job = handle->data;

	(void)suggested;
	*ret = uv_buf_init(job->read_buf, sizeof(job->read_buf));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct job *job = stream->data;
	uv_pipe_t *pipe = (uv_pipe_t *)stream;

	if (len > 0)
		lines_feed(pipe == &job->events ? &job->event_lines : &job->error_lines,
		    buf->base, (size_t)len);
	if (len < 0) {
		close_pipe(job, pipe);
		end_if_over(job);
	}
}

/* A process that ours left behind may hold a pipe open for ever: what has not
 * come a moment after the exit is not waited for. */
static void on_linger(uv_timer_t *timer)
{
	struct job *job = timer->data;

	close_pipe(job, &job->events);
	close_pipe(job, &job->errors);
	end_if_over(job);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
	struct job *job = process->data;

	job->phase = PHASE_EXITED;
	job->result.exit_code = signal_number != 0 ? 128 + signal_number : (int)status;
	(void)uv_timer_start(&job->timer, on_linger, LINGER_MS, 0);
	end_if_over(job);
}

static void on_kill(uv_timer_t *timer)
{
	struct job *job = timer->data;

	log_warning("job=%" PRId64 " database=%s: does not end, killing it", job->number, job->database);
	(void)uv_process_kill(&job->process, SIGKILL);
}

static void terminate(struct job *job, int64_t kill_after_ms)
{
	job->phase = PHASE_TERMINATED;
	(void)uv_process_kill(&job->process, SIGTERM);
	(void)uv_timer_start(&job->timer, on_kill, (uint64_t)kill_after_ms, 0);
}

static void on_timeout(uv_timer_t *timer)
{
	struct job *job = timer->data;

	log_warning("job=%" PRId64 " database=%s: takes longer than its timeout of %u s, stopping it",
	    job->number, job->database, job->timeout_s);
	job->result.timed_out = true;
	terminate(job, job->kill_after_ms);
}

void job_stop(struct job *job, int64_t kill_after_ms)
{
	if (job->phase == PHASE_RUNNING)
		terminate(job, kill_after_ms);
	if (job->phase <= PHASE_TERMINATED)
		job->result.stopped = true;
}

int job_pid(const struct job *job)
{
	return uv_process_get_pid(&job->process);
}

const struct event_sum *job_events(const struct job *job)
{
	return &job->result.events;
}

/* The very command that a person types. */
static void fill_args(const struct job_options *options, char slot[STAMP_ISO_SIZE],
    const char *args[ARGS_MAX])
{
	const char *const head[] = {
		options->binary, "-c", options->config_path, "backup", options->database,
		"--events-fd", "3",
	};
	size_t n = sizeof(head) / sizeof(head[0]);

	memcpy(args, head, sizeof(head));
	if (options->slot_at > 0) {
		args[n++] = "--slot";
		args[n++] = stamp_iso(options->slot_at, slot);
		args[n++] = "--prune";
	} else {
		args[n++] = "--wait";
		args[n++] = WAIT_FOR_LEASE;
	}
	if (options->label != NULL && options->label[0] != '\0') {
		args[n++] = "--label";
		args[n++] = options->label;
	}
	args[n] = NULL;
}

static int spawn(struct job *job, const struct job_options *options)
{
	const char *args[ARGS_MAX];
	char slot[STAMP_ISO_SIZE];
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },     /* libuv opens /dev/null */
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&job->errors },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&job->events },
		{ .flags = UV_INHERIT_FD, .data.fd = options->config_fd },
	};
	int stdio_count = sizeof(stdio) / sizeof(stdio[0]);
	uv_process_options_t process = {
		.file = options->binary, .args = (char **)args, .exit_cb = on_exit_of,
		.stdio = stdio,
		.stdio_count = options->config_fd > 0 ? stdio_count : stdio_count - 1,
	};

	fill_args(options, slot, args);
	return uv_spawn(options->loop, &job->process, &process);
}

static struct job *job_new(const struct job_options *options)
{
	struct job *job = mem_calloc(1, sizeof(*job));

	job->database = mem_strdup(options->database);
	job->number = options->number;
	job->timeout_s = options->timeout_s;
	job->kill_after_ms = options->kill_after_ms;
	lines_init(&job->event_lines, EVENT_MAX_BYTES, take_event, job);
	lines_init(&job->error_lines, ERROR_LINE_MAX, take_error_line, job);
	(void)uv_timer_init(options->loop, &job->timer);
	(void)uv_pipe_init(options->loop, &job->events, 0);
	(void)uv_pipe_init(options->loop, &job->errors, 0);
	job->process.data = job->timer.data = job->events.data = job->errors.data = job;
	job->open_pipes = 2;
	job->open_handles = 4;
	return job;
}

struct job *job_start(const struct job_options *options,
    void (*ended)(void *ctx, const struct job_result *result), void *ctx)
{
	struct job *job = job_new(options);
	int rc = spawn(job, options);

	job->ended = ended;
	job->ctx = ctx;
	if (rc != 0) {
		(void)snprintf(job->result.message, sizeof(job->result.message),
		    "cannot start \"%s\": %s", options->binary, uv_strerror(rc));
		job->result.exit_code = 127;
		job->phase = PHASE_EXITED;
		on_linger(&job->timer);
		return job;
	}
	(void)uv_read_start((uv_stream_t *)&job->events, give_read_buf, on_read);
	(void)uv_read_start((uv_stream_t *)&job->errors, give_read_buf, on_read);
	if (job->timeout_s > 0)
		(void)uv_timer_start(&job->timer, on_timeout, (uint64_t)job->timeout_s * 1000, 0);
	return job;
}

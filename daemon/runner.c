#include "daemon/runner.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "daemon/job.h"
#include "daemon/outcome.h"

/* Starting a process takes a millisecond or two, and longer where many want the
 * processor, for the child has to get it once: no more than this in a turn. */
#define START_NS 3000000

struct entry {
	TAILQ_ENTRY(entry) link;
	struct runner *runner;
	struct job *job;         /* NULL while it waits */
	struct runner_request request;   /* its strings are ours */
	int64_t asked_at;
	int64_t started_at;
};

TAILQ_HEAD(entries, entry);

struct runner {
	struct runner_options options;
	uv_timer_t starter;      /* goes while something may be started */
	struct entries waiting, running;
	size_t waiting_count, running_count;
	int64_t last_id;
	int config_fd;           /* 0: jobs read the file themselves */
	bool stopping;
};

struct runner *runner_new(const struct runner_options *options)
{
	struct runner *runner = mem_calloc(1, sizeof(*runner));

	runner->options = *options;
	runner->last_id = options->last_id;
	TAILQ_INIT(&runner->waiting);
	TAILQ_INIT(&runner->running);
	(void)uv_timer_init(options->loop, &runner->starter);
	runner->starter.data = runner;
	return runner;
}

void runner_close(struct runner *runner)
{
	runner->stopping = true;
	if (!uv_is_closing((uv_handle_t *)&runner->starter))
		uv_close((uv_handle_t *)&runner->starter, NULL);
}

void runner_free(struct runner *runner)
{
	if (runner == NULL)
		return;
	assert(runner->running_count == 0 && runner->waiting_count == 0);
	if (runner->config_fd > 0)
		(void)close(runner->config_fd);
	free(runner);
}

static void entry_free(struct entry *entry)
{
	free((char *)entry->request.database);
	free((char *)entry->request.label);
	free(entry);
}

/* What is known of it at its beginning. */
static struct state_run run_of(const struct entry *entry)
{
	struct state_run run = {
		.id = entry->request.id, .slot_at = entry->request.slot_at,
		.started_at = entry->started_at, .cause = entry->request.cause,
		.attempt = entry->request.attempt,
	};

	event_copy_text(run.label, sizeof(run.label), entry->request.label);
	return run;
}

/* ---- the end of a job */

static void log_success(const char *database, const struct state_run *run)
{
	int64_t seconds = run->finished_at - run->started_at;

	if (run->taken)
		log_info("job=%" PRId64 " database=%s: nothing to do: its slot was taken by snapshot %s",
		    run->id, database, run->snapshot);
	else if (run->exit_code == 0)
		log_info("job=%" PRId64 " database=%s: done in %" PRId64 " s: snapshot %s, %" PRId64
		    " rows, %" PRId64 " bytes stored, %" PRId64 " of them new%s", run->id,
		    database, seconds, run->snapshot, run->rows, run->stored_bytes,
		    run->new_bytes, run->verified == STATE_VERIFIED_GOOD ? ", verified" : "");
	else
		log_warning("job=%" PRId64 " database=%s: done in %" PRId64 " s: snapshot %s, but"
		    " something could not be kept exactly%s%s", run->id, database, seconds,
		    run->snapshot, run->message[0] != '\0' ? ": " : "", run->message);
}

static void log_end(const char *database, const struct state_run *run)
{
	switch (outcome_of(run)) {
	case OUTCOME_SUCCESS:
		log_success(database, run);
		break;
	case OUTCOME_HELD:
		log_info("job=%" PRId64 " database=%s: must wait: %s", run->id, database,
		    run->message);
		break;
	case OUTCOME_RETRY:
	case OUTCOME_PERSON:
	case OUTCOME_CUT_OFF:
		log_error("job=%" PRId64 " database=%s: failed after %" PRId64 " s with exit code %d: %s",
		    run->id, database, run->finished_at - run->started_at, run->exit_code,
		    run->message);
		break;
	}
}

static void start_soon(struct runner *runner);

static void on_job_ended(void *ctx, const struct job_result *result)
{
	struct entry *entry = ctx;
	struct runner *runner = entry->runner;
	struct runner_end end = { .database = entry->request.database, .run = run_of(entry) };

	outcome_note(&end.run, result, entry->request.expects_verdict,
	    clock_now(runner->options.clock));
	end.cut_off = outcome_of(&end.run) == OUTCOME_CUT_OFF;
	log_end(end.database, &end.run);
	if (result->events.hint[0] != '\0') {
		end.hint = result->events.hint;
		log_info("job=%" PRId64 " database=%s: hint: %s", end.run.id, end.database,
		    end.hint);
	}
	TAILQ_REMOVE(&runner->running, entry, link);
	runner->running_count--;
	runner->options.ended(runner->options.ctx, &end);
	entry_free(entry);
	start_soon(runner);
}

/* ---- the beginning */

static void log_start(const struct entry *entry)
{
	const struct runner_request *r = &entry->request;
	char due[STAMP_ISO_SIZE];

	if (r->slot_at > 0)
		log_info("job=%" PRId64 " database=%s: started as process %d, due %s%s", r->id,
		    r->database, job_pid(entry->job), stamp_iso(r->slot_at, due),
		    r->cause == STATE_CAUSE_MADE_UP ? ", made up" :
		    r->attempt > 1 ? ", tried again" : "");
	else
		log_info("job=%" PRId64 " database=%s: started as process %d, asked for", r->id,
		    r->database, job_pid(entry->job));
}

static void start(struct runner *runner, struct entry *entry)
{
	const struct runner_options *options = &runner->options;
	struct job_options job = {
		.loop = options->loop, .binary = options->binary,
		.config_path = options->config_path, .database = entry->request.database,
		.number = entry->request.id, .slot_at = entry->request.slot_at,
		.label = entry->request.label, .timeout_s = entry->request.timeout_s,
		.config_fd = runner->config_fd,
		.kill_after_ms = options->kill_after_ms,
	};
	struct state_run run;

	entry->started_at = clock_now(options->clock);
	run = run_of(entry);
	options->began(options->ctx, entry->request.database, &run);
	entry->job = job_start(&job, on_job_ended, entry);
	if (job_pid(entry->job) != 0)
		log_start(entry);
}

static struct entry *take_first(struct runner *runner)
{
	struct entry *entry = TAILQ_FIRST(&runner->waiting);

	TAILQ_REMOVE(&runner->waiting, entry, link);
	runner->waiting_count--;
	return entry;
}

static bool may_start(const struct runner *runner)
{
	return runner->waiting_count > 0 && !runner->stopping &&
	    runner->running_count < runner->options.jobs;
}

static void on_starter(uv_timer_t *timer)
{
	struct runner *runner = timer->data;
	uint64_t end = uv_hrtime() + START_NS;

	while (may_start(runner) && uv_hrtime() < end) {
		struct entry *entry = take_first(runner);

		TAILQ_INSERT_TAIL(&runner->running, entry, link);
		runner->running_count++;
		start(runner, entry);
	}
	start_soon(runner);
}

static void start_soon(struct runner *runner)
{
	if (may_start(runner) && !uv_is_active((uv_handle_t *)&runner->starter))
		(void)uv_timer_start(&runner->starter, on_starter, 0, 0);
}

/* ---- requests */

static struct entry *find(const struct runner *runner, const char *database)
{
	const struct entries *const both[] = { &runner->running, &runner->waiting };
	struct entry *entry;

	for (int i = 0; i < 2; i++) {
		TAILQ_FOREACH(entry, both[i], link) {
			if (strcmp(entry->request.database, database) == 0)
				return entry;
		}
	}
	return NULL;
}

static struct entry *entry_new(struct runner *runner, const struct runner_request *request)
{
	struct entry *entry = mem_calloc(1, sizeof(*entry));

	entry->runner = runner;
	entry->request = *request;
	entry->request.database = mem_strdup(request->database);
	entry->request.label = request->label != NULL ? mem_strdup(request->label) : NULL;
	if (request->id == 0)
		entry->request.id = ++runner->last_id;
	entry->asked_at = clock_now(runner->options.clock);
	return entry;
}

int64_t runner_push(struct runner *runner, const struct runner_request *request,
    bool *ret_is_new)
{
	struct entry *entry = request->cause == STATE_CAUSE_REQUEST ?
	    find(runner, request->database) : NULL;

	assert(!runner->stopping);
	if (ret_is_new != NULL)
		*ret_is_new = entry == NULL;
	if (entry != NULL) {
		if (entry->job == NULL && entry->request.label == NULL && request->label != NULL)
			entry->request.label = mem_strdup(request->label);
		return entry->request.id;
	}
	entry = entry_new(runner, request);
	runner_raise_id(runner, entry->request.id);
	TAILQ_INSERT_TAIL(&runner->waiting, entry, link);
	runner->waiting_count++;
	start_soon(runner);
	return entry->request.id;
}

void runner_raise_id(struct runner *runner, int64_t last_id)
{
	if (last_id > runner->last_id)
		runner->last_id = last_id;
}

/* ---- */

void runner_set_config(struct runner *runner, const char *text)
{
	int fd = memfd_create("backup.conf", MFD_CLOEXEC);
	struct err err = ERR_INIT;

	if (fd < 0 || file_write_fd(fd, text, strlen(text), "backup.conf", &err) != 0) {
		log_warning("jobs will read the configuration file anew: %s",
		    fd < 0 ? strerror(errno) : err.msg);
		if (fd >= 0)
			(void)close(fd);
		fd = 0;
	}
	if (runner->config_fd > 0)
		(void)close(runner->config_fd);
	runner->config_fd = fd;
	if (fd > 0)
		(void)setenv("D1KEEP_CONFIG_TEXT", "/proc/self/fd/4", 1);
	else
		(void)unsetenv("D1KEEP_CONFIG_TEXT");
}

int runner_config_fd(const struct runner *runner)
{
	return runner->config_fd;
}

void runner_set_jobs(struct runner *runner, unsigned jobs)
{
	runner->options.jobs = jobs;
	start_soon(runner);
}

void runner_stop(struct runner *runner, int64_t kill_after_ms)
{
	struct entry *entry;

	runner->stopping = true;
	while (runner->waiting_count > 0) {
		struct runner_end end = { .cut_off = true };

		entry = take_first(runner);
		end.database = entry->request.database;
		end.run = run_of(entry);
		runner->options.ended(runner->options.ctx, &end);
		entry_free(entry);
	}
	TAILQ_FOREACH(entry, &runner->running, link)
		job_stop(entry->job, kill_after_ms);
}

size_t runner_running(const struct runner *runner)
{
	return runner->running_count;
}

size_t runner_waiting(const struct runner *runner)
{
	return runner->waiting_count;
}

static struct runner_item item_of(const struct entry *entry)
{
	struct runner_item item = {
		.request = entry->request, .asked_at = entry->asked_at,
		.started_at = entry->started_at,
	};

	if (entry->job != NULL) {
		item.rows = job_events(entry->job)->rows;
		item.bytes = job_events(entry->job)->sql_bytes;
	}
	return item;
}

void runner_each(const struct runner *runner,
    bool (*visit)(void *ctx, const struct runner_item *item), void *ctx)
{
	const struct entries *const both[] = { &runner->running, &runner->waiting };
	const struct entry *entry;

	for (int i = 0; i < 2; i++) {
		TAILQ_FOREACH(entry, both[i], link) {
			struct runner_item item = item_of(entry);

			if (!visit(ctx, &item))
				return;
		}
	}
}

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

struct entry {
	TAILQ_ENTRY(entry) link;
	struct runner *runner;
	struct job *job;         /* NULL while it waits */
	char *database;
	unsigned number;
	unsigned timeout_s;
	int64_t slot_at;
	int64_t started_at;
};

TAILQ_HEAD(entries, entry);

struct runner {
	struct runner_options options;
	struct entries waiting, running;
	size_t waiting_count, running_count;
	unsigned last_number;
	int config_fd;           /* 0: jobs read the file themselves */
	bool stopping;
};

struct runner *runner_new(const struct runner_options *options)
{
	struct runner *runner = mem_calloc(1, sizeof(*runner));

	runner->options = *options;
	TAILQ_INIT(&runner->waiting);
	TAILQ_INIT(&runner->running);
	return runner;
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
	free(entry->database);
	free(entry);
}

static void log_end(const struct entry *entry, const struct state_run *run)
{
	int64_t seconds = run->finished_at - run->started_at;

	if (run->exit_code == 0)
		log_info("job=%u database=%s: done in %" PRId64 " s: snapshot %s, %" PRId64
		    " rows, %" PRId64 " bytes stored, %" PRId64 " of them new", entry->number,
		    entry->database, seconds, run->snapshot, run->rows, run->stored_bytes,
		    run->new_bytes);
	else if (state_run_succeeded(run))
		log_warning("job=%u database=%s: done in %" PRId64 " s: snapshot %s, but something"
		    " could not be kept exactly%s%s", entry->number, entry->database, seconds,
		    run->snapshot, run->message[0] != '\0' ? ": " : "", run->message);
	else
		log_error("job=%u database=%s: failed after %" PRId64 " s with exit code %d: %s",
		    entry->number, entry->database, seconds, run->exit_code, run->message);
}

/* A run that failed may have told how many rows it had read: those are no
 * snapshot's. */
static struct state_run run_of(const struct entry *entry, const struct job_result *result,
    int64_t now)
{
	struct state_run run = {
		.slot_at = entry->slot_at, .started_at = entry->started_at,
		.finished_at = now, .exit_code = result->exit_code,
	};

	if (result->events.done) {
		run.rows = result->events.rows;
		run.sql_bytes = result->events.sql_bytes;
		run.stored_bytes = result->events.stored_bytes;
		run.new_bytes = result->events.new_bytes;
	}
	memcpy(run.snapshot, result->events.snapshot, sizeof(run.snapshot));
	memcpy(run.message, result->message, sizeof(run.message));
	return run;
}

static void start_waiting(struct runner *runner);

static void on_job_ended(void *ctx, const struct job_result *result)
{
	struct entry *entry = ctx;
	struct runner *runner = entry->runner;
	struct runner_end end = { .database = entry->database };

	end.run = run_of(entry, result, clock_now(runner->options.clock));
	end.cut_off = result->stopped && !state_run_succeeded(&end.run);
	log_end(entry, &end.run);
	if (result->events.hint[0] != '\0')
		log_info("job=%u database=%s: hint: %s", entry->number, entry->database,
		    result->events.hint);
	TAILQ_REMOVE(&runner->running, entry, link);
	runner->running_count--;
	runner->options.ended(runner->options.ctx, &end);
	entry_free(entry);
	start_waiting(runner);
}

static void start(struct runner *runner, struct entry *entry)
{
	const struct runner_options *options = &runner->options;
	struct job_options job = {
		.loop = options->loop, .binary = options->binary,
		.config_path = options->config_path, .database = entry->database,
		.number = entry->number, .timeout_s = entry->timeout_s,
		.config_fd = runner->config_fd,
		.kill_after_ms = options->kill_after_ms,
	};
	char due[STAMP_ISO_SIZE];

	entry->started_at = clock_now(options->clock);
	options->began(options->ctx, entry->database, entry->slot_at, entry->started_at);
	entry->job = job_start(&job, on_job_ended, entry);
	if (job_pid(entry->job) != 0)
		log_info("job=%u database=%s: started as process %d, due %s", entry->number,
		    entry->database, job_pid(entry->job), stamp_iso(entry->slot_at, due));
}

static struct entry *take_first(struct runner *runner)
{
	struct entry *entry = TAILQ_FIRST(&runner->waiting);

	TAILQ_REMOVE(&runner->waiting, entry, link);
	runner->waiting_count--;
	return entry;
}

static void start_waiting(struct runner *runner)
{
	while (runner->waiting_count > 0 && !runner->stopping &&
	    runner->running_count < runner->options.jobs) {
		struct entry *entry = take_first(runner);

		TAILQ_INSERT_TAIL(&runner->running, entry, link);
		runner->running_count++;
		start(runner, entry);
	}
}

void runner_push(struct runner *runner, const char *database, unsigned timeout_s,
    int64_t slot_at)
{
	struct entry *entry = mem_calloc(1, sizeof(*entry));

	assert(!runner->stopping);
	entry->runner = runner;
	entry->database = mem_strdup(database);
	entry->number = ++runner->last_number;
	entry->timeout_s = timeout_s;
	entry->slot_at = slot_at;
	TAILQ_INSERT_TAIL(&runner->waiting, entry, link);
	runner->waiting_count++;
	start_waiting(runner);
}

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
	start_waiting(runner);
}

void runner_stop(struct runner *runner, int64_t kill_after_ms)
{
	struct entry *entry;

	runner->stopping = true;
	while (runner->waiting_count > 0) {
		struct runner_end end = { .cut_off = true };

		entry = take_first(runner);
		end.database = entry->database;
		end.run.slot_at = entry->slot_at;
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

#include "daemon/loop.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "daemon/plan.h"
#include "daemon/record.h"
#include "daemon/runner.h"
#include "daemon/serve.h"
#include "daemon/settings.h"
#include "daemon/timetable.h"

#define LONGEST_SLEEP_MS 60000          /* so that a clock that jumped is noticed */
#define STOP_KILL_AFTER_MS 30000
#define TIMEOUT_KILL_AFTER_MS 10000

struct loop {
	const struct loop_options *options;
	struct config *config;
	struct record record;
	struct timetable *table;
	struct runner *runner;
	struct serve *serve;            /* NULL with --once */
	uv_loop_t uv;
	uv_timer_t alarm;               /* the next due time */
	uv_timer_t watchdog;
	uv_signal_t hup, term, intr;
	bool stopping;
	int failures;
};

static void tell_status(const struct loop *loop)
{
	const char *name;
	int64_t next = timetable_next(loop->table, &name);
	char stamp[STAMP_ISO_SIZE];

	if (loop->stopping)
		notify_send(loop->options->notify, "STATUS=stopping, %zu running",
		    runner_running(loop->runner));
	else if (next < 0)
		notify_send(loop->options->notify, "STATUS=%zu running, %zu waiting; nothing is scheduled",
		    runner_running(loop->runner), runner_waiting(loop->runner));
	else
		notify_send(loop->options->notify, "STATUS=%zu running, %zu waiting; next is %s at %s",
		    runner_running(loop->runner), runner_waiting(loop->runner), name,
		    stamp_iso(next, stamp));
}

/* ---- the end */

static void close_all(struct loop *loop)
{
	uv_handle_t *const handles[] = {
		(uv_handle_t *)&loop->alarm, (uv_handle_t *)&loop->watchdog,
		(uv_handle_t *)&loop->hup, (uv_handle_t *)&loop->term,
		(uv_handle_t *)&loop->intr,
	};

	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		if (!uv_is_closing(handles[i]))
			uv_close(handles[i], NULL);
	}
	serve_stop(loop->serve);
}

/* uv_run returns when the last handle is closed. */
static void leave_if_idle(struct loop *loop)
{
	bool leaving = loop->stopping || loop->options->once;

	if (leaving && runner_running(loop->runner) == 0 && runner_waiting(loop->runner) == 0)
		close_all(loop);
}

static void on_stop(uv_signal_t *handle, int signal_number)
{
	struct loop *loop = handle->data;

	if (loop->stopping)
		return;
	loop->stopping = true;
	log_info("%s: stopping, with %zu running", signal_number == SIGTERM ? "SIGTERM" : "SIGINT",
	    runner_running(loop->runner));
	notify_send(loop->options->notify, "STOPPING=1");
	serve_set_stopping(loop->serve);
	(void)uv_timer_stop(&loop->alarm);
	runner_stop(loop->runner, STOP_KILL_AFTER_MS);
	tell_status(loop);
	leave_if_idle(loop);
}

/* ---- jobs */

static void on_job_began(void *ctx, const char *database, int64_t slot_at, int64_t now)
{
	struct loop *loop = ctx;

	record_begin(&loop->record, database, slot_at, now);
}

static void on_job_ended(void *ctx, const struct runner_end *end)
{
	struct loop *loop = ctx;

	if (end->run.started_at != 0)
		record_end(&loop->record, end->database, &end->run);
	/* What we cut off ourselves is due again, at the next start. */
	if (end->cut_off)
		record_next(&loop->record, end->database, end->run.slot_at);
	if (!state_run_succeeded(&end->run))
		loop->failures++;
	timetable_finished(loop->table, end->database);
	serve_ended(loop->serve, &end->run);
	tell_status(loop);
	leave_if_idle(loop);
}

static void start_due(struct loop *loop, int64_t now)
{
	struct timetable_due due;
	char stamp[STAMP_ISO_SIZE];

	while (timetable_due(loop->table, now, &due)) {
		const struct config_database *database = due.subject;

		record_next(&loop->record, due.name, due.next_at);
		if (due.skipped)
			log_warning("database=%s: was due again at %s, but its last run still goes: not started twice",
			    due.name, stamp_iso(due.slot_at, stamp));
		else
			runner_push(loop->runner, due.name, database->policy.timeout, due.slot_at);
	}
}

/* ---- time */

static void on_alarm(uv_timer_t *timer);

static void set_alarm(struct loop *loop)
{
	int64_t next = timetable_next(loop->table, NULL);
	int64_t wait = LONGEST_SLEEP_MS;

	if (next >= 0 && next * 1000 - clock_now_ms(loop->options->clock) < wait)
		wait = next * 1000 - clock_now_ms(loop->options->clock);
	uv_update_time(&loop->uv);
	(void)uv_timer_start(&loop->alarm, on_alarm, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void look_at_clock(struct loop *loop)
{
	start_due(loop, clock_now(loop->options->clock));
	if (record_was_renewed(&loop->record))
		plan_note(loop->table, &loop->record);
	tell_status(loop);
	if (!loop->options->once)
		set_alarm(loop);
}

static void on_alarm(uv_timer_t *timer)
{
	look_at_clock(timer->data);
}

static void on_watchdog(uv_timer_t *timer)
{
	struct loop *loop = timer->data;

	notify_send(loop->options->notify, "WATCHDOG=1");
}

/* ---- the configuration */

/* With this configuration from now on; the table of the old one says what was
 * going on. */
static void take_config(struct loop *loop, struct config *config)
{
	int64_t now = clock_now(loop->options->clock);
	struct timetable *table = plan_make(config, &loop->record, loop->table,
	    loop->options->once, now);

	runner_set_config(loop->runner, config->text);
	if (loop->serve != NULL)
		serve_set_config(loop->serve, config);
	timetable_free(loop->table);
	loop->table = table;
	if (loop->config != config)
		config_free(loop->config);
	loop->config = config;
	log_info("%s: %zu databases, %zu of them with a schedule", loop->options->config_path,
	    config->database_count, timetable_count(table));
}

static void reload(struct loop *loop)
{
	struct config *config = settings_read(loop->options->config_path);

	if (config == NULL) {
		log_error("keeping the old configuration");
		return;
	}
	if (strcmp(config->state_dir, loop->record.state_dir) != 0)
		log_warning("state_dir is now \"%s\": this takes a restart, \"%s\" is still in use",
		    config->state_dir, loop->record.state_dir);
	record_retry(&loop->record);
	take_config(loop, config);
	runner_set_jobs(loop->runner, config->jobs);
}

static void on_hup(uv_signal_t *handle, int signal_number)
{
	struct loop *loop = handle->data;

	(void)signal_number;
	if (loop->stopping || loop->options->once)
		return;
	notify_reloading(loop->options->notify);
	reload(loop);
	notify_send(loop->options->notify, "READY=1");
	look_at_clock(loop);
}

/* ---- the beginning */

static int init_handles(struct loop *loop, struct err *err)
{
	int rc = uv_loop_init(&loop->uv);

	if (rc != 0)
		return err_set(err, ERR_FAILED, "cannot make an event loop: %s", uv_strerror(rc));
	(void)uv_timer_init(&loop->uv, &loop->alarm);
	(void)uv_timer_init(&loop->uv, &loop->watchdog);
	(void)uv_signal_init(&loop->uv, &loop->hup);
	(void)uv_signal_init(&loop->uv, &loop->term);
	(void)uv_signal_init(&loop->uv, &loop->intr);
	loop->alarm.data = loop->watchdog.data = loop;
	loop->hup.data = loop->term.data = loop->intr.data = loop;
	(void)uv_signal_start(&loop->hup, on_hup, SIGHUP);
	(void)uv_signal_start(&loop->term, on_stop, SIGTERM);
	(void)uv_signal_start(&loop->intr, on_stop, SIGINT);
	return 0;
}

static void start_watchdog(struct loop *loop)
{
	uint64_t every = (uint64_t)loop->options->notify->watchdog_ms;

	if (every > 0)
		(void)uv_timer_start(&loop->watchdog, on_watchdog, 0, every);
}

static int on_create(void *ctx, const struct config_database *database, const char *label,
    int64_t *ret_run, bool *ret_is_new, struct err *err)
{
	(void)ctx, (void)database, (void)label, (void)ret_run, (void)ret_is_new;
	return err_set(err, ERR_AGAIN, "not yet");
}

static void start_serve(struct loop *loop)
{
	struct serve_options serve = {
		.loop = &loop->uv, .clock = loop->options->clock, .binary = loop->options->binary,
		.config_path = loop->options->config_path, .record = &loop->record,
		.runner = loop->runner, .create = on_create, .ctx = loop,
	};

	if (!loop->options->once)
		loop->serve = serve_start(&serve, loop->config);
}

static void release(struct loop *loop)
{
	serve_free(loop->serve);
	runner_free(loop->runner);
	timetable_free(loop->table);
	record_close(&loop->record);
	(void)uv_loop_close(&loop->uv);
	config_free(loop->config);
}

int loop_run(const struct loop_options *options, struct err *err)
{
	struct loop loop = { .options = options, .config = options->config };
	struct runner_options runner = {
		.loop = &loop.uv, .clock = options->clock, .binary = options->binary,
		.config_path = options->config_path, .jobs = loop.config->jobs,
		.kill_after_ms = TIMEOUT_KILL_AFTER_MS,
		.began = on_job_began, .ended = on_job_ended, .ctx = &loop,
	};
	AUTO_STR state_dir = mem_strdup(loop.config->state_dir);

	if (init_handles(&loop, err) != 0) {
		config_free(loop.config);
		return -1;
	}
	record_open(&loop.record, state_dir, options->clock);
	loop.runner = runner_new(&runner);
	take_config(&loop, loop.config);
	start_serve(&loop);
	start_watchdog(&loop);
	notify_send(options->notify, "READY=1");
	look_at_clock(&loop);
	leave_if_idle(&loop);
	(void)uv_run(&loop.uv, UV_RUN_DEFAULT);
	log_info("leaving");
	release(&loop);
	return loop.failures;
}

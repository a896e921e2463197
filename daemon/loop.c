#include "daemon/loop.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "daemon/internal.h"
#include "daemon/plan.h"

#define STOP_KILL_AFTER_MS 30000
#define TIMEOUT_KILL_AFTER_MS 10000

void loop_tell_status(const struct loop *loop)
{
	const char *name = NULL;
	int64_t next = timetable_next(loop->table, &name);
	char stamp[STAMP_ISO_SIZE];

	if (loop->stopping)
		notify_send(loop->options->notify, "STATUS=stopping, %zu running",
		    runner_running(loop->runner));
	else if (next <= 0)
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
		(uv_handle_t *)&loop->watchdog, (uv_handle_t *)&loop->hup,
		(uv_handle_t *)&loop->term, (uv_handle_t *)&loop->intr,
	};

	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		if (!uv_is_closing(handles[i]))
			uv_close(handles[i], NULL);
	}
	alarm_close(&loop->alarm);
	teller_free(loop->teller);
	loop->teller = NULL;
	serve_stop(loop->serve);
	lag_stop(&loop->lag);
	runner_close(loop->runner);
}

/* uv_run returns when the last handle is closed. */
void loop_leave_if_idle(struct loop *loop)
{
	bool leaving = loop->stopping || loop->options->once;

	if (leaving && runner_running(loop->runner) == 0 && runner_waiting(loop->runner) == 0 &&
	    teller_is_idle(loop->teller))
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
	alarm_stop(&loop->alarm);
	teller_stop(loop->teller);
	runner_stop(loop->runner, STOP_KILL_AFTER_MS);
	loop_tell_status(loop);
	loop_leave_if_idle(loop);
}

/* ---- time */

static void set_alarm(struct loop *loop, int64_t at_ms)
{
	if (!loop->stopping && !loop->options->once)
		alarm_set(&loop->alarm, at_ms);
}

void loop_set_alarm(struct loop *loop)
{
	int64_t next = timetable_next(loop->table, NULL);

	set_alarm(loop, next >= 0 ? next * 1000 : ALARM_NEVER);
}

/* The table is told what the clock showed when nobody had set it since the last
 * look: it may have been hours. */
static void tell_what_passed(struct loop *loop, int64_t now)
{
	int64_t boot_ms = clock_boot_ms();

	if (loop->looked_boot_ms != 0)
		timetable_passed(loop->table,
		    loop->looked_at + (boot_ms - loop->looked_boot_ms) / 1000);
	loop->looked_at = now;
	loop->looked_boot_ms = boot_ms;
}

static void look_at_clock(struct loop *loop)
{
	int64_t now = clock_now(loop->options->clock);

	tell_what_passed(loop, now);
	if (!runs_answer(loop, now)) {
		set_alarm(loop, 0);
		return;
	}
	if (record_was_renewed(&loop->record)) {
		runner_raise_id(loop->runner, record_last_id(&loop->record));
		plan_note(loop->table, &loop->record);
		teller_note_all(loop->teller);
	}
	loop_tell_status(loop);
	loop_set_alarm(loop);
}

/* What it has to be told again does not wait until something is due: that may be days. */
static void on_renewed(void *ctx)
{
	set_alarm(ctx, 0);
}

static void on_alarm(void *ctx)
{
	look_at_clock(ctx);
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
	teller_take_config(loop->teller, config);
	if (loop->config != config)
		config_free(loop->config);
	loop->config = config;
	log_info("%s: %zu databases, %zu of them with a schedule", loop->options->config_path,
	    config->database_count, plan_scheduled(table));
	/* What reading it took is as much again, and not needed before the next time. */
	(void)malloc_trim(0);
}

static void on_config(void *ctx, struct config *config)
{
	struct loop *loop = ctx;

	if (loop->stopping) {
		config_free(config);
		return;
	}
	if (config == NULL) {
		log_error("keeping the old configuration");
	} else {
		if (strcmp(config->state_dir, loop->record.state_dir) != 0)
			log_warning("state_dir is now \"%s\": this takes a restart, \"%s\" is still in use",
			    config->state_dir, loop->record.state_dir);
		if (loop->options->on_config != NULL)
			loop->options->on_config(loop->options->ctx, config);
		record_retry(&loop->record);
		take_config(loop, config);
		runner_set_jobs(loop->runner, config->jobs);
	}
	notify_send(loop->options->notify, "READY=1");
	look_at_clock(loop);
}

static void on_hup(uv_signal_t *handle, int signal_number)
{
	struct loop *loop = handle->data;

	(void)signal_number;
	if (loop->stopping || loop->options->once)
		return;
	notify_reloading(loop->options->notify);
	reload_ask(&loop->reload);
}

/* ---- the beginning */

static int init_handles(struct loop *loop, struct err *err)
{
	int rc = uv_loop_init(&loop->uv);

	if (rc != 0)
		return err_set(err, ERR_FAILED, "cannot make an event loop: %s", uv_strerror(rc));
	alarm_init(&loop->alarm, &loop->uv, loop->options->clock, on_alarm, loop);
	(void)uv_timer_init(&loop->uv, &loop->watchdog);
	(void)uv_signal_init(&loop->uv, &loop->hup);
	(void)uv_signal_init(&loop->uv, &loop->term);
	(void)uv_signal_init(&loop->uv, &loop->intr);
	lag_start(&loop->lag, &loop->uv);
	loop->watchdog.data = loop->hup.data = loop;
	loop->term.data = loop->intr.data = loop;
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

static bool is_busy(void *ctx, const char *database)
{
	const struct loop *loop = ctx;
	struct timetable_plan plan;

	return timetable_find(loop->table, database, &plan) && plan.busy;
}

static int config_fd(void *ctx)
{
	return runner_config_fd(((struct loop *)ctx)->runner);
}

static void on_told(void *ctx)
{
	loop_leave_if_idle(ctx);
}

static void start_teller(struct loop *loop)
{
	struct teller_options teller = {
		.loop = &loop->uv, .clock = loop->options->clock, .binary = loop->options->binary,
		.config_path = loop->options->config_path, .record = &loop->record,
		.once = loop->options->once, .is_busy = is_busy, .config_fd = config_fd,
		.idle = on_told, .ctx = loop,
	};

	loop->teller = teller_new(&teller);
}

static int on_create(void *ctx, const struct config_database *database, const char *label,
    int64_t *ret_run, bool *ret_is_new, struct err *err)
{
	AUTO_STR name = mem_printf("%s/%s", database->environment->name, database->name);

	return runs_ask(ctx, name, label, ret_run, ret_is_new, err);
}

static void start_serve(struct loop *loop)
{
	struct serve_options serve = {
		.loop = &loop->uv, .clock = loop->options->clock, .binary = loop->options->binary,
		.config_path = loop->options->config_path, .record = &loop->record,
		.runner = loop->runner, .lag = &loop->lag, .create = on_create, .ctx = loop,
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

static void log_leaving(const struct lag *lag)
{
	log_info("leaving; the longest turn of the loop took %" PRId64 " us, %" PRId64
	    " us of them computing, in %" PRId64 " turns", lag->longest_us, lag->longest_cpu_us,
	    lag->turns);
}

int loop_run(const struct loop_options *options, struct err *err)
{
	struct loop loop = { .options = options, .config = options->config };
	struct runner_options runner = {
		.loop = &loop.uv, .clock = options->clock, .binary = options->binary,
		.config_path = options->config_path, .jobs = loop.config->jobs,
		.kill_after_ms = TIMEOUT_KILL_AFTER_MS,
		.began = runs_began, .ended = runs_ended, .ctx = &loop,
	};
	AUTO_STR state_dir = mem_strdup(loop.config->state_dir);

	if (init_handles(&loop, err) != 0) {
		config_free(loop.config);
		return -1;
	}
	loop.reload = (struct reload){
		.loop = &loop.uv, .path = options->config_path, .done = on_config, .ctx = &loop,
	};
	record_open(&loop.record, state_dir, options->clock, &loop.uv);
	record_on_renewed(&loop.record, on_renewed, &loop);
	runner.last_id = record_last_id(&loop.record);
	loop.runner = runner_new(&runner);
	start_teller(&loop);
	take_config(&loop, loop.config);
	runs_plan(&loop, clock_now(options->clock));
	start_serve(&loop);
	start_watchdog(&loop);
	notify_send(options->notify, "READY=1");
	runs_ask_again(&loop);
	look_at_clock(&loop);
	loop_leave_if_idle(&loop);
	lag_reset(&loop.lag);
	(void)uv_run(&loop.uv, UV_RUN_DEFAULT);
	log_leaving(&loop.lag);
	release(&loop);
	return loop.failures;
}

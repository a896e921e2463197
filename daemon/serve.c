#include "daemon/serve.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/budget.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/control.h"
#include "config/freshness.h"

struct named {
	char *name;
	const struct config_database *database;
};

struct serve {
	struct serve_options options;
	const struct config *config;
	struct named *names;             /* in the configuration's order */
	struct named **sorted;           /* the same, by name */
	size_t count;
	struct control *control;
	uint64_t runs_total[RUN_OUTCOME_COUNT];
	bool stopping;
};

/* ---- the configuration */

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct named *const *)a)->name, (*(struct named *const *)b)->name);
}

static void forget_names(struct serve *serve)
{
	for (size_t i = 0; i < serve->count; i++)
		free(serve->names[i].name);
	free(serve->names);
	free(serve->sorted);
	serve->names = NULL;
	serve->sorted = NULL;
	serve->count = 0;
}

static void take_names(struct serve *serve, const struct config *config)
{
	forget_names(serve);
	serve->config = config;
	serve->count = config->database_count;
	serve->names = mem_calloc(serve->count + 1, sizeof(*serve->names));
	serve->sorted = mem_calloc(serve->count + 1, sizeof(struct named *));
	for (size_t i = 0; i < serve->count; i++) {
		const struct config_database *database = config->databases[i];

		serve->names[i].name = mem_printf("%s/%s", database->environment->name, database->name);
		serve->names[i].database = database;
		serve->sorted[i] = &serve->names[i];
	}
	qsort(serve->sorted, serve->count, sizeof(struct named *), by_name);
}

static const struct named *find_named(const struct serve *serve, const char *name)
{
	struct named wanted = { .name = (char *)name }, *key = &wanted, **found;

	if (serve->count == 0)
		return NULL;
	found = bsearch(&key, serve->sorted, serve->count, sizeof(struct named *), by_name);
	return found != NULL ? *found : NULL;
}

/* ---- what control/ asks (control/host.h) */

static const char *on_name(void *ctx, size_t i)
{
	const struct serve *serve = ctx;

	return i < serve->count ? serve->names[i].name : NULL;
}

static bool on_find(void *ctx, const char *name, struct host_database *ret)
{
	const struct named *named = find_named(ctx, name);

	if (named == NULL)
		return false;
	*ret = (struct host_database){
		.name = named->name, .timezone = named->database->policy.timezone,
		.verifies = named->database->policy.verify != CONFIG_VERIFY_NONE,
	};
	return true;
}

static int64_t on_max_age(void *ctx, const char *name, int64_t at)
{
	const struct named *named = find_named(ctx, name);

	return named != NULL ? freshness_age(named->database, at) : 0;
}

struct active_visit {
	bool (*visit)(void *ctx, const struct host_run *run);
	void *ctx;
};

static bool visit_active(void *ctx, const struct runner_item *item)
{
	const struct active_visit *v = ctx;
	struct host_run run = {
		.id = item->request.id, .database = item->request.database,
		.label = item->request.label, .cause = state_cause_word(item->request.cause),
		.running = item->started_at != 0, .slot_at = item->request.slot_at,
		.asked_at = item->asked_at, .started_at = item->started_at,
		.rows = item->rows, .bytes = item->bytes,
	};

	return v->visit(v->ctx, &run);
}

static void on_each_active(void *ctx, bool (*visit)(void *ctx, const struct host_run *run),
    void *visit_ctx)
{
	struct active_visit v = { visit, visit_ctx };

	runner_each(((const struct serve *)ctx)->options.runner, visit_active, &v);
}

static int on_create(void *ctx, const char *database, const char *label, int64_t *ret_run,
    bool *ret_is_new, struct err *err)
{
	const struct serve *serve = ctx;
	const struct named *named = find_named(serve, database);

	if (named == NULL)
		return err_set(err, ERR_NOT_FOUND, "there is no database %s", database);
	if (serve->stopping)
		return err_set(err, ERR_AGAIN, "d1keepd is stopping");
	return serve->options.create(serve->options.ctx, named->database, label, ret_run,
	    ret_is_new, err);
}

static struct state *on_state(void *ctx)
{
	return record_reader(((const struct serve *)ctx)->options.record);
}

static const char *on_not_ready(void *ctx)
{
	const struct serve *serve = ctx;

	if (serve->stopping)
		return "d1keepd is stopping";
	if (serve->options.record->state == NULL || serve->options.record->in_memory)
		return "what runs is noted nowhere: state.db cannot be used";
	return NULL;
}

static uint64_t on_runs_total(void *ctx, enum run_outcome outcome)
{
	return ((const struct serve *)ctx)->runs_total[outcome];
}

static int64_t on_lag_max_ms(void *ctx)
{
	return ((const struct serve *)ctx)->options.lag->longest_us / 1000;
}

/* Of a file that jobs keep: where there is none, none has asked the API yet. */
static int64_t requests_left(const struct serve *serve, const struct config_account *account)
{
	AUTO_STR path = budget_path(serve->config->state_dir, account->name);
	struct budget *budget;
	unsigned left;
	int64_t blocked_ms;

	if (access(path, F_OK) != 0)
		return -1;
	budget = budget_open(path, account->request_budget, BUDGET_PERIOD_MS,
	    serve->options.clock, NULL);
	if (budget == NULL)
		return -1;
	budget_left(budget, &left, &blocked_ms);
	budget_close(budget);
	return blocked_ms > 0 ? 0 : (int64_t)left;
}

static bool on_account(void *ctx, size_t i, const char **ret_name, int64_t *ret_left)
{
	const struct serve *serve = ctx;

	if (i >= serve->config->account_count)
		return false;
	*ret_name = serve->config->accounts[i]->name;
	*ret_left = requests_left(serve, serve->config->accounts[i]);
	return true;
}

static const char *on_config_path(void *ctx)
{
	return ((const struct serve *)ctx)->options.config_path;
}

static int on_config_fd(void *ctx)
{
	return runner_config_fd(((const struct serve *)ctx)->options.runner);
}

static void on_log(void *ctx, enum log_level level, const char *message)
{
	(void)ctx;
	if (level == LOG_LEVEL_ERROR)
		log_error("control: %s", message);
	else if (level == LOG_LEVEL_WARNING)
		log_warning("%s", message);
	else
		log_info("%s", message);
}

/* ---- */

static struct control_options listen_as(const struct config *config)
{
	return (struct control_options){
		.socket = config->control_socket,
		.socket_group = config->control_access == CONFIG_ACCESS_GROUP,
		.listen = config->listen,
		.token = config->control_token, .read_token = config->control_read_token,
	};
}

struct serve *serve_start(const struct serve_options *options, const struct config *config)
{
	struct serve *serve = mem_calloc(1, sizeof(*serve));
	struct control_options listen = listen_as(config);

	serve->options = *options;
	take_names(serve, config);
	serve->control = control_start(&(struct control_host){
		.ctx = serve, .loop = options->loop, .clock = options->clock,
		.version = D1KEEP_VERSION, .binary = options->binary,
		.name = on_name, .find = on_find, .max_age = on_max_age,
		.each_active = on_each_active, .create = on_create, .state = on_state,
		.not_ready = on_not_ready, .runs_total = on_runs_total,
		.lag_max_ms = on_lag_max_ms, .account = on_account, .config_path = on_config_path,
		.config_fd = on_config_fd, .log = on_log,
	}, &listen);
	return serve;
}

void serve_set_config(struct serve *serve, const struct config *config)
{
	struct control_options listen = listen_as(config);

	take_names(serve, config);
	control_reload(serve->control, &listen);
}

void serve_ended(struct serve *serve, const struct state_run *run)
{
	if (serve == NULL)
		return;
	serve->runs_total[run_outcome(run)]++;
	control_changed(serve->control);
}

void serve_set_stopping(struct serve *serve)
{
	if (serve != NULL)
		serve->stopping = true;
}

void serve_stop(struct serve *serve)
{
	if (serve != NULL)
		control_stop(serve->control);
}

void serve_free(struct serve *serve)
{
	if (serve == NULL)
		return;
	control_free(serve->control);
	forget_names(serve);
	free(serve);
}

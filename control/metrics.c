/*
 * /metrics in Prometheus' text format 0.0.4. All samples of a metric stand
 * together, so the databases are looked at once (survey.h), and the text is made
 * from that as fast as it is taken.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/handlers.h"
#include "control/metrics.h"
#include "control/request.h"
#include "control/survey.h"

#define SAMPLES_A_PIECE 80

enum unit { UNIT_PLAIN, UNIT_MS };

struct metric {
	const char *name;
	const char *help;
	/* false: nothing to say of this one */
	bool (*value)(const struct survey *survey, const struct survey_row *row, int64_t *ret);
	enum unit unit;
};

#define FIELD(name, expression)                                                           \
	static bool name(const struct survey *survey, const struct survey_row *row, int64_t *ret) \
	{                                                                                 \
		(void)survey;                                                             \
		*ret = (expression);                                                      \
		return *ret != 0;                                                         \
	}
#define FIELD_OR_0(name, expression)                                                      \
	static bool name(const struct survey *survey, const struct survey_row *row, int64_t *ret) \
	{                                                                                 \
		(void)survey;                                                             \
		*ret = (expression);                                                      \
		return true;                                                              \
	}
/* Of what never ran there is no figure, not even 0. */
#define LAST(name, expression, known)                                                            \
	static bool name(const struct survey *survey, const struct survey_row *row, int64_t *ret) \
	{                                                                                 \
		(void)survey;                                                             \
		*ret = (expression);                                                      \
		return (known);                        \
	}

FIELD(success_at, row->success_at)
FIELD(verified_at, row->verified_at)
FIELD(good_age, row->good_at != 0 ? survey->now - row->good_at : 0)
FIELD(max_age, row->max_age)
FIELD_OR_0(over_age, row->max_age > 0 && survey->now - row->good_at > row->max_age)
FIELD(next_at, row->next_at)
LAST(duration, row->duration_ms, row->success_at != 0 || row->failures != 0)
LAST(rows, row->rows, row->success_at != 0)
LAST(sql_bytes, row->sql_bytes, row->success_at != 0)
LAST(stored_bytes, row->stored_bytes, row->success_at != 0)
LAST(new_bytes, row->new_bytes, row->success_at != 0)
LAST(requests, row->requests, row->success_at != 0 || row->failures != 0)
LAST(retries, row->retries, row->success_at != 0 || row->failures != 0)
FIELD_OR_0(failures, row->failures)
FIELD_OR_0(not_pruned, row->not_pruned)
FIELD_OR_0(running, row->running)
FIELD_OR_0(waiting, row->waiting)

static const struct metric metrics[] = {
	{ "d1keep_last_success_timestamp_seconds", "When the last run that took a snapshot ended.", success_at, UNIT_PLAIN },
	{ "d1keep_last_verified_timestamp_seconds", "When the last snapshot that verified was taken.", verified_at, UNIT_PLAIN },
	{ "d1keep_snapshot_age_seconds", "Age of the newest good snapshot.", good_age, UNIT_PLAIN },
	{ "d1keep_snapshot_max_age_seconds", "How old it may be (max_age).", max_age, UNIT_PLAIN },
	{ "d1keep_snapshot_stale", "1 when it is older than that.", over_age, UNIT_PLAIN },
	{ "d1keep_last_run_duration_seconds", "How long the last run took.", duration, UNIT_MS },
	{ "d1keep_last_snapshot_rows", "Rows of the newest snapshot.", rows, UNIT_PLAIN },
	{ "d1keep_last_snapshot_read_bytes", "SQL that was read for it.", sql_bytes, UNIT_PLAIN },
	{ "d1keep_last_snapshot_stored_bytes", "What it takes in the bucket.", stored_bytes, UNIT_PLAIN },
	{ "d1keep_last_snapshot_new_bytes", "The part of it that no earlier snapshot had stored.", new_bytes, UNIT_PLAIN },
	{ "d1keep_last_run_requests", "HTTP requests of the last run.", requests, UNIT_PLAIN },
	{ "d1keep_last_run_http_retries", "How many of them were retried.", retries, UNIT_PLAIN },
	{ "d1keep_failures_in_a_row", "Runs that failed since the last success.", failures, UNIT_PLAIN },
	{ "d1keep_prune_blocked", "1 when something keeps what is not needed from being removed.", not_pruned, UNIT_PLAIN },
	{ "d1keep_running", "1 while a run goes.", running, UNIT_PLAIN },
	{ "d1keep_waiting", "1 while a run waits for its turn.", waiting, UNIT_PLAIN },
	{ "d1keep_next_run_timestamp_seconds", "When the next run is due.", next_at, UNIT_PLAIN },
};

#define METRIC_COUNT (sizeof(metrics) / sizeof(metrics[0]))

/* ---- the format */

void metrics_label(struct buf *buf, const char *name, const char *value, size_t len)
{
	(void)buf_addf(buf, NULL, "%s=\"", name);
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '\n')
			(void)buf_adds(buf, "\\n", NULL);
		else if (value[i] == '"' || value[i] == '\\')
			(void)buf_addf(buf, NULL, "\\%c", value[i]);
		else
			(void)buf_add(buf, &value[i], 1, NULL);
	}
	(void)buf_adds(buf, "\"", NULL);
}

static void head(struct buf *buf, const char *name, const char *help, const char *type)
{
	(void)buf_addf(buf, NULL, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void sample(struct buf *buf, const struct metric *metric, const char *name, int64_t value)
{
	(void)buf_addf(buf, NULL, "%s{", metric->name);
	metrics_label(buf, "environment", name, strcspn(name, "/"));
	(void)buf_adds(buf, ",", NULL);
	metrics_label(buf, "database", name, strlen(name));
	if (metric->unit == UNIT_MS)
		(void)buf_addf(buf, NULL, "} %.3f\n", (double)value / 1000);
	else
		(void)buf_addf(buf, NULL, "} %" PRId64 "\n", value);
}

static void number(struct buf *buf, const char *name, const char *help, const char *type,
    double value)
{
	head(buf, name, help, type);
	(void)buf_addf(buf, NULL, "%s %.15g\n", name, value);
}

/* ---- the pieces */

struct output {
	struct survey *survey;
	size_t metric, row;
};

static void accounts(const struct control_host *host, struct buf *buf)
{
	const char *name;
	int64_t left;

	head(buf, "d1keep_account_requests_left",
	    "API requests that the account's token could send at once, by request_budget.", "gauge");
	for (size_t i = 0; host->account(host->ctx, i, &name, &left); i++) {
		if (left < 0)
			continue;
		(void)buf_adds(buf, "d1keep_account_requests_left{", NULL);
		metrics_label(buf, "account", name, strlen(name));
		(void)buf_addf(buf, NULL, "} %" PRId64 "\n", left);
	}
}

static void whole_daemon(const struct control_host *host, const struct survey *survey,
    struct buf *buf)
{
	head(buf, "d1keep_build_info", "The version that runs.", "gauge");
	(void)buf_adds(buf, "d1keep_build_info{", NULL);
	metrics_label(buf, "version", host->version, strlen(host->version));
	(void)buf_adds(buf, "} 1\n", NULL);
	number(buf, "d1keep_up", "1 when it does its work as it should, as /readyz says.", "gauge",
	    host->not_ready(host->ctx) == NULL);
	number(buf, "d1keep_databases", "Configured databases.", "gauge", (double)survey->count);
	number(buf, "d1keep_loop_lag_max_seconds", "The longest that the loop was held up.", "gauge",
	    (double)host->lag_max_ms(host->ctx) / 1000);
	accounts(host, buf);
	head(buf, "d1keep_runs_total", "Runs that ended since d1keepd started.", "counter");
	for (enum run_outcome i = 0; i < RUN_OUTCOME_COUNT; i++)
		(void)buf_addf(buf, NULL, "d1keep_runs_total{outcome=\"%s\"} %" PRIu64 "\n",
		    run_outcome_word(i), host->runs_total(host->ctx, i));
}

static bool more(void *ctx, struct buf *buf)
{
	struct output *output = ctx;
	const struct survey *survey = output->survey;
	const struct metric *metric = &metrics[output->metric];
	size_t end = output->row + SAMPLES_A_PIECE;
	int64_t value;

	if (output->row == 0 && output->metric == 0)
		whole_daemon(survey->host, survey, buf);
	if (output->row == 0)
		head(buf, metric->name, metric->help, "gauge");
	for (; output->row < end && output->row < survey->count; output->row++) {
		const struct survey_row *row = &survey->rows[output->row];

		if (metric->value(survey, row, &value))
			sample(buf, metric, row->name, value);
	}
	if (output->row < survey->count)
		return true;
	output->row = 0;
	return ++output->metric < METRIC_COUNT;
}

static void release(void *ctx)
{
	struct output *output = ctx;

	survey_free(output->survey);
	free(output);
}

static void answer(struct request *request)
{
	struct output *output = mem_calloc(1, sizeof(*output));

	output->survey = request->job;
	request->job = NULL;
	request->job_free = NULL;
	request_answer_stream(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
	    &(struct request_stream){ more, release, output });
}

static bool step(struct request *request)
{
	return survey_step(request->job);
}

void metrics_answer(struct request *request)
{
	request->job = survey_new(&request->control->host);
	request->job_free = survey_free;
	request_work(request, step, answer);
}

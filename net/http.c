#include "net/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "base/budget.h"
#include "net/http_try.h"
#include "net/retry.h"
#include "net/url.h"

#define NO_SKEW INT64_MIN

struct http {
	struct http_options options;
	char *ca_file;
	pthread_mutex_t lock;      /* guards the pool */
	CURL **idle;
	size_t idle_count, idle_cap;
	atomic_uint_least64_t retries;
	atomic_int_least64_t skew; /* seconds; NO_SKEW: no answer has told */
};

static void global_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

struct http *http_new(const struct http_options *options)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *http = mem_calloc(1, sizeof(*http));

	(void)pthread_once(&once, global_init);
	http->options = *options;
	atomic_store(&http->skew, NO_SKEW);
	http->ca_file = mem_strdup(options->ca_file);
	http->options.ca_file = http->ca_file;
	(void)pthread_mutex_init(&http->lock, NULL);
	return http;
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	for (size_t i = 0; i < http->idle_count; i++)
		curl_easy_cleanup(http->idle[i]);
	free(http->idle);
	free(http->ca_file);
	(void)pthread_mutex_destroy(&http->lock);
	free(http);
}

/* The handle used last first: its connection is the likeliest to be alive. */
static CURL *take_handle(struct http *http)
{
	CURL *easy = NULL;

	(void)pthread_mutex_lock(&http->lock);
	if (http->idle_count > 0)
		easy = http->idle[--http->idle_count];
	(void)pthread_mutex_unlock(&http->lock);
	return easy != NULL ? easy : curl_easy_init();
}

static void give_handle_back(struct http *http, CURL *easy)
{
	(void)pthread_mutex_lock(&http->lock);
	http->idle = mem_grow(http->idle, http->idle_count, &http->idle_cap, sizeof(CURL *));
	http->idle[http->idle_count++] = easy;
	(void)pthread_mutex_unlock(&http->lock);
}

static int try_once(struct http *http, const struct http_request *request,
    struct http_response *ret, struct try_outcome *outcome, struct err *err)
{
	CURL *easy = take_handle(http);
	struct http_options options = http->options;

	if (request->pace != NULL)
		options.stall_timeout_ms = request->pace->stall_timeout_ms;
	if (easy == NULL)
		return err_set(err, ERR_FAILED, "no memory for an HTTP request");
	http_try(easy, &options, request, ret, outcome);
	give_handle_back(http, easy);
	if (ret->date > 0)
		atomic_store(&http->skew, ret->date - clock_now(options.clock));
	return 0;
}

static int before_try(struct http *http, struct http_request *request, struct err *err)
{
	bool stops = request->stop != HTTP_STOPS_NEVER;

	if (stops && stop_check(err) != 0)
		return -1;
	/* What never stops goes out also when a stop cuts the waiting short. */
	if (http->options.budget != NULL && !request->unbudgeted &&
	    budget_spend(http->options.budget, stops ? err : NULL) != 0 && stops)
		return -1;
	return request->sign != NULL ? request->sign(request->sign_ctx, request, err) : 0;
}

static enum http_verdict verdict_of(const struct http_request *request,
    const struct try_outcome *outcome, const struct http_response *response)
{
	enum http_verdict verdict = HTTP_BY_STATUS;

	if (outcome->result != TRY_ANSWERED)
		return HTTP_AGAIN;
	if (request->judge != NULL)
		verdict = request->judge(request->judge_ctx, response);
	if (verdict == HTTP_BY_STATUS)
		verdict = retry_status(response->status) ? HTTP_AGAIN : HTTP_FINAL;
	return verdict;
}

/* May this very request be sent again? */
static bool may_repeat(const struct http_request *request, const struct try_outcome *outcome,
    const struct http_response *response, enum http_verdict verdict)
{
	if (request->repeatable || !outcome->sent || verdict == HTTP_NOT_DONE)
		return true;
	return outcome->result == TRY_ANSWERED &&
	    (response->status == 429 || response->status == 503);
}

/* The server's name for messages. */
static void name_server(const struct http_request *request, char *ret, size_t size)
{
	if (request->shown != NULL)
		(void)snprintf(ret, size, "%s", request->shown);
	else
		url_origin(request->url, ret, size);
}

static int fail_at_once(const struct http_request *request, const struct try_outcome *outcome,
    struct err *err)
{
	char origin[256];

	name_server(request, origin, sizeof(origin));
	switch (outcome->result) {
	case TRY_INTERRUPTED:
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	case TRY_TOO_BIG:
		return err_set(err, ERR_TOO_BIG, "the answer of %s is longer than %lld bytes",
		    origin, request->sink != NULL ? (long long)request->sink->max_bytes :
		    (long long)request->max_answer_bytes);
	case TRY_FILE:
		return err_set(err, ERR_FAILED, "%s", outcome->what);
	default:
		(void)err_set(err, ERR_FAILED, "cannot talk to %s: %s", origin, outcome->what);
		if (strstr(outcome->what, "certificate") != NULL)
			(void)err_hint(err, "where a private authority signed it, name that authority's certificate with ca_file");
		return -1;
	}
}

static int give_up(const struct http_request *request, const struct retry_log *log,
    const struct try_outcome *last, bool ever_sent, unsigned tries, struct err *err)
{
	char origin[256], failures[512], count[32] = "";

	name_server(request, origin, sizeof(origin));
	retry_log_format(log, failures, sizeof(failures));
	if (!request->repeatable && last->sent)
		return err_set(err, ERR_AGAIN,
		    "%s: %s; whether the request was carried out is not known",
		    origin, failures);
	if (tries > 1 && log->count > 1)
		(void)snprintf(count, sizeof(count), " (%u tries)", tries);
	return err_set(err, ERR_AGAIN, ever_sent ? "no good answer from %s: %s%s" :
	    "cannot reach %s: %s%s", origin, failures, count);
}

/* How long before the next try. A server that says when is believed, and for
 * a 429 that holds for everyone who shares the budget. */
static int64_t wait_for(struct http *http, const struct http_request *request,
    const struct http_response *response, unsigned tries)
{
	int64_t asked = response->retry_after_ms, delay;

	if (response->status == 429 && asked > 0 && http->options.budget != NULL &&
	    !request->unbudgeted)
		budget_block(http->options.budget, asked);
	if (asked >= 0)
		return asked;
	delay = retry_delay_ms(tries, clock_random(http->options.clock));
	return request->pace != NULL && delay > request->pace->max_delay_ms ?
	    request->pace->max_delay_ms : delay;
}

static void pause_before_next(struct http *http, const struct http_request *request, int64_t ms)
{
	if (request->stop == HTTP_STOPS_NEVER)
		clock_wait_ms(http->options.clock, ms);
	else
		clock_sleep_ms(http->options.clock, ms);
}

static unsigned retries_of(const struct http *http, const struct http_request *request)
{
	return request->pace != NULL ? request->pace->retries : http->options.retries;
}

static void note(struct retry_log *log, const struct try_outcome *outcome,
    const struct http_response *response)
{
	char what[300];

	if (response->retry_after_ms > RETRY_AFTER_MAX_MS)
		(void)snprintf(what, sizeof(what), "%s, and asks to wait %lld s", outcome->what,
		    (long long)response->retry_after_ms / 1000);
	else
		(void)snprintf(what, sizeof(what), "%s", outcome->what);
	retry_log_add(log, what);
}

int http_do(struct http *http, struct http_request *request,
    struct http_response *ret, struct err *err)
{
	struct retry_log log = { 0 };
	bool ever_sent = false;

	*ret = (struct http_response){ 0 };
	for (unsigned tries = 1; ; tries++) {
		struct try_outcome outcome;
		enum http_verdict verdict;
		int64_t wait;

		request->in_doubt = false;
		if (before_try(http, request, err) != 0 ||
		    try_once(http, request, ret, &outcome, err) != 0)
			return -1;
		ret->tries = tries;
		ever_sent = ever_sent || outcome.sent;
		request->in_doubt = outcome.sent && outcome.result != TRY_ANSWERED;
		if (outcome.result != TRY_ANSWERED && outcome.result != TRY_LOST)
			return fail_at_once(request, &outcome, err);
		verdict = verdict_of(request, &outcome, ret);
		if (verdict == HTTP_FINAL)
			return 0;
		note(&log, &outcome, ret);
		wait = wait_for(http, request, ret, tries);
		if (tries > retries_of(http, request) || wait > RETRY_AFTER_MAX_MS ||
		    !may_repeat(request, &outcome, ret, verdict)) {
			if (outcome.result == TRY_ANSWERED && request->judge != NULL)
				return 0;
			(void)give_up(request, &log, &outcome, ever_sent, tries, err);
			break;
		}
		http_response_release(ret);
		pause_before_next(http, request, wait);
		(void)atomic_fetch_add(&http->retries, 1);
	}
	http_response_release(ret);
	return -1;
}

void http_response_release(struct http_response *response)
{
	buf_release(&response->body);
	*response = (struct http_response){ .content_length = -1, .retry_after_ms = -1 };
}

uint64_t http_retries(struct http *http)
{
	return atomic_load(&http->retries);
}

bool http_clock_skew(struct http *http, int64_t *ret_seconds)
{
	int64_t skew = atomic_load(&http->skew);

	if (skew == NO_SKEW)
		return false;
	*ret_seconds = skew;
	return true;
}

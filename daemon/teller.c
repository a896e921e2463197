#include "daemon/teller.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/freshness.h"
#include "daemon/alarm.h"
#include "daemon/delivery.h"
#include "daemon/memories.h"
#include "daemon/notice.h"
#include "daemon/watch.h"

#define DELIVERY_LIMIT_MS 120000
#define DELIVERY_KILL_AFTER_MS 10000
/* From here on they are one notice; and so many notices a minute. */
#define MANY 6
#define A_MINUTE 5
/* Of one turn of the loop, for reading the past. */
#define READ_NS 3000000

struct teller {
	struct teller_options options;
	const struct config *config;
	struct watch *watch;         /* the same databases, by the same numbers, … */
	struct alerts *alerts;       /* … as here */
	struct memories memories;
	struct alerts_target *targets;
	size_t unread;               /* what was known of those before it has been said */
	struct alarm alarm;          /* when something may be due by itself */
	uv_idle_t *reading;          /* outlives us until it is closed */
	struct delivery *delivery;
	/* Being delivered, to, about: numbers may mean others by its end. */
	struct alerts_decision *decisions;
	size_t decision_count;
	char *target, **databases;   /* one each; NULL: of a heartbeat */
	bool stopping;
	char host[256];
};

/* ---- telling */

static void on_delivered(void *ctx, bool delivered);

static int64_t now_of(const struct teller *teller)
{
	return clock_now(teller->options.clock);
}

static struct notice_subject subject_of(const struct teller *teller,
    const struct alerts_decision *decision)
{
	const struct watched *item = decision->kind != ALERT_HEARTBEAT ?
	    &teller->watch->items[decision->database] : NULL;
	const struct alerts_target *target = &teller->targets[decision->target];

	return (struct notice_subject){
		.decision = decision, .target = target->name, .host = teller->host,
		.environment = item != NULL ? item->database->environment->name : target->environment,
		.database = item != NULL ? item->name : NULL,
		.history = item != NULL ? &item->history : NULL, .now = now_of(teller),
	};
}

/* The one, or all that are like it where there are many of them. */
static void take_up(struct teller *teller, const struct alerts_decision *decision)
{
	size_t room = teller->watch->count > 0 ? teller->watch->count : 1;
	struct alerts_decision *alike = mem_calloc(room, sizeof(*alike));
	size_t count = alerts_alike(teller->alerts, decision, now_of(teller), alike);

	if (count < MANY) {
		alike[0] = *decision;
		count = 1;
	}
	teller->decisions = alike;
	teller->decision_count = count;
	teller->target = mem_strdup(teller->targets[decision->target].name);
	teller->databases = mem_calloc(count, sizeof(*teller->databases));
}

/* What it says; the names of the databases are kept. */
static char *write_notice(struct teller *teller)
{
	size_t count = teller->decision_count;
	struct notice_subject *subjects = mem_calloc(count, sizeof(*subjects));
	char *text;

	for (size_t i = 0; i < count; i++) {
		subjects[i] = subject_of(teller, &teller->decisions[i]);
		teller->databases[i] = mem_strdup(subjects[i].database);
	}
	text = count > 1 ? notice_write_many(subjects, count) : notice_write(subjects);
	free(subjects);
	return text;
}

static void put_down(struct teller *teller)
{
	for (size_t i = 0; i < teller->decision_count; i++)
		free(teller->databases[i]);
	free(teller->databases);
	free(teller->decisions);
	mem_free_str(&teller->target);
	teller->target = NULL;
	teller->databases = NULL;
	teller->decisions = NULL;
	teller->decision_count = 0;
}

static void deliver(struct teller *teller, const struct alerts_decision *decision)
{
	struct delivery_options delivery = {
		.loop = teller->options.loop, .binary = teller->options.binary,
		.config_path = teller->options.config_path,
		.config_fd = teller->options.config_fd(teller->options.ctx),
		.limit_ms = DELIVERY_LIMIT_MS, .kill_after_ms = DELIVERY_KILL_AFTER_MS,
	};
	AUTO_STR text = NULL;

	take_up(teller, decision);
	text = write_notice(teller);
	delivery.target = teller->target;
	delivery.text = text;
	teller->delivery = delivery_start(&delivery, on_delivered, teller);
}

static void set_alarm(struct teller *teller)
{
	int64_t at = alerts_next_at(teller->alerts, now_of(teller));

	/* Where nobody is to be told, nothing has to be looked at. */
	if (teller->options.once || teller->stopping || teller->config->notify_count == 0)
		alarm_stop(&teller->alarm);
	else
		alarm_set(&teller->alarm, at < ALARM_NEVER / 1000 ? at * 1000 : ALARM_NEVER);
}

static void tell_next(struct teller *teller)
{
	struct alerts_decision decision;

	if (teller->delivery != NULL)
		return;
	if (!teller->stopping && alerts_next(teller->alerts, now_of(teller), &decision)) {
		deliver(teller, &decision);
		return;
	}
	set_alarm(teller);
	if (teller_is_idle(teller))
		teller->options.idle(teller->options.ctx);
}

static void log_outcome(const struct teller *teller, bool delivered)
{
	const char *word = alert_word(teller->decisions->kind);
	const char *database = teller->databases[0];
	AUTO_STR about = teller->decision_count > 1 ?
	    mem_printf(" of %zu databases", teller->decision_count) : mem_strdup("");
	AUTO_STR label = database != NULL && teller->decision_count == 1 ?
	    mem_printf(" database=%s", database) : mem_strdup("");

	if (!delivered)
		log_warning("notify=%s%s: could not be told (%s%s), tried again later",
		    teller->target, label, word, about);
	else if (teller->decisions->kind == ALERT_HEARTBEAT)
		log_debug("notify=%s: heartbeat", teller->target);
	else
		log_info("notify=%s%s: told (%s%s)", teller->target, label, word, about);
}

/* The configuration may be another one by now: names hold, numbers don't. Those
 * that are left, moved together. */
static size_t renumber(struct teller *teller)
{
	long target = alerts_find_target(teller->alerts, teller->target);
	size_t left = 0;

	for (size_t i = 0; target >= 0 && i < teller->decision_count; i++) {
		const char *name = teller->databases[i];
		long database = name != NULL ? alerts_find_database(teller->alerts, name) : 0;

		if (database < 0)
			continue;
		teller->decisions[left] = teller->decisions[i];
		teller->decisions[left].target = (size_t)target;
		teller->decisions[left++].database = (size_t)database;
	}
	return left;
}

static void on_delivered(void *ctx, bool delivered)
{
	struct teller *teller = ctx;
	size_t left;

	teller->delivery = NULL;
	log_outcome(teller, delivered);
	left = renumber(teller);
	if (left > 0 && delivered)
		alerts_told(teller->alerts, teller->decisions, left, now_of(teller));
	else if (left > 0)
		alerts_not_told(teller->alerts, teller->decisions, now_of(teller));
	put_down(teller);
	tell_next(teller);
}

static void on_alarm(void *ctx)
{
	struct teller *teller = ctx;

	/* What is being told is waited for, and then it is decided again. */
	alarm_stop(&teller->alarm);
	tell_next(teller);
}

/* ---- facts */

static void learn(struct teller *teller, struct watched *item)
{
	int64_t now = now_of(teller);
	struct alerts_facts facts;

	/* Of a database that has no verified snapshot yet the beginning counts. */
	if (item->history.verified_at == 0 && item->watched_at == 0 &&
	    freshness_matters(item->database)) {
		item->watched_at = now;
		memories_note_database(&teller->memories, item->name, now);
	}
	facts = watch_facts(item);
	alerts_learn(teller->alerts, (size_t)(item - teller->watch->items), &facts, now);
}

static void read_past(struct teller *teller, struct watched *item)
{
	if (!item->is_read)
		watch_read(item, record_reader(teller->options.record), now_of(teller));
	learn(teller, item);
}

static void on_reading(uv_idle_t *idle)
{
	struct teller *teller = idle->data;
	uint64_t end = uv_hrtime() + READ_NS;

	while (teller->unread < teller->watch->count && uv_hrtime() < end)
		read_past(teller, &teller->watch->items[teller->unread++]);
	if (teller->unread < teller->watch->count)
		return;
	(void)uv_idle_stop(idle);
	tell_next(teller);
}

void teller_run_ended(struct teller *teller, const char *database, const struct state_run *run,
    const char *hint, bool is_final)
{
	struct watched *item = watch_find(teller->watch, database);

	if (item == NULL || teller->stopping)
		return;
	if (!item->is_read)
		read_past(teller, item);
	history_add(&item->history, run, hint, watch_verifies(item), is_final, now_of(teller));
	learn(teller, item);
	alerts_ran(teller->alerts);
	tell_next(teller);
}

/* ---- the configuration */

static bool is_busy(void *ctx, size_t database)
{
	struct teller *teller = ctx;

	return teller->options.is_busy(teller->options.ctx, teller->watch->items[database].name);
}

static void remember(void *ctx, size_t target, size_t database, enum alert_kind kind,
    const struct alerts_memory *memory)
{
	struct teller *teller = ctx;

	memories_note(&teller->memories, target, database, kind, memory);
}

static unsigned kinds_of(const struct config_notify *notify)
{
	static const struct { unsigned event; enum alert_kind kind; } pairs[] = {
		{ CONFIG_EVENT_FAILURE, ALERT_FAILURE }, { CONFIG_EVENT_RECOVERY, ALERT_RECOVERY },
		{ CONFIG_EVENT_SHRINK, ALERT_SHRINK }, { CONFIG_EVENT_STALE, ALERT_STALE },
	};
	unsigned kinds = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if ((notify->events & pairs[i].event) != 0)
			kinds |= 1u << pairs[i].kind;
	}
	return kinds;
}

/* A target that the notes do not know is new: noted now. */
static int64_t known_at(struct teller *teller, const char *target)
{
	int64_t at = memories_known_at(teller->options.record, target);

	if (at == 0) {
		at = now_of(teller);
		memories_note_target(&teller->memories, target, at);
	}
	return at;
}

/* Those that `old` knows keep what is known there. */
static struct alerts_target *make_targets(struct teller *teller, const struct alerts *old)
{
	const struct config *config = teller->config;
	struct alerts_target *targets = mem_calloc(config->notify_count, sizeof(*targets));

	for (size_t i = 0; i < config->notify_count; i++) {
		const struct config_notify *n = config->notifies[i];

		targets[i] = (struct alerts_target){
			.name = n->name, .environment = n->environment,
			.is_heartbeat = n->type == CONFIG_NOTIFY_HEARTBEAT, .kinds = kinds_of(n),
			.repeat_after_s = span_seconds(n->repeat_after),
		};
		if (old == NULL || alerts_find_target(old, n->name) < 0)
			targets[i].known_at = known_at(teller, n->name);
	}
	return targets;
}

static struct alerts *make_alerts(struct teller *teller)
{
	struct alerts_database *databases = mem_calloc(teller->watch->count, sizeof(*databases));
	struct alerts_options options = {
		.targets = teller->targets, .target_count = teller->config->notify_count,
		.databases = databases, .database_count = teller->watch->count,
		/* Who leaves soon tells all there is before. */
		.a_minute = teller->options.once ? 0 : A_MINUTE,
		.is_busy = is_busy, .remember = remember, .ctx = teller,
	};
	struct alerts *alerts;

	for (size_t i = 0; i < teller->watch->count; i++) {
		const struct watched *item = &teller->watch->items[i];

		databases[i] = (struct alerts_database){
			.name = item->name, .environment = item->database->environment->name,
			.is_watched = freshness_matters(item->database),
		};
	}
	alerts = alerts_new(&options);
	free(databases);
	return alerts;
}

void teller_take_config(struct teller *teller, const struct config *config)
{
	struct watch *old_watch = teller->watch;
	struct alerts *old = teller->alerts;

	teller->config = config;
	teller->watch = config->notify_count > 0 ? watch_new(config, old_watch) : watch_none();
	teller->memories.record = teller->options.record;
	teller->memories.watch = teller->watch;
	free(teller->targets);
	teller->targets = make_targets(teller, old);
	teller->memories.targets = teller->targets;
	teller->memories.target_count = config->notify_count;
	teller->alerts = make_alerts(teller);
	if (old != NULL)
		alerts_adopt(teller->alerts, old);
	else
		memories_read(&teller->memories, teller->alerts, teller->watch);
	alerts_free(old);
	watch_free(old_watch);
	teller->unread = 0;
	alarm_stop(&teller->alarm);
	if (config->notify_count > 0)
		(void)uv_idle_start(teller->reading, on_reading);
	else
		teller->unread = teller->watch->count;
}

void teller_note_all(struct teller *teller)
{
	for (size_t t = 0; t < teller->memories.target_count; t++) {
		memories_note_target(&teller->memories, teller->targets[t].name,
		    alerts_known_at(teller->alerts, t));
		for (size_t d = 0; d < teller->watch->count; d++) {
			for (int kind = 0; kind < ALERT_MEMORIES; kind++) {
				const struct alerts_memory *memory =
				    alerts_memory(teller->alerts, t, d, (enum alert_kind)kind);

				if (memory->told_at != 0)
					memories_note(&teller->memories, t, d, (enum alert_kind)kind, memory);
			}
		}
	}
}

/* ---- beginning and end */

struct teller *teller_new(const struct teller_options *options)
{
	struct teller *teller = mem_calloc(1, sizeof(*teller));

	teller->options = *options;
	(void)gethostname(teller->host, sizeof(teller->host) - 1);
	teller->reading = mem_calloc(1, sizeof(*teller->reading));
	alarm_init(&teller->alarm, options->loop, options->clock, on_alarm, teller);
	(void)uv_idle_init(options->loop, teller->reading);
	teller->reading->data = teller;
	return teller;
}

bool teller_is_idle(const struct teller *teller)
{
	return teller == NULL || (teller->delivery == NULL &&
	    (teller->stopping || teller->unread == teller->watch->count));
}

void teller_stop(struct teller *teller)
{
	teller->stopping = true;
	alarm_stop(&teller->alarm);
	(void)uv_idle_stop(teller->reading);
	if (teller->delivery != NULL)
		delivery_stop(teller->delivery);
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

void teller_free(struct teller *teller)
{
	if (teller == NULL)
		return;
	assert(teller->delivery == NULL);
	alarm_close(&teller->alarm);
	uv_close((uv_handle_t *)teller->reading, free_handle);
	alerts_free(teller->alerts);
	watch_free(teller->watch);
	free(teller->targets);
	free(teller);
}

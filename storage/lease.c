#include "storage/lease.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "storage/lease_record.h"

#define KEY "lease.json"
/* Lost races before the loser looks who won. */
#define RACES 20
/* While waiting: how often to look. */
#define POLL_FIRST_MS 200
#define POLL_MAX_MS 5000
/* What two hosts' clocks may differ by, where nothing better is told. */
#define SKEW_S 300
/* Of a damaged one, which may be anything. */
#define READ_MAX_BYTES (1u << 20)

struct lease {
	struct store *store;
	const struct clock *clock;
	char *subject;
	pthread_t thread;
	pthread_mutex_t lock;      /* of what follows */
	pthread_cond_t ended_changed;
	bool ended;
	bool lost;
	char lost_to[200];         /* the new holder, where it is known */
	int64_t renewed_ms;        /* boot time: when the last good renewal was sent */
	struct lease_record record;
	char etag[BUCKET_ETAG_SIZE];
};

/* ---- the object ---- */

static int fetch(struct store *store, struct lease_record *ret, struct bucket_version *ret_version,
    struct err *err)
{
	AUTO_STR key = mem_printf("%s" KEY, store->folder);
	AUTO_BUF text = BUF_INIT(READ_MAX_BYTES);

	if (bucket_get_version(store->bucket, key, &text, ret_version, err) != 0)
		return -1;
	return lease_record_read(buf_str(&text), text.len, ret, err);
}

static int write_record(struct store *store, const struct lease_record *record,
    char etag[BUCKET_ETAG_SIZE], struct err *err)
{
	AUTO_STR key = mem_printf("%s" KEY, store->folder);
	AUTO_BUF text = BUF_INIT(LEASE_MAX_BYTES);

	if (lease_record_write(record, &text, err) != 0)
		return -1;
	return bucket_replace(store->bucket, key, text.data, text.len, etag, err);
}

/* ---- acquire ---- */

/* Somebody who wants the lease: what was seen of it, and since when. */
struct candidate {
	const struct lease_options *o;
	int64_t ttl_s;
	struct bucket_version seen;
	int64_t seen_ms;           /* boot time: since when this very version is known */
	struct lease_record there;
	bool damaged;
	bool absent;
};

static int look(struct candidate *c, struct err *err)
{
	struct bucket_version version = { .age_ms = -1 };
	struct err local = ERR_INIT;
	int rc = fetch(c->o->store, &c->there, &version, &local);

	c->absent = rc != 0 && local.code == ERR_NOT_FOUND;
	c->damaged = rc != 0 && (local.code == ERR_CORRUPT || local.code == ERR_TOO_BIG);
	if (rc != 0 && !c->absent && !c->damaged) {
		if (err != NULL)
			*err = local;
		return -1;
	}
	if (strcmp(version.etag, c->seen.etag) != 0)
		c->seen_ms = clock_boot_ms();
	c->seen = version;
	return 0;
}

static bool is_expired(const struct candidate *c)
{
	int64_t ttl_s = c->damaged ? c->ttl_s : c->there.ttl_s;
	int64_t limit_ms = ttl_s * 1000 + ttl_s * 125;

	if (c->seen.etag[0] != '\0' && clock_boot_ms() - c->seen_ms >= limit_ms)
		return true;
	if (c->seen.age_ms >= 0)
		return c->seen.age_ms >= limit_ms;
	return !c->damaged && clock_now(c->o->clock) > c->there.renewed_at + ttl_s + SKEW_S;
}

static bool is_free(const struct candidate *c)
{
	return c->absent || (!c->damaged && !c->there.held) || is_expired(c);
}

/* What the generation was is not known of a damaged one: the time in seconds is
 * larger than any count. */
static int64_t next_generation(const struct candidate *c)
{
	if (c->absent)
		return 1;
	return c->damaged ? clock_now(c->o->clock) : c->there.generation + 1;
}

static void fill_record(const struct candidate *c, struct lease_record *r)
{
	const struct clock *clock = c->o->clock;

	*r = (struct lease_record){
		.generation = next_generation(c), .held = true, .pid = (int64_t)getpid(),
		.ttl_s = c->ttl_s, .acquired_at = clock_now(clock), .renewed_at = clock_now(clock),
	};
	if (gethostname(r->host, sizeof(r->host) - 1) != 0 ||
	    !utf8_valid(r->host, strlen(r->host)))
		(void)snprintf(r->host, sizeof(r->host), "unknown");
	(void)snprintf(r->instance, sizeof(r->instance), "%08x%08x%08x%08x", clock_random(clock),
	    clock_random(clock), clock_random(clock), clock_random(clock));
	(void)snprintf(r->what, sizeof(r->what), "%s", c->o->what);
}

static void describe(const struct candidate *c, char *ret, size_t size)
{
	if (c->damaged)
		(void)snprintf(ret, size, "is held by somebody: its " KEY " cannot be read");
	else
		lease_record_describe(&c->there, ret, size);
}

static int is_held(const struct candidate *c, struct err *err)
{
	char holder[200];

	describe(c, holder, sizeof(holder));
	(void)err_set(err, ERR_HELD, "%s %s", c->o->subject, holder);
	return err_hint(err, "if that run is dead, its lease expires %lld s after its last sign of life; --wait SECONDS waits for it",
	    (long long)(c->damaged ? c->ttl_s : c->there.ttl_s));
}

/* Waits a little for the other; -1 when all the waiting was in vain. */
static int wait_for_other(const struct candidate *c, int64_t started_ms, int64_t *pause_ms,
    struct err *err)
{
	int64_t left = started_ms + c->o->wait_ms - clock_boot_ms();
	char holder[200];

	if (left <= 0)
		return is_held(c, err);
	if (*pause_ms == 0) {
		*pause_ms = POLL_FIRST_MS;
		describe(c, holder, sizeof(holder));
		if (c->o->waiting != NULL)
			c->o->waiting(c->o->waiting_ctx, holder);
	}
	clock_sleep_ms(c->o->clock, *pause_ms < left ? *pause_ms : left);
	*pause_ms = *pause_ms * 3 / 2 < POLL_MAX_MS ? *pause_ms * 3 / 2 : POLL_MAX_MS;
	return stop_check(err);
}

/* 0 and the lease is in the bucket, or the error. */
static int win(struct candidate *c, struct lease *l, struct err *err)
{
	int64_t started_ms = clock_boot_ms(), pause_ms = 0;

	for (int races = 0; races < RACES; ) {
		if (look(c, err) != 0)
			return -1;
		if (!is_free(c)) {
			if (wait_for_other(c, started_ms, &pause_ms, err) != 0)
				return -1;
			continue;
		}
		fill_record(c, &l->record);
		memcpy(l->etag, c->seen.etag, sizeof(l->etag));
		l->renewed_ms = clock_boot_ms();
		crash_point("lease.before-acquire");
		if (write_record(c->o->store, &l->record, l->etag, err) == 0) {
			crash_point("lease.after-acquire");
			return 0;
		}
		if (err->code != ERR_EXISTS)
			return -1;
		err_clear(err);
		races++;
	}
	return err_set(err, ERR_HELD, "%s: its lease changes hands all the time", c->o->subject);
}

/* ---- hold ---- */

static int say_lost(struct lease *l, struct err *err)
{
	(void)err_set(err, ERR_HELD, "the lease of %s was lost: this run stood still or was cut off for longer than %lld s%s%s",
	    l->subject, (long long)l->record.ttl_s, l->lost_to[0] != '\0' ? ", and now it " : "",
	    l->lost_to);
	return -1;
}

/* Somebody else's version is there. Ours after all, if an earlier renewal was
 * carried out although no answer to it came. */
static bool adopt(struct lease *l)
{
	struct bucket_version version;
	struct lease_record there;
	struct err err = ERR_INIT;

	if (fetch(l->store, &there, &version, &err) != 0) {
		l->lost = err.code == ERR_NOT_FOUND || err.code == ERR_CORRUPT;
		return false;
	}
	if (there.held && strcmp(there.instance, l->record.instance) == 0) {
		memcpy(l->etag, version.etag, sizeof(l->etag));
		return true;
	}
	l->lost = true;
	if (there.held)
		lease_record_describe(&there, l->lost_to, sizeof(l->lost_to));
	return false;
}

/* With the lock held. */
static int renew(struct lease *l, struct err *err)
{
	struct err local = ERR_INIT;

	for (int tries = 0; tries < 2; tries++) {
		int64_t sent_ms = clock_boot_ms();

		err_clear(&local);
		l->record.renewed_at = clock_now(l->clock);
		l->record.renewals++;
		crash_point("lease.before-renew");
		if (write_record(l->store, &l->record, l->etag, &local) == 0) {
			crash_point("lease.after-renew");
			l->renewed_ms = sent_ms;
			return 0;
		}
		if (local.code != ERR_EXISTS || !adopt(l))
			break;
	}
	if (l->lost)
		return say_lost(l, err);
	(void)err_set(err, ERR_AGAIN, "the lease of %s cannot be renewed: %s", l->subject, local.msg);
	return -1;
}

static void *keep_renewing(void *arg)
{
	struct lease *l = arg;
	int64_t pause_ms = l->record.ttl_s * 1000 / 3;

	(void)pthread_mutex_lock(&l->lock);
	while (!l->ended && !l->lost) {
		struct timespec until;
		struct err ignored = ERR_INIT;

		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += pause_ms / 1000;
		until.tv_nsec += pause_ms % 1000 * 1000000;
		if (until.tv_nsec >= 1000000000)
			until.tv_sec++, until.tv_nsec -= 1000000000;
		if (pthread_cond_timedwait(&l->ended_changed, &l->lock, &until) == ETIMEDOUT &&
		    !l->ended)
			(void)renew(l, &ignored);   /* a failure shows in lease_check */
	}
	(void)pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void free_lease(struct lease *l)
{
	(void)pthread_mutex_destroy(&l->lock);
	(void)pthread_cond_destroy(&l->ended_changed);
	free(l->subject);
	free(l);
}

static struct lease *new_lease(const struct lease_options *o)
{
	struct lease *l = mem_calloc(1, sizeof(*l));
	pthread_condattr_t attributes;

	l->store = o->store;
	l->clock = o->clock;
	l->subject = mem_strdup(o->subject);
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&l->ended_changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return l;
}

/* Before each try of what only the holder may do. Stricter than lease_check: what is
 * sent now may take a while to arrive, and somebody else may follow soon. */
static int may_send(void *ctx, struct err *err)
{
	struct lease *l = ctx;
	int rc = 0;

	(void)pthread_mutex_lock(&l->lock);
	if (l->lost)
		rc = say_lost(l, err);
	else if (clock_boot_ms() - l->renewed_ms >= l->record.ttl_s * 1000 * 3 / 4)
		rc = renew(l, err);
	(void)pthread_mutex_unlock(&l->lock);
	return rc;
}

struct lease *lease_acquire(const struct lease_options *options, struct err *err)
{
	struct candidate c = {
		.o = options, .ttl_s = options->ttl_s > 0 ? options->ttl_s : LEASE_TTL_S,
	};
	struct lease *l = new_lease(options);

	if (win(&c, l, err) != 0) {
		free_lease(l);
		return NULL;
	}
	if (pthread_create(&l->thread, NULL, keep_renewing, l) != 0) {
		(void)err_set(err, ERR_AGAIN, "cannot start a thread");
		free_lease(l);
		return NULL;
	}
	bucket_guard(l->store->bucket, may_send, l);
	return l;
}

int lease_check(struct lease *lease, struct err *err)
{
	struct lease *l = lease;
	int64_t ttl_ms;
	int rc = 0;

	if (l == NULL)
		return 0;
	(void)pthread_mutex_lock(&l->lock);
	ttl_ms = l->record.ttl_s * 1000;
	if (l->lost)
		rc = say_lost(l, err);
	else if (clock_boot_ms() - l->renewed_ms >= ttl_ms * 3 / 4)
		rc = renew(l, err);
	/* Not renewed, but ours for a moment still. */
	if (rc != 0 && !l->lost && clock_boot_ms() - l->renewed_ms < ttl_ms) {
		err_clear(err);
		rc = 0;
	}
	(void)pthread_mutex_unlock(&l->lock);
	return rc;
}

static int mark_free(struct lease *l, struct err *err)
{
	struct lease_record record = {
		.generation = l->record.generation, .ttl_s = l->record.ttl_s,
		.acquired_at = l->record.acquired_at, .renewed_at = clock_now(l->clock),
		.renewals = l->record.renewals + 1,
	};
	int rc;

	crash_point("lease.before-release");
	rc = write_record(l->store, &record, l->etag, err);
	if (rc != 0 && err->code == ERR_EXISTS) {
		err_clear(err);
		if (adopt(l))
			rc = write_record(l->store, &record, l->etag, err);
		else if (l->lost)
			rc = 0;   /* another's by now */
	}
	crash_point("lease.after-release");
	return rc;
}

int lease_release(struct lease *lease, struct err *err)
{
	struct err local = ERR_INIT;
	int rc;

	if (lease == NULL)
		return 0;
	bucket_guard(lease->store->bucket, NULL, NULL);
	(void)pthread_mutex_lock(&lease->lock);
	lease->ended = true;
	(void)pthread_cond_signal(&lease->ended_changed);
	(void)pthread_mutex_unlock(&lease->lock);
	(void)pthread_join(lease->thread, NULL);
	rc = lease->lost ? 0 : mark_free(lease, &local);
	free_lease(lease);
	if (rc != 0 && err != NULL)
		*err = local;
	return rc;
}

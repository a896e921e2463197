#include "tests/unit/retention/history.h"

#include <stdio.h>
#include <string.h>

#include "base/stamp.h"
#include "storage/store.h"
#include "tests/unit/unit.h"

struct retention_snapshot *history_add_at(struct history *h, int64_t at)
{
	struct retention_snapshot *s = &h->items[h->count++];

	ck_assert_uint_le(h->count, HISTORY_MAX);
	*s = (struct retention_snapshot){ .at = at };
	(void)stamp_compact(at, s->id);
	return s;
}

struct retention_snapshot *history_add(struct history *h, const char *text)
{
	int64_t at = 0;

	ck_assert_msg(stamp_parse(text, &at), "%s", text);
	return history_add_at(h, at);
}

static void forget(struct history *h)
{
	for (size_t i = 0; i < HISTORY_MAX; i++)
		retention_fate_release(&h->fates[i]);
}

void history_decide(struct history *h, const struct retention_policy *policy)
{
	forget(h);
	h->may_remove = retention_decide(h->items, h->count, policy, h->fates);
}

const char *history_fate(const struct history *h, size_t i)
{
	static char text[1000];
	const struct retention_fate *f = &h->fates[i];
	size_t n = (size_t)snprintf(text, sizeof(text), f->kept ? "kept:" : "removed:");

	for (size_t j = 0; j < f->reason_count; j++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s", j > 0 ? "," : "",
		    f->reasons[j]);
	return text;
}

size_t history_kept(const struct history *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += h->fates[i].kept;
	return n;
}

void history_remove(struct history *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++) {
		if (h->fates[i].kept)
			h->items[n++] = h->items[i];
	}
	h->count = n;
	forget(h);
}

void history_release(struct history *h)
{
	forget(h);
	h->count = 0;
}

/* Moments at which clocks change somewhere, or a year or a week begins. */
static const char *const around[] = {
	"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T06:00:00Z",
	"2026-03-08T07:00:00Z", "2026-04-04T15:00:00Z", "2025-12-31T23:00:00Z",
	"2011-12-30T10:00:00Z", "2026-11-22T00:00:00Z", "2024-02-29T12:00:00Z",
	"2006-10-29T02:31:00Z",
};

static int64_t random_moment(struct chance *c)
{
	int64_t at = NOW;

	switch (chance_below(c, 4)) {
	case 0:
		(void)stamp_parse(around[chance_below(c, sizeof(around) / sizeof(around[0]))], &at);
		return at - 7200 + (int64_t)chance_below(c, 4 * 3600);
	case 1:
		return NOW - (int64_t)chance_below(c, 40 * 86400);
	case 2:
		return NOW - (int64_t)chance_below(c, 3 * 365 * 86400);
	default:
		return NOW + 600 - (int64_t)chance_below(c, 86400);
	}
}

void history_random(struct chance *c, size_t n, struct history *ret)
{
	history_release(ret);
	for (size_t i = 0; i < n; i++) {
		struct retention_snapshot *s = history_add_at(ret, random_moment(c));
		size_t dice = chance_below(c, 20);

		for (size_t j = 0; j < i; j++) {
			if (ret->items[j].at == s->at)
				s->at = random_moment(c), j = (size_t)-1;   /* ids differ */
		}
		(void)stamp_compact(s->at, s->id);
		s->verdict = dice < 8 ? RETENTION_GOOD : dice < 11 ? RETENTION_BAD : RETENTION_UNVERIFIED;
		s->labelled = chance_below(c, 15) == 0;
		if (chance_below(c, 15) == 0)
			s->pinned_until = chance_below(c, 3) == 0 ? PINNED_FOR_EVER :
			    NOW - 86400 + (int64_t)chance_below(c, 2 * 86400);
		if (chance_below(c, 25) == 0)
			s->unreadable = "its signature is by nobody known";
	}
}

void policy_random(struct chance *c, struct retention_policy *ret)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "America/New_York",
		"Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns" };

	*ret = (struct retention_policy){
		.zone = zones[chance_below(c, sizeof(zones) / sizeof(zones[0]))], .now = NOW,
		.last_run_failed = chance_below(c, 12) == 0,
	};
	if (chance_below(c, 2) == 0)
		ret->keep_last = (unsigned)chance_below(c, 8);
	for (int i = 0; i < RETENTION_PERIODS; i++) {
		if (chance_below(c, 2) == 0)
			ret->keep[i] = (unsigned)chance_below(c, 10);
	}
	if (chance_below(c, 3) == 0)
		ret->keep_within = (int64_t)chance_below(c, 20) * 3600 * 7;
}

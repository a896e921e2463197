/*
 * The rules against a model that is written down otherwise: snapshot by snapshot,
 * from the sentences of the manual, with nothing sorted; and what must hold of any
 * history.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "retention/rules.h"
#include "schedule/zone.h"
#include "tests/unit/retention/history.h"
#include "tests/unit/unit.h"

static struct history h;

/* ---- the model ---- */

struct model {
	const struct retention_snapshot *s;
	size_t n;
	const struct retention_policy *p;
};

static bool future(const struct model *m, size_t i)
{
	return m->s[i].at - m->p->now > 300;
}

static bool counts(const struct model *m, size_t i)
{
	return !future(m, i) && m->s[i].unreadable == NULL && m->s[i].verdict != RETENTION_BAD;
}

static void name_of(const struct model *m, int kind, size_t i, char ret[64])
{
	static const char *const formats[] = { "%F %H %z", "%F", "%G %V", "%Y %m", "%Y" };
	struct tm tm;

	zone_local(m->p->zone, m->s[i].at, &tm);
	(void)strftime(ret, 64, formats[kind], &tm);
}

static bool same_period(const struct model *m, int kind, size_t i, size_t j)
{
	char a[64], b[64];

	name_of(m, kind, i, a);
	name_of(m, kind, j, b);
	return strcmp(a, b) == 0;
}

/* Is it the newest of its period? */
static bool represents(const struct model *m, int kind, size_t i)
{
	for (size_t j = 0; j < m->n; j++) {
		if (counts(m, j) && m->s[j].at > m->s[i].at && same_period(m, kind, i, j))
			return false;
	}
	return true;
}

static bool by_period(const struct model *m, int kind, size_t i)
{
	unsigned newer = 0;

	if (!counts(m, i) || !represents(m, kind, i))
		return false;
	for (size_t j = 0; j < m->n; j++)
		newer += counts(m, j) && m->s[j].at > m->s[i].at && represents(m, kind, j);
	return newer < m->p->keep[kind];
}

static bool by_last(const struct model *m, size_t i)
{
	unsigned newer = 0;

	for (size_t j = 0; j < m->n; j++)
		newer += counts(m, j) && m->s[j].at > m->s[i].at;
	return counts(m, i) && newer < m->p->keep_last;
}

static bool good(const struct model *m, size_t i)
{
	return counts(m, i) && m->s[i].verdict == RETENTION_GOOD;
}

static int64_t newest(const struct model *m, bool (*which)(const struct model *m, size_t i))
{
	int64_t at = INT64_MIN;

	for (size_t i = 0; i < m->n; i++) {
		if (which(m, i) && m->s[i].at > at)
			at = m->s[i].at;
	}
	return at;
}

static bool present(const struct model *m, size_t i)
{
	return !future(m, i);
}

static bool readable(const struct model *m, size_t i)
{
	return !future(m, i) && m->s[i].unreadable == NULL;
}

static bool by_within(const struct model *m, size_t i)
{
	int64_t from = newest(m, good);

	if (from == INT64_MIN)
		from = newest(m, counts);
	return m->p->keep_within > 0 && from != INT64_MIN && readable(m, i) &&
	    from - m->s[i].at <= m->p->keep_within;
}

static bool held(const struct model *m)
{
	int64_t last = newest(m, present);

	for (size_t i = 0; i < m->n; i++) {
		if (m->s[i].at == last &&
		    (m->s[i].unreadable != NULL || m->s[i].verdict == RETENTION_BAD))
			return true;
	}
	return m->p->last_run_failed;
}

static bool policy_is_empty(const struct retention_policy *p)
{
	unsigned sum = p->keep_last;

	for (int i = 0; i < RETENTION_PERIODS; i++)
		sum += p->keep[i];
	return sum == 0 && p->keep_within == 0;
}

static bool model_keeps(const struct model *m, size_t i)
{
	const struct retention_snapshot *s = &m->s[i];
	bool kept = false;

	if (held(m) || policy_is_empty(m->p) || future(m, i) || s->unreadable != NULL ||
	    s->labelled || s->pinned_until >= m->p->now)
		return true;
	if (s->at == newest(m, readable) || s->at == newest(m, good) ||
	    (s->verdict == RETENTION_BAD && s->at > newest(m, good)))
		return true;
	for (int kind = 0; kind < RETENTION_PERIODS; kind++)
		kept = kept || by_period(m, kind, i);
	return kept || by_last(m, i) || by_within(m, i);
}

/* ---- random histories ---- */

static struct chance begin(int round)
{
	return (struct chance){ (uint64_t)round * 7919 };
}

static void show_failure(const struct retention_policy *p, size_t i, int round)
{
	ck_abort_msg("round %d: %s in %s: %s", round, h.items[i].id, p->zone, history_fate(&h, i));
}

/* In America/St_Johns the clock was set back at one minute past midnight until
 * 2011: the order of days differs from the order of their newest moments there. */
static bool is_odd(const struct retention_policy *p)
{
	return strcmp(p->zone, "America/St_Johns") == 0;
}

START_TEST(agrees_with_the_model)
{
	struct chance c = begin(_i);
	struct retention_policy p;

	for (int round = 0; round < 40; round++) {
		history_random(&c, chance_below(&c, 60), &h);
		policy_random(&c, &p);
		if (is_odd(&p))
			continue;
		history_decide(&h, &p);
		for (size_t i = 0; i < h.count; i++) {
			struct model m = { h.items, h.count, &p };

			if (model_keeps(&m, i) != h.fates[i].kept || h.fates[i].reason_count == 0)
				show_failure(&p, i, _i);
		}
	}
}
END_TEST

START_TEST(twice_is_once)
{
	struct chance c = begin(_i + 1000);
	struct retention_policy p;

	for (int round = 0; round < 100; round++) {
		size_t left;

		history_random(&c, chance_below(&c, 120), &h);
		policy_random(&c, &p);
		history_decide(&h, &p);
		history_remove(&h);
		left = h.count;
		history_decide(&h, &p);
		for (size_t i = 0; i < h.count; i++) {
			if (!h.fates[i].kept)
				show_failure(&p, i, _i);
		}
		ck_assert_uint_eq(history_kept(&h), left);
	}
}
END_TEST

/* From no rule to one is the only step that keeps less. */
START_TEST(more_keeps_more)
{
	struct chance c = begin(_i + 2000);
	struct retention_policy p;

	for (int round = 0; round < 100; round++) {
		bool kept[HISTORY_MAX];

		history_random(&c, chance_below(&c, 120), &h);
		policy_random(&c, &p);
		if (!retention_is_set(&p))
			continue;
		history_decide(&h, &p);
		for (size_t i = 0; i < h.count; i++)
			kept[i] = h.fates[i].kept;
		p.keep_last += (unsigned)chance_below(&c, 3);
		p.keep[chance_below(&c, RETENTION_PERIODS)] += (unsigned)chance_below(&c, 5);
		p.keep_within += (int64_t)chance_below(&c, 3) * 86400;
		history_decide(&h, &p);
		for (size_t i = 0; i < h.count; i++) {
			if (kept[i] && !h.fates[i].kept)
				show_failure(&p, i, _i);
		}
	}
}
END_TEST

/* Nothing depends on the order in which snapshots are named. */
START_TEST(the_order_does_not_matter)
{
	struct chance c = begin(_i + 3000);
	struct retention_policy p;

	for (int round = 0; round < 50; round++) {
		char *before[HISTORY_MAX];

		history_random(&c, 1 + chance_below(&c, 60), &h);
		policy_random(&c, &p);
		history_decide(&h, &p);
		for (size_t i = 0; i < h.count; i++)
			before[i] = strdup(history_fate(&h, i));
		for (size_t i = 0; i < h.count / 2; i++) {
			struct retention_snapshot swap = h.items[i];

			h.items[i] = h.items[h.count - 1 - i];
			h.items[h.count - 1 - i] = swap;
		}
		history_decide(&h, &p);
		for (size_t i = 0; i < h.count; i++)
			ck_assert_str_eq(history_fate(&h, h.count - 1 - i), before[i]);
		for (size_t i = 0; i < h.count; i++)
			free(before[i]);
	}
}
END_TEST

static void teardown(void)
{
	history_release(&h);
}

UNIT_CASE(rules_random)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, agrees_with_the_model, 1, 25);
	tcase_add_loop_test(tc, twice_is_once, 1, 10);
	tcase_add_loop_test(tc, more_keeps_more, 1, 10);
	tcase_add_loop_test(tc, the_order_does_not_matter, 1, 5);
}

#include "daemon/alerts.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/chance.h"
#include "tests/unit/unit.h"

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define NOW INT64_C(1795313820)
#define ALL (1u << ALERT_FAILURE | 1u << ALERT_STALE | 1u << ALERT_SHRINK | 1u << ALERT_RECOVERY)

/* Two databases, three targets: all, without an end, a heartbeat. */
static struct {
	struct alerts *alerts;
	struct alerts_facts facts[2];
	struct alerts_memory memories[3][2][ALERT_MEMORIES];
	bool busy[2];
	int64_t now;
} t;

static bool is_busy(void *ctx, size_t database)
{
	(void)ctx;
	return t.busy[database];
}

static void remember(void *ctx, size_t target, size_t database, enum alert_kind kind,
    const struct alerts_memory *memory)
{
	(void)ctx;
	t.memories[target][database][kind] = *memory;
}

static struct alerts *make(void)
{
	static const struct alerts_target targets[] = {
		{ .name = "ops", .kinds = ALL, .repeat_after_s = DAY },
		{ .name = "no-end", .kinds = 1u << ALERT_FAILURE | 1u << ALERT_STALE, .repeat_after_s = DAY,
		  .environment = "shop" },
		{ .name = "beat", .is_heartbeat = true, .environment = "shop" },
	};
	static const struct alerts_database databases[] = {
		{ "lab/b", "lab", false }, { "shop/a", "shop", true },
	};
	struct alerts_options options = {
		.targets = targets, .target_count = 3, .databases = databases, .database_count = 2,
		.is_busy = is_busy, .remember = remember,
	};

	return alerts_new(&options);
}

static void setup(void)
{
	memset(&t, 0, sizeof(t));
	t.now = NOW;
	t.alerts = make();
}

static void teardown(void)
{
	alerts_free(t.alerts);
}

static void learn(size_t database)
{
	alerts_learn(t.alerts, database, &t.facts[database], t.now);
}

/* As a new process would know it. */
static void restart(void)
{
	alerts_free(t.alerts);
	t.alerts = make();
	for (size_t i = 0; i < 3 * 2 * ALERT_MEMORIES; i++)
		alerts_recall(t.alerts, i / (2 * ALERT_MEMORIES), i / ALERT_MEMORIES % 2,
		    (enum alert_kind)(i % ALERT_MEMORIES),
		    &t.memories[i / (2 * ALERT_MEMORIES)][i / ALERT_MEMORIES % 2][i % ALERT_MEMORIES]);
	learn(0);
	learn(1);
}

/* All that is to be told now, and told: "ops:failure(1) …" with "again" and the
 * database's number. */
static const char *tell(void)
{
	static const char *const names[] = { "ops", "no-end", "beat" };
	static char text[512];
	struct alerts_decision d;

	text[0] = '\0';
	while (alerts_next(t.alerts, t.now, &d)) {
		(void)sprintf(text + strlen(text), "%s:%s%s(%zu) ", names[d.target], alert_word(d.kind),
		    d.memory_at != 0 ? "-again" : "", d.database);
		alerts_told(t.alerts, &d, 1, t.now);
		ck_assert_uint_lt(strlen(text), 400);
	}
	return text;
}

static void be_well(size_t database)
{
	t.facts[database] = (struct alerts_facts){
		.well_since = t.now, .verified_at = t.now, .fresh_until = t.now + 2 * DAY,
	};
	learn(database);
}

static void break_down(size_t database, enum alert_gravity gravity)
{
	if (!t.facts[database].failing)
		t.facts[database].failing_since = t.now;
	t.facts[database].failing = true;
	t.facts[database].gravity = gravity;
	learn(database);
}

START_TEST(a_failure_and_its_end_are_told_once)
{
	be_well(0);
	ck_assert_str_eq(tell(), "");
	break_down(0, ALERT_PASSING);
	ck_assert_str_eq(tell(), "ops:failure(0) ");
	t.now += DAY - 1;
	break_down(0, ALERT_PASSING);
	restart();
	ck_assert_str_eq(tell(), "");
	t.now += 1;
	ck_assert_str_eq(tell(), "ops:failure-again(0) ");
	t.now += 60;
	break_down(0, ALERT_DAMAGED);
	ck_assert_str_eq(tell(), "ops:failure(0) ");
	break_down(0, ALERT_NEEDS_YOU);
	ck_assert_str_eq(tell(), "");
	restart();
	be_well(0);
	ck_assert_str_eq(tell(), "ops:recovery(0) ");
	restart();
	ck_assert_str_eq(tell(), "");
	t.now += 60;
	break_down(0, ALERT_PASSING);
	ck_assert_str_eq(tell(), "ops:failure(0) ");
}
END_TEST

START_TEST(who_does_not_hear_of_the_end_hears_of_the_next_failure)
{
	struct alerts_decision d;

	be_well(1);
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ");
	for (int i = 0; i < 3; i++) {
		break_down(1, ALERT_PASSING);
		ck_assert_str_eq(tell(), i == 0 ? "ops:failure(1) no-end:failure(1) " :
		    "no-end:failure(1) ops:failure(1) ");
		be_well(1);
		ck_assert_str_eq(tell(), "ops:recovery(1) ");
	}
	/* Also when it ends while it is being told. */
	break_down(1, ALERT_PASSING);
	while (alerts_next(t.alerts, t.now, &d) && d.target != 1)
		alerts_told(t.alerts, &d, 1, t.now);
	be_well(1);
	alerts_told(t.alerts, &d, 1, t.now);
	break_down(1, ALERT_PASSING);
	ck_assert_ptr_nonnull(strstr(tell(), "no-end:failure(1)"));
}
END_TEST

START_TEST(staleness_is_told_though_nothing_failed)
{
	be_well(1);
	(void)tell();
	t.now += 2 * DAY;
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ");
	t.now += 1;
	ck_assert_str_eq(tell(), "ops:stale(1) no-end:stale(1) ");
	t.now += DAY - 1;
	ck_assert_str_eq(tell(), "");
	t.now += 1;
	ck_assert_str_eq(tell(), "ops:stale-again(1) no-end:stale-again(1) ");
	/* It fails on top of that; one end ends both. */
	break_down(1, ALERT_PASSING);
	ck_assert_str_eq(tell(), "ops:failure(1) no-end:failure(1) ");
	be_well(1);
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ops:recovery(1) ");
	ck_assert_int_eq(t.memories[0][1][ALERT_STALE].told_at, 0);
	ck_assert_int_eq(t.memories[1][1][ALERT_STALE].told_at, 0);
	/* A success that is not verified leaves it stale: no end yet. */
	break_down(1, ALERT_PASSING);
	t.now += 3 * DAY;
	(void)tell();
	t.facts[1].failing = false;
	learn(1);
	ck_assert_str_eq(tell(), "");
}
END_TEST

START_TEST(a_run_that_is_under_way_may_be_the_remedy)
{
	be_well(1);
	(void)tell();
	t.now += 3 * DAY;
	t.busy[1] = true;
	ck_assert_str_eq(tell(), "");
	t.now += HOUR - 1;
	ck_assert_str_eq(tell(), "");
	t.now += 1;
	ck_assert_str_eq(tell(), "ops:stale(1) no-end:stale(1) ");
}
END_TEST

START_TEST(a_shrunk_snapshot_is_told_once)
{
	be_well(0);
	t.facts[0].shrunk_at = t.now;
	learn(0);
	ck_assert_str_eq(tell(), "ops:shrink(0) ");
	restart();
	ck_assert_str_eq(tell(), "");
	t.now += HOUR;
	t.facts[0].shrunk_at = t.now;
	learn(0);
	restart();
	ck_assert_str_eq(tell(), "ops:shrink(0) ");
}
END_TEST

START_TEST(nothing_known_is_not_well)
{
	ck_assert_str_eq(tell(), "");
	t.facts[1] = (struct alerts_facts){ .well_since = t.now, .fresh_until = t.now + DAY };
	learn(1);      /* it ran, and nothing is verified */
	ck_assert_str_eq(tell(), "");
	be_well(1);
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ");
	t.now += 900;
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ");
	alerts_ran(t.alerts);
	t.now += 59;
	ck_assert_str_eq(tell(), "");
	t.now += 1;
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ");
	t.now += 899;
	ck_assert_str_eq(tell(), "");
	t.now += 1;
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ");
	/* A database that fails, but has a fresh snapshot, is no silence. */
	break_down(1, ALERT_PASSING);
	t.now += 900;
	ck_assert_ptr_nonnull(strstr(tell(), "beat:heartbeat(0)"));
}
END_TEST

/* Well, and nobody asks how old its snapshots are. */
static void be_well_for_ever(size_t database)
{
	be_well(database);
	t.facts[database].fresh_until = 0;
	learn(database);
}

/* One that cannot be told keeps no other waiting. */
START_TEST(patience_grows_and_ends_with_what_is_new)
{
	static const int64_t waits[] = { 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, 86400, 86400 };
	struct alerts_decision d;

	be_well_for_ever(0);
	break_down(0, ALERT_PASSING);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		ck_assert(alerts_next(t.alerts, t.now, &d));
		alerts_not_told(t.alerts, &d, t.now);
		t.now += waits[i] - 1;
		ck_assert(!alerts_next(t.alerts, t.now, &d));
		ck_assert_int_eq(alerts_next_at(t.alerts, t.now), t.now + 1);
		t.now += 1;
	}
	ck_assert(alerts_next(t.alerts, t.now, &d));
	alerts_not_told(t.alerts, &d, t.now);
	t.now += 300;
	ck_assert(!alerts_next(t.alerts, t.now, &d));
	break_down(0, ALERT_DAMAGED);
	ck_assert_str_eq(tell(), "ops:failure(0) ");
	be_well(1);
	break_down(1, ALERT_PASSING);
	ck_assert(alerts_next(t.alerts, t.now, &d));
	alerts_not_told(t.alerts, &d, t.now);
	ck_assert(alerts_next(t.alerts, t.now, &d));
	ck_assert_uint_eq(d.target, 2);
}
END_TEST

static int64_t next_in(void)
{
	int64_t at = alerts_next_at(t.alerts, t.now);

	return at != INT64_MAX ? at - t.now : -1;
}

/* Who asks again no sooner than he is told to misses nothing. */
START_TEST(it_says_when_to_ask_again)
{
	ck_assert_int_eq(next_in(), -1);
	be_well(0);
	ck_assert_int_eq(next_in(), 2 * DAY + 1);
	be_well(1);
	ck_assert_str_eq(tell(), "beat:heartbeat(0) ");
	ck_assert_int_eq(next_in(), 900);
	alerts_ran(t.alerts);
	ck_assert_int_eq(next_in(), 60);
	t.now += 2 * DAY + 1;
	t.busy[0] = t.busy[1] = true;
	ck_assert_str_eq(tell(), "");
	ck_assert_int_eq(next_in(), HOUR);
	t.busy[0] = t.busy[1] = false;
	ck_assert_str_eq(tell(), "ops:stale(0) no-end:stale(1) ops:stale(1) ");
	ck_assert_int_eq(next_in(), DAY);
	break_down(0, ALERT_PASSING);
	t.now += HOUR;
	ck_assert_str_eq(tell(), "ops:failure(0) ");
	ck_assert_int_eq(next_in(), DAY - HOUR);
}
END_TEST

START_TEST(a_clock_that_was_wrong_silences_nobody)
{
	be_well_for_ever(0);
	break_down(0, ALERT_PASSING);
	t.now += 3650 * DAY;
	ck_assert_str_eq(tell(), "ops:failure(0) ");
	t.now -= 3650 * DAY;
	restart();
	ck_assert_str_eq(tell(), "");
	t.now += DAY;
	ck_assert_str_eq(tell(), "ops:failure-again(0) ");
}
END_TEST

/* ---- many at once */

static bool never_busy(void *ctx, size_t database)
{
	(void)ctx, (void)database;
	return false;
}

static void ignore(void *ctx, size_t target, size_t database, enum alert_kind kind,
    const struct alerts_memory *memory)
{
	(void)ctx, (void)target, (void)database, (void)kind, (void)memory;
}

static struct alerts *make_hurried(void)
{
	static const struct alerts_target targets[] = {
		{ .name = "ops", .kinds = ALL, .repeat_after_s = DAY },
		{ .name = "beat", .is_heartbeat = true },
	};
	static const struct alerts_database databases[] = {
		{ "a/1", "a", true }, { "a/2", "a", true }, { "b/3", "b", true }, { "b/4", "b", true },
	};
	struct alerts_options options = {
		.targets = targets, .target_count = 2, .databases = databases, .database_count = 4,
		.a_minute = 2, .is_busy = never_busy, .remember = ignore,
	};

	return alerts_new(&options);
}

static void learn_failing(struct alerts *alerts, size_t database, bool failing)
{
	struct alerts_facts facts = {
		.failing = failing, .failing_since = NOW, .verified_at = NOW, .fresh_until = NOW + DAY,
	};

	alerts_learn(alerts, database, &facts, NOW);
}

START_TEST(what_is_alike_is_told_together)
{
	struct alerts *alerts = make_hurried();
	struct alerts_decision d, alike[4];

	for (size_t i = 0; i < 4; i++)
		learn_failing(alerts, i, i != 2);
	ck_assert(alerts_next(alerts, NOW, &d));
	ck_assert_int_eq(d.kind, ALERT_FAILURE);
	ck_assert_uint_eq(alerts_alike(alerts, &d, NOW, alike), 3);
	ck_assert_uint_eq(alike[0].database, 0);
	ck_assert_uint_eq(alike[2].database, 3);
	alerts_told(alerts, alike, 3, NOW);
	ck_assert(alerts_next(alerts, NOW, &d));
	ck_assert_int_eq(d.kind, ALERT_HEARTBEAT);
	ck_assert_uint_eq(alerts_alike(alerts, &d, NOW, alike), 1);
	alerts_told(alerts, alike, 1, NOW);
	ck_assert(!alerts_next(alerts, NOW, &d));
	alerts_free(alerts);
}
END_TEST

/* What comes bit by bit comes together a minute later. */
START_TEST(two_a_minute_are_enough)
{
	struct alerts *alerts = make_hurried();
	struct alerts_decision d, alike[4];

	for (size_t i = 0; i < 2; i++) {
		learn_failing(alerts, i, true);
		ck_assert(alerts_next(alerts, NOW + (int64_t)i, &d));
		alerts_told(alerts, &d, 1, NOW + (int64_t)i);
	}
	learn_failing(alerts, 2, true);
	learn_failing(alerts, 3, true);
	ck_assert(alerts_next(alerts, NOW + 1, &d));
	ck_assert_int_eq(d.kind, ALERT_HEARTBEAT);
	alerts_told(alerts, &d, 1, NOW + 1);
	ck_assert(!alerts_next(alerts, NOW + 59, &d));
	ck_assert_int_eq(alerts_next_at(alerts, NOW + 59), NOW + 60);
	ck_assert(alerts_next(alerts, NOW + 60, &d));
	ck_assert_uint_eq(alerts_alike(alerts, &d, NOW + 60, alike), 2);
	alerts_told(alerts, alike, 2, NOW + 60);
	ck_assert(!alerts_next(alerts, NOW + 60, &d));
	/* A clock that goes back silences nobody. */
	learn_failing(alerts, 0, false);
	ck_assert(alerts_next(alerts, NOW - HOUR, &d));
	if (d.kind == ALERT_HEARTBEAT)
		alerts_told(alerts, &d, 1, NOW - HOUR);
	ck_assert(alerts_next(alerts, NOW - HOUR, &d));
	ck_assert_int_eq(d.kind, ALERT_RECOVERY);
	alerts_free(alerts);
}
END_TEST

/* ---- a month with what may happen in it */

#define MANY 12
#define MINUTE 60
#define EVERY (HOUR)          /* each runs once an hour */
#define FRESH (2 * HOUR)

struct world_database {
	char name[16];
	struct alerts_facts facts;
	int64_t outage_until;
	unsigned outages;        /* that got as far as a run failing for good */
	/* What "ops", which is always reached, and "far", which isn't, were told. */
	unsigned failures[2], recoveries[2];
	bool open[2];
	int64_t last_told[2];
	bool lost[2][ALERT_HEARTBEAT];   /* told, and a crash came before it was remembered */
};

static struct {
	struct alerts *alerts;
	struct world_database databases[MANY];
	struct alerts_memory memories[3][MANY][ALERT_MEMORIES];
	struct chance chance;
	int64_t now, far_down_until, last_beat;
	int64_t next_at;         /* nothing is to be told before that … */
	bool learnt;             /* … but of something new */
	unsigned beats, crashes;
} w;

static void world_remember(void *ctx, size_t target, size_t database, enum alert_kind kind,
    const struct alerts_memory *memory)
{
	(void)ctx;
	w.memories[target][database][kind] = *memory;
}

static void world_start(void)
{
	static const struct alerts_target targets[] = {
		{ .name = "ops", .kinds = 1u << ALERT_FAILURE | 1u << ALERT_RECOVERY, .repeat_after_s = DAY },
		{ .name = "far", .kinds = 1u << ALERT_FAILURE | 1u << ALERT_RECOVERY, .repeat_after_s = DAY },
		{ .name = "beat", .is_heartbeat = true },
	};
	struct alerts_database databases[MANY];
	struct alerts_options options = {
		.targets = targets, .target_count = 3, .databases = databases, .database_count = MANY,
		.is_busy = never_busy, .remember = world_remember,
	};

	for (size_t i = 0; i < MANY; i++) {
		(void)sprintf(w.databases[i].name, "shop/%02zu", i);
		databases[i] = (struct alerts_database){ w.databases[i].name, "shop", true };
	}
	alerts_free(w.alerts);
	w.learnt = true;
	w.alerts = alerts_new(&options);
	w.last_beat = 0;
	for (size_t i = 0; i < MANY; i++) {
		for (size_t target = 0; target < 3; target++) {
			for (int kind = 0; kind < ALERT_MEMORIES; kind++)
				alerts_recall(w.alerts, target, i, (enum alert_kind)kind,
				    &w.memories[target][i][kind]);
		}
		alerts_learn(w.alerts, i, &w.databases[i].facts, w.now);
	}
}

static bool one_in(unsigned n)
{
	return chance_below(&w.chance, n) == 0;
}

static void world_run(size_t i)
{
	struct world_database *d = &w.databases[i];
	struct alerts_facts *facts = &d->facts;

	if (w.now >= d->outage_until && one_in(300))
		d->outage_until = w.now + (int64_t)chance_below(&w.chance, 60) * HOUR;
	if (w.now < d->outage_until) {
		if (!facts->failing) {
			facts->failing = true;
			facts->failing_since = w.now;
			d->outages++;
		}
	} else {
		if (facts->failing)
			facts->well_since = w.now;
		facts->failing = false;
		facts->verified_at = w.now;
		facts->fresh_until = w.now + FRESH;
	}
	w.learnt = true;
	alerts_learn(w.alerts, i, facts, w.now);
	alerts_ran(w.alerts);
}

static void check_beat(void)
{
	for (size_t i = 0; i < MANY; i++)
		ck_assert(w.databases[i].facts.verified_at != 0 && w.now <= w.databases[i].facts.fresh_until);
	ck_assert_int_ge(w.now - w.last_beat, 60);
	w.last_beat = w.now;
	w.beats++;
}

/* What came in at "ops" or "far". */
static void world_hear(const struct alerts_decision *decision)
{
	struct world_database *d = &w.databases[decision->database];
	size_t who = decision->target;

	if (decision->kind == ALERT_HEARTBEAT) {
		check_beat();
		return;
	}
	/* The one repetition there may be. */
	if (d->lost[who][decision->kind]) {
		d->lost[who][decision->kind] = false;
		return;
	}
	if (decision->kind == ALERT_RECOVERY) {
		ck_assert(d->open[who] && !d->facts.failing);
		d->open[who] = false;
		d->recoveries[who]++;
		return;
	}
	ck_assert_int_eq(decision->kind, ALERT_FAILURE);
	ck_assert(d->facts.failing);
	if (decision->memory_at != 0) {
		ck_assert(d->open[who]);
		ck_assert_int_ge(w.now - d->last_told[who], DAY);
	} else {
		ck_assert(!d->open[who]);
		d->open[who] = true;
		d->failures[who]++;
	}
	d->last_told[who] = w.now;
}

static void world_tell(void)
{
	struct alerts_decision d;

	while (alerts_next(w.alerts, w.now, &d)) {
		bool beat = d.kind == ALERT_HEARTBEAT;

		ck_assert(w.learnt || w.now >= w.next_at);
		w.learnt = true;
		if (d.target == 1 && w.now < w.far_down_until) {
			alerts_not_told(w.alerts, &d, w.now);
			continue;
		}
		if (!beat && !w.databases[d.database].lost[d.target][d.kind] && one_in(10)) {
			world_hear(&d);
			w.databases[d.database].lost[d.target][d.kind] = true;
			w.crashes++;
			world_start();
			continue;
		}
		world_hear(&d);
		alerts_told(w.alerts, &d, 1, w.now);
	}
	w.next_at = alerts_next_at(w.alerts, w.now);
	w.learnt = false;
	ck_assert_int_gt(w.next_at, w.now);
}

START_TEST(a_month)
{
	memset(&w, 0, sizeof(w));
	w.chance.state = (uint64_t)_i + 1;
	w.now = NOW - NOW % HOUR;
	world_start();
	for (int64_t end = w.now + 30 * DAY; w.now < end; w.now += MINUTE) {
		for (size_t i = 0; i < MANY; i++) {
			if (w.now % EVERY == (int64_t)i * 5 * MINUTE)
				world_run(i);
		}
		if (one_in(2000))
			w.far_down_until = w.now + (int64_t)chance_below(&w.chance, 20) * HOUR;
		if (one_in(500))
			world_start();
		world_tell();
	}
	ck_assert_uint_gt(w.beats, 20);
	ck_assert_uint_gt(w.crashes, 0);
	for (size_t i = 0; i < MANY; i++) {
		struct world_database *d = &w.databases[i];

		ck_assert_uint_eq(d->failures[0], d->outages);
		ck_assert_uint_eq(d->recoveries[0], d->outages - d->facts.failing);
		ck_assert_uint_le(d->failures[1], d->outages);
	}
	alerts_free(w.alerts);
	w.alerts = NULL;
}
END_TEST

UNIT_CASE(alerts)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_failure_and_its_end_are_told_once);
	tcase_add_test(tc, who_does_not_hear_of_the_end_hears_of_the_next_failure);
	tcase_add_test(tc, staleness_is_told_though_nothing_failed);
	tcase_add_test(tc, a_run_that_is_under_way_may_be_the_remedy);
	tcase_add_test(tc, a_shrunk_snapshot_is_told_once);
	tcase_add_test(tc, nothing_known_is_not_well);
	tcase_add_test(tc, patience_grows_and_ends_with_what_is_new);
	tcase_add_test(tc, it_says_when_to_ask_again);
	tcase_add_test(tc, a_clock_that_was_wrong_silences_nobody);
	tcase_add_test(tc, what_is_alike_is_told_together);
	tcase_add_test(tc, two_a_minute_are_enough);
	tcase_add_loop_test(tc, a_month, 0, 20);
}

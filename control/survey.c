#include "control/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define STEP_NS 2000000
#define RUNS_LOOKED_AT 30        /* for the last one that took a snapshot */

const char *health_word(enum health health)
{
	static const char *const words[] = { "failed", "stale", "incomplete", "never", "good" };

	return words[health];
}

/* ---- who goes or waits */

struct active {
	char *name;
	bool running;
};

static bool add_active(void *ctx, const struct host_run *run)
{
	struct survey *survey = ctx;

	survey->active = mem_grow(survey->active, survey->active_count, &survey->active_cap,
	    sizeof(struct active));
	survey->active[survey->active_count++] = (struct active){ mem_strdup(run->database), run->running };
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct active *)a)->name, ((const struct active *)b)->name);
}

static const struct active *find_active(const struct survey *survey, char *name)
{
	struct active key = { .name = name };

	if (survey->active_count == 0)
		return NULL;
	return bsearch(&key, survey->active, survey->active_count, sizeof(key), by_name);
}

/* ---- */

struct survey *survey_new(const struct control_host *host)
{
	struct survey *survey = mem_calloc(1, sizeof(*survey));
	const char *name;
	size_t cap = 0;

	survey->host = host;
	survey->now = clock_now(host->clock);
	while ((name = host->name(host->ctx, survey->count)) != NULL) {
		survey->rows = mem_grow(survey->rows, survey->count, &cap, sizeof(*survey->rows));
		survey->rows[survey->count++] = (struct survey_row){ .name = mem_strdup(name) };
	}
	host->each_active(host->ctx, add_active, survey);
	if (survey->active_count > 0)
		qsort(survey->active, survey->active_count, sizeof(struct active), by_name);
	return survey;
}

void survey_free(void *ctx)
{
	struct survey *survey = ctx;

	for (size_t i = 0; i < survey->count; i++)
		free(survey->rows[i].name);
	for (size_t i = 0; i < survey->active_count; i++)
		free(survey->active[i].name);
	free(survey->active);
	free(survey->rows);
	free(survey);
}

static enum health health_of(const struct state_database *noted,
    const struct survey_verdict *verdict, int64_t now)
{
	const struct state_run *last = &noted->last;
	bool ended = last->finished_at != 0;

	if (noted->failures > 0 || (ended && last->verified == STATE_VERIFIED_BAD))
		return HEALTH_FAILED;
	if (noted->last_success_at == 0)
		return HEALTH_NEVER;
	if (verdict->max_age > 0 && now - verdict->good_at > verdict->max_age)
		return HEALTH_STALE;
	return ended && last->exit_code == 5 ? HEALTH_INCOMPLETE : HEALTH_GOOD;
}

struct survey_verdict survey_verdict(const struct control_host *host, const char *name,
    const struct state_database *noted, int64_t now)
{
	struct host_database database = { .verifies = false };
	struct survey_verdict verdict;

	(void)host->find(host->ctx, name, &database);
	verdict.good_at = database.verifies ? noted->last_verified_at : noted->last_success_at;
	verdict.max_age = host->max_age(host->ctx, name, verdict.good_at);
	verdict.health = health_of(noted, &verdict, now);
	return verdict;
}

/* What a run did, what its snapshot is, and what its pruning came to, which those that
 * were asked for do not do: the newest of each that there is. */
struct figures {
	struct survey_row *row;
	bool run, snapshot, slot;
};

static void take_run(struct survey_row *row, const struct state_run *run)
{
	row->duration_ms = run->took_ms > 0 ? run->took_ms :
	    (run->finished_at - run->started_at) * 1000;
	row->requests = run->requests;
	row->retries = run->retries;
}

static void take_snapshot(struct survey_row *row, const struct state_run *run)
{
	row->rows = run->rows;
	row->sql_bytes = run->sql_bytes;
	row->stored_bytes = run->stored_bytes;
	row->new_bytes = run->new_bytes;
}

static int take_figures(void *ctx, const struct state_run *run, struct err *err)
{
	bool is_snapshot = state_run_succeeded(run) && !run->taken;
	struct figures *figures = ctx;

	(void)err;
	if (run->finished_at != 0 && !figures->run)
		take_run(figures->row, run);
	if (is_snapshot && !figures->snapshot)
		take_snapshot(figures->row, run);
	if (is_snapshot && run->slot_at != 0 && !figures->slot)
		figures->row->not_pruned = strcmp(run->code, STATE_CODE_NOT_PRUNED) == 0;
	figures->slot = figures->slot || (is_snapshot && run->slot_at != 0);
	figures->run = figures->run || run->finished_at != 0;
	figures->snapshot = figures->snapshot || is_snapshot;
	return 0;
}

static void look_at(struct survey *survey, struct survey_row *row)
{
	const struct control_host *host = survey->host;
	struct state *state = host->state(host->ctx);
	const struct active *active = find_active(survey, row->name);
	struct figures figures = { .row = row };
	struct survey_verdict verdict;
	struct state_database noted = { .next_at = 0 };

	if (state == NULL || state_get(state, row->name, &noted, NULL) != 0)
		noted = (struct state_database){ .next_at = 0 };
	verdict = survey_verdict(host, row->name, &noted, survey->now);
	row->running = active != NULL && active->running;
	row->waiting = active != NULL && !active->running;
	row->max_age = verdict.max_age;
	row->next_at = noted.next_at;
	row->success_at = noted.last_success_at;
	row->verified_at = noted.last_verified_at;
	row->good_at = verdict.good_at;
	row->failures = noted.failures;
	row->health = verdict.health;
	figures.slot = noted.next_at == 0;   /* no schedule */
	(void)take_figures(&figures, &noted.last, NULL);
	if (noted.last.started_at != 0 && !(figures.run && figures.snapshot && figures.slot))
		(void)state_each_run(state, row->name, RUNS_LOOKED_AT, take_figures, &figures, NULL);
}

bool survey_step(struct survey *survey)
{
	uint64_t until = uv_hrtime() + STEP_NS;

	for (; survey->done < survey->count && uv_hrtime() < until; survey->done++) {
		struct survey_row *row = &survey->rows[survey->done];

		look_at(survey, row);
		survey->of_health[row->health]++;
		survey->running += row->running;
		survey->waiting += row->waiting;
	}
	return survey->done < survey->count;
}

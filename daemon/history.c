#include "daemon/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stamp.h"
#include "daemon/outcome.h"

#define SKEW_S 300

void history_release(struct history *history)
{
	free(history->message);
	free(history->hint);
	*history = (struct history){ .last_id = 0 };
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = value != NULL && value[0] != '\0' ? mem_strdup(value) : NULL;
}

/* The moment it shows; its name tells it. */
static int64_t moment_of(const struct state_run *run, int64_t now)
{
	int64_t at;

	return stamp_parse(run->snapshot, &at) && at <= now + SKEW_S ? at : run->started_at;
}

static void add_verified(struct history *h, const struct state_run *run, bool verifies, int64_t now)
{
	bool counts = verifies ? run->verified == STATE_VERIFIED_GOOD : state_run_succeeded(run);
	int64_t at = moment_of(run, now);

	if (!counts || run->snapshot[0] == '\0' || at < h->verified_at)
		return;
	h->verified_at = at;
	memcpy(h->verified, run->snapshot, sizeof(h->verified));
}

static bool has_shrunk(const struct history_snapshot *now, const struct history_snapshot *before)
{
	return (before->rows >= HISTORY_ROWS_MIN && now->rows < before->rows / 2) ||
	    (before->sql_bytes >= HISTORY_BYTES_MIN && now->sql_bytes < before->sql_bytes / 2);
}

/* Of one that another daemon took we know no sizes. */
static void add_snapshot(struct history *h, const struct state_run *run)
{
	struct history_snapshot snapshot = { .rows = run->rows, .sql_bytes = run->sql_bytes };

	if (run->taken || run->snapshot[0] == '\0')
		return;
	memcpy(snapshot.id, run->snapshot, sizeof(snapshot.id));
	if (h->newest.id[0] != '\0' && has_shrunk(&snapshot, &h->newest)) {
		h->shrunk_at = run->finished_at;
		h->shrunk = snapshot;
		h->shrunk_from = h->newest;
	}
	h->newest = snapshot;
}

static void add_success(struct history *h, const struct state_run *run)
{
	if (h->failing_since != 0 || h->well_since == 0)
		h->well_since = run->finished_at;
	h->failing = false;
	h->failing_since = 0;
	set_text(&h->message, NULL);
	set_text(&h->hint, NULL);
	add_snapshot(h, run);
}

static void add_failure(struct history *h, const struct state_run *run, const char *hint,
    bool is_final)
{
	if (h->failing_since == 0)
		h->failing_since = run->started_at;
	h->failing = h->failing || is_final;
	h->gravity = outcome_gravity(run);
	h->run_id = run->id;
	h->slot_at = run->slot_at;
	h->started_at = run->started_at;
	h->finished_at = run->finished_at;
	h->attempt = run->attempt;
	h->exit_code = run->exit_code;
	memcpy(h->code, run->code, sizeof(h->code));
	memcpy(h->failed_snapshot, run->snapshot, sizeof(h->failed_snapshot));
	set_text(&h->message, run->message);
	set_text(&h->hint, hint);
}

void history_add(struct history *history, const struct state_run *run, const char *hint,
    bool verifies, bool is_final, int64_t now)
{
	bool is_known = run->id != 0 && run->id <= history->last_id;

	if (run->finished_at == 0 || is_known || run->started_at > now + SKEW_S)
		return;
	if (state_run_succeeded(run))
		add_success(history, run);
	else if (state_run_failed(run))
		add_failure(history, run, hint, is_final);
	else
		return;
	history->last_id = run->id;
	add_verified(history, run, verifies, now);
}

/* A failed run was for good when the next one answers another time. */
static bool was_final(const struct state_run *run, const struct state_run *next)
{
	return next->cause != STATE_CAUSE_RETRY || next->slot_at != run->slot_at;
}

void history_add_past(struct history *history, const struct state_run *runs, size_t count,
    int64_t retry_at, bool verifies, int64_t now)
{
	for (size_t i = count; i-- > 0; )
		history_add(history, &runs[i], NULL, verifies,
		    i > 0 ? was_final(&runs[i], &runs[i - 1]) : retry_at == 0, now);
}

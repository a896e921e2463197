#include "cli/fallback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/losses.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/tempdir.h"
#include "net/d1_export.h"
#include "restore/official.h"

/* A job that nobody polls is cancelled after 15 s (CLOUDFLARE.md 2.3): what still
 * blocks the database after four times that will not go away by itself. */
#define WATCH_MS 60000
#define WATCH_PAUSE_MS 2000

struct work {
	const struct fallback *fallback;
	struct fallback_report *report;
	char *dump, *file;           /* paths in a folder of our own */
	struct losses live;
	struct take_export export;
	char *bookmark;
	struct manifest lost;        /* for its exceptions */
};

static void say(const struct work *w, const char *what)
{
	w->fallback->say(w->fallback->say_ctx, what);
}

static void on_progress(void *ctx, const char *message)
{
	AUTO_STR what = mem_printf("Cloudflare exports it: %s", message);

	say(ctx, what);
}

/* ---- the database, before and afterwards ---- */

static int look_at_database(struct work *w, struct err *err)
{
	say(w, "looking for what Cloudflare's export would lose");
	if (losses_read(w->fallback->take.db, &w->live, err) == 0)
		return 0;
	if (err->code != ERR_REFUSED)
		return err_wrap(err, "before Cloudflare's export");
	err->code = ERR_CHANGED;
	(void)err_wrap(err, "it was written to during %u readings, and Cloudflare's export was not begun, since it would fail and might leave the database locked",
	    w->fallback->take.attempts);
	return err_hint(err, "raise attempts, back up at a quieter hour, or set consistency = \"best-effort\"");
}

static int ask(struct work *w, struct err *err)
{
	const char *sql = "SELECT count(*) FROM sqlite_schema";
	AUTO_ANSWER answer = { 0 };

	return db_query(w->fallback->take.db, &sql, 1, &answer, err);
}

/* Ask something trivial until it answers, for a while: the error of the last
 * answer, if it never does. That time, too, it was unavailable. */
static void watch_database(struct work *w, struct err *ret)
{
	const struct clock *clock = w->fallback->take.clock;
	int64_t began = clock_now_ms(clock), waited = 0;

	say(w, "waiting for the database to answer again");
	for (;;) {
		struct err err = ERR_INIT;

		if (ask(w, &err) == 0) {
			err_clear(ret);
			break;
		}
		if (err.code != ERR_INTERRUPTED || ret->code == ERR_NONE)
			*ret = err;
		waited = clock_now_ms(clock) - began;
		if (waited >= WATCH_MS || stop_requested())
			break;
		clock_sleep_ms(clock, WATCH_PAUSE_MS);
		waited = clock_now_ms(clock) - began;
	}
	w->report->unavailable_ms += waited;
}

/* The first line that somebody on call reads. `why` the export failed, or NULL. */
static void describe_lock(const struct work *w, const struct err *why, struct err *locked)
{
	bool cut = locked->code == ERR_INTERRUPTED;

	locked->code = ERR_AGAIN;
	locked->hint[0] = '\0';
	(void)err_wrap(locked, "THE DATABASE MAY BE LOCKED: %lld s after Cloudflare's export was begun it %s (%s)",
	    (long long)(w->report->unavailable_ms / 1000),
	    cut ? "has not been seen to answer" : "still does not answer",
	    why != NULL ? why->msg : "the export itself was done");
	(void)err_hint(locked, "an export that nobody polls should end within 15 s; one that does not is Cloudflare's fault (workers-sdk issue 9519), and only their support can end it. d1keep has begun no second one");
}

/* ---- the export ---- */

/* When it failed and left the database locked, that is the error. */
static int after_export(struct work *w, bool failed, struct err *err)
{
	struct err locked = ERR_INIT;
	bool stopped = failed && err->code == ERR_INTERRUPTED;

	watch_database(w, &locked);
	if (locked.code == ERR_NONE)
		return failed ? -1 : 0;
	describe_lock(w, failed ? err : NULL, &locked);
	if (!failed) {
		w->report->locked = locked;
		return 0;
	}
	*err = locked;
	if (stopped)
		err->code = ERR_INTERRUPTED;
	return -1;
}

static int export_database(struct work *w, struct err *err)
{
	const struct take_options *take = &w->fallback->take;
	struct d1_export_options options = {
		.api = w->fallback->api, .database_id = take->database_id, .path = w->dump,
		.clock = take->clock, .progress = on_progress, .progress_ctx = w,
	};
	struct d1_export_result result = { 0 };
	int rc;

	say(w, "asking for Cloudflare's export");
	w->export.started_at = clock_now(take->clock);
	rc = d1_export(&options, &result, err);
	/* A bad file is no damage of what is kept. */
	if (rc != 0 && err->code == ERR_CORRUPT)
		err->code = ERR_AGAIN;
	w->report->unavailable_ms = result.blocked_ms;
	if (result.began)
		rc = after_export(w, rc != 0, err);
	w->bookmark = mem_strdup(result.bookmark);
	d1_export_result_release(&result);
	return rc;
}

/* ---- its file becomes the snapshot ---- */

static int compare_losses(struct work *w, struct db *file, struct err *err)
{
	struct losses found = { .tables = NULL };
	int rc = losses_read(file, &found, err);

	if (rc == 0)
		losses_report(&w->live, &found, &w->lost);
	losses_release(&found);
	return rc;
}

static int take_file(struct work *w, struct db *file, struct manifest *ret, struct err *err)
{
	struct take_options take = w->fallback->take;

	if (compare_losses(w, file, err) != 0)
		return -1;
	w->export.bookmark = w->bookmark;
	w->export.readings = take.attempts;
	w->export.cost = take.db->cost;
	w->export.cost.requests = (int64_t)d1_api_requests(w->fallback->api);
	w->export.lost = &w->lost;
	take.db = file;
	take.export = &w->export;
	return take_snapshot(&take, ret, err);
}

static int take_dump(struct work *w, struct manifest *ret, struct err *err)
{
	struct db *file;
	int rc;

	say(w, "reading Cloudflare's export");
	if (official_load(w->dump, w->file, w->live.schema.has_sequence, err) != 0) {
		if (err->code == ERR_CORRUPT)
			err->code = ERR_FAILED;
		return -1;
	}
	file = db_sqlite_open(w->file, "d1", err);
	if (file == NULL)
		return -1;
	rc = take_file(w, file, ret, err);
	db_free(file);
	return rc;
}

static int run(struct work *w, struct manifest *ret, struct err *err)
{
	return look_at_database(w, err) != 0 || export_database(w, err) != 0 ||
	    take_dump(w, ret, err) != 0 ? -1 : 0;
}

int fallback_take(const struct fallback *fallback, struct manifest *ret,
    struct fallback_report *report, struct err *err)
{
	struct work w = { .fallback = fallback, .report = report };
	char *folder = tempdir_make(err);
	int rc = -1;

	*report = (struct fallback_report){ .locked = ERR_INIT };
	if (folder == NULL)
		return -1;
	w.dump = mem_printf("%s/export.sql", folder);
	w.file = mem_printf("%s/export.sqlite", folder);
	rc = run(&w, ret, err);
	tempdir_remove(folder);
	losses_release(&w.live);
	manifest_release(&w.lost);
	free(w.bookmark);
	free(w.dump);
	free(w.file);
	return rc;
}

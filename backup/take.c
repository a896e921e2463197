#include "backup/take.h"

#include <stdlib.h>
#include <string.h>

#include "backup/ends.h"
#include "backup/read.h"
#include "backup/share.h"
#include "backup/upload.h"
#include "base/mem.h"

/* Before the second reading; twice that before the third, and so on. */
#define ATTEMPT_PAUSE_MS 1000

/* What is known of the snapshot before. */
struct previous {
	struct share *share;       /* its chunks, and those stored meanwhile */
	struct ends *ends;
	int64_t sql_bytes;         /* of its dump; 0: there is none */
};

/* What it has need not be stored again. It is only trusted for that when store_load
 * does: when its signature holds. */
static int share_previous(const struct take_options *o, struct previous *p,
    struct manifest *m, struct err *err)
{
	struct snapshot previous;
	int rc;

	if (store_find(o->store, "latest", &previous, err) != 0) {
		/* None yet; or it is damaged (or blown up), and this one stands on its own. */
		if (err->code != ERR_NOT_FOUND && err->code != ERR_CORRUPT &&
		    err->code != ERR_TOO_BIG)
			return -1;
		if (err->code != ERR_NOT_FOUND && o->previous_bad != NULL)
			o->previous_bad(o->previous_bad_ctx, err);
		err_clear(err);
		return 0;
	}
	m->previous_id = mem_strdup(previous.manifest.id);
	memcpy(m->previous_sha256, previous.manifest_sha256, sizeof(m->previous_sha256));
	p->sql_bytes = manifest_sql_bytes(&previous.manifest);
	p->ends = ends_new(&previous.manifest);
	rc = share_add_snapshot(p->share, o->store, &previous, err);
	snapshot_release(&previous);
	return rc;
}

static void forget_reading(struct manifest *m)
{
	struct manifest kept = {
		.previous_id = m->previous_id,
	};

	memcpy(kept.previous_sha256, m->previous_sha256, sizeof(kept.previous_sha256));
	m->previous_id = NULL;
	manifest_release(m);
	*m = kept;
}

/* One reading of the whole database, uploading as it goes. */
static int read_and_upload(const struct take_options *o, struct share *share,
    struct read_options *reading, struct manifest *m, struct err *err)
{
	struct upload *upload = upload_new(o->store, share, o->workers);
	int rc;

	reading->pool = upload_pool(upload);
	m->started_at = clock_now(o->clock);
	rc = read_database(reading, upload_chunk, upload, m, err);
	if (rc == 0)
		rc = upload_finish(upload, m, err);
	upload_free(upload);
	return rc;
}

static int read_until_still(const struct take_options *o, const struct previous *p,
    struct manifest *m, struct err *err)
{
	struct read_options reading = {
		.db = o->db, .progress = o->progress, .progress_ctx = o->progress_ctx,
		.expected_bytes = p->sql_bytes, .ends = p->ends, .clock = o->clock,
	};

	for (unsigned attempt = 1; ; attempt++) {
		reading.accept_changes = o->best_effort && attempt >= o->attempts;
		if (read_and_upload(o, p->share, &reading, m, err) == 0) {
			m->attempts = attempt;
			return 0;
		}
		if (err->code != ERR_CHANGED)
			return -1;
		if (attempt >= o->attempts) {
			(void)err_wrap(err, "gave up after %u attempts", attempt);
			return err_hint(err, "raise attempts, back up at a quieter hour, or set consistency = \"best-effort\" or fallback = \"export\"");
		}
		forget_reading(m);
		/* A burst of writes may be over by then. */
		clock_sleep_ms(o->clock, (int64_t)attempt * ATTEMPT_PAUSE_MS);
	}
}

static void fill_from_export(const struct take_export *e, struct manifest *m)
{
	m->started_at = e->started_at;
	free(m->consistency);
	m->consistency = mem_strdup("export");
	m->bookmark_before = mem_strdup(e->bookmark);
	m->bookmark_after = mem_strdup(e->bookmark);
	m->attempts = e->readings;
	m->requests = e->cost.requests;
	m->rows_read = e->cost.rows_read;
	for (size_t i = 0; i < e->lost->exception_count; i++)
		manifest_add_exception(m, e->lost->exceptions[i].object, e->lost->exceptions[i].reason);
}

static void fill_heading(const struct take_options *o, struct manifest *m)
{
	m->label = mem_strdup(o->label);
	m->environment = mem_strdup(o->environment);
	m->database = mem_strdup(o->database);
	m->database_id = mem_strdup(o->database_id);
	m->slot_at = o->slot_at;
	m->source = mem_strdup(o->db->traits.source);
	m->tool = mem_strdup("d1keep " D1KEEP_VERSION);
	m->requests = o->db->cost.requests;
	m->rows_read = o->db->cost.rows_read;
	m->finished_at = clock_now(o->clock);
	if (o->export != NULL)
		fill_from_export(o->export, m);
}

int take_snapshot(const struct take_options *options, struct manifest *ret, struct err *err)
{
	struct previous previous = { .share = share_new() };
	int rc = 0;

	if (options->label != NULL)
		rc = store_check_label(options->store, options->label, err);
	if (rc == 0)
		rc = share_previous(options, &previous, ret, err);
	if (rc == 0)
		rc = read_until_still(options, &previous, ret, err);
	if (rc == 0) {
		fill_heading(options, ret);
		rc = store_publish(options->store, ret, err);
	}
	if (rc != 0)
		manifest_release(ret);
	ends_free(previous.ends);
	share_free(previous.share);
	return rc;
}

#include "cli/live.h"

#include <stdlib.h>
#include <string.h>

#include "backup/ends.h"
#include "backup/read.h"
#include "backup/share.h"
#include "backup/upload.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/tempdir.h"
#include "storage/bucket_dir.h"

/* Before the second reading; twice that before the third, and so on. */
#define ATTEMPT_PAUSE_MS 1000

static int open_folder(const struct config_database *d, struct live *ret, struct err *err)
{
	ret->folder = tempdir_make(err);
	if (ret->folder == NULL)
		return -1;
	ret->bucket = bucket_dir_new(ret->folder, "temporary", err);
	if (ret->bucket == NULL)
		return -1;
	store_init(&ret->store, ret->bucket, "", d->environment->name, d->name, NULL, NULL);
	return 0;
}

/* Schema and post are asked for also when they are the same. */
static struct share *share_with(const struct manifest *other)
{
	struct share *share = share_new();

	for (size_t i = 0; other != NULL && i < other->object_count; i++) {
		if (other->objects[i].kind == MANIFEST_ROWS)
			share_add(share, &other->objects[i]);
	}
	return share;
}

static void on_progress(void *ctx, const struct take_progress *p)
{
	const struct live_options *o = ctx;

	if (o->progress != NULL)
		o->progress(o->progress_ctx, p->sql_bytes, p->rows);
}

static int read_once(const struct live_options *o, struct db *db, bool accept_changes,
    struct live *ret, struct err *err)
{
	struct share *share = share_with(o->other);
	struct ends *ends = o->other != NULL ? ends_new(o->other) : NULL;
	struct upload *upload = upload_new(&ret->store, share, o->session->workers);
	int rc = read_database(&(struct read_options){
		.db = db, .accept_changes = accept_changes,
		.pool = upload_pool(upload), .ends = ends,
		.progress = on_progress, .progress_ctx = (void *)(uintptr_t)o,
	}, upload_chunk, upload, &ret->manifest, err);

	if (rc == 0)
		rc = upload_finish(upload, &ret->manifest, err);
	upload_free(upload);
	ends_free(ends);
	share_free(share);
	return rc;
}

static int read_until_still(const struct live_options *o, struct db *db, struct live *ret,
    struct err *err)
{
	unsigned attempts = o->database->policy.attempts;

	for (unsigned attempt = 1; ; attempt++) {
		if (read_once(o, db, attempt >= attempts, ret, err) == 0)
			return 0;
		manifest_release(&ret->manifest);
		ret->manifest = (struct manifest){ .id = NULL };
		if (err->code != ERR_CHANGED || attempt >= attempts)
			return -1;
		err_clear(err);
		clock_sleep_ms(&clock_system, (int64_t)attempt * ATTEMPT_PAUSE_MS);
	}
}

int live_read(const struct live_options *options, struct live *ret, struct err *err)
{
	const struct config_database *d = options->database;
	struct open_db db;
	int rc;

	*ret = (struct live){ .folder = NULL };
	rc = open_folder(d, ret, err);
	if (rc == 0 && (rc = open_db(options->session, d, &db, err)) == 0) {
		rc = read_until_still(options, db.db, ret, err);
		close_db(&db);
	}
	if (rc != 0) {
		live_release(ret);
		return err_wrap(err, "%s/%s", d->environment->name, d->name);
	}
	ret->manifest.environment = mem_strdup(d->environment->name);
	ret->manifest.database = mem_strdup(d->name);
	ret->moved = strcmp(ret->manifest.consistency, "best-effort") == 0;
	return 0;
}

void live_release(struct live *live)
{
	manifest_release(&live->manifest);
	store_release(&live->store);
	bucket_free(live->bucket);
	tempdir_remove(live->folder);
	*live = (struct live){ .folder = NULL };
}

#include "restore/restore_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "restore/fetch.h"
#include "restore/script.h"

int restore_write(const struct fetch_options *fetch_options, int fd, const char *name,
    bool gzip, void (*progress)(void *ctx, int64_t sql_bytes), void *progress_ctx,
    struct err *err)
{
	struct fetch_options o = *fetch_options;
	struct fetch *fetch;
	struct fetched *f;
	int64_t done = 0;
	int rc;

	o.keep = gzip ? FETCH_PACKED : FETCH_SQL;
	fetch = fetch_new(&o);
	while ((rc = fetch_next_good(fetch, &f, err)) == 1) {
		const struct buf *bytes = gzip ? &f->packed : &f->sql;

		rc = file_write_fd(fd, bytes->data, bytes->len, name, err);
		done += f->object->sql_bytes;
		fetched_free(f);
		if (rc != 0)
			break;
		if (progress != NULL)
			progress(progress_ctx, done);
	}
	fetch_free(fetch);
	return rc;
}

int restore_write_selection(const struct restore_options *options, int fd, const char *name,
    struct err *err)
{
	struct inventory inventory;
	int rc;

	if (inventory_read(options->store, options->manifest, options->workers, &inventory, err) != 0)
		return -1;
	rc = selection_check(options->selection, options->manifest, &inventory, err);
	if (rc == 0)
		rc = script_write_fd(&(struct script_options){
			.store = options->store, .manifest = options->manifest, .inventory = &inventory,
			.selection = options->selection, .workers = options->workers,
			.progress = options->progress, .progress_ctx = options->progress_ctx,
		}, fd, name, NULL, err);
	inventory_release(&inventory);
	return rc;
}

int restore_check_chunks(const struct restore_options *options, struct err *err)
{
	struct fetch_options fetch = {
		.store = options->store, .manifest = options->manifest, .workers = options->workers,
	};
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(err, ERR_FAILED, "cannot open /dev/null");
	rc = restore_write(&fetch, fd, "/dev/null", false, options->progress,
	    options->progress_ctx, err);
	(void)close(fd);
	return rc;
}

int restore_dry_run_sql(const struct restore_options *options, struct err *err)
{
	struct inventory inventory;
	int rc;

	if (restore_check_chunks(options, err) != 0 ||
	    inventory_read(options->store, options->manifest, options->workers, &inventory, err) != 0)
		return -1;
	rc = selection_check(options->selection, options->manifest, &inventory, err);
	inventory_release(&inventory);
	return rc;
}

int restore_check(const struct restore_options *options, struct db *db, const char *path,
    struct err *err)
{
	struct restore_result *result = options->result;

	if (check_database(&(struct check_options){
		.db = db, .manifest = options->manifest, .selection = options->selection,
		.content = options->check_content, .path = path, .workers = options->workers,
		.progress = options->progress, .progress_ctx = options->progress_ctx,
	}, &result->check, err) != 0)
		return err_wrap(err, "compare with the manifest");
	result->checked = true;
	return check_verdict(&result->check, err);
}

static int restore_to_stdout(const struct restore_options *o, struct err *err)
{
	struct fetch_options fetch = {
		.store = o->store, .manifest = o->manifest, .workers = o->workers,
	};

	if (o->dry_run)
		return restore_dry_run_sql(o, err);
	if (o->selection->count > 0)
		return restore_write_selection(o, STDOUT_FILENO, "standard output", err);
	return restore_write(&fetch, STDOUT_FILENO, "standard output", false,
	    o->progress, o->progress_ctx, err);
}

int restore_snapshot(const struct restore_options *options, struct err *err)
{
	static const struct selection everything = { NULL, 0 };
	struct restore_result unseen = { .planned = false };
	struct restore_options o = *options;
	int rc;

	if (o.selection == NULL)
		o.selection = &everything;
	if (o.result == NULL)
		o.result = &unseen;
	*o.result = (struct restore_result){ .rows_written = -1 };
	/* A file that does not come out right never gets its name; a D1 would have been
	 * changed by then. */
	if (o.target->kind == TARGET_D1)
		rc = manifest_check_rows(o.manifest, err) != 0 ? -1 : restore_to_d1(&o, err);
	else if (o.target->kind == TARGET_SQL && strcmp(o.target->path, "-") == 0)
		rc = restore_to_stdout(&o, err);
	else
		rc = restore_to_file(&o, err);
	restore_result_release(&unseen);
	return rc;
}

void restore_result_release(struct restore_result *result)
{
	plan_release(&result->plan);
	check_result_release(&result->check);
	free(result->bookmark_before);
	*result = (struct restore_result){ .planned = false };
}

/* Into a file: SQLite, wrangler's SQLite, or SQL. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "restore/fetch.h"
#include "restore/local.h"
#include "restore/replay.h"
#include "restore/restore_internal.h"

static bool is_sqlite(const struct restore_options *o)
{
	return o->target->kind != TARGET_SQL;
}

/* ---- SQL ---- */

static int write_sql(const struct restore_options *o, const char *path, struct err *err)
{
	struct fetch_options fetch = {
		.store = o->store, .manifest = o->manifest, .workers = o->workers,
	};
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "cannot create \"%s\"", path);
	rc = o->selection->count > 0 ? restore_write_selection(o, fd, path, err) :
	    restore_write(&fetch, fd, path, false, o->progress, o->progress_ctx, err);
	if (rc == 0 && fsync(fd) != 0)
		rc = err_sys(err, errno, "cannot sync \"%s\"", path);
	if (close(fd) != 0 && rc == 0)
		rc = err_sys(err, errno, "cannot close \"%s\"", path);
	return rc;
}

/* ---- replaying ---- */

/* The disk works from here on: what indexes follow is appended. */
static int end_rows(const struct restore_options *o, struct replay *replay, const char *path,
    struct err *err)
{
	if (!o->temporary)
		file_begin_sync(path);
	return replay_rows_done(replay, err);
}

static int apply_chunks(const struct restore_options *o, struct replay *replay, const char *path,
    bool (*wanted)(void *ctx, const struct manifest_object *object), struct err *err)
{
	struct fetch *fetch = fetch_new(&(struct fetch_options){
		.store = o->store, .manifest = o->manifest, .workers = o->workers,
		.wanted = wanted, .wanted_ctx = (void *)(uintptr_t)o->selection,
	});
	struct fetched *f;
	int64_t done = 0;
	bool rows_done = false;
	int rc;

	while ((rc = fetch_next_good(fetch, &f, err)) == 1) {
		if (f->object->kind == MANIFEST_POST && !rows_done)
			rc = end_rows(o, replay, path, err);
		else
			rc = 0;
		rows_done = f->object->kind == MANIFEST_POST;
		if (rc == 0)
			rc = replay_apply(replay, &f->sql, err);
		if (rc != 0)
			(void)err_wrap(err, "chunk %s", f->object->key);
		done += (int64_t)f->sql.len;
		fetched_free(f);
		if (rc != 0)
			break;
		if (o->progress != NULL)
			o->progress(o->progress_ctx, done);
	}
	fetch_free(fetch);
	return rc;
}

int restore_replay(const struct restore_options *o, const char *path, struct err *err)
{
	struct replay *replay = replay_open(&(struct replay_options){
		.path = path, .max_bytes = REPLAY_MAX_BYTES(manifest_sql_bytes(o->manifest)),
	}, err);
	int rc;

	if (replay == NULL)
		return -1;
	rc = apply_chunks(o, replay, path, NULL, err);
	if (rc == 0)
		rc = replay_commit(replay, o->manifest, err);
	replay_free(replay);
	return rc;
}

/* ---- some tables ---- */

/* What tells whether a file was written to. */
static struct stat looks_of(const char *path)
{
	struct stat st = { 0 };

	return stat(path, &st) == 0 ? st : (struct stat){ 0 };
}

static bool is_chosen(void *ctx, const struct manifest_object *object)
{
	return object->kind == MANIFEST_ROWS && selection_has(ctx, object->table);
}

static int apply_statements(const struct restore_options *o, const struct inventory *inventory,
    bool post, struct replay *replay, struct err *err)
{
	for (size_t i = 0; i < inventory->count; i++) {
		const struct inventory_statement *s = &inventory->items[i];
		struct buf sql = { .data = s->sql, .len = strlen(s->sql) };

		if (s->post != post || !selection_wants(o->selection, s))
			continue;
		if ((s->kind == INVENTORY_SEQUENCE && local_forget_sequence(replay, s->table, err) != 0) ||
		    replay_apply(replay, &sql, err) != 0)
			return -1;
	}
	return 0;
}

static int apply_selection(const struct restore_options *o, const struct inventory *inventory,
    const char *path, struct err *err)
{
	struct replay *replay = replay_open(&(struct replay_options){
		.path = path, .existing = true,
		.max_bytes = looks_of(path).st_size + REPLAY_MAX_BYTES(manifest_sql_bytes(o->manifest)),
	}, err);
	int rc = -1;

	if (replay == NULL)
		return -1;
	if (replay_run_own(replay, buf_str(&o->result->plan.drops), err) == 0 &&
	    apply_statements(o, inventory, false, replay, err) == 0 &&
	    apply_chunks(o, replay, path, is_chosen, err) == 0 &&
	    apply_statements(o, inventory, true, replay, err) == 0 &&
	    replay_run_own(replay, buf_str(&o->result->plan.rebuilds), err) == 0)
		rc = replay_commit(replay, NULL, err);
	replay_free(replay);
	return rc;
}

/* ---- what it would do ---- */

static int plan(const struct restore_options *o, const struct inventory *inventory, const char *path,
    struct err *err)
{
	struct stat st;
	struct db *db = NULL;
	AUTO_STR name = mem_printf("\"%s\"", o->target->path);
	int rc;

	if (stat(path, &st) == 0 && st.st_size > 0 &&
	    (db = db_sqlite_open(path, o->target->kind == TARGET_WRANGLER ? "wrangler" : "sqlite", err)) == NULL)
		return err_wrap(err, "\"%s\"", path);
	rc = plan_make(&(struct plan_options){
		.target = db, .target_name = name, .manifest = o->manifest, .inventory = inventory,
		.selection = o->selection, .replace = o->replace, .count_before = o->dry_run,
	}, &o->result->plan, err);
	o->result->planned = rc == 0;
	db_free(db);
	return rc;
}

static int check_unchanged(const char *path, const struct stat *before, struct err *err)
{
	struct stat now = looks_of(path);

	if (now.st_ino == before->st_ino && now.st_size == before->st_size &&
	    now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
		return 0;
	(void)err_set(err, ERR_REFUSED, "\"%s\" was written to meanwhile, and is left alone", path);
	return err_hint(err, "stop what writes to it, and restore again");
}

static int add_selection(const struct restore_options *o, const struct inventory *inventory,
    const char *path, struct err *err)
{
	bool is_wal = local_is_wal(o->target->path);

	if (local_copy(o->target->path, path, err) != 0 ||
	    plan(o, inventory, path, err) != 0 ||
	    apply_selection(o, inventory, path, err) != 0)
		return -1;
	return is_wal ? local_make_wal(path, err) : 0;
}

/* What is there, with the chosen tables in it: a copy that takes its place. */
static int replay_selection(const struct restore_options *o, const char *path, struct err *err)
{
	struct inventory inventory;
	int rc;

	if (inventory_read(o->store, o->manifest, o->workers, &inventory, err) != 0)
		return -1;
	rc = add_selection(o, &inventory, path, err);
	inventory_release(&inventory);
	return rc;
}

static int dry_run(const struct restore_options *o, struct err *err)
{
	struct inventory inventory;
	int rc;

	if (!is_sqlite(o))
		return restore_dry_run_sql(o, err);
	if (restore_check_chunks(o, err) != 0)
		return -1;
	if (inventory_read(o->store, o->manifest, o->workers, &inventory, err) != 0)
		return -1;
	rc = plan(o, &inventory, o->target->path, err);
	inventory_release(&inventory);
	return rc;
}

/* ---- the file's place ---- */

/* Some tables may come into a file that is there; anything else replaces it. */
static bool may_be_there(const struct restore_options *o)
{
	return o->replace || (is_sqlite(o) && o->selection->count > 0);
}

static int check_unused(const struct restore_options *o, struct err *err)
{
	enum local_journals journals = o->target->kind != TARGET_WRANGLER ? LOCAL_REFUSED :
	    o->dry_run ? LOCAL_LEFT : LOCAL_SETTLED;

	return local_check_unused(o->target->path, journals, err);
}

/* What is refused is not even settled. */
static int check_target(const struct restore_options *o, struct err *err)
{
	const char *path = o->target->path;
	struct stat st;

	if (lstat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return err_set(err, ERR_REFUSED, "\"%s\" exists and is not a regular file", path);
		if (!may_be_there(o)) {
			(void)err_set(err, ERR_REFUSED, "\"%s\" exists", path);
			return err_hint(err, "restore to another path, or add --replace");
		}
	} else if (errno != ENOENT) {
		return err_sys(err, errno, "\"%s\"", path);
	}
	return is_sqlite(o) ? check_unused(o, err) : 0;
}

/* A name beside the target that is free now; it is created exclusively. */
static char *temporary_beside(const char *path, struct err *err)
{
	char *tmp = mem_printf("%s.d1keep-XXXXXX", path);
	int fd = mkostemp(tmp, O_CLOEXEC);

	if (fd < 0) {
		(void)file_no_room(path, errno, err);
		free(tmp);
		return NULL;
	}
	(void)close(fd);
	(void)unlink(tmp);
	return tmp;
}

/* What takes the place of a file is for the same people; as far as we may. */
static void keep_owner_and_mode(const char *path, const char *tmp)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	if (chown(tmp, st.st_uid, st.st_gid) == 0)
		(void)chmod(tmp, st.st_mode & 0777);
}

/* `before`: how the target looked when it was copied. */
static int put_in_place(const struct restore_options *o, const char *tmp,
    const struct stat *before, struct err *err)
{
	const char *path = o->target->path;

	if (is_sqlite(o) && !o->temporary && file_sync(tmp, err) != 0)
		return -1;
	/* Something may have appeared meanwhile; or, where the rest of the file is to
	 * stay, something may have been written to it. */
	if (check_target(o, err) != 0 ||
	    (o->selection->count > 0 && check_unchanged(path, before, err) != 0))
		return -1;
	if (may_be_there(o))
		keep_owner_and_mode(path, tmp);
	/* link refuses where rename replaces. */
	if (!may_be_there(o)) {
		if (link(tmp, path) != 0)
			return err_sys(err, errno, "cannot create \"%s\"", path);
		(void)unlink(tmp);
	} else if (rename(tmp, path) != 0) {
		return err_sys(err, errno, "cannot rename to \"%s\"", path);
	}
	return dir_sync_parent(path, err);
}

static int check_made(const struct restore_options *o, const char *path, struct err *err)
{
	struct db *db;
	int rc;

	if (!is_sqlite(o) || !o->check_content)
		return 0;
	/* Whatever it is a file of: as a SQLite file none of its tables is hidden. */
	db = db_sqlite_open(path, "sqlite", err);
	if (db == NULL)
		return -1;
	rc = restore_check(o, db, path, err);
	db_free(db);
	return rc;
}

static int make(const struct restore_options *o, const char *path, struct err *err)
{
	if (!is_sqlite(o))
		return write_sql(o, path, err);
	if ((o->selection->count > 0 ? replay_selection(o, path, err) : restore_replay(o, path, err)) != 0)
		return -1;
	/* The disk works while the rows are read back. */
	if (!o->temporary)
		file_begin_sync(path);
	return 0;
}

int restore_to_file(const struct restore_options *o, struct err *err)
{
	AUTO_STR tmp = NULL;
	struct stat before;
	int rc;

	if (check_target(o, err) != 0)
		return -1;
	before = looks_of(o->target->path);
	if (o->dry_run)
		return dry_run(o, err);
	if (o->target->kind == TARGET_WRANGLER && local_make_folder(o->target->path, err) != 0)
		return -1;
	tmp = temporary_beside(o->target->path, err);
	if (tmp == NULL)
		return -1;
	rc = make(o, tmp, err);
	if (rc == 0)
		rc = check_made(o, tmp, err);
	if (rc == 0)
		rc = put_in_place(o, tmp, &before, err);
	if (rc != 0)
		(void)unlink(tmp);
	return rc;
}

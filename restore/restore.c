#include "restore/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "restore/fetch.h"
#include "restore/replay.h"

int target_parse(const char *text, struct target *ret, struct err *err)
{
	static const struct { const char *prefix; enum target_kind kind; } kinds[] = {
		{ "sqlite:", TARGET_SQLITE }, { "sql:", TARGET_SQL },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, n) != 0 || text[n] == '\0')
			continue;
		if (kinds[i].kind == TARGET_SQLITE && strcmp(text + n, "-") == 0)
			break;
		*ret = (struct target){ kinds[i].kind, mem_strdup(text + n) };
		return 0;
	}
	(void)err_set(err, ERR_USAGE, "\"%s\" is not a target", text);
	return err_hint(err, "write sqlite:PATH, sql:PATH or sql:- (standard output)");
}

void target_release(struct target *target)
{
	free(target->path);
	*target = (struct target){ .path = NULL };
}

/* ---- writing ---- */

int restore_write(const struct fetch_options *fetch_options, int fd, const char *name,
    bool gzip, void (*progress)(void *ctx, int64_t sql_bytes), void *progress_ctx,
    struct err *err)
{
	struct fetch *fetch = fetch_new(fetch_options);
	struct fetched *f;
	int64_t done = 0;
	int rc;

	while ((rc = fetch_next_good(fetch, &f, err)) == 1) {
		const struct buf *bytes = gzip ? &f->packed : &f->sql;

		rc = file_write_fd(fd, bytes->data, bytes->len, name, err);
		done += (int64_t)f->sql.len;
		fetched_free(f);
		if (rc != 0)
			break;
		if (progress != NULL)
			progress(progress_ctx, done);
	}
	fetch_free(fetch);
	return rc;
}

static int write_sql(const struct restore_options *o, const char *path, struct err *err)
{
	struct fetch_options fetch = {
		.store = o->store, .manifest = o->manifest, .workers = o->workers,
	};
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "cannot create \"%s\"", path);
	rc = restore_write(&fetch, fd, path, false, o->progress, o->progress_ctx, err);
	if (rc == 0 && fsync(fd) != 0)
		rc = err_sys(err, errno, "cannot sync \"%s\"", path);
	if (close(fd) != 0 && rc == 0)
		rc = err_sys(err, errno, "cannot close \"%s\"", path);
	return rc;
}

/* ---- replaying ---- */

static int apply_all(const struct restore_options *o, struct replay *replay, struct err *err)
{
	struct fetch *fetch = fetch_new(&(struct fetch_options){
		.store = o->store, .manifest = o->manifest, .workers = o->workers,
	});
	struct fetched *f;
	int64_t done = 0;
	int rc;

	while ((rc = fetch_next_good(fetch, &f, err)) == 1) {
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

static int replay_all(const struct restore_options *o, const char *path, struct err *err)
{
	struct replay *replay = replay_open(&(struct replay_options){ .path = path }, err);
	int rc;

	if (replay == NULL)
		return -1;
	rc = apply_all(o, replay, err);
	if (rc == 0)
		rc = replay_commit(replay, o->manifest, err);
	replay_free(replay);
	return rc;
}

/* ---- the target ---- */

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A journal beside the file means that someone uses it, or that it was not
 * closed: replacing the file under it would mix the two. */
static int check_journals(const char *path, struct err *err)
{
	static const char *const endings[] = { "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < 3; i++) {
		AUTO_STR side = mem_printf("%s%s", path, endings[i]);

		if (!exists(side))
			continue;
		(void)err_set(err, ERR_REFUSED, "\"%s\" exists: the database beside it is in use or was not closed", side);
		return err_hint(err, "stop what uses it, or restore to another path");
	}
	return 0;
}

static int check_target(const struct restore_options *o, struct err *err)
{
	const char *path = o->target->path;
	struct stat st;

	if (o->target->kind == TARGET_SQLITE && check_journals(path, err) != 0)
		return -1;
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "\"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_REFUSED, "\"%s\" exists and is not a regular file", path);
	if (!o->replace) {
		(void)err_set(err, ERR_REFUSED, "\"%s\" exists", path);
		return err_hint(err, "restore to another path, or add --replace");
	}
	return 0;
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

static int put_in_place(const struct restore_options *o, const char *tmp, struct err *err)
{
	const char *path = o->target->path;

	/* Something may have appeared meanwhile. */
	if (check_target(o, err) != 0)
		return -1;
	if (o->replace)
		keep_owner_and_mode(path, tmp);
	/* link refuses where rename replaces. */
	if (!o->replace) {
		if (link(tmp, path) != 0)
			return err_sys(err, errno, "cannot create \"%s\"", path);
		(void)unlink(tmp);
	} else if (rename(tmp, path) != 0) {
		return err_sys(err, errno, "cannot rename to \"%s\"", path);
	}
	return dir_sync_parent(path, err);
}

static int restore_to_file(const struct restore_options *o, struct err *err)
{
	AUTO_STR tmp = NULL;
	int rc;

	if (check_target(o, err) != 0)
		return -1;
	tmp = temporary_beside(o->target->path, err);
	if (tmp == NULL)
		return -1;
	rc = o->target->kind == TARGET_SQLITE ? replay_all(o, tmp, err) :
	    write_sql(o, tmp, err);
	if (rc == 0)
		rc = put_in_place(o, tmp, err);
	if (rc != 0)
		(void)unlink(tmp);
	return rc;
}

int restore_snapshot(const struct restore_options *options, struct err *err)
{
	struct fetch_options fetch = {
		.store = options->store, .manifest = options->manifest,
		.workers = options->workers,
	};

	if (options->target->kind == TARGET_SQL && strcmp(options->target->path, "-") == 0)
		return restore_write(&fetch, STDOUT_FILENO, "standard output", false,
		    options->progress, options->progress_ctx, err);
	return restore_to_file(options, err);
}

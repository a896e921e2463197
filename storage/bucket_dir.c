#include "storage/bucket_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/stop.h"
#include "storage/bucket_key.h"
#include "storage/drafts.h"
#include "storage/leftover.h"
#include "storage/path_lock.h"

struct bucket_dir {
	struct bucket bucket;
	char *root;
	struct drafts drafts;                /* what was put later */
};

static struct bucket_dir *of(struct bucket *b)
{
	return (struct bucket_dir *)b;
}

static char *path_of(struct bucket *b, const char *key)
{
	return mem_printf("%s/%s", of(b)->root, key);
}

static int make_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0700) == 0) {
		file_give_to_owner_of_folder(path);
		return dir_sync_parent(path, err);   /* or it is gone after a power cut */
	}
	return errno == EEXIST ? 0 : err_sys(err, errno, "cannot create the folder \"%s\"", path);
}

/* Every folder on the way to `path`, the bucket's own included. */
static int make_folders(const char *path, struct err *err)
{
	AUTO_STR copy = mem_strdup(path);

	for (char *slash = copy; (slash = strchr(slash + 1, '/')) != NULL; ) {
		*slash = '\0';
		if (make_folder(copy, err) != 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

/* ---- put ---- */

/* Root's own backup must not lock the service's user out of the bucket. */
static int write_object(const char *path, const void *data, size_t len, bool if_absent,
    struct err *err)
{
	if (file_write(path, data, len, 0600, if_absent, err) != 0)
		return -1;
	file_give_to_owner_of_folder(path);
	return 0;
}

static int dir_put(struct bucket *b, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err)
{
	AUTO_STR path = path_of(b, key);
	struct err local = ERR_INIT;

	/* The folders are there but for the first time. */
	if (write_object(path, data, len, if_absent, &local) == 0)
		return 0;
	if (local.code != ERR_NOT_FOUND) {
		if (local.code == ERR_EXISTS)
			return err_set(err, ERR_EXISTS, "\"%s\" exists already", key);
		if (err != NULL)
			*err = local;
		return -1;
	}
	if (make_folders(path, err) != 0)
		return -1;
	return write_object(path, data, len, if_absent, err);
}

/* ---- put later ---- */

/* As for a put, its folders are there but for the first time. */
static int write_draft(const char *path, const void *data, size_t len, struct file_draft *ret,
    struct err *err)
{
	struct err local = ERR_INIT;

	if (file_draft_write(ret, path, data, len, 0600, &local) == 0)
		return 0;
	if (local.code == ERR_NOT_FOUND)
		return make_folders(path, err) != 0 ? -1 :
		    file_draft_write(ret, path, data, len, 0600, err);
	if (err != NULL)
		*err = local;
	return -1;
}

static int dir_settle(struct bucket *b, struct err *err)
{
	return drafts_settle(&of(b)->drafts, err);
}

static int dir_put_later(struct bucket *b, const char *key, const void *data, size_t len,
    struct err *err)
{
	AUTO_STR path = path_of(b, key);
	struct file_draft draft;

	return write_draft(path, data, len, &draft, err) != 0 ? -1 :
	    drafts_add(&of(b)->drafts, &draft, err);
}

/* ---- get ---- */

static int missing(const char *key, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "\"%s\" is not there", key);
}

static int look_at(struct bucket *b, const char *key, struct stat *ret, struct err *err)
{
	AUTO_STR path = path_of(b, key);

	if (stat(path, ret) != 0)
		return errno == ENOENT || errno == ENOTDIR ? missing(key, err) :
		    err_sys(err, errno, "cannot look at \"%s\"", path);
	return S_ISREG(ret->st_mode) ? 0 : missing(key, err);
}

static int dir_head(struct bucket *b, const char *key, int64_t *ret_bytes, struct err *err)
{
	struct stat st;

	if (look_at(b, key, &st, err) != 0)
		return -1;
	*ret_bytes = (int64_t)st.st_size;
	return 0;
}

static int read_object(struct bucket *b, const char *key, struct buf *ret, struct err *err)
{
	AUTO_STR path = path_of(b, key);
	int64_t bytes;

	if (dir_head(b, key, &bytes, err) != 0)
		return -1;
	if (bytes > (int64_t)(ret->max - ret->len))
		return err_set(err, ERR_TOO_BIG, "\"%s\" is larger than %zu bytes", key,
		    ret->max - ret->len);
	return file_read(path, ret, err);
}

/* How long ago the file was written, by its file system's clock. One from the future
 * was written under another clock: its age is counted from now on, or who never
 * waits would find it as new for months. */
static int64_t age_by_lock(const char *path, int lock)
{
	int64_t now = path_lock_now_ms(lock), written;
	struct stat st;

	if (now < 0 || stat(path, &st) != 0)
		return -1;
	written = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	if (now >= written)
		return now - written;
	return utimensat(AT_FDCWD, path, NULL, 0) == 0 ? 0 : -1;
}

/* Locked where that is possible: in a folder that may only be read nobody can,
 * and then no age is told. */
static int read_version(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	AUTO_STR path = path_of(b, key);
	size_t before = ret->len;
	int lock = path_lock(path, NULL);
	int rc = read_object(b, key, ret, err);

	if (rc == 0 && lock >= 0)
		ret_version->age_ms = age_by_lock(path, lock);
	path_unlock(lock);
	if (rc == 0)
		sha256_hex(buf_str(ret) + before, ret->len - before, ret_version->etag);
	return rc;
}

static int dir_get(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	int64_t bytes;

	if (ret_version == NULL)
		return read_object(b, key, ret, err);
	/* No lock file beside what is not there. */
	if (dir_head(b, key, &bytes, err) != 0)
		return -1;
	return read_version(b, key, ret, ret_version, err);
}

#define VERSIONED_MAX_BYTES (1u << 20)

static int compare_and_write(struct bucket *b, const char *key, const void *data, size_t len,
    const char *etag, struct err *err)
{
	AUTO_STR path = path_of(b, key);
	AUTO_BUF there = BUF_INIT(VERSIONED_MAX_BYTES);
	char hash[SHA256_HEX_SIZE];
	struct err local = ERR_INIT;
	bool same = read_object(b, key, &there, &local) == 0;

	if (!same && local.code != ERR_NOT_FOUND && local.code != ERR_TOO_BIG) {
		if (err != NULL)
			*err = local;
		return -1;
	}
	sha256_hex(buf_str(&there), there.len, hash);
	if (!same || strcmp(hash, etag) != 0)
		return err_set(err, ERR_EXISTS, "\"%s\" was changed by somebody else", key);
	return write_object(path, data, len, false, err);
}

static int replace_locked(struct bucket *b, const char *key, const void *data, size_t len,
    const char *etag, struct err *err)
{
	AUTO_STR path = path_of(b, key);
	struct err local = ERR_INIT;
	int lock = path_lock(path, &local), rc;

	if (lock < 0 && local.code == ERR_NOT_FOUND)   /* not even its folder */
		return err_set(err, ERR_EXISTS, "\"%s\" is not there any more", key);
	if (lock < 0) {
		if (err != NULL)
			*err = local;
		return -1;
	}
	rc = compare_and_write(b, key, data, len, etag, err);
	path_unlock(lock);
	return rc;
}

static int dir_replace(struct bucket *b, const char *key, const void *data, size_t len,
    char etag[BUCKET_ETAG_SIZE], struct err *err)
{
	if ((etag[0] == '\0' ? dir_put(b, key, data, len, true, err) :
	    replace_locked(b, key, data, len, etag, err)) != 0)
		return -1;
	sha256_hex(data, len, etag);
	return 0;
}

static int dir_remove(struct bucket *b, const char *key, struct err *err)
{
	AUTO_STR path = path_of(b, key);

	if (unlink(path) != 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		    err_sys(err, errno, "cannot remove \"%s\"", path);
	path_lock_forget(path);
	return dir_sync_parent(path, err);
}

/* A folder's names, sorted so that walking them gives the byte order of whole
 * keys: a subfolder counts as "name/". */
struct names {
	char **items;
	size_t count, cap;
};

static void names_release(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	free(n->items);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_add(struct names *n, const char *name, const char *tail)
{
	n->items = mem_grow(n->items, n->count, &n->cap, sizeof(*n->items));
	n->items[n->count++] = mem_printf("%s%s", name, tail);
}

/* Files and folders only: a link or a socket is nothing that was put here. What cannot
 * be looked at may be a manifest: a listing without it would let its chunks be taken
 * for garbage. */
static int add_entry(struct names *n, const char *folder, const char *name, struct err *err)
{
	AUTO_STR path = mem_printf("%s/%s", folder, name);
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "cannot look at \"%s\"", path);
	if (S_ISDIR(st.st_mode))
		names_add(n, name, "/");
	else if (S_ISREG(st.st_mode) && !bucket_name_is_temporary(name, strlen(name)))
		names_add(n, name, "");
	return 0;
}

static int read_folder(const char *folder, struct names *ret, struct err *err)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);
	int rc = 0;

	if (dir == NULL)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		    err_sys(err, errno, "cannot list \"%s\"", folder);
	while (rc == 0) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			break;
		rc = add_entry(ret, folder, entry->d_name, err);
	}
	if (rc == 0 && errno != 0)
		rc = err_sys(err, errno, "cannot list \"%s\"", folder);
	(void)closedir(dir);
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
	return rc;
}

struct walk {
	struct bucket *bucket;
	const char *prefix;
	bucket_visit *visit;
	void *ctx;
};

/* The machine's clock is the one that dated the file. */
static int64_t age_of(const struct stat *st)
{
	int64_t age = clock_now(&clock_system) - (int64_t)st->st_mtime;

	return age > 0 ? age : 0;
}

static int visit_file(const struct walk *w, const char *key, struct err *err)
{
	struct err local = ERR_INIT;
	struct stat st;

	if (look_at(w->bucket, key, &st, &local) == 0)
		return w->visit(w->ctx, key, (int64_t)st.st_size, age_of(&st), err);
	if (local.code == ERR_NOT_FOUND)
		return 0;   /* removed since the folder was read */
	if (err != NULL)
		*err = local;
	return -1;
}

/* `base` is a key's beginning that ends in '/', or "". */
static int walk_folder(const struct walk *w, const char *base, struct err *err)
{
	AUTO_STR folder = path_of(w->bucket, base);
	struct names names = { 0 };
	int rc = read_folder(folder, &names, err);

	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		AUTO_STR key = mem_printf("%s%s", base, names.items[i]);
		size_t len = strlen(key), wanted = strlen(w->prefix);

		if ((rc = stop_check(err)) != 0)
			break;
		if (key[len - 1] == '/' &&
		    strncmp(key, w->prefix, len < wanted ? len : wanted) == 0)
			rc = walk_folder(w, key, err);
		else if (key[len - 1] != '/' && strncmp(key, w->prefix, wanted) == 0)
			rc = visit_file(w, key, err);
	}
	names_release(&names);
	return rc;
}

static int dir_list(struct bucket *b, const char *prefix, bucket_visit *visit, void *ctx,
    struct err *err)
{
	const char *slash = strrchr(prefix, '/');
	AUTO_STR base = mem_strndup(prefix, slash != NULL ? (size_t)(slash + 1 - prefix) : 0);
	struct walk w = { b, prefix, visit, ctx };

	return walk_folder(&w, base, err);
}

static int dir_sweep(struct bucket *b, const char *folder, int64_t min_age_s, bool dry_run,
    struct bucket_swept *ret, struct err *err)
{
	AUTO_STR path = path_of(b, folder);

	return leftover_remove(path, min_age_s, dry_run, ret, err);
}

static void dir_free(struct bucket *b)
{
	drafts_release(&of(b)->drafts);
	free(of(b)->root);
	free(b->name);
	free(b);
}

static const struct bucket_ops dir_ops = {
	dir_put, dir_replace, dir_get, dir_head, dir_remove, dir_list, dir_sweep, dir_free, NULL,
	dir_put_later, dir_settle, NULL,
};

static int check_root(const char *path, const char *name, struct err *err)
{
	struct stat st;

	if (*path == '\0')
		return err_set(err, ERR_USAGE, "bucket \"%s\": its path is empty", name);
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 :
		    err_set(err, ERR_USAGE, "bucket \"%s\": \"%s\" is not a folder", name, path);
	return errno == ENOENT ? 0 : err_sys(err, errno, "bucket \"%s\": \"%s\"", name, path);
}

struct bucket *bucket_dir_new(const char *path, const char *name, struct err *err)
{
	struct bucket_dir *dir;
	size_t len = strlen(path);

	if (check_root(path, name, err) != 0)
		return NULL;
	while (len > 1 && path[len - 1] == '/')
		len--;
	dir = mem_calloc(1, sizeof(*dir));
	dir->bucket.ops = &dir_ops;
	drafts_init(&dir->drafts);
	dir->bucket.name = mem_strdup(name);
	dir->root = mem_strndup(path, len);
	return &dir->bucket;
}

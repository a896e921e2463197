#include "storage/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stop.h"
#include "storage/bucket_key.h"
#include "storage/path_lock.h"

struct sweep {
	int64_t min_age_s;
	bool dry_run;
	struct bucket_swept *ret;
};

static int sweep_folder(const struct sweep *s, const char *folder, struct err *err);

static bool is_leftover(const char *name)
{
	return bucket_name_is_temporary(name, strlen(name)) && !path_lock_is_name(name);
}

static int sweep_file(const struct sweep *s, const char *path, const struct stat *st,
    struct err *err)
{
	if (clock_now(&clock_system) - (int64_t)st->st_mtime < s->min_age_s)
		return 0;
	if (!s->dry_run && unlink(path) != 0 && errno != ENOENT)
		return err_sys(err, errno, "cannot remove \"%s\"", path);
	s->ret->count++;
	s->ret->bytes += (int64_t)st->st_size;
	return 0;
}

/* As in listings, links are nothing that was put here. */
static int sweep_entry(const struct sweep *s, const char *folder, const char *name,
    struct err *err)
{
	AUTO_STR path = mem_printf("%s/%s", folder, name);
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || lstat(path, &st) != 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return sweep_folder(s, path, err);
	return S_ISREG(st.st_mode) && is_leftover(name) ? sweep_file(s, path, &st, err) : 0;
}

static int sweep_folder(const struct sweep *s, const char *folder, struct err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		    err_sys(err, errno, "cannot list \"%s\"", folder);
	while (rc == 0 && (rc = stop_check(err)) == 0 && (entry = readdir(dir)) != NULL)
		rc = sweep_entry(s, folder, entry->d_name, err);
	(void)closedir(dir);
	return rc;
}

int leftover_remove(const char *folder, int64_t min_age_s, bool dry_run,
    struct bucket_swept *ret, struct err *err)
{
	struct sweep s = { min_age_s, dry_run, ret };

	*ret = (struct bucket_swept){ 0, 0 };
	return sweep_folder(&s, folder, err);
}

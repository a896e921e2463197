#include "restore/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "tables/literal.h"

#define COPY_PAGES 1024

/* ---- who holds it ---- */

static bool same_file(const struct stat *a, const char *path)
{
	struct stat b;

	return stat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* Does this process have the file open? Others' processes may not be looked into:
 * then SQLite's own locks have to tell. */
static bool process_holds(const char *pid, const struct stat *file)
{
	AUTO_STR folder = mem_printf("/proc/%s/fd", pid);
	DIR *fds = opendir(folder);
	struct dirent *entry;
	bool held = false;

	while (fds != NULL && !held && (entry = readdir(fds)) != NULL) {
		AUTO_STR link = mem_printf("%s/%s", folder, entry->d_name);

		held = entry->d_name[0] != '.' && same_file(file, link);
	}
	if (fds != NULL)
		(void)closedir(fds);
	return held;
}

/* The process that holds it; 0: none that can be seen. */
static long find_holder(const char *path)
{
	struct stat file;
	DIR *proc;
	struct dirent *entry;
	long pid = 0;

	if (stat(path, &file) != 0 || (proc = opendir("/proc")) == NULL)
		return 0;
	while (pid == 0 && (entry = readdir(proc)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    process_holds(entry->d_name, &file))
			pid = strtol(entry->d_name, NULL, 10);
	}
	(void)closedir(proc);
	return pid;
}

static int check_holder(const char *path, struct err *err)
{
	long pid = find_holder(path);
	char name[64] = "?";
	AUTO_STR comm = mem_printf("/proc/%ld/comm", pid);
	FILE *f;

	if (pid == 0)
		return 0;
	f = fopen(comm, "re");
	if (f != NULL) {
		if (fgets(name, sizeof(name), f) != NULL)
			name[strcspn(name, "\n")] = '\0';
		(void)fclose(f);
	}
	(void)err_set(err, ERR_REFUSED, "\"%s\" is in use by process %ld (%s)", path, pid, name);
	return err_hint(err, "stop it first (wrangler dev, a test, a shell), or restore to another place");
}

/* ---- journals ---- */

static const char *const endings[] = { "-journal", "-wal", "-shm" };

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* The ending of one that is there, or NULL. */
static const char *find_journal(const char *path)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		AUTO_STR side = mem_printf("%s%s", path, endings[i]);

		if (exists(side))
			return endings[i];
	}
	return NULL;
}

/* Leaving WAL mode works off the journal, and only the last to hold the database
 * can. */
static void settle_journal(const char *path)
{
	sqlite3 *sqlite = NULL;

	if (sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
		(void)sqlite3_exec(sqlite, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	(void)sqlite3_close(sqlite);
}

int local_check_unused(const char *path, enum local_journals journals, struct err *err)
{
	const char *journal;

	if (check_holder(path, err) != 0)
		return -1;
	if (journals == LOCAL_SETTLED && exists(path) && find_journal(path) != NULL)
		settle_journal(path);
	journal = find_journal(path);
	if (journal == NULL || (journals == LOCAL_LEFT && strcmp(journal, endings[0]) != 0))
		return 0;
	(void)err_set(err, ERR_REFUSED, "\"%s%s\" exists: the database beside it is in use or was not closed",
	    path, journal);
	return err_hint(err, "stop what uses it, or restore to another path");
}

int local_make_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_STR folder = NULL;

	if (slash == NULL)
		return 0;
	folder = mem_strndup(path, (size_t)(slash - path));
	return dir_make(folder, 0700, err);
}

/* ---- copying ---- */

static int copy_pages(sqlite3 *from, sqlite3 *to, struct err *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (backup == NULL)
		return err_set(err, ERR_FAILED, "%s", sqlite3_errmsg(to));
	do {
		rc = sqlite3_backup_step(backup, COPY_PAGES);
	} while (rc == SQLITE_OK);
	(void)sqlite3_backup_finish(backup);
	if (rc == SQLITE_FULL)
		return err_sys(err, ENOSPC, "copy the database");
	return rc == SQLITE_DONE ? 0 :
	    err_set(err, ERR_FAILED, "copy the database: %s", sqlite3_errstr(rc));
}

int local_copy(const char *from, const char *to, struct err *err)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	sqlite3 *source = NULL, *copy = NULL;
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "cannot create \"%s\"", to);
	(void)close(fd);
	if (!exists(from))
		return 0;
	/* Only one that may write takes away the -wal and -shm that reading makes. */
	if (sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		rc = err_set(err, ERR_FAILED, "\"%s\": %s", from, sqlite3_errmsg(source));
	else if (sqlite3_open_v2(to, &copy, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		rc = err_set(err, ERR_FAILED, "\"%s\": %s", to, sqlite3_errmsg(copy));
	else
		rc = copy_pages(source, copy, err);
	(void)sqlite3_close(source);
	(void)sqlite3_close(copy);
	return rc;
}

/* ---- WAL mode ---- */

bool local_is_wal(const char *path)
{
	unsigned char header[20];   /* sqlite.org/fileformat2.html, 1.3 */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_wal = fd >= 0 && pread(fd, header, sizeof(header), 0) == sizeof(header) &&
	    header[18] == 2 && header[19] == 2;

	if (fd >= 0)
		(void)close(fd);
	return is_wal;
}

int local_make_wal(const char *path, struct err *err)
{
	sqlite3 *sqlite = NULL;
	int rc = sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READWRITE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(sqlite, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		(void)err_set(err, ERR_FAILED, "\"%s\": %s", path, sqlite3_errmsg(sqlite));
	(void)sqlite3_close(sqlite);
	return rc == SQLITE_OK ? 0 : -1;
}

/* The table is AUTOINCREMENT and was just made: so there is an sqlite_sequence. */
int local_forget_sequence(struct replay *replay, const char *table, struct err *err)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);

	if (buf_adds(&sql, "DELETE FROM sqlite_sequence WHERE name=", err) != 0 ||
	    literal_add_text(&sql, table, strlen(table), err) != 0)
		return -1;
	return replay_run_own(replay, buf_str(&sql), err);
}

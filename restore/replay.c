#include "restore/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"

#define PROGRESS_STEPS 100000
#define NO_FUNCTION "no such function: "

struct replay {
	sqlite3 *sqlite;
	char *path;
};

static int authorize_function(const char *name)
{
	/* Built in, and yet able to reach outside the file. */
	static const char *const denied[] = {
		"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer",
	};

	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if (strcasecmp(name, denied[i]) == 0)
			return SQLITE_DENY;
	}
	return SQLITE_OK;
}

static int sqlite_fail(struct replay *r, enum err_code code, struct err *err)
{
	const char *function;

	switch (sqlite3_errcode(r->sqlite) & 0xff) {
	case SQLITE_INTERRUPT:
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	case SQLITE_FULL:
		return err_sys(err, ENOSPC, "cannot write \"%s\"", r->path);
	case SQLITE_NOMEM:
		return err_set(err, ERR_AGAIN, "not enough memory to write \"%s\"", r->path);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return err_set(err, ERR_FAILED, "cannot write \"%s\": %s", r->path,
		    sqlite3_errmsg(r->sqlite));
	default:
		break;
	}
	/* D1's engine is newer than most machines' SQLite: that is no damage. */
	function = strstr(sqlite3_errmsg(r->sqlite), NO_FUNCTION);
	if (function != NULL &&
	    authorize_function(function + strlen(NO_FUNCTION)) == SQLITE_OK) {
		(void)err_set(err, ERR_FAILED, "%s", sqlite3_errmsg(r->sqlite));
		return err_hint(err, "the schema needs a newer SQLite than this one (%s): the dump itself can be had with --to sql:PATH",
		    sqlite3_libversion());
	}
	return err_set(err, code, "%s", sqlite3_errmsg(r->sqlite));
}

/* A dump's own; data_version is what FTS5 asks by itself. */
static int authorize_pragma(const char *name)
{
	static const char *const allowed[] = {
		"defer_foreign_keys", "user_version", "application_id", "data_version",
	};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strcasecmp(name, allowed[i]) == 0)
			return SQLITE_OK;
	}
	return SQLITE_DENY;
}

/* The modules D1 has. */
static int authorize_module(const char *module)
{
	static const char *const allowed[] = { "fts5", "fts5vocab", "rtree", "rtree_i32" };

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strcasecmp(module, allowed[i]) == 0)
			return SQLITE_OK;
	}
	return SQLITE_DENY;
}

/* ANALYZE of the schema alone: makes the table that the dump then fills. */
static int authorize_analyze(const char *table)
{
	return strcasecmp(table, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
}

/* sqlite.org/c3ref/c_alter_table.html names the actions and their arguments. */
static int authorize(void *ctx, int action, const char *a, const char *b, const char *schema,
    const char *trigger)
{
	(void)ctx, (void)trigger;
	switch (action) {
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_INDEX:
	case SQLITE_CREATE_VIEW:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_DROP_TABLE:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return schema == NULL || strcmp(schema, "main") == 0 ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_READ:
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
	case SQLITE_REINDEX:
		return SQLITE_OK;
	case SQLITE_CREATE_VTABLE:
		return authorize_module(b);
	case SQLITE_ANALYZE:
		return authorize_analyze(a);
	case SQLITE_FUNCTION:
		return authorize_function(b);
	case SQLITE_PRAGMA:
		return authorize_pragma(a);
	default:
		return SQLITE_DENY;
	}
}

static int on_progress(void *arg)
{
	(void)arg;
	return stop_requested();
}

/* Rows that break a CHECK of their own table (D1 lets people switch it off) were
 * there, and come back.
 * The schema stays trusted: SQLite calls even ->> in a CHECK unsafe otherwise, and
 * the authorizer sees what functions a trigger or an index calls.
 * The file is new and nobody else's: no journal, no syncs until the end. A
 * crash leaves a temporary file, never a half one under its real name. */
static int begin(struct replay *r, struct err *err)
{
	static const char settings[] =
	    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
	    "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; BEGIN";

	if (sqlite3_exec(r->sqlite, settings, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(r, ERR_FAILED, err);
	(void)sqlite3_limit(r->sqlite, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_db_config(r->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_set_authorizer(r->sqlite, authorize, NULL);
	sqlite3_progress_handler(r->sqlite, PROGRESS_STEPS, on_progress, NULL);
	return 0;
}

/* SQLite would open what is there, and let everybody read it. */
static int create_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, errno, "cannot create \"%s\"", path);
	(void)close(fd);
	return 0;
}

struct replay *replay_open(const char *path, struct err *err)
{
	struct replay *r;

	if (create_file(path, err) != 0)
		return NULL;
	r = mem_calloc(1, sizeof(*r));
	r->path = mem_strdup(path);
	if (sqlite3_open_v2(path, &r->sqlite, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		(void)sqlite_fail(r, ERR_FAILED, err);
	else if (begin(r, err) == 0)
		return r;
	replay_free(r);
	return NULL;
}

/* Run one statement and move `*sql` behind it. */
static int run_statement(struct replay *r, const char **sql, const char *end, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *tail = end;
	int rc;

	rc = sqlite3_prepare_v2(r->sqlite, *sql, (int)(end - *sql) + 1, &stmt, &tail);
	if (rc == SQLITE_OK && stmt != NULL) {
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			;
		if (rc == SQLITE_DONE)
			rc = SQLITE_OK;
	}
	if (rc != SQLITE_OK)
		(void)sqlite_fail(r, ERR_CORRUPT, err);
	(void)sqlite3_finalize(stmt);
	*sql = tail;
	return rc == SQLITE_OK ? 0 : -1;
}

int replay_apply(struct replay *replay, const struct buf *sql, struct err *err)
{
	const char *p = buf_str(sql), *end = p + sql->len;

	/* SQLite would stop reading there in silence. */
	if (memchr(p, '\0', sql->len) != NULL)
		return err_set(err, ERR_CORRUPT, "the SQL holds a NUL byte");
	while (p < end) {
		if (stop_check(err) != 0 || run_statement(replay, &p, end, err) != 0)
			return -1;
	}
	return 0;
}

static int check_count(struct replay *r, const struct manifest_table *t, struct err *err)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", t->name);
	sqlite3_stmt *stmt = NULL;
	int64_t rows = -1;
	int rc;

	if (sql == NULL)
		return err_set(err, ERR_FAILED, "no memory");
	rc = sqlite3_prepare_v2(r->sqlite, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		rows = sqlite3_column_int64(stmt, 0);
	else
		(void)sqlite_fail(r, ERR_CORRUPT, err);
	(void)sqlite3_finalize(stmt);
	sqlite3_free(sql);
	if (rows < 0)
		return err_wrap(err, "table \"%s\"", t->name);
	if (rows != t->rows)
		return err_set(err, ERR_CORRUPT, "table \"%s\" has %lld rows instead of %lld", t->name,
		    (long long)rows, (long long)t->rows);
	return 0;
}

static int sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_sys(err, errno, "cannot open \"%s\"", path);
	if (fsync(fd) != 0)
		rc = err_sys(err, errno, "cannot sync \"%s\"", path);
	(void)close(fd);
	return rc;
}

int replay_commit(struct replay *replay, const struct manifest *m, struct err *err)
{
	for (size_t i = 0; i < m->table_count; i++) {
		if (check_count(replay, &m->tables[i], err) != 0)
			return -1;
	}
	(void)sqlite3_set_authorizer(replay->sqlite, NULL, NULL);
	if (sqlite3_exec(replay->sqlite, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(replay, ERR_CORRUPT, err);
	return sync_file(replay->path, err);
}

void replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	(void)sqlite3_close(replay->sqlite);
	free(replay->path);
	free(replay);
}

#include "restore/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "restore/authorize.h"
#include "restore/bulk.h"
#include "restore/official.h"
#include "tables/virtual.h"

#define PROGRESS_STEPS 100000
/* Of SQLite's virtual machine, for each byte the file may have: some thousand times
 * what rows and indexes take. */
#define STEPS_A_BYTE 100
/* Of memory, for all of SQLite in this process: a dump that needs more is none of
 * ours. Rows are at most 64 MiB as SQL. */
#define HEAP_MAX_BYTES (INT64_C(1) << 30)
#define NO_FUNCTION "no such function: "
#define NO_TABLE "no such table: "

struct replay {
	sqlite3 *sqlite;
	char *path;
	int64_t max_bytes;
	int64_t ticks;           /* of PROGRESS_STEPS */
	bool out_of_time;
	struct authorize authorize;
	replay_ran *ran;
	void *ran_ctx;
	bool pass_over, passed_over;
	char *why;               /* better than SQLite's own message, or NULL */
	struct bulk bulk;
};

/* Our own ceiling, or the disk? SQLite says the same of both. */
static bool reached_ceiling(const struct replay *r)
{
	struct stat st;

	return r->max_bytes > 0 && stat(r->path, &st) == 0 && st.st_size + 65536 >= r->max_bytes;
}

static const char *message_of(const struct replay *r)
{
	return r->why != NULL ? r->why : sqlite3_errmsg(r->sqlite);
}

static int code_of(const struct replay *r)
{
	return r->why != NULL ? SQLITE_ERROR : sqlite3_errcode(r->sqlite) & 0xff;
}

static bool is_bare(const char *message)
{
	return strcmp(message, sqlite3_errstr(SQLITE_ERROR)) == 0;
}

/* D1's engine is newer than most machines' SQLite: that is no damage. FTS5 has had
 * new options of its tables ("unrecognized option", "unrecognized column option"),
 * new tokenizers, and new commands, of whose refusal it says nothing at all. */
static bool needs_newer(const struct replay *r)
{
	const char *message = message_of(r);
	const char *function = strstr(message, NO_FUNCTION);

	if (code_of(r) != SQLITE_ERROR)
		return false;
	if (function != NULL)
		return authorize_allows_function(function + strlen(NO_FUNCTION));
	return strncmp(message, "unrecognized option", 19) == 0 ||
	    strncmp(message, "unrecognized column option", 26) == 0 ||
	    strstr(message, "no such tokenizer") != NULL || is_bare(message);
}

static int sqlite_fail(struct replay *r, enum err_code code, struct err *err)
{
	switch (code_of(r)) {
	case SQLITE_INTERRUPT:
		if (r->out_of_time && !stop_requested())
			return err_set(err, ERR_CORRUPT, "the dump computes without end");
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	case SQLITE_FULL:
		if (reached_ceiling(r))
			return err_set(err, ERR_CORRUPT, "the dump makes a file many times its own size");
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
	if (needs_newer(r)) {
		(void)err_set(err, ERR_FAILED, "%s", message_of(r));
		return err_hint(err, "the schema needs a newer SQLite than this one (%s): the dump itself can be had with --to sql:PATH",
		    sqlite3_libversion());
	}
	return err_set(err, code, "%s", message_of(r));
}

/* Also ends what would never end by itself: a statement may compute for ever and
 * write nothing. */
static int on_progress(void *arg)
{
	struct replay *r = arg;

	r->ticks++;
	r->out_of_time = r->max_bytes > 0 &&
	    r->ticks > r->max_bytes / PROGRESS_STEPS * STEPS_A_BYTE;
	return stop_requested() || r->out_of_time;
}

/* Rows that break a CHECK of their own table (D1 lets people switch it off) were
 * there, and come back.
 * The schema stays trusted: SQLite calls even ->> in a CHECK unsafe otherwise, and
 * the authorizer sees what functions a trigger or an index calls.
 * Keys of a table need not come in their order: what does not find its page of the
 * index in memory reads it again, and 12 MiB is what the whole process can spare.
 * The file is new and nobody else's: no journal, no syncs until the end. A
 * crash leaves a temporary file, never a half one under its real name. */
static int begin(struct replay *r, struct err *err)
{
	static const char settings[] =
	    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-12288;"
	    "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; BEGIN";

	if (sqlite3_exec(r->sqlite, settings, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(r, ERR_FAILED, err);
	authorize_install(r->sqlite, &r->authorize);
	sqlite3_progress_handler(r->sqlite, PROGRESS_STEPS, on_progress, r);
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

/* Pages of at most 4 KiB: SQLite's own size for a new file. */
static int limit_size(struct replay *r, int64_t max_bytes, struct err *err)
{
	AUTO_STR pragma = mem_printf("PRAGMA max_page_count=%lld", (long long)(max_bytes / 4096 + 1));

	if (max_bytes == 0 || sqlite3_exec(r->sqlite, pragma, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return sqlite_fail(r, ERR_FAILED, err);
}

struct replay *replay_open(const struct replay_options *options, struct err *err)
{
	struct replay *r;

	if (!options->existing && create_file(options->path, err) != 0)
		return NULL;
	r = mem_calloc(1, sizeof(*r));
	r->path = mem_strdup(options->path);
	r->authorize = (struct authorize){ options->seen, options->ctx };
	r->max_bytes = options->max_bytes;
	r->ran = options->ran;
	r->ran_ctx = options->ctx;
	r->pass_over = options->pass_over;
	(void)sqlite3_hard_heap_limit64(HEAP_MAX_BYTES);
	/* One thread uses it at a time, so SQLite need not lock each call. */
	if (sqlite3_open_v2(options->path, &r->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		(void)sqlite_fail(r, ERR_FAILED, err);
	else if (limit_size(r, options->max_bytes, err) == 0 && begin(r, err) == 0) {
		r->bulk.sqlite = r->sqlite;
		return r;
	}
	replay_free(r);
	return NULL;
}

int replay_run_own(struct replay *replay, const char *sql, struct err *err)
{
	int rc;

	authorize_remove(replay->sqlite);
	rc = sqlite3_exec(replay->sqlite, sql, NULL, NULL, NULL);
	authorize_install(replay->sqlite, &replay->authorize);
	return rc == SQLITE_OK ? 0 : sqlite_fail(replay, ERR_FAILED, err);
}

static bool may_pass_over(const struct replay *r)
{
	if (!r->pass_over)
		return false;
	return needs_newer(r) || (r->passed_over &&
	    strncmp(message_of(r), NO_TABLE, strlen(NO_TABLE)) == 0);
}

/* Of a statement that does not even compile, SQLite does not tell the end. */
static const char *find_end(const char *sql, const char *end)
{
	size_t from = 0, len = official_statement(sql, (size_t)(end - sql), true, &from);

	while (len > 0 && sql[len - 1] == '\n')
		len--;
	return len > 0 ? sql + len : end;
}

static void forget_reason(struct replay *r)
{
	free(r->why);
	r->why = NULL;
}

/* The text of the full-text table that this statement rebuilds, or NULL. */
static char *rebuilt_table(struct replay *r, const char *sql, size_t len)
{
	static const char find[] = "SELECT sql FROM sqlite_schema WHERE type='table' AND"
	    " trim(?1,char(10))=format('INSERT INTO \"%w\"(\"%w\") VALUES(''rebuild'');',name,name)";
	sqlite3_stmt *stmt = NULL;
	char *text = NULL;

	if (sqlite3_prepare_v2(r->sqlite, find, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, sql, (int)len, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		text = mem_strdup((const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	return text;
}

/* Can SQLite read the table or view at all? NULL: it can. */
static char *why_unreadable(struct replay *r, const char *name)
{
	char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", name);
	sqlite3_stmt *stmt = NULL;
	char *why = NULL;

	if (sql != NULL && sqlite3_prepare_v2(r->sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
		why = mem_strdup(sqlite3_errmsg(r->sqlite));
	(void)sqlite3_finalize(stmt);
	sqlite3_free(sql);
	return why;
}

/* FTS5 does not say why it cannot rebuild an index. SQLite does, when it is asked for
 * what the index is made from. */
static void find_reason(struct replay *r, const char *sql, size_t len)
{
	struct virtual_decl decl = { .kind = VIRTUAL_OTHER };
	AUTO_STR table = NULL;

	if (code_of(r) != SQLITE_ERROR || !is_bare(message_of(r)))
		return;
	authorize_remove(r->sqlite);
	table = rebuilt_table(r, sql, len);
	if (table != NULL && virtual_read(table, &decl) && decl.content != NULL)
		r->why = why_unreadable(r, decl.content);
	if (r->why == NULL)
		r->why = mem_strdup(table == NULL ? sqlite3_errstr(SQLITE_ERROR) :
		    "a full-text index cannot be rebuilt from what is there");
	virtual_release(&decl);
	authorize_install(r->sqlite, &r->authorize);
}

/* Run one statement and move `*sql` behind it. */
static int run_statement(struct replay *r, const char **sql, const char *end, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *tail = end;
	bool passed = false;
	int rc;

	rc = sqlite3_prepare_v2(r->sqlite, *sql, (int)(end - *sql) + 1, &stmt, &tail);
	if (rc == SQLITE_OK && stmt != NULL) {
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			;
		if (rc == SQLITE_DONE)
			rc = SQLITE_OK;
	}
	if (rc != SQLITE_OK)
		find_reason(r, *sql, (size_t)(tail - *sql));
	if (rc != SQLITE_OK && may_pass_over(r)) {
		forget_reason(r);
		tail = stmt == NULL ? find_end(*sql, end) : tail;
		r->passed_over = passed = true;
		rc = SQLITE_OK;
	} else if (rc != SQLITE_OK) {
		(void)sqlite_fail(r, ERR_CORRUPT, err);
	}
	(void)sqlite3_finalize(stmt);
	if (rc == SQLITE_OK && (stmt != NULL || passed) && r->ran != NULL)
		r->ran(r->ran_ctx, r->sqlite, *sql, (size_t)(tail - *sql));
	*sql = tail;
	return rc == SQLITE_OK ? 0 : -1;
}

/* Rows go a shorter way, unless somebody wants to see every statement. */
static int run_next(struct replay *r, const char **sql, const char *end, struct err *err)
{
	size_t len;

	if (r->ran == NULL && r->authorize.seen == NULL) {
		switch (bulk_run(&r->bulk, *sql, end, &len)) {
		case BULK_DONE:
			*sql += len;
			return 0;
		case BULK_FAILED:
			return sqlite_fail(r, ERR_CORRUPT, err);
		default:
			bulk_forget(&r->bulk);
		}
	}
	return run_statement(r, sql, end, err);
}

int replay_apply(struct replay *replay, const struct buf *sql, struct err *err)
{
	const char *p = buf_str(sql), *end = p + sql->len;

	/* SQLite would stop reading there in silence. */
	if (memchr(p, '\0', sql->len) != NULL)
		return err_set(err, ERR_CORRUPT, "the SQL holds a NUL byte");
	while (p < end) {
		if (stop_check(err) != 0 || run_next(replay, &p, end, err) != 0)
			return -1;
	}
	return 0;
}

/* Sorted pieces are as large as the cache: of small ones, one is sorted while the next
 * is filled. */
int replay_rows_done(struct replay *replay, struct err *err)
{
	return replay_run_own(replay, "PRAGMA cache_size=-4096; PRAGMA threads=1", err);
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

int replay_commit(struct replay *replay, const struct manifest *m, struct err *err)
{
	for (size_t i = 0; m != NULL && i < m->table_count; i++) {
		if (check_count(replay, &m->tables[i], err) != 0)
			return -1;
	}
	bulk_forget(&replay->bulk);
	authorize_remove(replay->sqlite);
	if (sqlite3_exec(replay->sqlite, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(replay, ERR_CORRUPT, err);
	return 0;
}

void replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	bulk_release(&replay->bulk);
	(void)sqlite3_close(replay->sqlite);
	forget_reason(replay);
	free(replay->path);
	free(replay);
}

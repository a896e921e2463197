#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "state/internal.h"
#include "state/state.h"

#define BUSY_MS 2000

int state_error(struct state *state, struct err *err)
{
	int rc = sqlite3_errcode(state->db);
	enum err_code code = ERR_FAILED;

	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		code = ERR_CORRUPT;
	else if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		code = ERR_AGAIN;
	(void)err_set(err, code, "\"%s\": %s", state->path, sqlite3_errmsg(state->db));
	if (rc == SQLITE_FULL)
		(void)err_hint(err, "free some space; backups go on, their history is not kept meanwhile");
	return -1;
}

static int run_text(struct state *state, const char *sql, struct err *err)
{
	return sqlite3_exec(state->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 :
	    state_error(state, err);
}

static int read_number(struct state *state, const char *sql, int *ret, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(state->db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		rc = state_error(state, err);
	else
		*ret = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return rc;
}

/* The format number and its tables come in one transaction: a file has both or
 * neither. */
static int bring_to_format(struct state *state, const char *sql, struct err *err)
{
	char version[64];

	(void)snprintf(version, sizeof(version), "PRAGMA user_version = %d", STATE_FORMAT);
	if (run_text(state, "BEGIN IMMEDIATE", err) != 0)
		return -1;
	if (run_text(state, sql, err) != 0 || run_text(state, version, err) != 0 ||
	    run_text(state, "COMMIT", err) != 0) {
		/* Tables that format 1 would have are not there. */
		if (err != NULL && sqlite3_errcode(state->db) == SQLITE_ERROR)
			err->code = ERR_CORRUPT;
		(void)run_text(state, "ROLLBACK", NULL);
		return -1;
	}
	return 0;
}

static int refuse_format(const struct state *state, int format, struct err *err)
{
	(void)err_set(err, ERR_FAILED, "\"%s\" has format %d; this d1keep knows format %d",
	    state->path, format, STATE_FORMAT);
	return err_hint(err, format < STATE_FORMAT ?
	    "restart d1keepd: it brings the file to its own format" :
	    "use the d1keep that wrote it, or move the file away: only the history is lost");
}

static int check_format(struct state *state, bool create, struct err *err)
{
	int format, tables;

	if (read_number(state, "PRAGMA user_version", &format, err) != 0 ||
	    read_number(state, "SELECT count(*) FROM sqlite_schema", &tables, err) != 0)
		return -1;
	if (format == STATE_FORMAT)
		return 0;
	if (format == 1 && create)
		return bring_to_format(state, state_from_format_1, err);
	if (format != 0)
		return refuse_format(state, format, err);
	if (tables != 0)
		return err_set(err, ERR_CORRUPT, "\"%s\" is not a state file of d1keep", state->path);
	if (!create)
		return err_set(err, ERR_NOT_FOUND, "\"%s\" is still empty", state->path);
	return bring_to_format(state, state_schema, err);
}

/* A statement that this file cannot prepare means a missing table or column:
 * whatever it is, it is not what its format number says. */
static int prepare_all(struct state *state, struct err *err)
{
	for (int i = 0; i < SQL_COUNT; i++) {
		if (sqlite3_prepare_v3(state->db, state_sql_text[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &state->sql[i], NULL) == SQLITE_OK)
			continue;
		(void)state_error(state, err);
		if (err != NULL && sqlite3_errcode(state->db) == SQLITE_ERROR)
			err->code = ERR_CORRUPT;
		return -1;
	}
	return 0;
}

/*
 * WAL: a reader, however slow, never holds up the daemon's loop, nor does the
 * disk, since a commit waits for no fsync (synchronous = NORMAL). What a power
 * cut may cost is the last few notes, and so at most a backup taken twice.
 */
static int set_up(struct state *state, bool create, struct err *err)
{
	(void)sqlite3_busy_timeout(state->db, BUSY_MS);
	if (create && run_text(state, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", err) != 0)
		return -1;
	if (check_format(state, create, err) != 0 || prepare_all(state, err) != 0)
		return -1;
	return create ? 0 : run_text(state, "PRAGMA query_only = ON", err);
}

static struct state *open_path(const char *path, bool create, struct err *err)
{
	struct state *state = mem_calloc(1, sizeof(*state));
	/* Also a reader asks for writing: after a crash the journal has to be
	 * recovered. SQLite falls back to reading where it may not. */
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    (create ? SQLITE_OPEN_CREATE : 0);

	state->path = mem_strdup(path);
	if (sqlite3_open_v2(path, &state->db, flags, NULL) != SQLITE_OK)
		(void)state_error(state, err);
	else if (set_up(state, create, err) == 0)
		return state;
	state_close(state);
	return NULL;
}

struct state *state_open(const char *state_dir, bool create, struct err *err)
{
	AUTO_STR path = mem_printf("%s/state.db", state_dir);

	if (create && dir_make(state_dir, 0700, err) != 0)
		return NULL;
	if (!create && access(path, F_OK) != 0) {
		(void)err_sys(err, errno, "cannot open \"%s\"", path);
		return NULL;
	}
	return open_path(path, create, err);
}

struct state *state_open_memory(struct err *err)
{
	return open_path(":memory:", true, err);
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	for (int i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(state->sql[i]);
	(void)sqlite3_close(state->db);
	free(state->path);
	free(state);
}

/* The journals keep their file's new name, so that the pair can still be
 * looked into with the sqlite3 shell. A journal left behind would be applied
 * to the new file. */
char *state_set_aside(const char *state_dir, int64_t now, struct err *err)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };
	char stamp[STAMP_COMPACT_SIZE];
	char *aside = mem_printf("%s/state.db.corrupt-%s", state_dir, stamp_compact(now, stamp));

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		AUTO_STR from = mem_printf("%s/state.db%s", state_dir, suffixes[i]);
		AUTO_STR to = mem_printf("%s%s", aside, suffixes[i]);

		if (rename(from, to) != 0 && errno != ENOENT) {
			(void)err_sys(err, errno, "cannot rename \"%s\"", from);
			mem_free_str(&aside);
			return NULL;
		}
	}
	return aside;
}

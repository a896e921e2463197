#include "restore/rebuild.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/stop.h"
#include "base/tempdir.h"
#include "restore/restore.h"

#define PROGRESS_STEPS 100000

/* Virtual tables whose module can check itself. SQLite does that by itself since
 * 3.44, as part of the integrity check. */
static const char fts5_tables[] =
    "SELECT format('INSERT INTO \"%w\"(\"%w\") VALUES(''integrity-check'')', name, name)"
    " FROM sqlite_schema WHERE type='table' AND sql LIKE 'CREATE VIRTUAL TABLE%USING fts5%(%'"
    " AND name IN (SELECT substr(name, 1, length(name) - 7) FROM sqlite_schema WHERE name LIKE '%\\_docsize' ESCAPE '\\'"
    " UNION SELECT substr(name, 1, length(name) - 8) FROM sqlite_schema WHERE name LIKE '%\\_content' ESCAPE '\\')";

static int on_progress(void *arg)
{
	(void)arg;
	return stop_requested();
}

static int fail(sqlite3 *sqlite, struct err *err)
{
	if (sqlite3_errcode(sqlite) == SQLITE_INTERRUPT)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return err_set(err, ERR_FAILED, "check the rebuilt database: %s", sqlite3_errmsg(sqlite));
}

/* Each row that is not "ok" is a problem. Not rows that break a CHECK: they did so
 * in the database that was read (check_file), and their hashes were compared. */
static int check_integrity(sqlite3 *sqlite, struct verdict *v, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(sqlite, "PRAGMA integrity_check", -1, &stmt, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		if (text == NULL || sqlite3_stricmp(text, "ok") != 0)
			verdict_add_problem(v, text != NULL ? text : "?");
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_DONE)
		(void)fail(sqlite, err);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int check_one_index(sqlite3 *sqlite, const char *sql, struct verdict *v, struct err *err)
{
	int rc = sqlite3_exec(sqlite, sql, NULL, NULL, NULL);
	AUTO_STR problem = NULL;

	if (rc == SQLITE_OK)
		return 0;
	if (rc == SQLITE_INTERRUPT)
		return fail(sqlite, err);
	problem = mem_printf("%s: %s", sql, sqlite3_errmsg(sqlite));
	verdict_add_problem(v, problem);
	return 0;
}

/* Nothing of these checks is kept. */
static int check_full_text(sqlite3 *sqlite, struct verdict *v, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(sqlite, fts5_tables, -1, &stmt, NULL);
	int checked = 0;

	while (checked == 0 && rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		checked = check_one_index(sqlite, (const char *)sqlite3_column_text(stmt, 0), v, err);
		rc = SQLITE_OK;
	}
	if (checked == 0 && rc != SQLITE_DONE)
		checked = fail(sqlite, err);
	(void)sqlite3_finalize(stmt);
	return checked;
}

static int check_file(const char *path, struct verdict *v, struct err *err)
{
	sqlite3 *sqlite = NULL;
	int rc = -1;

	if (sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		(void)fail(sqlite, err);
	} else {
		sqlite3_progress_handler(sqlite, PROGRESS_STEPS, on_progress, NULL);
		/* What FTS5 would write must not touch the disk. */
		(void)sqlite3_exec(sqlite, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		    " PRAGMA ignore_check_constraints=ON", NULL, NULL, NULL);
		rc = check_integrity(sqlite, v, err) == 0 && check_full_text(sqlite, v, err) == 0 ? 0 : -1;
	}
	(void)sqlite3_close(sqlite);
	return rc;
}

static void note_comparison(const struct check_result *c, struct verdict *v)
{
	struct err words = ERR_INIT;

	if (check_verdict(c, &words) != 0)
		verdict_add_problem(v, words.msg);
	if (!c->violations_known)
		v->broken_references = -1;
	for (size_t i = 0; i < c->violation_count; i++)
		v->broken_references += c->violations[i].rows;
}

static int rebuild(const struct verify_options *o, const char *path, struct verdict *v,
    struct err *err)
{
	struct target target = { .kind = TARGET_SQLITE, .path = (char *)(uintptr_t)path };
	struct restore_result result;
	int rc = restore_snapshot(&(struct restore_options){
		.store = o->store, .manifest = &o->snapshot->manifest, .target = &target,
		.check_content = true, .temporary = true, .workers = o->workers,
		.progress = o->progress, .progress_ctx = o->progress_ctx, .result = &result,
	}, err);

	/* Compared and found different: that is a finding, not a failure. */
	if (result.checked) {
		note_comparison(&result.check, v);
		if (rc == 0)
			rc = check_file(path, v, err);
		else
			rc = 0;
	}
	restore_result_release(&result);
	return rc;
}

int rebuild_and_check(const struct verify_options *options, struct verdict *verdict,
    struct err *err)
{
	char *folder = tempdir_make(err);
	AUTO_STR path = NULL;
	int rc;

	if (folder == NULL)
		return -1;
	path = mem_printf("%s/rebuilt.sqlite", folder);
	rc = rebuild(options, path, verdict, err);
	tempdir_remove(folder);
	return rc;
}

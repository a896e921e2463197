/*
 * Into a D1, through its import API: one transaction where the snapshot fits, so
 * that it comes back whole or not at all. The order is that of safety: the
 * snapshot's statements, what is there, every chunk fetched, checked and on disk,
 * a new database made where one is wanted, the bookmark that undoes it, the import,
 * and then everything read back and compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/tempdir.h"
#include "net/d1_import.h"
#include "restore/restore_internal.h"
#include "restore/script.h"

/* One import takes up to 5 GB (CLOUDFLARE.md 5.1); people have seen the isolate
 * run out of memory well below. It is tried whole up to here, and after a reset for
 * memory in parts that have worked for everybody. */
#define ONE_PART_BYTES (INT64_C(1) << 30)
#define SMALL_PART_BYTES (INT64_C(64) << 20)

/* How long to wait for a database that is taken up by an import of ours. */
#define SETTLE_PAUSE_MS 3000
#define SETTLE_TRIES 200

struct restoring {
	const struct restore_options *options;
	const struct restore_d1 *d1;
	struct restore_result *result;
	struct inventory inventory;
	char *folder;
	char *target_name;
	int64_t part_bytes;
	struct db *db;               /* of `d1`, or made since */
	const char *id;
	bool begun;                  /* an import was tried */
	bool unknown;                /* the last one's outcome could not be found out */
};

static void say(const struct restoring *r, const char *text)
{
	if (r->d1->stage != NULL)
		r->d1->stage(r->d1->stage_ctx, text);
}

/* ---- before anything is touched ---- */

static int prepare(struct restoring *r, struct err *err)
{
	const struct restore_options *o = r->options;

	if (inventory_read(o->store, o->manifest, o->workers, &r->inventory, err) != 0)
		return -1;
	if (plan_make(&(struct plan_options){
		.target = r->db, .target_name = r->target_name, .manifest = o->manifest,
		.inventory = &r->inventory, .selection = o->selection, .replace = o->replace,
		.count_before = o->dry_run, .enforces_foreign_keys = true,
	}, &r->result->plan, err) != 0)
		return -1;
	r->result->planned = true;
	return 0;
}

static int write_script(const struct restoring *r, struct script *ret, struct err *err)
{
	const struct restore_options *o = r->options;
	AUTO_STR mark = mem_printf("d1keep: %s/%s@%s to %s at %lld", o->manifest->environment,
	    o->manifest->database, o->manifest->id, r->target_name,
	    (long long)clock_now_ms(r->d1->clock));

	(void)printable(mark);   /* it must stay within its comment */
	say(r, "fetch and check");
	return script_write(&(struct script_options){
		.store = o->store, .manifest = o->manifest, .inventory = &r->inventory,
		.selection = o->selection, .workers = o->workers, .drops = &r->result->plan.drops,
		.rebuilds = &r->result->plan.rebuilds,
		.part_bytes = r->result->plan.sql_bytes > r->part_bytes ? r->part_bytes : 0,
		.ignore_checks = r->result->ignored_checks, .for_d1 = true, .mark = mark,
		.progress = o->progress, .progress_ctx = o->progress_ctx,
	}, r->folder, ret, err);
}

/* ---- importing ---- */

struct telling {
	const struct restoring *r;
	size_t part, parts;
};

static void on_import(void *ctx, const char *message)
{
	const struct telling *t = ctx;
	AUTO_STR text = t->parts == 1 ? mem_printf("import: %s", message) :
	    mem_printf("import part %zu of %zu: %s", t->part, t->parts, message);

	say(t->r, text);
}

/* The newest part whose note is there: 0 when there is no such table. Asked until
 * the database answers at all. */
static int ask_last_part(const struct restoring *r, int64_t *ret, struct err *err)
{
	static const char is_there[] =
	    "SELECT count(*) FROM sqlite_schema WHERE name='" SCRIPT_NOTE_TABLE "'";
	static const char newest[] = "SELECT max(part) FROM \"" SCRIPT_NOTE_TABLE "\"";

	for (int i = 0; i < SETTLE_TRIES; i++) {
		AUTO_ANSWER answer = { 0 };
		int rc = db_query(r->db, (const char *const[]){ is_there }, 1, &answer, err);

		*ret = 0;
		if (rc == 0 && db_cell_int(db_cell(&answer.rows[0], 0, 0), ret) && *ret > 0) {
			db_answer_release(&answer);
			rc = db_query(r->db, (const char *const[]){ newest }, 1, &answer, err);
			if (rc == 0)
				(void)db_cell_int(db_cell(&answer.rows[0], 0, 0), ret);
		}
		if (rc == 0 || err->code != ERR_AGAIN)
			return rc;
		clock_wait_ms(r->d1->clock, SETTLE_PAUSE_MS);
	}
	return -1;
}

/* Are the rows what they shall be? Counts alone would also fit what was there
 * before. 1 or 0; -1: it cannot be found out. */
static int holds_the_rows(const struct restoring *r, struct err *err)
{
	struct check_result check;
	int rc;

	if (check_database(&(struct check_options){
		.db = r->db, .manifest = r->options->manifest,
		.selection = r->options->selection, .content = true,
	}, &check, err) != 0)
		return -1;
	rc = check.difference_count == 0;
	check_result_release(&check);
	return rc;
}

/* The answer was lost: did it happen? Every part but the last leaves a note. What
 * the last one made is known by its rows; where the bookmark has not moved, nothing
 * was written (CLOUDFLARE.md 4.2). 1 or 0; -1: it cannot be found out. */
static int has_happened(const struct restoring *r, size_t part, size_t parts,
    const char *bookmark, struct err *err)
{
	AUTO_STR now = NULL;
	int64_t newest = 0;

	if (ask_last_part(r, &newest, err) != 0)
		return -1;
	if (part < parts)
		return newest == (int64_t)part;
	if (parts > 1)
		return newest == 0;
	if (db_bookmark(r->db, &now, err) != 0)
		return -1;
	return now != NULL && bookmark != NULL && strcmp(now, bookmark) == 0 ? 0 :
	    holds_the_rows(r, err);
}

/* It was rolled back, and the words of the reason are lost. */
static void look_for_a_reason(const struct restoring *r, struct err *err)
{
	struct err reason = ERR_INIT;

	if (r->inventory.references.count == 0)
		return;
	say(r, "it did not happen: look for broken foreign keys");
	if (restore_check_keys(r->options, r->folder, &reason) != 0) {
		*err = reason;
		return;
	}
	err->hint[0] = '\0';
	if (r->options->selection->count > 0)
		(void)err_hint(err, "if it fails again: rows may refer to rows that are not there; choose those tables too (--table)");
}

static int settle(struct restoring *r, size_t part, size_t parts, const char *bookmark,
    struct err *err)
{
	struct err asked = ERR_INIT;
	int happened;

	say(r, "the import's answer was lost: look what happened");
	happened = has_happened(r, part, parts, bookmark, &asked);
	if (happened == 1) {
		err_clear(err);
		return 0;
	}
	r->unknown = happened < 0;
	if (r->unknown) {
		*err = asked;
		return -1;
	}
	(void)err_wrap(err, "D1 rolled the import back, and its reason was lost");
	look_for_a_reason(r, err);
	return -1;
}

static int import_part(struct restoring *r, const struct script *script, size_t i, struct err *err)
{
	struct telling telling = { r, i + 1, script->count };
	AUTO_STR bookmark = NULL;
	struct d1_import_result result;
	int rc;

	if (db_bookmark(r->db, &bookmark, err) != 0)
		return -1;
	rc = d1_import(&(struct d1_import_options){
		.api = r->d1->api, .database_id = r->id, .path = script->paths[i],
		.bookmark = bookmark, .clock = r->d1->clock,
		.progress = on_import, .progress_ctx = &telling,
	}, &result, err);
	if (rc != 0 && result.unknown)
		rc = settle(r, i + 1, script->count, bookmark, err);
	if (rc == 0) {
		r->result->parts_done++;
		if (result.rows_written >= 0)
			r->result->rows_written = result.rows_written +
			    (r->result->rows_written > 0 ? r->result->rows_written : 0);
	}
	d1_import_result_release(&result);
	return rc;
}

/* Everything was fetched and checked: from here on something is touched. */
static int begin(struct restoring *r, struct err *err)
{
	if (r->begun)
		return 0;
	if (r->db == NULL && r->d1->create(r->d1->create_ctx, &r->db, &r->id, err) != 0)
		return -1;
	if (db_bookmark(r->db, &r->result->bookmark_before, err) != 0)
		return -1;
	r->begun = true;
	if (r->d1->bookmark != NULL && r->d1->create == NULL)
		r->d1->bookmark(r->d1->bookmark_ctx, r->result->bookmark_before);
	return 0;
}

/* Parts that are done already are the same as before, line by line, but for checks. */
static int import_all(struct restoring *r, struct err *err)
{
	struct script script;
	int rc;

	if (write_script(r, &script, err) != 0)
		return -1;
	r->result->parts = script.parts;
	r->result->left_out = script.left_out;
	rc = begin(r, err);
	for (size_t i = r->result->parts_done; i < script.count && rc == 0; i++)
		rc = import_part(r, &script, i, err);
	for (size_t i = 0; i < script.count; i++)
		(void)unlink(script.paths[i]);
	script_release(&script);
	return rc;
}

/* ---- another try, where that is known to help ---- */

/* 0, -1, or 1: worth another try of what is not done. */
static int try_import(struct restoring *r, struct err *err)
{
	int rc = import_all(r, err);

	if (rc == 0 || r->unknown)
		return rc;
	if (err->code == ERR_TOO_BIG && r->part_bytes > SMALL_PART_BYTES && r->result->parts_done == 0) {
		r->part_bytes = SMALL_PART_BYTES;
		say(r, "too much for one import: again, in parts");
		return 1;
	}
	if (err->code == ERR_FAILED && strstr(err->msg, "CHECK constraint failed") != NULL &&
	    !r->result->ignored_checks) {
		r->result->ignored_checks = true;
		say(r, "rows break a CHECK of their own table: again, without checks");
		return 1;
	}
	return -1;
}

/* The end of an import that failed was not run, and the pragma is no part of a
 * transaction. */
static void check_again(const struct restoring *r)
{
	static const char off[] = "PRAGMA ignore_check_constraints=OFF";
	AUTO_ANSWER answer = { 0 };

	if (r->result->ignored_checks)
		(void)db_query(r->db, (const char *const[]){ off }, 1, &answer, NULL);
}

static int import_with_tries(struct restoring *r, struct err *err)
{
	int rc;

	while ((rc = try_import(r, err)) == 1)
		err_clear(err);
	if (rc != 0)
		check_again(r);
	return rc;
}

/* ---- what to say when it did not go well ---- */

static int hint_back(const struct restoring *r, const char *otherwise, struct err *err)
{
	err->hint[0] = '\0';   /* this one is the more important */
	if (r->d1->create != NULL)
		return err_hint(err, "the new database is of no use: delete it, and begin again");
	return err_hint(err, "go back: d1keep undo %s %s%s", r->d1->name, r->result->bookmark_before,
	    otherwise);
}

static int hint_as_it_was(const struct restoring *r, struct err *err)
{
	if (r->d1->create != NULL && r->begun)
		return err_hint(err, "the new database is empty: delete it, and begin again");
	return -1;
}

/* In which state it is, and the ways on and back. */
static int say_where_it_stands(const struct restoring *r, struct err *err)
{
	const struct restore_result *result = r->result;

	if (r->unknown) {
		(void)err_wrap(err, "it is NOT KNOWN whether the import of part %zu of %zu into %s has happened",
		    result->parts_done + 1, result->parts, r->target_name);
		return hint_back(r, "; or look into it first", err);
	}
	if (result->parts_done > 0) {
		(void)err_wrap(err, "%s holds part %zu of %zu and is not usable", r->target_name,
		    result->parts_done, result->parts);
		return hint_back(r, "; or restore again with --replace", err);
	}
	(void)err_wrap(err, "%s is as it was", r->target_name);
	return hint_as_it_was(r, err);
}

static int compare(const struct restoring *r, struct err *err)
{
	say(r, "read back and compare");
	if (restore_check(r->options, r->db, NULL, err) == 0)
		return 0;
	(void)err_wrap(err, err->code == ERR_CORRUPT ? "%s was restored, but differs from the snapshot" :
	    "%s was restored, but could not be compared", r->target_name);
	return hint_back(r, "", err);
}

/* Everything a real one does before it touches anything: the same files, to
 * nowhere. */
static int run_dry(struct restoring *r, struct err *err)
{
	const struct restore_options *o = r->options;
	struct script script;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "cannot open /dev/null");
	rc = script_write_fd(&(struct script_options){
		.store = o->store, .manifest = o->manifest, .inventory = &r->inventory,
		.selection = o->selection, .workers = o->workers, .for_d1 = true,
		.part_bytes = r->result->plan.sql_bytes > r->part_bytes ? r->part_bytes : 0,
		.progress = o->progress, .progress_ctx = o->progress_ctx,
	}, fd, "/dev/null", &script, err);
	(void)close(fd);
	r->result->parts = script.parts;
	r->result->left_out = script.left_out;
	return rc;
}

static int run(struct restoring *r, struct err *err)
{
	r->folder = tempdir_make(err);
	if (r->folder == NULL)
		return -1;
	return import_with_tries(r, err) != 0 ? say_where_it_stands(r, err) : compare(r, err);
}

int restore_to_d1(const struct restore_options *options, struct err *err)
{
	struct restoring r = {
		.options = options, .d1 = options->d1, .result = options->result,
		.db = options->d1->db, .id = options->d1->id,
		.target_name = mem_printf("d1:%s", options->d1->name),
		.part_bytes = options->d1->part_bytes > 0 ? options->d1->part_bytes : ONE_PART_BYTES,
	};
	int rc = prepare(&r, err);

	if (rc == 0)
		rc = options->dry_run ? run_dry(&r, err) : run(&r, err);
	inventory_release(&r.inventory);
	tempdir_remove(r.folder);
	free(r.target_name);
	return rc;
}

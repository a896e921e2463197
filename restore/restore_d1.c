/*
 * Into a D1, through its import API: one transaction where the snapshot fits, so
 * that it comes back whole or not at all. The order is that of safety: the
 * snapshot's statements, what is there, every chunk fetched, checked and on disk,
 * the bookmark that undoes it, the import, and then everything read back and
 * compared.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
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
		.target = r->d1->db, .target_name = r->target_name, .manifest = o->manifest,
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
	AUTO_STR mark = mem_printf("d1keep: %s/%s@%s to %s after %s", o->manifest->environment,
	    o->manifest->database, o->manifest->id, r->target_name,
	    r->result->bookmark_before != NULL ? r->result->bookmark_before : "");

	say(r, "fetch and check");
	return script_write(&(struct script_options){
		.store = o->store, .manifest = o->manifest, .inventory = &r->inventory,
		.selection = o->selection, .workers = o->workers, .drops = &r->result->plan.drops,
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
		int rc = db_query(r->d1->db, (const char *const[]){ is_there }, 1, &answer, err);

		*ret = 0;
		if (rc == 0 && db_cell_int(db_cell(&answer.rows[0], 0, 0), ret) && *ret > 0) {
			db_answer_release(&answer);
			rc = db_query(r->d1->db, (const char *const[]){ newest }, 1, &answer, err);
			if (rc == 0)
				(void)db_cell_int(db_cell(&answer.rows[0], 0, 0), ret);
		}
		if (rc == 0 || err->code != ERR_AGAIN)
			return rc;
		clock_wait_ms(r->d1->clock, SETTLE_PAUSE_MS);
	}
	return -1;
}

/* The answer was lost: did it happen? The last part has no note; what it made is
 * compared as a whole afterwards. */
static int settle(const struct restoring *r, size_t part, size_t parts, struct err *err)
{
	struct err asked = ERR_INIT;
	int64_t newest = 0;

	say(r, "the import's answer was lost: look what happened");
	if (ask_last_part(r, &newest, &asked) != 0)
		return err_wrap(err, "it is not known whether it happened");
	if (part < parts) {
		if (newest != (int64_t)part)
			return -1;
	} else if (newest == (int64_t)part - 1 && parts > 1) {
		return -1;
	} else if (restore_check(r->options, r->d1->db, &asked) != 0) {
		check_result_release(&r->result->check);
		r->result->checked = false;
		return -1;
	}
	err_clear(err);
	return 0;
}

static int import_part(struct restoring *r, const struct script *script, size_t i, struct err *err)
{
	struct telling telling = { r, i + 1, script->count };
	AUTO_STR bookmark = NULL;
	struct d1_import_result result;
	int rc;

	if (db_bookmark(r->d1->db, &bookmark, err) != 0)
		return -1;
	rc = d1_import(&(struct d1_import_options){
		.api = r->d1->api, .database_id = r->d1->id, .path = script->paths[i],
		.bookmark = bookmark, .clock = r->d1->clock,
		.progress = on_import, .progress_ctx = &telling,
	}, &result, err);
	if (rc != 0 && result.unknown)
		rc = settle(r, i + 1, script->count, err);
	if (rc == 0) {
		r->result->parts_done++;
		if (result.rows_written >= 0)
			r->result->rows_written = result.rows_written +
			    (r->result->rows_written > 0 ? r->result->rows_written : 0);
	}
	d1_import_result_release(&result);
	return rc;
}

static int import_all(struct restoring *r, struct err *err)
{
	struct script script;
	int rc = 0;

	if (write_script(r, &script, err) != 0)
		return -1;
	r->result->parts = script.count;
	r->result->left_out = script.left_out;
	if (r->d1->bookmark != NULL)
		r->d1->bookmark(r->d1->bookmark_ctx, r->result->bookmark_before);
	for (size_t i = 0; i < script.count && rc == 0; i++)
		rc = import_part(r, &script, i, err);
	for (size_t i = 0; i < script.count; i++)
		(void)unlink(script.paths[i]);
	script_release(&script);
	return rc;
}

/* ---- another try, where that is known to help ---- */

/* 0, -1, or 1: worth another try, and the database is as it was. */
static int try_import(struct restoring *r, struct err *err)
{
	int rc = import_all(r, err);

	if (rc == 0 || r->result->parts_done > 0)
		return rc;
	if (err->code == ERR_TOO_BIG && r->part_bytes > SMALL_PART_BYTES) {
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

static int import_with_tries(struct restoring *r, struct err *err)
{
	int rc;

	while ((rc = try_import(r, err)) == 1)
		err_clear(err);
	return rc;
}

/* In which state it is, and the ways on and back. */
static int say_where_it_stands(const struct restoring *r, struct err *err)
{
	const struct restore_result *result = r->result;

	if (result->parts_done == 0) {
		(void)err_wrap(err, "%s is as it was", r->target_name);
		return -1;
	}
	(void)err_wrap(err, "%s holds part %zu of %zu and is not usable", r->target_name,
	    result->parts_done, result->parts);
	return err_hint(err, "go back: d1keep undo %s %s; or restore again with --replace",
	    r->d1->name, result->bookmark_before);
}

static int run(struct restoring *r, struct err *err)
{
	if (db_bookmark(r->d1->db, &r->result->bookmark_before, err) != 0)
		return -1;
	r->folder = tempdir_make(err);
	if (r->folder == NULL)
		return -1;
	if (import_with_tries(r, err) != 0)
		return say_where_it_stands(r, err);
	if (r->result->checked)
		return 0;
	say(r, "read back and compare");
	if (restore_check(r->options, r->d1->db, err) == 0)
		return 0;
	(void)err_wrap(err, "%s was restored, but", r->target_name);
	return err_hint(err, "go back: d1keep undo %s %s", r->d1->name, r->result->bookmark_before);
}

int restore_to_d1(const struct restore_options *options, struct err *err)
{
	struct restoring r = {
		.options = options, .d1 = options->d1, .result = options->result,
		.target_name = mem_printf("d1:%s", options->d1->name),
		.part_bytes = options->d1->part_bytes > 0 ? options->d1->part_bytes : ONE_PART_BYTES,
	};
	int rc = prepare(&r, err);

	if (rc == 0)
		rc = options->dry_run ? restore_check_chunks(options, err) : run(&r, err);
	inventory_release(&r.inventory);
	tempdir_remove(r.folder);
	free(r.target_name);
	return rc;
}

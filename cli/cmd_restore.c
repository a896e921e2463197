/* d1keep restore: bring a snapshot back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/restore_print.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "net/d1_api.h"
#include "restore/restore.h"

enum { OPT_TO = OPT_JSON + 1, OPT_NEW, OPT_TABLE, OPT_REPLACE, OPT_DRY_RUN, OPT_CHECK, OPT_PART, OPT_YES };

static const struct option_def options[] = {
	{ OPT_TO, "to", "TARGET", "d1:ENV/DB, wrangler:ENV/DB, sqlite:PATH, sql:PATH or sql:-" },
	{ OPT_NEW, "new", "NAME", "create this D1 first; with --to d1:ENV" },
	{ OPT_TABLE, "table", "TABLE", "only this table, with its indexes and triggers (several)" },
	{ OPT_REPLACE, "replace", NULL, "what is there may go" },
	{ OPT_DRY_RUN, "dry-run", NULL, "check everything, show what would be done, touch nothing" },
	{ OPT_CHECK, "check", "content|count", "afterwards compare content (default) or count of rows" },
	{ OPT_PART, "part-size", "MIB", "for a D1: most SQL in one import (1024)" },
	{ OPT_YES, "yes-i-mean", "ENV/DB", "instead of typing the name when asked" },
	{ OPT_JSON, "json", NULL, "what was, or would be done as one JSON document" },
	{ 0, NULL, NULL, NULL },
};

struct request {
	const char *snapshot, *to, *new_name, *meant;
	const char **tables;
	size_t table_count;
	bool replace, dry_run, only_count, as_json;
	int64_t part_bytes;
	bool quiet;
	struct target target;
};

/* A restore on its way: what was opened for it. */
struct restoring {
	const struct session *session;
	const struct request *request;
	struct open_snapshot snapshot;
	const struct config_database *database;   /* of a wrangler or D1 target */
	struct config_database made;              /* stands in for one that --new makes */
	char *new_id;
	struct open_db db;
	struct open_db made_db;                   /* the one that --new made */
	struct progress progress;
	struct restore_result result;
};

/* ---- the target ---- */

static int find_wrangler(struct restoring *r, struct target *target, struct err *err)
{
	const struct config_database *d = session_database(r->session, target->database, err);

	if (d == NULL)
		return -1;
	if (d->source != CONFIG_SOURCE_WRANGLER) {
		(void)err_set(err, ERR_USAGE, "%s is no local database of wrangler", target->database);
		return err_hint(err, "give it source = \"wrangler\", project and id in the configuration");
	}
	r->database = d;
	target->path = local_d1_path(d->project, d->persist_to, d->id);
	return 0;
}

static int find_d1(struct restoring *r, const struct target *target, struct err *err)
{
	const struct config_environment *environment;

	if (r->request->new_name == NULL) {
		r->database = session_database(r->session, target->database, err);
		if (r->database == NULL)
			return -1;
		return r->database->source == CONFIG_SOURCE_D1 ? 0 :
		    err_set(err, ERR_USAGE, "%s is no D1 of Cloudflare's in this configuration", target->database);
	}
	environment = session_environment(r->session, target->database, err);
	if (environment == NULL)
		return -1;
	if (environment->policy.account == NULL)
		return err_set(err, ERR_USAGE, "environment \"%s\" names no account to create a D1 in",
		    environment->name);
	r->made = (struct config_database){
		.name = (char *)(uintptr_t)r->request->new_name, .environment = environment,
		.source = CONFIG_SOURCE_D1, .id = (char *)(uintptr_t)"", .policy = environment->policy,
	};
	r->database = &r->made;
	return 0;
}

/* It becomes part of a URL, of a comment in SQL and of the configuration. */
static bool is_name(const char *name)
{
	return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(name);
}

static int find_target(struct restoring *r, struct target *target, struct err *err)
{
	if (r->request->new_name != NULL && target->kind != TARGET_D1)
		return err_set(err, ERR_USAGE, "--new goes with --to d1:ENV");
	if (r->request->new_name != NULL && !is_name(r->request->new_name))
		return err_set(err, ERR_USAGE, "\"%s\" is no name for a D1: letters, digits, '-' and '_'",
		    r->request->new_name);
	if (target->kind == TARGET_WRANGLER)
		return find_wrangler(r, target, err);
	return target->kind == TARGET_D1 ? find_d1(r, target, err) : 0;
}

/* Why the name has to be typed, a string of its own: production, or another
 * environment than the snapshot's. NULL: it need not. A new database harms nobody. */
static char *why_ask(const struct restoring *r, const char *name)
{
	const char *from = r->snapshot.snapshot.manifest.environment;

	if (r->request->new_name != NULL)
		return NULL;
	if (confirm_is_production(r->database->environment->name))
		return mem_printf("%s is production: %s would come into it%s", name, r->request->snapshot,
		    r->request->replace ? ", and what is there would go" : "");
	if (session_is_production(r->session, r->database))
		return mem_printf("%s is the same D1 as one of production", name);
	if (strcmp(r->database->environment->name, from) != 0)
		return mem_printf("this snapshot is of %s, and the target is in %s", from,
		    r->database->environment->name);
	return NULL;
}

/* A name that is given has to be the target's, wherever it is asked for. */
static int confirm(const struct restoring *r, struct err *err)
{
	const struct request *q = r->request;
	AUTO_STR name = NULL;
	AUTO_STR why = NULL;

	if (r->database == NULL)
		return 0;   /* a file */
	name = mem_printf("%s/%s", r->database->environment->name, r->database->name);
	why = why_ask(r, name);
	if (q->meant == NULL && why != NULL && q->dry_run)
		log_info("the real one will ask for the name: %s", why);
	if (q->meant == NULL && (why == NULL || q->dry_run))
		return 0;
	return confirm_name(name, why != NULL ? why : "", q->meant, err);
}

/* ERR_REFUSED when an account has a database of this name already. */
static int check_name_is_free(struct d1_api *api, const char *name, struct err *err)
{
	struct err asked = ERR_INIT;

	if (d1_api_database(api, name, NULL, NULL, &asked) == 0) {
		(void)err_set(err, ERR_REFUSED, "there is a D1 named \"%s\" already", name);
		return err_hint(err, "choose another name, or restore into that one: --to d1:ENV/DB");
	}
	if (asked.code == ERR_NOT_FOUND)
		return 0;
	*err = asked;
	return err_wrap(err, "look whether the name \"%s\" is free", name);
}

/* A callback of the restore: everything else was looked at. */
static int create_database(void *ctx, struct db **ret_db, const char **ret_id, struct err *err)
{
	struct restoring *r = ctx;

	progress_end(&r->progress);
	if (d1_api_create(r->db.api, r->request->new_name, NULL, NULL, &r->new_id, err) != 0) {
		if (err->code == ERR_EXISTS)
			(void)err_hint(err, "choose another name, or restore into the database that has it");
		return err_wrap(err, "create the D1 \"%s\"", r->request->new_name);
	}
	log_info("created the D1 \"%s\" with the id %s", r->request->new_name, r->new_id);
	r->made.id = r->new_id;
	if (open_db(r->session, &r->made, &r->made_db, err) != 0)
		return -1;
	*ret_db = r->made_db.db;
	*ret_id = r->new_id;
	return 0;
}

static int open_d1(struct restoring *r, struct err *err)
{
	if (open_db(r->session, r->database, &r->db, err) != 0)
		return -1;
	return r->request->new_name == NULL ? 0 :
	    check_name_is_free(r->db.api, r->request->new_name, err);
}

/* ---- doing it ---- */

static void on_stage(void *ctx, const char *text)
{
	struct progress *p = ctx;

	progress_title(p, text);
}

static void on_bookmark(void *ctx, const char *bookmark)
{
	struct restoring *r = ctx;

	progress_end(&r->progress);
	if (bookmark != NULL)
		log_info("the bookmark before: to go back, d1keep undo %s/%s %s",
		    r->database->environment->name, r->database->name, bookmark);
}

static int restore(struct restoring *r, const struct target *target, struct err *err)
{
	const struct request *q = r->request;
	AUTO_STR name = r->database == NULL ? NULL :
	    mem_printf("%s/%s", r->database->environment->name, r->database->name);
	const struct restore_d1 d1 = {
		.api = r->db.api, .db = q->new_name != NULL ? NULL : r->db.db,
		.create = q->new_name != NULL ? create_database : NULL, .create_ctx = r,
		.id = r->database != NULL ? r->database->id : NULL, .name = name,
		.part_bytes = q->part_bytes, .clock = &clock_system,
		.stage = on_stage, .stage_ctx = &r->progress,
		.bookmark = on_bookmark, .bookmark_ctx = r,
	};
	const struct selection selection = { q->tables, q->table_count };

	return restore_snapshot(&(struct restore_options){
		.store = &r->snapshot.open.store, .manifest = &r->snapshot.snapshot.manifest,
		.target = target, .d1 = &d1, .selection = &selection,
		.replace = q->replace, .dry_run = q->dry_run, .check_content = !q->only_count,
		.workers = r->session->workers, .progress = progress_bytes,
		.progress_ctx = &r->progress, .result = &r->result,
	}, err);
}

static void print_document(const struct restoring *r, int64_t ms)
{
	AUTO_JSON document = restore_json(&r->snapshot.snapshot.manifest, r->request->to,
	    r->request->dry_run, &r->result, ms);

	if (r->new_id != NULL)
		json_set_str(document, "new_database_id", r->new_id);
	print_json(document);
}

static int finish(struct restoring *r, int64_t ms)
{
	const struct manifest *m = &r->snapshot.snapshot.manifest;

	if (r->request->as_json)
		print_document(r, ms);
	else if (r->request->dry_run)
		restore_print_plan(m, r->request->to, &r->result);
	else
		restore_print_done(m, r->request->to, &r->result, r->request->table_count > 0, ms);
	if (r->request->dry_run)
		return EXIT_DONE;
	if (r->new_id != NULL)
		log_info("to use it here: database \"%s\" { id = \"%s\" } in environment \"%s\"",
		    r->request->new_name, r->new_id, r->database->environment->name);
	return m->exception_count > 0 ? EXIT_EXCEPTIONS : EXIT_DONE;
}

static int prepare(struct restoring *r, struct target *target, struct err *err)
{
	if (find_target(r, target, err) != 0)
		return -1;
	if (open_snapshot(r->session, r->request->snapshot, &r->snapshot, err) != 0)
		return -1;
	if (confirm(r, err) != 0)
		return -1;
	return target->kind == TARGET_D1 ? open_d1(r, err) : 0;
}

static int run_restore(const struct session *session, const struct request *q, struct target *target)
{
	struct restoring r = { .session = session, .request = q };
	int64_t started = clock_monotonic_ms();
	struct err err = ERR_INIT;
	int status, rc;

	if (prepare(&r, target, &err) != 0) {
		status = fail(&err);
	} else {
		progress_begin(&r.progress, q->snapshot,
		    manifest_sql_bytes(&r.snapshot.snapshot.manifest), q->quiet);
		rc = restore(&r, target, &err);
		progress_end(&r.progress);
		if (rc != 0 && err.code == ERR_NOT_FOUND && target->kind == TARGET_D1)
			(void)err_hint(&err, "if it was deleted, make a new one: --to d1:%s --new NAME",
			    r.database->environment->name);
		if (rc != 0)
			(void)err_wrap(&err, "restore %s", q->snapshot);
		status = rc != 0 ? fail(&err) : finish(&r, clock_monotonic_ms() - started);
		restore_result_release(&r.result);
	}
	close_snapshot(&r.snapshot);
	close_db(&r.db);
	close_db(&r.made_db);
	free(r.new_id);
	return status;
}

/* ---- the command line ---- */

/* 0 when it is no number from 1 to 5000. */
static int64_t mebibytes(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *end == '\0' && n >= 1 && n <= 5000 ? (int64_t)n << 20 : 0;
}

static int take_option(struct request *q, int id, const char *value, const struct command *command)
{
	switch (id) {
	case OPT_TO:
		q->to = value;
		break;
	case OPT_NEW:
		q->new_name = value;
		break;
	case OPT_TABLE:
		q->tables[q->table_count++] = value;
		break;
	case OPT_REPLACE:
		q->replace = true;
		break;
	case OPT_DRY_RUN:
		q->dry_run = true;
		break;
	case OPT_CHECK:
		q->only_count = strcmp(value, "count") == 0;
		if (!q->only_count && strcmp(value, "content") != 0)
			return usage_error(command, "--check takes content or count, not \"%s\"", value);
		break;
	case OPT_PART:
		q->part_bytes = mebibytes(value);
		if (q->part_bytes == 0)
			return usage_error(command, "--part-size takes 1 to 5000 (MiB), not \"%s\"", value);
		break;
	case OPT_YES:
		q->meant = value;
		break;
	case OPT_JSON:
		q->as_json = true;
		break;
	default:
		break;
	}
	return EXIT_DONE;
}

static int parse(const struct command *command, int argc, char **argv, struct request *q,
    struct target *target)
{
	struct err err = ERR_INIT;
	struct args args;
	const char *value;
	int id, status = EXIT_DONE;

	args_init(&args, command, argc, argv);
	while (status == EXIT_DONE && (id = args_next(&args, &value)) != 0)
		status = id < 0 ? EXIT_USAGE : take_option(q, id, value, command);
	args_release(&args);
	if (status != EXIT_DONE)
		return status;
	if (args.rest_count != 1)
		return usage_snapshot(command, args.rest_count);
	q->snapshot = args.rest[0];
	if (q->to == NULL)
		return usage_error(command, "where to? (--to sqlite:PATH, --to d1:ENV/DB)");
	if (q->as_json && !q->dry_run && strcmp(q->to, "sql:-") == 0)
		return usage_error(command, "--json and sql:- would both write to standard output");
	return target_parse(q->to, target, &err) == 0 ? EXIT_DONE : fail(&err);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct target target = { .path = NULL };
	struct request q = { .quiet = cli->quiet };
	struct session session;
	int status;

	q.tables = mem_calloc((size_t)argc, sizeof(*q.tables));
	status = parse(command, argc, argv, &q, &target);
	if (status == EXIT_DONE)
		status = session_open(&session, cli);
	if (status == EXIT_DONE) {
		status = run_restore(&session, &q, &target);
		session_close(&session);
	}
	target_release(&target);
	free(q.tables);
	return finish_output(status);
}

const struct command command_restore = {
	.name = "restore",
	.arguments = "SNAPSHOT --to TARGET",
	.summary = "Bring a snapshot back: into D1, a local file, or plain SQL.",
	.details =
	    "Signature and hashes are checked before anything is touched; afterwards every\n"
	    "row is read back and compared with the manifest. A file appears whole or not\n"
	    "at all. A D1 takes the snapshot in one transaction, unless it is too large for\n"
	    "one; the bookmark that undoes it is printed first (d1keep undo).\n\n"
	    "A target that holds something is refused without --replace (exit status 4).\n"
	    "Production (\"prod\" or \"live\" in the environment's name, or the same D1 as one\n"
	    "there), and another environment than the snapshot's, ask for the name.\n\n"
	    "$TMPDIR (or /tmp) needs room for the SQL of a restore into a D1.",
	.options = options,
	.run = run,
};

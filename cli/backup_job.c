/* The backup of one database: cli/backup_job.h. */
#include "cli/backup_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/take.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "base/stop.h"
#include "cli/fallback.h"
#include "cli/format.h"
#include "cli/lease_scope.h"
#include "cli/pruning.h"
#include "cli/slot.h"
#include "cli/snapshot_json.h"
#include "cli/verifying.h"
#include "net/http.h"
#include "storage/lease.h"

static void on_progress(void *ctx, const struct take_progress *p)
{
	struct backup_job *job = ctx;

	job->progress.total_bytes = p->expected_bytes;
	progress_update(&job->progress, p->sql_bytes, p->rows);
	events_progress(&job->events, p->rows, p->sql_bytes);
}

static void on_previous_bad(void *ctx, const struct err *err)
{
	struct backup_job *job = ctx;

	progress_end(&job->progress);
	log_warning("the snapshot before this one cannot be used, so all is stored anew: %s", err->msg);
	if (err->hint[0] != '\0')
		log_info("hint: %s", err->hint);
}

static void print_result(const struct manifest *m, int64_t ms)
{
	AUTO_STR name = snapshot_name(m);
	char rows[FORMAT_SIZE], sql[FORMAT_SIZE], stored[FORMAT_SIZE], fresh[FORMAT_SIZE],
	    took[FORMAT_SIZE];
	int64_t n = manifest_rows(m);

	(void)printf("%s   %zu %s   %s %s   %s read   %s stored (%s new)   %s\n", name,
	    m->table_count, plural((int64_t)m->table_count, "table", "tables"),
	    format_count(n, rows), plural(n, "row", "rows"),
	    format_bytes(manifest_sql_bytes(m), sql),
	    format_bytes(manifest_stored_bytes(m), stored),
	    format_bytes(m->new_bytes, fresh), format_duration_ms(ms, took));
	(void)fflush(stdout);
}

static int warn_about(const struct manifest *m)
{
	for (size_t i = 0; i < m->exception_count; i++)
		log_warning("%s/%s: \"%s\": %s", m->environment, m->database,
		    m->exceptions[i].object, m->exceptions[i].reason);
	if (strcmp(m->consistency, "best-effort") == 0)
		log_warning("%s/%s was written to while it was read: this snapshot may mix two moments (consistency = \"best-effort\")",
		    m->environment, m->database);
	return m->exception_count > 0 ? EXIT_EXCEPTIONS : EXIT_DONE;
}

static void on_say(void *ctx, const char *what)
{
	struct backup_job *job = ctx;

	progress_say(&job->progress, what);
}

/* The database never rested: Cloudflare's own export, where that is wished. */
static int fall_back(struct backup_job *job, const struct take_options *take, struct d1_api *api,
    struct manifest *m, struct err *err)
{
	struct fallback fallback = { *take, api, on_say, job };
	struct fallback_report report;
	char seconds[FORMAT_SIZE];
	int rc;

	progress_end(&job->progress);
	log_info("%s/%s was written to during every reading: Cloudflare's export is used instead",
	    take->environment, take->database);
	err_clear(err);
	rc = fallback_take(&fallback, m, &report, err);
	progress_end(&job->progress);
	if (report.unavailable_ms > 0)
		log_info("%s/%s was unavailable for %s, because of the export", take->environment,
		    take->database, format_duration_ms(report.unavailable_ms, seconds));
	if (report.locked.code != ERR_NONE) {
		(void)err_wrap(&report.locked, "%s/%s", take->environment, take->database);
		events_error(&job->events, &report.locked);
		log_err(&report.locked);
		job->locked = true;
	}
	return rc;
}

static int take(struct backup_job *job, const struct config_database *d, struct open_db *db,
    struct open_store *store, struct manifest *m, struct err *err)
{
	struct take_options take = {
		.db = db->db, .store = &store->store,
		.environment = d->environment->name, .database = d->name,
		.database_id = d->source == CONFIG_SOURCE_SQLITE ? NULL : d->id,
		.label = job->label, .slot_at = job->slot_at,
		.attempts = d->policy.attempts,
		.best_effort = d->policy.consistency == CONFIG_CONSISTENCY_BEST_EFFORT,
		.workers = job->session->workers, .clock = &clock_system,
		.progress = on_progress, .progress_ctx = job,
		.previous_bad = on_previous_bad, .previous_bad_ctx = job,
	};

	if (take_snapshot(&take, m, err) == 0)
		return 0;
	if (err->code != ERR_CHANGED || db->api == NULL ||
	    d->policy.fallback != CONFIG_FALLBACK_EXPORT)
		return -1;
	return fall_back(job, &take, db->api, m, err);
}

static int64_t retries_of(struct http *http)
{
	return http != NULL ? (int64_t)http_retries(http) : 0;
}

/* Reads, uploads, publishes. */
static int take_new(struct backup_job *job, const struct config_database *d,
    struct open_store *store, struct manifest *m, struct events_cost *cost, struct err *err)
{
	int64_t started = clock_monotonic_ms();
	struct open_db db;
	int rc;

	rc = open_db(job->session, d, &db, err);
	if (rc != 0)
		return -1;
	rc = take(job, d, &db, store, m, err);
	cost->retries = retries_of(db.http) + retries_of(store->http);
	cost->ms = clock_monotonic_ms() - started;
	close_db(&db);
	return rc;
}

static int report_new(struct backup_job *job, const struct manifest *m,
    const struct events_cost *cost)
{
	int status;

	if (job->document == NULL)
		print_result(m, cost->ms);
	status = warn_about(m);
	if (job->locked)
		status = EXIT_AGAIN;
	events_done(&job->events, m, cost, status);
	return status;
}

/* The snapshot that answers the slot: an earlier one, or one that is taken now. */
static int take_or_find(struct backup_job *job, const struct config_database *d,
    struct open_store *store, char ret_id[20], int *ret_status, struct err *err)
{
	struct events_cost cost = { 0 };
	struct manifest m = { 0 };
	char slot[STAMP_ISO_SIZE];

	if (job->slot_at > 0) {
		if (slot_find(&store->store, job->slot_at, clock_now(&clock_system), ret_id, err) == 0) {
			progress_end(&job->progress);
			if (job->document == NULL)
				(void)printf("%s/%s   %s was answered already, by snapshot %s\n",
			    d->environment->name, d->name, stamp_iso(job->slot_at, slot), ret_id);
			(void)fflush(stdout);
			events_taken(&job->events, ret_id);
			return 0;
		}
		if (err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
	}
	if (take_new(job, d, store, &m, &cost, err) != 0)
		return -1;
	progress_end(&job->progress);
	job->cost.requests = m.requests;
	/* A file's rows are read for nothing. */
	job->cost.rows_read = m.requests > 0 ? m.rows_read : 0;
	*ret_status = report_new(job, &m, &cost);
	memcpy(ret_id, m.id, strlen(m.id) + 1);
	manifest_release(&m);
	return 0;
}

/* ---- verification ---- */

/* A verdict of an earlier run that is as good as the one wished. */
static bool is_verified(struct store *store, const char *id, bool replay)
{
	struct err ignored = ERR_INIT;
	struct verdict v;
	bool good;

	if (store_get_verdict(store, id, &v, &ignored) != 0)
		return false;
	good = v.good && (!replay || strcmp(v.how, "replay") == 0);
	verdict_release(&v);
	return good;
}

static int verify_loaded(struct backup_job *job, struct store *store,
    const struct snapshot *snapshot, bool replay, int *ret_status, struct err *err)
{
	struct verdict v;
	int64_t ms;

	if (verifying_run(&(struct verifying){
		.session = job->session, .store = store, .snapshot = snapshot,
		.replay = replay, .quiet = job->quiet,
	}, &v, &ms, err) != 0)
		return -1;
	if (job->document == NULL)
		*ret_status = verifying_print(snapshot, &v, ms);
	else
		*ret_status = v.good ? EXIT_DONE : EXIT_DAMAGE;
	events_verified(&job->events, &v, ms);
	verdict_release(&v);
	return 0;
}

/* As is wished. But when the lease was lost about the time of the manifest, who had it
 * then may have pruned what this snapshot shares: that it is all there is seen then. */
static enum config_verify how_to_verify(const struct backup_job *job,
    const struct config_database *d, const struct store *store)
{
	enum config_verify how = job->verify_given ? job->verify : d->policy.verify;
	struct err lost = ERR_INIT;

	if (lease_check(store->lease, &lost) == 0 || lost.code != ERR_HELD)
		return how;
	log_warning("%s", lost.msg);
	return how == CONFIG_VERIFY_NONE ? CONFIG_VERIFY_HASHES : how;
}

/* The manifest is read back too: from here on only what the bucket has counts.
 * 0 and EXIT_DONE or EXIT_DAMAGE, or -1 when it cannot be found out. */
static int verify(struct backup_job *job, const struct config_database *d, struct store *store,
    const char *id, int *ret_status, struct err *err)
{
	enum config_verify how = how_to_verify(job, d, store);
	bool replay = how == CONFIG_VERIFY_REPLAY;
	struct snapshot snapshot;
	int rc;

	*ret_status = EXIT_DONE;
	if (how == CONFIG_VERIFY_NONE || is_verified(store, id, replay))
		return 0;
	rc = stop_check(err);
	if (rc == 0 && (rc = store_load(store, id, &snapshot, err)) == 0) {
		rc = verify_loaded(job, store, &snapshot, replay, ret_status, err);
		snapshot_release(&snapshot);
	}
	return rc == 0 ? 0 : err_wrap(err, "snapshot %s is kept, but could not be verified", id);
}

/* ---- pruning ---- */

static int check_lease(void *lease, struct err *err)
{
	return lease_check(lease, err);
}

static void report_pruned(struct backup_job *job, const char *name,
    const struct prune_report *report)
{
	AUTO_STR summary = pruning_summary(report, false);

	events_pruned(&job->events, (int64_t)report->removed, (int64_t)report->kept,
	    report->freed_bytes, report->blocked);
	if (report->removed_objects > 0 && job->document == NULL)
		(void)printf("%s   %s\n", name, summary);
	(void)fflush(stdout);
}

/* The daemon has to know what failed, or it tells people of a backup without a reason. */
static int tell_not_pruned(struct backup_job *job, const char *name, struct err *err)
{
	(void)err_wrap(err, "%s: what is not to be kept could not all be removed", name);
	log_warning("%s", err->msg);
	if (!job->locked)
		events_error(&job->events, err);
	return EXIT_FAILED;
}

/* Under the lease that is held, behind a snapshot that is known to be good. What
 * becomes of it takes nothing from the snapshot: a failure is a warning. */
static int prune(struct backup_job *job, const struct config_database *d,
    struct open_store *store)
{
	AUTO_STR name = mem_printf("%s/%s", d->environment->name, d->name);
	struct prune_options how = pruning_options(job->session, d, store);
	struct prune_report report = { .kept = 0 };
	struct err err = ERR_INIT;
	int rc, status;

	how.may_go_on = check_lease;
	how.may_go_on_ctx = store->store.lease;
	rc = prune_store(&how, &report, &err);
	if (rc == 0 || report.removed_objects > 0)
		report_pruned(job, name, &report);
	status = pruning_warn(name, &report);
	if (rc == 0 && report.not_gone > 0)
		(void)err_set(&err, ERR_FAILED, "%zu objects that were deleted are still there", report.not_gone);
	if (err.code != ERR_NONE)
		status = tell_not_pruned(job, name, &err);
	prune_report_release(&report);
	return status;
}

/* ---- what it cost ---- */

static void print_cost(const char *name, const struct cost *c)
{
	char requests[FORMAT_SIZE], rows[FORMAT_SIZE], writes[FORMAT_SIZE], reads[FORMAT_SIZE],
	    dollars[COST_SIZE];

	if (cost_is_nothing(c))
		return;
	(void)printf("%s   cost: %s %s, %s %s read by D1; bucket: %s %s, %s %s; %s by Cloudflare's list\n", name,
	    format_count(c->requests, requests), plural(c->requests, "request", "requests"),
	    format_count(c->rows_read, rows), plural(c->rows_read, "row", "rows"),
	    format_count(c->writes, writes), plural(c->writes, "write", "writes"),
	    format_count(c->reads, reads), plural(c->reads, "read", "reads"),
	    cost_format(cost_dollars(c), dollars));
	(void)fflush(stdout);
}

/* The snapshot as it can be read back now. */
static struct json_object *backup_json(const char *name, struct store *store, const char *id,
    const struct cost *cost)
{
	struct json_object *o = json_object_new_object();
	struct err ignored = ERR_INIT;
	struct verdict v = { .good = false };
	struct snapshot snapshot;
	bool has_verdict;

	json_set_str(o, "database", name);
	if (store_load(store, id, &snapshot, &ignored) == 0) {
		has_verdict = store_get_verdict(store, id, &v, &ignored) == 0;
		json_set(o, "snapshot", snapshot_json(&snapshot, has_verdict ? &v : NULL, NULL, false));
		if (has_verdict)
			verdict_release(&v);
		snapshot_release(&snapshot);
	}
	json_set(o, "cost", cost_json(cost));
	return o;
}

static void tell_cost(struct backup_job *job, const struct config_database *d,
    struct open_store *store, const char *id)
{
	AUTO_STR name = mem_printf("%s/%s", d->environment->name, d->name);
	struct bucket_operations o = bucket_operations(store->bucket);

	/* The lease, which is given back at the very end, is one more. */
	job->cost.writes = o.writes + (o.writes > 0 && store->store.lease != NULL);
	job->cost.reads = o.reads;
	job->cost.deletes = o.deletes;
	if (job->document == NULL)
		print_cost(name, &job->cost);
	else
		(void)json_object_array_add(job->document,
		    backup_json(name, &store->store, id, &job->cost));
}

/* ---- all of it ---- */

/* Damage before all else; then what came first. */
static int worse(int a, int b)
{
	if (a == EXIT_DAMAGE || b == EXIT_DAMAGE)
		return EXIT_DAMAGE;
	return a == EXIT_DONE || (a == EXIT_EXCEPTIONS && b != EXIT_DONE) ? b : a;
}

static int run_in(struct backup_job *job, const struct config_database *d,
    struct open_store *store, int *ret_status, struct err *err)
{
	int verified = EXIT_DONE;
	char id[20] = "";

	if (lease_scope_begin(store, d, "backup", job->wait_s, err) != 0 ||
	    take_or_find(job, d, store, id, ret_status, err) != 0 ||
	    verify(job, d, &store->store, id, &verified, err) != 0)
		return -1;
	*ret_status = worse(*ret_status, verified);
	if (job->prune && verified == EXIT_DONE && !stop_requested())
		*ret_status = worse(*ret_status, prune(job, d, store));
	tell_cost(job, d, store, id);
	return 0;
}

int backup_job_run(struct backup_job *job, const struct config_database *d)
{
	AUTO_STR name = mem_printf("%s/%s", d->environment->name, d->name);
	struct open_store store;
	struct err err = ERR_INIT;
	int status = EXIT_DONE, rc;

	job->locked = false;
	job->cost = (struct cost){ .requests = 0 };
	events_start(&job->events, name);
	progress_begin(&job->progress, name, 0, job->quiet);
	rc = open_store(job->session, d, &store, &err);
	if (rc == 0) {
		rc = run_in(job, d, &store, &status, &err);
		close_store(&store);
	}
	progress_end(&job->progress);
	if (rc == 0)
		return status;
	/* A lease that is held names the database itself. */
	if (strncmp(err.msg, name, strlen(name)) != 0)
		(void)err_wrap(&err, "%s", name);
	events_error(&job->events, &err);
	return worse(fail(&err), status);
}

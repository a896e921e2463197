/* d1keep backup: take a snapshot of each named database now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/take.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/events.h"
#include "cli/fallback.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/session.h"

enum { OPT_ALL = 256, OPT_EVENTS };

static const struct option_def options[] = {
	{ 'l', "label", "LABEL", "name the snapshot, to find it by (one database only)" },
	{ OPT_ALL, "all", NULL, "every database of the configuration" },
	{ OPT_EVENTS, "events-fd", "N", NULL },
	{ 0, NULL, NULL, NULL },
};

struct job {
	const struct session *session;
	const char *label;
	struct events events;
	struct progress progress;
	bool quiet;
	bool locked;             /* an export may have left the database locked */
};

static void on_progress(void *ctx, const struct take_progress *p)
{
	struct job *job = ctx;

	job->progress.total_bytes = p->expected_bytes;
	progress_update(&job->progress, p->sql_bytes, p->rows);
	events_progress(&job->events, p->rows, p->sql_bytes);
}

static void on_previous_bad(void *ctx, const struct err *err)
{
	struct job *job = ctx;

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
	struct job *job = ctx;

	progress_say(&job->progress, what);
}

/* The database never rested: Cloudflare's own export, where that is wished. */
static int fall_back(struct job *job, const struct take_options *take, struct d1_api *api,
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

static int take(struct job *job, const struct config_database *d, struct open_db *db,
    struct open_store *store, struct manifest *m, struct err *err)
{
	struct take_options take = {
		.db = db->db, .store = &store->store,
		.environment = d->environment->name, .database = d->name,
		.database_id = d->source == CONFIG_SOURCE_SQLITE ? NULL : d->id,
		.label = job->label,
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

static int open_and_take(struct job *job, const struct config_database *d,
    struct manifest *m, struct err *err)
{
	struct open_store store;
	struct open_db db;
	int rc;

	if (open_store(job->session, d, &store, err) != 0)
		return -1;
	rc = open_db(job->session, d, &db, err);
	if (rc == 0) {
		rc = take(job, d, &db, &store, m, err);
		close_db(&db);
	}
	close_store(&store);
	return rc;
}

static int back_up(struct job *job, const struct config_database *d)
{
	AUTO_STR name = mem_printf("%s/%s", d->environment->name, d->name);
	int64_t started = clock_monotonic_ms();
	struct manifest m = { 0 };
	struct err err = ERR_INIT;
	int status, rc;

	job->locked = false;
	events_start(&job->events, name);
	progress_begin(&job->progress, name, 0, job->quiet);
	rc = open_and_take(job, d, &m, &err);
	progress_end(&job->progress);
	if (rc != 0) {
		(void)err_wrap(&err, "%s", name);
		events_error(&job->events, &err);
		return fail(&err);
	}
	print_result(&m, clock_monotonic_ms() - started);
	status = warn_about(&m);
	if (job->locked)
		status = EXIT_AGAIN;
	events_done(&job->events, &m, status);
	manifest_release(&m);
	return status;
}

/* One database's trouble does not keep the others from their backup. The
 * first failure decides the exit status, an exception only when all else went
 * well. */
static int back_up_all(struct job *job, struct config_database *const *databases, size_t count)
{
	int result = EXIT_DONE;
	size_t i;

	for (i = 0; i < count && !stop_requested(); i++) {
		int status = back_up(job, databases[i]);

		if (status != EXIT_DONE && (result == EXIT_DONE || result == EXIT_EXCEPTIONS))
			result = status;
	}
	return i < count ? EXIT_INTERRUPTED : result;
}

/* The databases that the arguments name, each once, in their order. */
struct selection {
	struct config_database **items;
	size_t count, cap;
};

static int select_one(const struct session *session, const char *text, struct selection *s,
    struct err *err)
{
	struct names_ref ref = { 0 };
	struct config_database **found = NULL;
	size_t count = 0;

	if (text != NULL && names_parse(text, &ref, err) != 0)
		return -1;
	if (ref.which != NULL)
		(void)err_set(err, ERR_USAGE, "\"%s\": a backup makes a new snapshot, it takes no @", text);
	else
		found = session_select(session, &ref, &count, err);
	names_ref_release(&ref);
	for (size_t i = 0; i < count; i++) {
		size_t j = 0;

		while (j < s->count && s->items[j] != found[i])
			j++;
		if (j < s->count)
			continue;
		s->items = mem_grow(s->items, s->count, &s->cap, sizeof(struct config_database *));
		s->items[s->count++] = found[i];
	}
	free(found);
	return found != NULL ? 0 : -1;
}

static int run_job(struct job *job, struct session *session, char **names, int name_count)
{
	struct selection s = { 0 };
	struct err err = ERR_INIT;
	int rc = name_count == 0 ? select_one(session, NULL, &s, &err) : 0, status;

	for (int i = 0; i < name_count && rc == 0; i++)
		rc = select_one(session, names[i], &s, &err);
	if (rc == 0 && job->label != NULL && s.count != 1)
		rc = err_set(&err, ERR_USAGE, "a label names one snapshot, and this would take %zu", s.count);
	if (rc == 0 && job->label != NULL)
		rc = names_check_label(job->label, &err);
	if (rc == 0)
		rc = session_load_signer(session, &err);
	if (rc != 0) {
		events_error(&job->events, &err);
		status = fail(&err);
	} else {
		status = back_up_all(job, s.items, s.count);
	}
	free(s.items);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct job job = { .events.fd = -1, .quiet = cli->quiet };
	struct session session;
	struct args args;
	const char *value;
	bool all = false;
	int id, status;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		if (id == 'l')
			job.label = value;
		else if (id == OPT_ALL)
			all = true;
		else if (id == OPT_EVENTS)
			job.events.fd = events_listener(value);
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (all != (args.rest_count == 0))
		return usage_error(command, all ? "--all and names do not go together" :
		    "which database? (ENVIRONMENT, ENVIRONMENT/DATABASE, or --all)");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	job.session = &session;
	status = run_job(&job, &session, args.rest, args.rest_count);
	session_close(&session);
	return finish_output(status);
}

const struct command command_backup = {
	.name = "backup",
	.arguments = "ENV[/DB]…",
	.summary = "Take a snapshot of each named database now.",
	.details =
	    "The snapshot is listed only once it is whole. Rows that the bucket already has\n"
	    "from the database's previous snapshot are not stored again. Exit status 5 means\n"
	    "that something could not be kept exactly: it is named.",
	.options = options,
	.run = run,
};

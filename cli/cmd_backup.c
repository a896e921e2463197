/* d1keep backup: take a snapshot of each named database now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "base/stop.h"
#include "cli/backup_job.h"
#include "cli/cli.h"
#include "cli/slot.h"
#include "cli/snapshot_json.h"
#include "cli/via_daemon.h"
#include "cli/session.h"

enum { OPT_ALL = OPT_JSON + 1, OPT_VERIFY, OPT_PRUNE, OPT_WAIT, OPT_SLOT, OPT_EVENTS, OPT_VIA_DAEMON, OPT_NO_WAIT };

#define MAX_WAIT_S 86400

static const struct option_def options[] = {
	{ 'l', "label", "LABEL", "name the snapshot, to find it by (one database only)" },
	{ OPT_ALL, "all", NULL, "every database of the configuration" },
	{ OPT_VERIFY, "verify", "replay|hashes|none", "instead of what the configuration says" },
	{ OPT_PRUNE, "prune", NULL, "then remove what is not to be kept, as d1keep prune does" },
	{ OPT_WAIT, "wait", "SECONDS", "wait so long for another who works on the database" },
	{ OPT_SLOT, "slot", "TIME", "the scheduled time that this answers: none is taken twice" },
	{ OPT_VIA_DAEMON, "via-daemon", NULL, "have the running d1keepd do it, and follow it to its end" },
	{ OPT_NO_WAIT, "no-wait", NULL, "with --via-daemon: only ask for it" },
	{ OPT_JSON, "json", NULL, "one JSON document: {\"backups\":[{\"database\":…,\"snapshot\":…,\"cost\":…}]}" },
	{ OPT_EVENTS, "events-fd", "N", NULL },
	{ 0, NULL, NULL, NULL },
};

/* One database's trouble does not keep the others from their backup. The
 * first failure decides the exit status, an exception only when all else went
 * well. */
static int back_up_all(struct backup_job *job, struct config_database *const *databases, size_t count)
{
	int result = EXIT_DONE;
	size_t i;

	for (i = 0; i < count && !stop_requested(); i++) {
		int status = backup_job_run(job, databases[i]);

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

/* By whom, and whether that is waited for. */
struct way {
	bool all;
	bool via_daemon;
	bool no_wait;
};

static int by_daemon(const struct backup_job *job, const struct way *way,
    const struct selection *s)
{
	return via_daemon_backup(&(struct via_daemon_options){
		.config = job->session->config, .databases = s->items, .count = s->count,
		.label = job->label, .follow = !way->no_wait, .quiet = job->quiet,
	});
}

static int run_job(struct backup_job *job, const struct way *way, struct session *session, char **names, int name_count)
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
	if (rc == 0 && !way->via_daemon)
		rc = session_load_signer(session, &err);
	if (rc != 0) {
		events_error(&job->events, &err);
		status = fail(&err);
	} else {
		status = way->via_daemon ? by_daemon(job, way, &s) :
		    back_up_all(job, s.items, s.count);
	}
	free(s.items);
	return status;
}

static int read_verify(struct backup_job *job, const struct command *command, const char *how)
{
	static const char *const names[] = { "none", "hashes", "replay" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(how, names[i]) == 0) {
			job->verify = (enum config_verify)i;
			job->verify_given = true;
			return 0;
		}
	}
	return usage_error(command, "--verify is replay, hashes or none, and not \"%s\"", how);
}

static int read_wait(struct backup_job *job, const struct command *command, const char *seconds)
{
	char *end;
	long n = strtol(seconds, &end, 10);

	if (end == seconds || *end != '\0' || n < 0 || n > MAX_WAIT_S)
		return usage_error(command, "--wait takes seconds, from 0 to %d, and not \"%s\"", MAX_WAIT_S, seconds);
	job->wait_s = n;
	return 0;
}

/* A slot in the future would be answered by none until then. */
static int read_slot(struct backup_job *job, const struct command *command, const char *slot)
{
	if (!stamp_parse(slot, &job->slot_at) || job->slot_at <= 0)
		return usage_error(command, "--slot takes a moment such as 2026-11-22T02:17:00Z, and not \"%s\"", slot);
	if (job->slot_at > clock_now(&clock_system) + SLOT_SKEW_S)
		return usage_error(command, "--slot %s is in the future", slot);
	return 0;
}

/* What the daemon decides by itself: an option that nobody heeds is refused. */
static int check_way(const struct backup_job *job, const struct way *way, const struct command *command)
{
	if (way->no_wait && !way->via_daemon)
		return usage_error(command, "--no-wait goes with --via-daemon");
	if (!way->via_daemon)
		return 0;
	if (job->document != NULL)
		return usage_error(command, "--json and --via-daemon do not go together: what it cost, the daemon's status tells");
	if (job->verify_given || job->prune || job->wait_s > 0 || job->slot_at > 0)
		return usage_error(command, "--via-daemon goes with --label and --no-wait only: the daemon verifies as the configuration says, and prunes after scheduled runs");
	return 0;
}

static int read_option(struct backup_job *job, const struct command *command, int id,
    const char *value, struct way *way)
{
	switch (id) {
	case 'l':
		job->label = value;
		return 0;
	case OPT_ALL:
		way->all = true;
		return 0;
	case OPT_VERIFY:
		return read_verify(job, command, value);
	case OPT_VIA_DAEMON:
		way->via_daemon = true;
		return 0;
	case OPT_NO_WAIT:
		way->no_wait = true;
		return 0;
	case OPT_PRUNE:
		job->prune = true;
		return 0;
	case OPT_JSON:
		job->document = json_object_new_array();
		return 0;
	case OPT_WAIT:
		return read_wait(job, command, value);
	case OPT_SLOT:
		return read_slot(job, command, value);
	default:
		job->events.fd = events_listener(value);
		return 0;
	}
}

/* What was done, also when not all of it was. */
static void print_document(struct backup_job *job)
{
	AUTO_JSON document = NULL;

	if (job->document == NULL)
		return;
	document = json_object_new_object();
	json_set(document, "backups", job->document);
	print_json(document);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct backup_job job = { .events.fd = -1, .quiet = cli->quiet };
	struct session session;
	struct args args;
	const char *value;
	struct way way = { .all = false };
	int id, status = 0;

	args_init(&args, command, argc, argv);
	while (status == 0 && (id = args_next(&args, &value)) > 0)
		status = read_option(&job, command, id, value, &way);
	if (status != 0) {
		args_release(&args);
		return status;
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	status = check_way(&job, &way, command);
	if (status != 0)
		return status;
	if (way.all != (args.rest_count == 0))
		return usage_error(command, way.all ? "--all and names do not go together" :
		    "which database? (ENVIRONMENT, ENVIRONMENT/DATABASE, or --all)");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	job.session = &session;
	status = run_job(&job, &way, &session, args.rest, args.rest_count);
	session_close(&session);
	print_document(&job);
	return finish_output(status);
}

const struct command command_backup = {
	.name = "backup",
	.arguments = "ENV[/DB]…",
	.summary = "Take a snapshot of each named database now.",
	.details =
	    "The snapshot is listed only once it is whole. Rows that the bucket already has\n"
	    "from the database's previous snapshot are not stored again. Then it is verified,\n"
	    "as the configuration says (verify = \"replay\"). Exit status 3 means that it is\n"
	    "damaged, 5 that something could not be kept exactly: it is named; 75 that another\n"
	    "run works on the database (--wait), or that it may work later.\n\n"
	    "At the end stands what it cost: requests to the API, rows that D1 read, operations\n"
	    "on the bucket, and what Cloudflare charges for those beyond what a plan includes.",
	.options = options,
	.run = run,
};

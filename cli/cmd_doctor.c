/* d1keep doctor: is everything that a backup needs as it should be? */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/doctor.h"
#include "cli/format.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"

static const struct option_def options[] = {
	{ OPT_JSON, "json", NULL, "one JSON document: {\"findings\":[…]}" },
	{ 0, NULL, NULL, NULL },
};

static void examine(struct doctor *d)
{
	const struct config *c = d->session->config;

	doctor_check_host(d);
	for (size_t i = 0; i < c->account_count && !stop_requested(); i++)
		doctor_check_account(d, c->accounts[i]);
	for (size_t i = 0; i < c->bucket_count && !stop_requested(); i++)
		doctor_check_bucket(d, c->buckets[i]);
	for (size_t i = 0; i < d->database_count && !stop_requested(); i++)
		doctor_check_database(d, d->databases[i]);
	doctor_check_room(d);
}

static void print_summary(const struct doctor *d)
{
	size_t problems = d->counts[FINDING_PROBLEM], warnings = d->counts[FINDING_WARNING];

	(void)printf("%zu %s, %zu %s, %zu good\n",
	    problems, plural((int64_t)problems, "problem", "problems"),
	    warnings, plural((int64_t)warnings, "warning", "warnings"), d->counts[FINDING_GOOD]);
}

static void print_document(const struct doctor *d)
{
	AUTO_JSON document = json_object_new_object();

	json_set(document, "findings", json_object_get(d->findings));
	json_set_int(document, "problems", (int64_t)d->counts[FINDING_PROBLEM]);
	json_set_int(document, "warnings", (int64_t)d->counts[FINDING_WARNING]);
	print_json(document);
}

static int choose(struct doctor *d, const char *name, struct err *err)
{
	struct names_ref ref = { 0 };

	if (name != NULL && names_parse(name, &ref, err) != 0)
		return -1;
	if (ref.which != NULL)
		(void)err_set(err, ERR_USAGE, "\"%s\": doctor takes an environment or a database", name);
	else
		d->databases = session_select(d->session, &ref, &d->database_count, err);
	d->whole = name == NULL;
	names_ref_release(&ref);
	return d->databases != NULL ? 0 : -1;
}

static int diagnose(struct session *session, const char *name, bool json)
{
	struct doctor d = { .session = session };
	struct err err = ERR_INIT;
	int status = EXIT_DONE;

	if (json)
		d.findings = json_object_new_array();
	if (choose(&d, name, &err) != 0) {
		status = fail(&err);
	} else {
		examine(&d);
		if (json)
			print_document(&d);
		else
			print_summary(&d);
		if (d.counts[FINDING_PROBLEM] > 0)
			status = EXIT_FAILED;
		if (stop_requested())
			status = EXIT_INTERRUPTED;
	}
	free(d.databases);
	free(d.unusable);
	json_free(&d.findings);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct session session;
	char **rest;
	bool json;
	int rest_count, status;

	if (!args_only_json(command, argc, argv, &json, &rest, &rest_count))
		return EXIT_USAGE;
	if (rest_count > 1)
		return usage_error(command, "doctor takes one name, or none");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	status = diagnose(&session, rest_count == 1 ? rest[0] : NULL, json);
	session_close(&session);
	return finish_output(status);
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "[ENV[/DB]]",
	.summary = "Try all that backups need, and say what is wrong and what to do about it.",
	.details =
	    "Secrets and their modes, the signing key, time zones, the daemon; each account's\n"
	    "token, the clock, requests left; each bucket, with a small object below .doctor/\n"
	    "that is written, read, not overwritten, replaced and deleted again; each database,\n"
	    "whether it can be read and how old its newest verified snapshot is; free room.\n\n"
	    "Each finding is good, a warning or a problem, with its remedy. Exit status 1 when\n"
	    "there is a problem.",
	.options = options,
	.run = run,
};

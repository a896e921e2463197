/* This machine: the configuration's surroundings, keys, zones, and the daemon. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tempdir.h"
#include "cli/daemon_link.h"
#include "cli/doctor.h"
#include "cli/format.h"
#include "schedule/zone.h"
#include "state/lock.h"
#include "state/state.h"

#define CONFIGURATION "configuration"

/* Secrets, their modes, folders and files: what `d1keep check` says. */
static void check_surroundings(struct doctor *d)
{
	struct config_problems problems = { .count = 0 };

	config_check_surroundings(d->session->config, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		const struct config_problem *p = &problems.items[i];

		doctor_say(d, FINDING_PROBLEM, CONFIGURATION, "files", p->hint, "%s (line %d)", p->message, p->line);
	}
	if (problems.count == 0)
		doctor_say(d, FINDING_GOOD, CONFIGURATION, "files", NULL,
		    "secrets are there and nobody else's, folders can be used");
	config_problems_release(&problems);
}

static bool is_credential_elsewhere(const char *place)
{
	return strncmp(place, "credential:", 11) == 0 && getenv("CREDENTIALS_DIRECTORY") == NULL;
}

static void check_signing(struct doctor *d)
{
	struct session *s = d->session;
	struct err err = ERR_INIT;

	if (s->config->sign_key == NULL && s->verifier == NULL)
		doctor_say(d, FINDING_WARNING, CONFIGURATION, "signing",
		    "d1keep keygen FILE makes a key, and prints the two lines for the configuration",
		    "snapshots are not signed: whoever can write the bucket can change them unseen");
	else if (s->config->sign_key != NULL && is_credential_elsewhere(s->config->sign_key))
		doctor_say(d, FINDING_WARNING, CONFIGURATION, "signing",
		    "CREDENTIALS_DIRECTORY=/etc/d1keep d1keep doctor, where the files lie",
		    "not tried: %s is there only within the service", s->config->sign_key);
	else if (session_load_signer(s, &err) != 0)
		doctor_say_err(d, FINDING_PROBLEM, CONFIGURATION, "signing", &err,
		    "sign_key and trusted_keys of the configuration must go together");
	else if (s->verifier == NULL)
		doctor_say(d, FINDING_WARNING, CONFIGURATION, "signing", "add the public key to trusted_keys",
		    "snapshots are signed, but no key is trusted: nobody looks at the signature");
	else
		doctor_say(d, FINDING_GOOD, CONFIGURATION, "signing", NULL,
		    "the key signs, and its public key is trusted");
}

static void check_zones(struct doctor *d)
{
	for (size_t i = 0; i < d->database_count; i++) {
		const char *zone = d->databases[i]->policy.timezone;
		struct err err = ERR_INIT;
		size_t before = 0;

		while (strcmp(d->databases[before]->policy.timezone, zone) != 0)
			before++;
		if (before < i)
			continue;
		if (zone_check(zone, &err) != 0)
			doctor_say_err(d, FINDING_PROBLEM, CONFIGURATION, "time zone", &err, "apt-get install tzdata");
		else
			doctor_say(d, FINDING_GOOD, CONFIGURATION, "time zone", NULL, "%s is known here", zone);
	}
}

/* ---- the daemon ---- */

static bool anything_is_scheduled(const struct doctor *d)
{
	for (size_t i = 0; i < d->database_count; i++) {
		if (d->databases[i]->policy.schedule != NULL)
			return true;
	}
	return false;
}

static void check_runs(struct doctor *d, struct state *state)
{
	for (size_t i = 0; i < d->database_count; i++) {
		AUTO_STR name = mem_printf("%s/%s", d->databases[i]->environment->name, d->databases[i]->name);
		AUTO_STR subject = mem_printf("database %s", name);
		struct state_database run = { .running = false };
		struct err err = ERR_INIT;

		if (state_get(state, name, &run, &err) != 0) {
			if (err.code != ERR_NOT_FOUND) {
				doctor_say_err(d, FINDING_PROBLEM, "daemon", "state", &err, NULL);
				return;
			}
			continue;
		}
		if (run.failures > 0)
			doctor_say(d, FINDING_PROBLEM, subject, "runs", "d1keep status tells more, and the log of d1keepd",
			    "its last %d %s failed: %s", run.failures, plural(run.failures, "run", "runs"), run.last.message);
	}
}

static void check_state(struct doctor *d)
{
	struct err err = ERR_INIT;
	struct state *state = state_open(d->session->config->state_dir, false, &err);

	if (state == NULL && err.code != ERR_NOT_FOUND) {
		doctor_say_err(d, FINDING_PROBLEM, "daemon", "state", &err,
		    "d1keepd sets a damaged file aside when it starts: systemctl restart d1keepd");
		return;
	}
	if (state == NULL)
		return;
	doctor_say(d, FINDING_GOOD, "daemon", "state", NULL, "what ran when can be read");
	check_runs(d, state);
	state_close(state);
}

static void compare_version(struct doctor *d, struct json_object *health)
{
	const char *version = json_get_str(health, "version");

	if (version == NULL)
		return;
	if (strcmp(version, D1KEEP_VERSION) == 0)
		doctor_say(d, FINDING_GOOD, "daemon", "version", NULL, "it is d1keepd %s, as this is", version);
	else
		doctor_say(d, FINDING_WARNING, "daemon", "version", "systemctl restart d1keepd",
		    "d1keepd %s runs, and this is d1keep %s", version, D1KEEP_VERSION);
}

/* Over its socket, where the configuration has one. */
static void ask_daemon(struct doctor *d)
{
	struct err err = ERR_INIT;
	struct daemon_link *link = daemon_link_open(d->session->config, &err);
	AUTO_JSON health = link != NULL ? daemon_link_ask(link, "/healthz", NULL, &err) : NULL;

	/* What it is not ready for is the error. */
	if (health != NULL)
		(void)json_object_put(daemon_link_ask(link, "/readyz", NULL, &err));
	if (health != NULL)
		compare_version(d, health);
	if (err.code != ERR_NONE && (link != NULL || err.code != ERR_NOT_FOUND))
		doctor_say_err(d, FINDING_WARNING, "daemon", "answer", &err, "the log of d1keepd tells: journalctl -u d1keepd");
	daemon_link_close(link);
}

static void check_daemon(struct doctor *d)
{
	const char *state_dir = d->session->config->state_dir;
	bool running = state_is_locked(state_dir);

	if (running)
		doctor_say(d, FINDING_GOOD, "daemon", "running", NULL, "d1keepd works in \"%s\"", state_dir);
	else if (anything_is_scheduled(d))
		doctor_say(d, FINDING_WARNING, "daemon", "running",
		    "systemctl enable --now d1keepd; or all is well, and another host or a timer does it",
		    "no d1keepd works in \"%s\", and databases have a schedule", state_dir);
	else
		doctor_say(d, FINDING_GOOD, "daemon", "running", NULL, "not running, and nothing is scheduled");
	if (running)
		ask_daemon(d);
	check_state(d);
}

void doctor_check_host(struct doctor *d)
{
	check_surroundings(d);
	check_signing(d);
	check_zones(d);
	check_daemon(d);
}

/* A replay makes a database of the SQL, and its indexes. */
static void check_tmpdir(struct doctor *d)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;
	char *folder = tempdir_make(&err);

	if (folder == NULL)
		doctor_say_err(d, FINDING_PROBLEM, "TMPDIR", "room", &err, "set TMPDIR to a folder that can be written");
	else
		doctor_room(d, "TMPDIR", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp", 2 * d->largest_sql_bytes);
	tempdir_remove(folder);
}

void doctor_check_room(struct doctor *d)
{
	doctor_room(d, "state_dir", d->session->config->state_dir, 0);
	check_tmpdir(d);
}

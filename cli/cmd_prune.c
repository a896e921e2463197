/* d1keep prune: remove what is not to be kept any more, and what belongs to nobody. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/pruning.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "storage/lease.h"

enum { OPT_DRY_RUN = 300 };

static const struct option_def options[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "explain what would be done; remove nothing" },
	{ OPT_JSON, "json", NULL, "one JSON document: {\"databases\":[…]}" },
	{ 0, NULL, NULL, NULL },
};

struct pruning {
	const struct session *session;
	bool dry_run;
	struct json_object *array;    /* for programs, or NULL */
};

static int check_lease(void *lease, struct err *err)
{
	return lease_check(lease, err);
}

/* A dry run writes nothing: it disturbs nobody, and is disturbed by nobody. */
static int take_lease(const struct pruning *p, const char *name, struct open_store *open,
    struct lease **ret, struct err *err)
{
	*ret = NULL;
	if (p->dry_run)
		return 0;
	*ret = lease_acquire(&(struct lease_options){
		.store = &open->store, .clock = &clock_system, .subject = name, .what = "prune",
	}, err);
	return *ret != NULL ? 0 : -1;
}

static int prune_open(const struct pruning *p, const struct config_database *d,
    struct open_store *open, const char *name, struct prune_report *ret, struct err *err)
{
	struct prune_options how = pruning_options(p->session, d, open);
	struct err released = ERR_INIT;
	struct lease *lease;
	int rc;

	*ret = (struct prune_report){ .kept = 0 };
	if (take_lease(p, name, open, &lease, err) != 0)
		return -1;
	how.dry_run = p->dry_run;
	how.policy.last_run_failed = pruning_last_run_failed(p->session, d, open);
	how.may_go_on = lease != NULL ? check_lease : NULL;
	how.may_go_on_ctx = lease;
	rc = prune_store(&how, ret, err);
	if (lease != NULL && lease_release(lease, &released) != 0 && rc == 0) {
		*err = released;
		rc = -1;
	}
	return rc;
}

static void print_report(const struct pruning *p, const char *name,
    const struct prune_report *report)
{
	if (p->array != NULL)
		(void)json_object_array_add(p->array, pruning_json(name, report, p->dry_run));
	else
		pruning_print(name, report, p->dry_run);
	(void)fflush(stdout);
}

static int prune_database(const struct pruning *p, const struct config_database *d)
{
	AUTO_STR name = mem_printf("%s/%s", d->environment->name, d->name);
	struct prune_report report = { .kept = 0 };
	struct err err = ERR_INIT;
	struct open_store open;
	int rc, status;

	if (open_store(p->session, d, &open, &err) != 0) {
		(void)err_wrap(&err, "%s", name);
		return fail(&err);
	}
	rc = prune_open(p, d, &open, name, &report, &err);
	/* What was done before it failed is told, too. */
	if (rc == 0 || report.removed_objects > 0)
		print_report(p, name, &report);
	status = pruning_warn(name, &report);
	if (rc != 0) {
		(void)err_wrap(&err, "%s", name);
		status = fail(&err);
	}
	prune_report_release(&report);
	close_store(&open);
	return status;
}

/* One database's trouble is none of the others'. */
static int prune_all(const struct pruning *p, struct config_database *const *databases,
    size_t count)
{
	int result = EXIT_DONE;
	size_t i;

	for (i = 0; i < count && !stop_requested(); i++) {
		int status;

		if (i > 0 && p->array == NULL)
			(void)printf("\n");
		status = prune_database(p, databases[i]);
		if (result == EXIT_DONE)
			result = status;
	}
	return i < count ? EXIT_INTERRUPTED : result;
}

static int prune(struct pruning *p, const char *text, bool json)
{
	struct names_ref ref = { 0 };
	struct config_database **found = NULL;
	struct err err = ERR_INIT;
	size_t count = 0;
	int status;

	if (text == NULL || names_parse(text, &ref, &err) == 0) {
		if (ref.which != NULL) {
			(void)err_set(&err, ERR_USAGE, "\"%s\": prune goes by rules, it takes no @", text);
			(void)err_hint(&err, "d1keep remove %s removes one snapshot", text);
		} else {
			found = session_select(p->session, &ref, &count, &err);
		}
	}
	names_ref_release(&ref);
	if (found == NULL)
		return fail(&err);
	p->array = json ? json_object_new_array() : NULL;
	status = prune_all(p, found, count);
	if (json) {
		AUTO_JSON document = json_object_new_object();

		json_set(document, "databases", p->array);
		print_json(document);
	}
	free(found);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct pruning p = { .session = NULL };
	struct session session;
	struct args args;
	const char *value;
	bool json = false;
	int id, status;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		json = json || id == OPT_JSON;
		p.dry_run = p.dry_run || id == OPT_DRY_RUN;
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count > 1)
		return usage_error(command, "one environment or database at a time");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	p.session = &session;
	status = prune(&p, args.rest_count == 1 ? args.rest[0] : NULL, json);
	session_close(&session);
	return finish_output(status);
}

const struct command command_prune = {
	.name = "prune",
	.arguments = "[ENV[/DB]]",
	.summary = "Remove the snapshots that no keep_ option names, and garbage.",
	.details =
	    "Each snapshot is explained: the rules that keep it, or that it goes. Without\n"
	    "keep_ options only garbage goes. Never removed: what bears a label or a pin, the\n"
	    "newest snapshot, the newest that is known to be good, and anything while the\n"
	    "newest is damaged or the daemon's last run failed.\n\n"
	    "Garbage, such as the chunks of a backup that was cut off, is spared until it is\n"
	    "garbage_grace old. What a lock rule of the bucket keeps is no error. Exit status 1\n"
	    "when something that was deleted is still there: the next prune tries again; 75\n"
	    "when another run works on the database.",
	.options = options,
	.run = run,
};

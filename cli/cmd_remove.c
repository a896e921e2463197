/* d1keep remove: snapshots go by hand, also such as cannot be read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/pruning.h"
#include "cli/session.h"
#include "storage/lease.h"

enum { OPT_FORCE = 256, OPT_YES };

static const struct option_def options[] = {
	{ OPT_FORCE, "force", NULL, "also one that is labelled, pinned, or the last good one" },
	{ OPT_YES, "yes-i-mean", "ENV/DB", "for production: instead of typing the name" },
	{ 0, NULL, NULL, NULL },
};

struct removal {
	const struct session *session;
	bool force;
	const char *meant;
};

/* Snapshots of one database. */
struct chosen {
	const struct config_database *database;
	char (*ids)[20];
	size_t count, cap;
};

static int check_lease(void *lease, struct err *err)
{
	return lease_check(lease, err);
}

/* The id is found without reading the snapshot: it may be one that cannot be read. */
static int resolve(const struct session *session, const struct config_database *d,
    const char *which, char ret_id[20], struct err *err)
{
	struct open_store open;
	int rc;

	if (open_store(session, d, &open, err) != 0)
		return -1;
	rc = store_resolve(&open.store, which, ret_id, err);
	close_store(&open);
	return rc;
}

static int choose_one(const struct session *session, const char *text, struct chosen *c,
    struct err *err)
{
	struct names_ref ref = { 0 };
	struct config_database **found = NULL;
	size_t count = 0;
	int rc = -1;

	if (names_parse(text, &ref, err) != 0)
		return -1;
	if (ref.which == NULL) {
		(void)err_set(err, ERR_USAGE, "this is a database, and no snapshot of it");
		(void)err_hint(err, "write ENV/DB@WHICH: d1keep list shows what there is");
	} else if ((found = session_select(session, &ref, &count, err)) != NULL) {
		if (c->database != NULL && c->database != found[0]) {
			(void)err_set(err, ERR_USAGE, "snapshots of one database at a time");
		} else {
			c->database = found[0];
			c->ids = mem_grow(c->ids, c->count, &c->cap, sizeof(*c->ids));
			rc = resolve(session, found[0], ref.which, c->ids[c->count], err);
			c->count += rc == 0;
		}
	}
	free(found);
	names_ref_release(&ref);
	return rc == 0 ? 0 : err_wrap(err, "%s", text);
}

static int confirm(const struct removal *r, const struct chosen *c, const char *name,
    struct err *err)
{
	AUTO_STR why = c->count == 1 ? mem_printf("snapshot %s of %s will be gone for good", c->ids[0], name) :
	    mem_printf("%zu snapshots of %s will be gone for good", c->count, name);

	/* A name that is given has to be this one, wherever it is asked for. */
	if (r->meant == NULL && !session_is_production(r->session, c->database))
		return 0;
	return confirm_name(name, why, r->meant, err);
}

static int remove_open(const struct removal *r, const struct chosen *c, const char *name,
    struct open_store *open, struct prune_report *ret, struct err *err)
{
	struct prune_options how = pruning_options(r->session, c->database, open);
	const char **ids = mem_calloc(c->count, sizeof(*ids));
	struct err released = ERR_INIT;
	struct lease *lease = lease_acquire(&(struct lease_options){
		.store = &open->store, .clock = &clock_system, .subject = name, .what = "remove",
	}, err);
	int rc = -1;

	for (size_t i = 0; i < c->count; i++)
		ids[i] = c->ids[i];
	if (lease != NULL) {
		how.may_go_on = check_lease;
		how.may_go_on_ctx = lease;
		rc = prune_remove(&how, ids, c->count, r->force, ret, err);
		if (lease_release(lease, &released) != 0 && rc == 0) {
			*err = released;
			rc = -1;
		}
	}
	free(ids);
	return rc;
}

/* A snapshot that a lock rule keeps is still there, and that was not what was asked. */
static int tell(const char *name, const struct chosen *c, const struct prune_report *report)
{
	AUTO_STR summary = pruning_summary(report, false);
	int status = pruning_warn(name, report);

	for (size_t i = 0; i < report->snapshot_count; i++) {
		const struct prune_snapshot *s = &report->snapshots[i];

		for (size_t j = 0; j < c->count; j++) {
			if (strcmp(s->id, c->ids[j]) != 0 || s->removed)
				continue;
			log_error("%s: snapshot %s was not removed: %s", name, s->id,
			    s->fate.reason_count > 0 ? s->fate.reasons[0] : "it is still there");
			status = EXIT_FAILED;
		}
	}
	(void)printf("%s: %s\n", name, summary);
	return status;
}

static int remove_chosen(const struct removal *r, const struct chosen *c, struct err *err)
{
	AUTO_STR name = mem_printf("%s/%s", c->database->environment->name, c->database->name);
	struct prune_report report = { .kept = 0 };
	struct open_store open;
	int status, rc;

	if (confirm(r, c, name, err) != 0)
		return fail(err);
	if (open_store(r->session, c->database, &open, err) != 0)
		return fail(err);
	rc = remove_open(r, c, name, &open, &report, err);
	if (rc == 0) {
		status = tell(name, c, &report);
	} else {
		(void)err_wrap(err, "%s", name);
		status = fail(err);
	}
	prune_report_release(&report);
	close_store(&open);
	return status;
}

static int remove_named(const struct removal *r, char **names, int count)
{
	struct chosen c = { .database = NULL };
	struct err err = ERR_INIT;
	int rc = 0, status;

	for (int i = 0; rc == 0 && i < count; i++)
		rc = choose_one(r->session, names[i], &c, &err);
	status = rc == 0 ? remove_chosen(r, &c, &err) : fail(&err);
	free(c.ids);
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct removal r = { .session = NULL };
	struct session session;
	struct args args;
	const char *value;
	int id, status;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		r.force = r.force || id == OPT_FORCE;
		r.meant = id == OPT_YES ? value : r.meant;
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count == 0)
		return usage_error(command, "which snapshot? (as in production/auth@before-0004)");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	r.session = &session;
	status = remove_named(&r, args.rest, args.rest_count);
	session_close(&session);
	return finish_output(status);
}

const struct command command_remove = {
	.name = "remove",
	.arguments = "SNAPSHOT…",
	.summary = "Remove snapshots of one database by hand.",
	.details =
	    "Also one that cannot be read, or that is not signed by a trusted key. Chunks that\n"
	    "were its alone go with it. One that bears a label or a pin, and the last good one,\n"
	    "take --force; production asks for the database's name.",
	.options = options,
	.run = run,
};

/* d1keep list: the retained snapshots, newest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "cli/cli.h"
#include "cli/events.h"
#include "cli/format.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"

enum { OPT_EVENTS = OPT_JSON + 1 };

static const struct option_def options[] = {
	{ OPT_JSON, "json", NULL, "one JSON document: {\"snapshots\":[…]}" },
	{ OPT_EVENTS, "events-fd", "N", NULL },
	{ 0, NULL, NULL, NULL },
};

static const char *const headings[] = {
	"SNAPSHOT", "LABEL", "?PINNED", ">AGE", ">TABLES", ">ROWS", ">SIZE", ">NEW", "CONSISTENCY", "SIGNED",
	"VERIFIED",
};

struct listing {
	const struct session *session;
	struct columns *columns;      /* for people */
	struct json_object *array;    /* or for programs */
	struct events events;         /* errors, for d1keepd */
	const char *name;             /* of the database */
	int status;
};

static const char *signed_word(enum signature signature)
{
	switch (signature) {
	case SIGNATURE_GOOD:
		return "yes";
	case SIGNATURE_UNCHECKED:
		return "unchecked";
	default:
		return signature_name(signature);
	}
}

static void add_row(struct columns *c, const struct snapshot *s, const struct verdict *v,
    const struct pin *pin)
{
	const struct manifest *m = &s->manifest;
	AUTO_STR name = snapshot_name(m);
	AUTO_STR consistency = mem_printf("%s%s", m->consistency,
	    m->exception_count > 0 ? ", incomplete" : "");
	char text[FORMAT_SIZE];
	int64_t at = m->started_at;

	(void)stamp_parse(m->id, &at);
	columns_add(c, name);
	columns_add(c, m->label != NULL ? m->label : "-");
	columns_add(c, pin_words(pin, clock_now(&clock_system), text));
	columns_add(c, format_age(clock_now(&clock_system) - at, text));
	columns_add(c, format_count((int64_t)m->table_count, text));
	columns_add(c, format_count(manifest_rows(m), text));
	columns_add(c, format_bytes(manifest_stored_bytes(m), text));
	columns_add(c, format_bytes(m->new_bytes, text));
	columns_add(c, consistency);
	columns_add(c, signed_word(s->signature));
	columns_add(c, verdict_words(v));
}

/* Damage is what a person must not miss. */
static void note_failure(struct listing *l, const struct err *err)
{
	int status = fail(err);

	events_error(&l->events, err);
	if (l->status != EXIT_DAMAGE)
		l->status = status;
}

/* A snapshot that cannot be loaded is said, and is no reason to hide the rest. */
static void list_one(void *ctx, const struct listed_snapshot *s)
{
	struct listing *l = ctx;
	struct err err = s->err;

	if (err.code != ERR_NONE) {
		(void)err_wrap(&err, "%s", l->name);
		note_failure(l, &err);
		return;
	}
	if (s->beside_err.code != ERR_NONE)
		log_warning("%s: %s", l->name, s->beside_err.msg);
	if (l->array != NULL)
		(void)json_object_array_add(l->array, snapshot_json(&s->snapshot, &s->verdict, &s->pin, false));
	else
		add_row(l->columns, &s->snapshot, &s->verdict, &s->pin);
}

static int list_database(struct listing *l, const struct config_database *d, struct err *err)
{
	AUTO_STR name = mem_printf("%s/%s", d->environment->name, d->name);
	struct store_ids ids = { 0 };
	struct open_store open;
	int rc;

	if (open_store(l->session, d, &open, err) != 0)
		return err_wrap(err, "%s", name);
	open_cache(l->session, d, &open);
	l->name = name;
	rc = store_list(&open.store, &ids, err);
	if (rc == 0)
		rc = listing_each(&open, &ids, list_one, l, err);
	if (rc == 0)
		store_trim_cache(&open.store, &ids);
	store_ids_release(&ids);
	close_store(&open);
	return rc == 0 ? 0 : err_wrap(err, "%s", name);
}

static void print_listing(const struct listing *l)
{
	if (l->array != NULL) {
		AUTO_JSON document = json_object_new_object();

		json_set(document, "snapshots", json_object_get(l->array));
		print_json(document);
	} else if (l->status == EXIT_DONE || columns_count(l->columns) > 0) {
		columns_print(l->columns);
	}
}

static int list(const struct session *session, const char *text, bool json, int events_fd)
{
	struct listing l = { .session = session, .status = EXIT_DONE, .events.fd = events_fd };
	struct names_ref ref = { 0 };
	struct config_database **found = NULL;
	struct err err = ERR_INIT;
	size_t count = 0;

	if (text == NULL || names_parse(text, &ref, &err) == 0) {
		if (ref.which != NULL) {
			(void)err_set(&err, ERR_USAGE, "\"%s\": list shows every snapshot of a database, it takes no @", text);
			(void)err_hint(&err, "d1keep show %s shows one", text);
		} else {
			found = session_select(session, &ref, &count, &err);
		}
	}
	names_ref_release(&ref);
	if (found == NULL) {
		events_error(&l.events, &err);
		return fail(&err);
	}
	l.columns = columns_new(headings, sizeof(headings) / sizeof(headings[0]));
	l.array = json ? json_object_new_array() : NULL;
	for (size_t i = 0; i < count; i++) {
		if (list_database(&l, found[i], &err) != 0)
			note_failure(&l, &err);
	}
	print_listing(&l);
	columns_free(l.columns);
	json_free(&l.array);
	free(found);
	return l.status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct session session;
	struct args args;
	const char *value;
	bool json = false;
	int id, status, events_fd = -1;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		if (id == OPT_JSON)
			json = true;
		else
			events_fd = events_listener(value);
	}
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count > 1)
		return usage_error(command, "one environment or database at a time");
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	status = list(&session, args.rest_count == 1 ? args.rest[0] : NULL, json, events_fd);
	session_close(&session);
	return finish_output(status);
}

const struct command command_list = {
	.name = "list",
	.arguments = "[ENV[/DB]]",
	.summary = "List the retained snapshots, database by database, newest first.",
	.details =
	    "SIZE is what the snapshot's chunks take in the bucket, NEW the part that no\n"
	    "earlier snapshot had stored. A snapshot whose manifest is damaged, or signed by\n"
	    "no trusted key, is named on standard error (exit status 3).",
	.options = options,
	.run = run,
};

/* d1keep cat: the dump on standard output. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/events.h"
#include "cli/session.h"
#include "restore/fetch.h"
#include "restore/restore.h"

enum { OPT_EVENTS = 256 };

static const struct option_def options[] = {
	{ 't', "table", "TABLE", "only the rows of this table (may be given again)" },
	{ 'z', "gzip", NULL, "as it is stored: gzip" },
	{ OPT_EVENTS, "events-fd", "N", NULL },
	{ 0, NULL, NULL, NULL },
};

struct wanted_tables {
	const char **tables;
	size_t count, cap;
	bool gzip;
	struct events events;    /* errors, for d1keepd */
};

static bool wanted(void *ctx, const struct manifest_object *object)
{
	const struct wanted_tables *s = ctx;

	for (size_t i = 0; i < s->count; i++) {
		if (object->table != NULL && strcmp(object->table, s->tables[i]) == 0)
			return true;
	}
	return s->count == 0;
}

static int check_tables(const struct wanted_tables *s, const struct manifest *m, struct err *err)
{
	for (size_t i = 0; i < s->count; i++) {
		size_t j = 0;

		while (j < m->table_count && strcmp(m->tables[j].name, s->tables[i]) != 0)
			j++;
		if (j == m->table_count) {
			(void)err_set(err, ERR_USAGE, "the snapshot has no table \"%s\"", s->tables[i]);
			return err_hint(err, "d1keep show lists its tables");
		}
	}
	return 0;
}

static int cat(const struct session *session, const char *text, struct wanted_tables *s)
{
	struct open_snapshot open;
	struct err err = ERR_INIT;
	int rc;

	if (open_snapshot(session, text, &open, &err) != 0) {
		events_error(&s->events, &err);
		return fail(&err);
	}
	rc = check_tables(s, &open.snapshot.manifest, &err);
	if (rc == 0)
		rc = restore_write(&(struct fetch_options){
			.store = &open.open.store, .manifest = &open.snapshot.manifest,
			.workers = session->workers, .wanted = wanted, .wanted_ctx = s,
		}, STDOUT_FILENO, "standard output", s->gzip, NULL, NULL, &err);
	close_snapshot(&open);
	if (rc == 0)
		return EXIT_DONE;
	events_error(&s->events, &err);
	/* Whoever reads has seen enough. */
	return err.sys == EPIPE ? EXIT_FAILED : fail(&err);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct wanted_tables s = { .events.fd = -1 };
	struct session session;
	struct args args;
	const char *value;
	int id, status;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0) {
		if (id == 't') {
			s.tables = mem_grow(s.tables, s.count, &s.cap, sizeof(const char *));
			s.tables[s.count++] = value;
		} else if (id == 'z') {
			s.gzip = true;
		} else {
			s.events.fd = events_listener(value);
		}
	}
	args_release(&args);
	status = id < 0 ? EXIT_USAGE : EXIT_DONE;
	if (status == EXIT_DONE && args.rest_count != 1)
		status = usage_snapshot(command, args.rest_count);
	if (status == EXIT_DONE)
		status = session_open(&session, cli);
	if (status == EXIT_DONE) {
		status = cat(&session, args.rest[0], &s);
		session_close(&session);
	}
	free(s.tables);
	return finish_output(status);
}

const struct command command_cat = {
	.name = "cat",
	.arguments = "SNAPSHOT",
	.summary = "Write the snapshot's SQL to standard output.",
	.details =
	    "Each chunk is checked before a byte of it is written. A status other than 0\n"
	    "means that the output is not whole.",
	.options = options,
	.run = run,
};

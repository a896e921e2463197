/* d1keep diff: what became of a database between two snapshots, or since one. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/diff_print.h"
#include "cli/live.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "restore/diff.h"

enum { OPT_ROWS = OPT_JSON + 1 };

#define MOST_KEYS 100000
#define LIVE "live:"

static const struct option_def options[] = {
	{ 't', "table", "TABLE", "only this table, with its indexes and triggers (may be given again)" },
	{ OPT_ROWS, "rows", "N", "name up to N differing rows of each table by their keys" },
	{ OPT_JSON, "json", NULL, "everything, as one JSON document" },
	{ 0, NULL, NULL, NULL },
};

struct request {
	const char *a, *b;       /* as typed; b NULL: the live database of a */
	const char **tables;
	size_t table_count, keys;
	bool json, quiet;
};

/* One side, opened: a snapshot, or a live database. */
struct side {
	bool is_live;
	const struct config_database *database;
	struct open_snapshot snapshot;
	struct live live;
	char *name;
};

struct comparison {
	const struct session *session;
	const struct request *request;
	struct side a, b;
	struct progress progress;
};

/* ---- the sides ---- */

static const struct manifest *manifest_of(const struct side *s)
{
	return s->is_live ? &s->live.manifest : &s->snapshot.snapshot.manifest;
}

static struct diff_side diff_side_of(struct side *s)
{
	return (struct diff_side){ s->is_live ? &s->live.store : &s->snapshot.open.store, manifest_of(s) };
}

/* What can be had without reading a database. */
static int open_side(const struct session *session, const char *text, struct side *ret,
    struct err *err)
{
	ret->is_live = strncmp(text, LIVE, strlen(LIVE)) == 0;
	if (ret->is_live) {
		ret->database = session_database(session, text + strlen(LIVE), err);
		return ret->database != NULL ? 0 : -1;
	}
	if (open_snapshot(session, text, &ret->snapshot, err) != 0)
		return -1;
	ret->database = ret->snapshot.database;
	ret->name = snapshot_name(&ret->snapshot.snapshot.manifest);
	return 0;
}

static int open_sides(struct comparison *c, struct err *err)
{
	const struct request *q = c->request;

	if (open_side(c->session, q->a, &c->a, err) != 0)
		return -1;
	if (q->b != NULL)
		return open_side(c->session, q->b, &c->b, err);
	if (c->a.is_live)
		return err_set(err, ERR_USAGE, "compare %s with what?", q->a);
	c->b.is_live = true;
	c->b.database = c->a.database;
	return 0;
}

static void on_read(void *ctx, int64_t sql_bytes, int64_t rows)
{
	progress_update(ctx, sql_bytes, rows);
}

static int read_live(struct comparison *c, struct side *s, const struct side *other,
    struct err *err)
{
	AUTO_STR name = mem_printf("%s/%s", s->database->environment->name, s->database->name);
	int rc;

	if (!s->is_live)
		return 0;
	progress_begin(&c->progress, name, 0, c->request->quiet);
	rc = live_read(&(struct live_options){
		.session = c->session, .database = s->database,
		.other = other->is_live ? NULL : manifest_of(other),
		.progress = on_read, .progress_ctx = &c->progress,
	}, &s->live, err);
	progress_end(&c->progress);
	if (rc == 0 && s->live.moved)
		log_warning("%s was written to while it was read: this comparison may mix two moments", name);
	s->name = mem_printf("%s (live)", name);
	return rc;
}

static void close_side(struct side *s)
{
	if (s->is_live)
		live_release(&s->live);
	else
		close_snapshot(&s->snapshot);
	free(s->name);
}

/* ---- doing it ---- */

static void print(const struct comparison *c, const struct diff *diff)
{
	const struct diff_shown shown = {
		.diff = diff, .name_a = c->a.name, .name_b = c->b.name,
		.a = manifest_of(&c->a), .b = manifest_of(&c->b),
	};

	if (c->request->json) {
		AUTO_JSON document = diff_json(&shown);

		print_json(document);
	} else {
		diff_print(&shown);
	}
}

static int compare(struct comparison *c, struct diff *ret, struct err *err)
{
	const struct request *q = c->request;
	const struct selection selection = { q->tables, q->table_count };
	int rc;

	if (open_sides(c, err) != 0 || read_live(c, &c->a, &c->b, err) != 0 ||
	    read_live(c, &c->b, &c->a, err) != 0)
		return -1;
	progress_begin(&c->progress, "compare", 0, q->quiet);
	rc = diff_snapshots(&(struct diff_options){
		.a = diff_side_of(&c->a), .b = diff_side_of(&c->b), .selection = &selection,
		.keys = q->keys, .workers = c->session->workers,
		.progress = progress_bytes, .progress_ctx = &c->progress,
	}, ret, err);
	progress_end(&c->progress);
	return rc == 0 ? 0 : err_wrap(err, "compare %s with %s", c->a.name, c->b.name);
}

static int run_comparison(const struct session *session, const struct request *q)
{
	struct comparison c = { .session = session, .request = q };
	struct err err = ERR_INIT;
	int status = EXIT_DONE;
	struct diff diff;

	if (compare(&c, &diff, &err) == 0) {
		print(&c, &diff);
		diff_release(&diff);
	} else {
		status = fail(&err);
	}
	close_side(&c.a);
	close_side(&c.b);
	return status;
}

/* ---- the command line ---- */

static int take_option(struct request *q, int id, const char *value, const struct command *command)
{
	char *end;
	long n;

	switch (id) {
	case 't':
		q->tables[q->table_count++] = value;
		break;
	case OPT_JSON:
		q->json = true;
		break;
	case OPT_ROWS:
		n = strtol(value, &end, 10);
		if (end == value || *end != '\0' || n < 1 || n > MOST_KEYS)
			return usage_error(command, "--rows takes 1 to %d, not \"%s\"", MOST_KEYS, value);
		q->keys = (size_t)n;
		break;
	default:
		break;
	}
	return EXIT_DONE;
}

static int parse(const struct command *command, int argc, char **argv, struct request *q)
{
	struct args args;
	const char *value;
	int id, status = EXIT_DONE;

	args_init(&args, command, argc, argv);
	while (status == EXIT_DONE && (id = args_next(&args, &value)) != 0)
		status = id < 0 ? EXIT_USAGE : take_option(q, id, value, command);
	args_release(&args);
	if (status != EXIT_DONE)
		return status;
	if (args.rest_count < 1 || args.rest_count > 2)
		return usage_error(command, args.rest_count > 2 ? "two at the most" :
		    "which snapshot? (as in production/auth@before-0004; a second one, else the database as it is now)");
	q->a = args.rest[0];
	q->b = args.rest_count > 1 ? args.rest[1] : NULL;
	return EXIT_DONE;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct request q = { .quiet = cli->quiet };
	struct session session;
	int status;

	q.tables = mem_calloc((size_t)argc, sizeof(*q.tables));
	status = parse(command, argc, argv, &q);
	if (status == EXIT_DONE)
		status = session_open(&session, cli);
	if (status == EXIT_DONE) {
		status = run_comparison(&session, &q);
		session_close(&session);
	}
	free(q.tables);
	return finish_output(status);
}

const struct command command_diff = {
	.name = "diff",
	.arguments = "A [B]",
	.summary = "Compare two snapshots, or one with the live database.",
	.details =
	    "A and B are snapshots, also of different databases, or live:ENV/DB: that database\n"
	    "as it is now. Without B, A is compared with its own live database. A is the\n"
	    "earlier one: what only B has was added.\n\n"
	    "Shown are schema changes with their SQL, and for each table the rows added,\n"
	    "removed and changed. Rows are told apart by the primary key (where there is none,\n"
	    "by the rowid); MOVED ones have only another hidden rowid. Values are the same when\n"
	    "storage class and bytes are: 1 is not 1.0. Chunks that both have are not fetched.\n\n"
	    "Exit status 0 means that they were compared, whatever was found; see \"different\"\n"
	    "of --json, or the line \"no difference\".",
	.options = options,
	.run = run,
};

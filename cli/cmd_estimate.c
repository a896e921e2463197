/* d1keep estimate: what a month of the configured schedules takes and costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/cost.h"
#include "cli/format.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "net/http.h"
#include "schedule/slots.h"
#include "storage/names.h"

#define MONTH_S (30 * 86400)
/* A run a minute. */
#define MOST_RUNS (MONTH_S / 60)
#define BUDGET_WINDOW_S 300
/* The newest snapshots, whose average a run is taken for. */
#define LOOKED_AT 7
/* The manifest, its signature, the verdict, the lease taken; lists of snapshots and of
 * chunks before the reading and for pruning. */
#define FIXED_WRITES 6
/* The snapshot before, the lease, and what verification reads back beside the chunks. */
#define FIXED_READS 7
#define LISTED_AT_ONCE 1000

static const struct option_def options[] = {
	{ OPT_JSON, "json", NULL, "one JSON document: {\"databases\":[…],\"accounts\":[…],\"cost\":…}" },
	{ 0, NULL, NULL, NULL },
};

static const char *const headings[] = {
	"DATABASE", ">RUNS", ">REQUESTS", ">ROWS READ", ">WRITES", ">READS", ">UPLOADED", ">STORED THEN", ">COST",
};

/* One run, by what the last ones took. */
struct run_cost {
	size_t snapshots;        /* looked at; 0: nothing is known */
	bool first_only;         /* the first one, which stores everything */
	struct cost cost;
	int64_t new_bytes;
	int64_t stored_bytes;    /* of the newest */
};

/* A database's month. */
struct forecast {
	const struct config_database *database;
	struct run_cost run;
	int64_t runs;
	struct cost cost;        /* stored_bytes: at the end, when nothing is pruned */
	int64_t uploaded;
};

/* When requests go out, of one account. */
struct burst {
	int64_t at;
	int64_t requests;
	const struct config_account *account;
};

struct month {
	int64_t from;
	struct forecast *items;
	size_t count;
	struct burst *bursts;
	size_t burst_count, burst_cap;
};

/* ---- one run ---- */

static int64_t ceil_div(int64_t a, int64_t b)
{
	return b > 0 ? (a + b - 1) / b : 0;
}

/* New chunks by their share of the bytes: the manifest does not say which are. */
static int64_t new_chunks(const struct manifest *m)
{
	int64_t stored = manifest_stored_bytes(m);

	return stored > 0 ? ceil_div((int64_t)m->object_count * m->new_bytes, stored) : 0;
}

static void add_snapshot(struct run_cost *sum, const struct manifest *m,
    const struct config_policy *policy)
{
	bool rereads = policy->verify != CONFIG_VERIFY_NONE;
	bool is_r2 = policy->bucket->type != CONFIG_BUCKET_DIRECTORY;

	if (sum->snapshots++ == 0)
		sum->stored_bytes = manifest_stored_bytes(m);
	sum->new_bytes += m->new_bytes;
	sum->cost.requests += m->requests;
	sum->cost.rows_read += m->requests > 0 ? m->rows_read : 0;
	if (!is_r2)
		return;
	sum->cost.writes += FIXED_WRITES + new_chunks(m) + (int64_t)m->object_count / LISTED_AT_ONCE;
	sum->cost.reads += FIXED_READS + (rereads ? (int64_t)m->object_count : 0);
}

static void make_average(struct run_cost *run)
{
	int64_t n = (int64_t)run->snapshots;

	if (n == 0)
		return;
	run->new_bytes /= n;
	run->cost.requests = ceil_div(run->cost.requests, n);
	run->cost.rows_read /= n;
	run->cost.writes = ceil_div(run->cost.writes, n);
	run->cost.reads = ceil_div(run->cost.reads, n);
}

/* The first snapshot of a database stores all of it: it counts only when it is alone. */
static int read_runs(struct store *store, const struct config_policy *policy, struct run_cost *ret,
    struct err *err)
{
	struct store_ids ids;
	int rc = 0;

	if (store_list(store, &ids, err) != 0)
		return -1;
	for (size_t i = 0; i < ids.count && i < LOOKED_AT && rc == 0; i++) {
		struct snapshot s;

		rc = store_load(store, ids.items[ids.count - 1 - i].id, &s, err);
		if (rc != 0)
			break;
		if (s.manifest.previous_id != NULL || ret->snapshots == 0) {
			ret->first_only = s.manifest.previous_id == NULL;
			add_snapshot(ret, &s.manifest, policy);
		}
		snapshot_release(&s);
	}
	store_ids_release(&ids);
	make_average(ret);
	return rc;
}

/* ---- a month ---- */

static void add_run(struct month *month, const struct forecast *f, int64_t due)
{
	month->bursts = mem_grow(month->bursts, month->burst_count, &month->burst_cap,
	    sizeof(*month->bursts));
	month->bursts[month->burst_count++] = (struct burst){
		.at = due, .requests = f->run.cost.requests, .account = f->database->policy.account,
	};
}

static void count_runs(struct month *month, struct forecast *f)
{
	struct slots slots = config_slots(f->database);
	int64_t after, due;

	if (f->database->policy.schedule == NULL)
		return;
	after = slots_before(&slots, month->from);
	while (f->runs < MOST_RUNS && (after = slots_next_run(&slots, after, &due)) >= 0 &&
	    due <= month->from + MONTH_S) {
		f->runs++;
		if (f->run.cost.requests > 0)
			add_run(month, f, due);
	}
}

static void multiply(struct forecast *f)
{
	f->uploaded = f->runs * f->run.new_bytes;
	f->cost = (struct cost){
		.requests = f->runs * f->run.cost.requests,
		.rows_read = f->runs * f->run.cost.rows_read,
		.writes = f->runs * f->run.cost.writes,
		.reads = f->runs * f->run.cost.reads,
	};
	if (f->database->policy.bucket->type != CONFIG_BUCKET_DIRECTORY)
		f->cost.stored_bytes = f->run.stored_bytes + f->uploaded;
}

static int forecast(const struct session *session, struct month *month, struct forecast *f,
    struct err *err)
{
	struct open_store store;
	int rc = open_store(session, f->database, &store, err);

	if (rc == 0) {
		rc = read_runs(&store.store, &f->database->policy, &f->run, err);
		close_store(&store);
	}
	if (rc != 0) {
		f->run = (struct run_cost){ .snapshots = 0 };
		return err_wrap(err, "%s/%s", f->database->environment->name, f->database->name);
	}
	count_runs(month, f);
	multiply(f);
	return 0;
}

/* ---- the token's budget ---- */

static int by_account_and_time(const void *a, const void *b)
{
	const struct burst *x = a, *y = b;

	if (x->account != y->account)
		return x->account < y->account ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The most requests that are due within five minutes; the bursts are in order. */
static int64_t busiest(const struct burst *bursts, size_t count)
{
	int64_t sum = 0, most = 0;

	for (size_t first = 0, i = 0; i < count; i++) {
		sum += bursts[i].requests;
		while (bursts[i].at - bursts[first].at >= BUDGET_WINDOW_S)
			sum -= bursts[first++].requests;
		most = sum > most ? sum : most;
	}
	return most;
}

static void print_account(const struct config_account *a, int64_t all, int64_t most,
    struct json_object *array)
{
	char requests[FORMAT_SIZE], busy[FORMAT_SIZE], allowed[FORMAT_SIZE];
	struct json_object *o;

	if (array == NULL) {
		(void)printf("account \"%s\": %s requests; in the busiest five minutes %s are due, of %s that its budget allows%s\n",
		    a->name, format_count(all, requests), format_count(most, busy),
		    format_count(a->request_budget, allowed),
		    most > (int64_t)a->request_budget ? ": some will wait (spread)" : "");
		return;
	}
	o = json_object_new_object();
	json_set_str(o, "account", a->name);
	json_set_int(o, "requests", all);
	json_set_int(o, "busiest_five_minutes", most);
	json_set_int(o, "request_budget", a->request_budget);
	(void)json_object_array_add(array, o);
}

static void print_accounts(struct month *month, struct json_object *array)
{
	struct burst *b = month->bursts;

	if (month->burst_count > 0)
		qsort(b, month->burst_count, sizeof(*b), by_account_and_time);
	for (size_t i = 0, end; i < month->burst_count; i = end) {
		int64_t all = 0;

		for (end = i; end < month->burst_count && b[end].account == b[i].account; end++)
			all += b[end].requests;
		print_account(b[i].account, all, busiest(&b[i], end - i), array);
	}
}

/* ---- the table ---- */

static void add_count(struct columns *c, int64_t n)
{
	char text[FORMAT_SIZE];

	columns_add(c, format_count(n, text));
}

static void add_row(struct columns *c, const char *name, const struct forecast *f)
{
	char uploaded[FORMAT_SIZE], stored[FORMAT_SIZE], dollars[COST_SIZE];

	columns_add(c, name);
	add_count(c, f->runs);
	if (f->run.snapshots == 0) {
		for (int i = 0; i < 7; i++)
			columns_add(c, "?");
		return;
	}
	add_count(c, f->cost.requests);
	add_count(c, f->cost.rows_read);
	add_count(c, f->cost.writes);
	add_count(c, f->cost.reads);
	columns_add(c, format_bytes(f->uploaded, uploaded));
	columns_add(c, format_bytes(f->run.stored_bytes + f->uploaded, stored));
	columns_add(c, cost_format(cost_dollars(&f->cost), dollars));
}

static struct json_object *forecast_json(const char *name, const struct forecast *f)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "database", name);
	json_set_int(o, "runs", f->runs);
	json_set_int(o, "snapshots_looked_at", (int64_t)f->run.snapshots);
	json_set_bool(o, "as_if_all_changed", f->run.first_only);
	if (f->run.snapshots == 0) {
		json_set(o, "uploaded_bytes", NULL);
		json_set(o, "stored_bytes", NULL);
		json_set(o, "cost", NULL);
		return o;
	}
	json_set_int(o, "uploaded_bytes", f->uploaded);
	json_set_int(o, "stored_bytes", f->run.stored_bytes + f->uploaded);
	json_set(o, "cost", cost_json(&f->cost));
	return o;
}

static bool is_unknown(const struct forecast *f)
{
	return f->run.snapshots == 0;
}

static bool is_first(const struct forecast *f)
{
	return f->run.first_only;
}

/* "3 databases (a/b, …): WHAT"; those that do run. */
static void print_which(const struct month *month, bool (*which)(const struct forecast *f),
    const char *what)
{
	const struct forecast *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < month->count; i++) {
		if (month->items[i].runs == 0 || !which(&month->items[i]))
			continue;
		first = count++ == 0 ? &month->items[i] : first;
	}
	if (count == 1)
		(void)printf("%s/%s: %s\n", first->database->environment->name, first->database->name, what);
	else if (count > 1)
		(void)printf("%zu databases (%s/%s, …): %s\n", count, first->database->environment->name,
		    first->database->name, what);
}

static void print_month(struct month *month, bool as_json)
{
	AUTO_JSON document = as_json ? json_object_new_object() : NULL;
	struct json_object *databases = as_json ? json_object_new_array() : NULL;
	struct json_object *accounts = as_json ? json_object_new_array() : NULL;
	struct columns *columns = columns_new(headings, sizeof(headings) / sizeof(headings[0]));
	struct cost sum = { .requests = 0 };
	char dollars[COST_SIZE];

	for (size_t i = 0; i < month->count; i++) {
		const struct forecast *f = &month->items[i];
		AUTO_STR name = mem_printf("%s/%s", f->database->environment->name, f->database->name);

		cost_add(&sum, &f->cost);
		if (as_json)
			(void)json_object_array_add(databases, forecast_json(name, f));
		else
			add_row(columns, name, f);
	}
	if (!as_json)
		columns_print(columns);
	print_accounts(month, accounts);
	if (as_json) {
		json_set(document, "databases", databases);
		json_set(document, "accounts", accounts);
		json_set(document, "cost", cost_json(&sum));
		print_json(document);
	} else {
		print_which(month, is_first, "only a first snapshot so far, which stores everything: forecast as if all of it changed for each run");
		print_which(month, is_unknown, "no snapshot yet, not counted");
		(void)printf("all: %s a month by Cloudflare's list, beyond what a plan includes\n",
		    cost_format(cost_dollars(&sum), dollars));
	}
	columns_free(columns);
}

/* ---- the command ---- */

static int estimate(const struct session *session, const char *text, bool as_json)
{
	struct month month = { .from = clock_now(&clock_system) };
	struct config_database **found = NULL;
	struct names_ref ref = { 0 };
	struct err err = ERR_INIT;
	int status = EXIT_DONE;

	if (text == NULL || names_parse(text, &ref, &err) == 0) {
		if (ref.which != NULL)
			(void)err_set(&err, ERR_USAGE, "\"%s\": an estimate is a database's, it takes no @", text);
		else
			found = session_select(session, &ref, &month.count, &err);
	}
	month.items = mem_calloc(month.count, sizeof(*month.items));
	for (size_t i = 0; i < month.count; i++) {
		struct err why = ERR_INIT;

		month.items[i].database = found[i];
		if (forecast(session, &month, &month.items[i], &why) != 0)
			status = fail(&why);
	}
	if (err.code == ERR_NONE)
		print_month(&month, as_json);
	free(month.items);
	free(month.bursts);
	names_ref_release(&ref);
	free(found);
	return err.code == ERR_NONE ? status : fail(&err);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct session session;
	struct args args;
	const char *value;
	bool as_json = false;
	int id, status = EXIT_DONE;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		as_json = true;
	if (id < 0)
		status = EXIT_USAGE;
	else if (args.rest_count > 1)
		status = usage_error(command, "one environment or database at a time");
	if (status == EXIT_DONE)
		status = session_open(&session, cli);
	if (status == EXIT_DONE) {
		status = estimate(&session, args.rest_count == 1 ? args.rest[0] : NULL, as_json);
		session_close(&session);
	}
	args_release(&args);
	return finish_output(status);
}

const struct command command_estimate = {
	.name = "estimate",
	.arguments = "[ENV[/DB]]",
	.summary = "Forecast a month of the schedules: requests, rows read, bytes, dollars.",
	.details =
	    "Thirty days from now, each run like the average of the last seven snapshots. Writes\n"
	    "and reads are the operations on an R2 that Cloudflare charges (classes A and B);\n"
	    "STORED THEN is what the newest snapshot takes and all that is uploaded, as if\n"
	    "nothing were pruned. Prices are those of Cloudflare's list, beyond what a plan\n"
	    "includes: for most, nothing is charged at all. A database without snapshots is not\n"
	    "known: ?. A first snapshot stores everything: while it is the only one, the\n"
	    "forecast is as if all of it changed for each run.",
	.options = options,
	.run = run,
};

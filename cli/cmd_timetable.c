/* d1keep timetable: when the daemon will run, by the configuration alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"
#include "schedule/zone.h"
#include "storage/names.h"

#define COUNT_DEFAULT 10
#define COUNT_MAX 1000

enum { OPT_COUNT = OPT_JSON + 1, OPT_FROM };

static const struct option_def options[] = {
	{ OPT_COUNT, "count", "N", "so many runs of each database; default: 10" },
	{ OPT_FROM, "from", "TIME", "after this moment instead of now: 2026-11-22T02:17:00Z" },
	{ OPT_JSON, "json", NULL, "one JSON document: {\"from\":…,\"databases\":[…]}" },
	{ 0, NULL, NULL, NULL },
};

static const char *const headings[] = {
	"DATABASE", "LOCAL TIME", "UTC", "SLOT", "MOVED BY",
};

struct wanted {
	int count;
	int64_t from;
	bool json;
};

/* A run to come. */
struct run {
	const char *zone;
	int64_t slot, due;
	int64_t blackout_s;      /* what the blackout adds, and the spread */
	unsigned spread_s;
	int slots;               /* how many it answers */
};

/* ---- one run */

/* By strftime's `format`, and "+01:00": a string of its own. The zone's own
 * abbreviation goes to `*ret_abbreviation`, NULL where it is but the offset again. */
static char *local_time(const struct run *run, const char *format, const char **ret_abbreviation)
{
	struct tm tm;
	char text[40];
	long minutes;

	zone_local(run->zone, run->due, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	(void)strftime(text, sizeof(text), format, &tm);
	*ret_abbreviation = tm.tm_zone[0] == '+' || tm.tm_zone[0] == '-' ? NULL : tm.tm_zone;
	return mem_printf("%s%c%02ld:%02ld", text, tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60,
	    minutes % 60);
}

/* The slots after `after` up to the run's own. */
static int count_slots(const struct slots *slots, int64_t after, int64_t last)
{
	int64_t due;
	int count = 0;

	for (; after >= 0 && after < last; count++)
		after = slots_next(slots, after, &due);
	return count;
}

/* The run after that of the slot `after`; false when there is none. */
static bool find_run(const struct slots *slots, int64_t after, struct run *ret)
{
	int64_t due, slot = slots_next_run(slots, after, &due);

	if (slot < 0)
		return false;
	*ret = (struct run){
		.zone = slots->zone, .slot = slot, .due = due,
		.slots = count_slots(slots, after, slot),
		.spread_s = slots->offset_s, .blackout_s = due - slot - slots->offset_s,
	};
	return true;
}

/* One more of a list; `reason` is taken over. */
static void add_reason(char **list, char *reason)
{
	char *longer = *list == NULL ? reason : mem_printf("%s, %s", *list, reason);

	if (*list != NULL) {
		free(*list);
		free(reason);
	}
	*list = longer;
}

/* "blackout 7 h, spread 4 min 28 s, one run for 9 slots", or "-". */
static char *reasons(const struct run *run)
{
	char span[FORMAT_SIZE];
	char *list = NULL;

	if (run->blackout_s > 0)
		add_reason(&list, mem_printf("blackout %s", format_span(run->blackout_s, span)));
	if (run->spread_s > 0)
		add_reason(&list, mem_printf("spread %s", format_span(run->spread_s, span)));
	if (run->slots > 1)
		add_reason(&list, mem_printf("one run for %d slots", run->slots));
	return list != NULL ? list : mem_strdup("-");
}

static void add_row(struct columns *c, const char *name, const struct run *run)
{
	char due[STAMP_ISO_SIZE], slot[STAMP_ISO_SIZE];
	AUTO_STR moved = reasons(run);
	const char *abbreviation;
	AUTO_STR time = local_time(run, "%a %F %T ", &abbreviation);
	AUTO_STR local = abbreviation != NULL ? mem_printf("%s %s", time, abbreviation) :
	    mem_strdup(time);

	columns_add(c, name);
	columns_add(c, local);
	columns_add(c, stamp_iso(run->due, due));
	columns_add(c, stamp_iso(run->slot, slot));
	columns_add(c, moved);
}

static struct json_object *run_json(const struct run *run)
{
	struct json_object *o = json_object_new_object();
	char stamp[STAMP_ISO_SIZE];
	const char *abbreviation;
	AUTO_STR local = local_time(run, "%FT%T", &abbreviation);

	json_set_str(o, "due_at", stamp_iso(run->due, stamp));
	json_set_str(o, "due_local", local);
	json_set_str(o, "abbreviation", abbreviation);
	json_set_str(o, "slot_at", stamp_iso(run->slot, stamp));
	json_set_int(o, "blackout_ms", run->blackout_s * 1000);
	json_set_int(o, "spread_ms", run->spread_s * 1000);
	json_set_int(o, "slots", run->slots);
	return o;
}

/* ---- one database */

static void add_unscheduled(struct columns *c, const char *name)
{
	columns_add(c, name);
	columns_add(c, "no schedule: only when asked");
	columns_add(c, "-");
	columns_add(c, "-");
	columns_add(c, "-");
}

static struct json_object *database_json(const char *name, const struct config_policy *policy)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "database", name);
	json_set_str(o, "schedule", policy->schedule);
	json_set_str(o, "timezone", policy->timezone);
	json_set_int(o, "spread_ms", (int64_t)policy->spread * 1000);
	json_set_str(o, "blackout", policy->blackout);
	json_set(o, "runs", json_object_new_array());
	return o;
}

/* To the table or, when there is one, the array. */
static void list_runs(const struct config_database *database, const struct wanted *wanted,
    struct columns *columns, struct json_object *array)
{
	AUTO_STR name = mem_printf("%s/%s", database->environment->name, database->name);
	struct json_object *o = array != NULL ? database_json(name, &database->policy) : NULL;
	bool scheduled = database->policy.schedule != NULL;
	struct slots slots = config_slots(database);
	int64_t after = scheduled ? slots_before(&slots, wanted->from) : 0;
	struct run run;

	for (int i = 0; scheduled && i < wanted->count && find_run(&slots, after, &run); i++) {
		if (o != NULL)
			(void)json_object_array_add(json_object_object_get(o, "runs"), run_json(&run));
		else
			add_row(columns, name, &run);
		after = run.slot;
	}
	if (o != NULL)
		(void)json_object_array_add(array, o);
	else if (!scheduled)
		add_unscheduled(columns, name);
}

/* ---- the command */

static int print_timetable(const struct session *session, const char *text,
    const struct wanted *wanted)
{
	AUTO_JSON document = wanted->json ? json_object_new_object() : NULL;
	struct json_object *array = wanted->json ? json_object_new_array() : NULL;
	struct columns *columns = columns_new(headings, sizeof(headings) / sizeof(headings[0]));
	struct names_ref ref = { 0 };
	struct config_database **found = NULL;
	struct err err = ERR_INIT;
	char stamp[STAMP_ISO_SIZE];
	size_t count = 0;

	if (text == NULL || names_parse(text, &ref, &err) == 0) {
		if (ref.which != NULL)
			(void)err_set(&err, ERR_USAGE, "\"%s\": a timetable is a database's, it takes no @", text);
		else
			found = session_select(session, &ref, &count, &err);
	}
	for (size_t i = 0; i < count; i++)
		list_runs(found[i], wanted, columns, array);
	if (found != NULL && wanted->json) {
		json_set_str(document, "from_at", stamp_iso(wanted->from, stamp));
		json_set(document, "databases", json_object_get(array));
		print_json(document);
	} else if (found != NULL) {
		columns_print(columns);
	}
	json_free(&array);
	columns_free(columns);
	names_ref_release(&ref);
	free(found);
	return err.code == ERR_NONE ? EXIT_DONE : fail(&err);
}

static int set_count(const struct command *command, const char *value, int *ret)
{
	char *end;
	long count = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || count < 1 || count > COUNT_MAX)
		return usage_error(command, "--count %s: not a number from 1 to %d", value, COUNT_MAX);
	*ret = (int)count;
	return EXIT_DONE;
}

static int read_options(struct args *args, struct wanted *ret)
{
	const char *value;
	int id, status = EXIT_DONE;

	while (status == EXIT_DONE && (id = args_next(args, &value)) != 0) {
		if (id < 0)
			status = EXIT_USAGE;
		else if (id == OPT_JSON)
			ret->json = true;
		else if (id == OPT_COUNT)
			status = set_count(args->command, value, &ret->count);
		else if (!stamp_parse(value, &ret->from))
			status = usage_error(args->command,
			    "--from %s: not a moment such as 2026-11-22T02:17:00Z", value);
	}
	if (status == EXIT_DONE && args->rest_count > 1)
		status = usage_error(args->command, "one environment or database at a time");
	return status;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct wanted wanted = { .count = COUNT_DEFAULT, .from = clock_now(&clock_system) };
	struct session session;
	struct args args;
	int status;

	args_init(&args, command, argc, argv);
	status = read_options(&args, &wanted);
	if (status == EXIT_DONE)
		status = session_open(&session, cli);
	if (status == EXIT_DONE) {
		status = print_timetable(&session, args.rest_count == 1 ? args.rest[0] : NULL, &wanted);
		session_close(&session);
	}
	args_release(&args);
	return finish_output(status);
}

const struct command command_timetable = {
	.name = "timetable",
	.arguments = "[ENV[/DB]]",
	.summary = "Show when d1keepd will back up, database by database.",
	.details =
	    "By the configuration alone: a run that was missed, or that failed and is tried\n"
	    "again, is a matter of the daemon (status). SLOT is the time that the schedule\n"
	    "names, which the snapshot will bear; the run begins when its spread and the\n"
	    "blackout let it. LOCAL TIME is that of the schedule's time zone.",
	.options = options,
	.run = run,
};

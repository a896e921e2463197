#include "cli/pruning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/span.h"
#include "base/stamp.h"
#include "cli/format.h"
#include "state/state.h"

struct prune_options pruning_options(const struct session *session,
    const struct config_database *database, struct open_store *open)
{
	const struct config_policy *p = &database->policy;

	return (struct prune_options){
		.store = &open->store,
		.policy = {
			.keep_last = p->keep_last,
			.keep = {
				[RETENTION_HOURLY] = p->keep_hourly, [RETENTION_DAILY] = p->keep_daily,
				[RETENTION_WEEKLY] = p->keep_weekly, [RETENTION_MONTHLY] = p->keep_monthly,
				[RETENTION_YEARLY] = p->keep_yearly,
			},
			.keep_within = span_seconds(p->keep_within),
			.zone = p->timezone, .now = clock_now(&clock_system),
		},
		.garbage_grace = p->garbage_grace,
		.workers = session->workers,
	};
}

/* ---- did the last run fail? ---- */

/* One from the future counts for nothing here either. */
static bool has_newer(struct open_store *open, int64_t at)
{
	int64_t end = clock_now(&clock_system) + RETENTION_SKEW_S;
	struct store_ids ids;
	bool found = false;

	if (store_list(&open->store, &ids, NULL) != 0)
		return false;
	for (size_t i = 0; i < ids.count; i++) {
		int64_t taken = 0;

		(void)stamp_parse(ids.items[i].id, &taken);
		found = found || (taken > at && taken <= end);
	}
	store_ids_release(&ids);
	return found;
}

static bool read_state(const struct session *session, const char *name,
    struct state_database *ret, struct err *err)
{
	struct state *state = state_open(session->config->state_dir, false, err);
	int rc = -1;

	if (state != NULL)
		rc = state_get(state, name, ret, err);
	state_close(state);
	return rc == 0;
}

bool pruning_last_run_failed(const struct session *session,
    const struct config_database *database, struct open_store *open)
{
	AUTO_STR name = mem_printf("%s/%s", database->environment->name, database->name);
	struct state_database noted;
	struct err err = ERR_INIT;

	/* One that took a snapshot, and failed at what comes after, has not. */
	if (read_state(session, name, &noted, &err))
		return noted.failures > 0 &&
		    (noted.last.snapshot[0] == '\0' || noted.last.verified == STATE_VERIFIED_BAD) &&
		    !has_newer(open, noted.last.started_at);
	if (err.code != ERR_NOT_FOUND)
		log_warning("%s: whether the last backup failed cannot be seen: %s", name, err.msg);
	return false;
}

/* ---- for people ---- */

char *pruning_summary(const struct prune_report *r, bool dry_run)
{
	char freed[FORMAT_SIZE], garbage[FORMAT_SIZE];
	AUTO_STR found = r->garbage == 0 ? NULL : mem_printf(", of which %zu were garbage (%s)",
	    r->garbage, format_bytes(r->garbage_bytes, garbage));
	AUTO_STR young = r->young == 0 ? NULL : mem_printf("; %zu %s not old enough yet", r->young,
	    r->young == 1 ? "object of garbage is" : "objects of garbage are");
	AUTO_STR locked = r->kept_by_policy == 0 ? NULL : mem_printf("; %zu kept by policy (a lock rule of the bucket)",
	    r->kept_by_policy);

	return mem_printf("%zu %s %s, %zu kept; %zu %s, %s %s%s%s%s",
	    r->removed, plural((int64_t)r->removed, "snapshot", "snapshots"),
	    dry_run ? "would be removed" : "removed", r->kept,
	    r->removed_objects, plural((int64_t)r->removed_objects, "object", "objects"),
	    format_bytes(r->freed_bytes, freed), dry_run ? "would be freed" : "freed",
	    found != NULL ? found : "", young != NULL ? young : "", locked != NULL ? locked : "");
}

static void warn_of_foreign(const char *name, const struct prune_report *r)
{
	AUTO_BUF keys = BUF_INIT(4096);
	size_t shown = r->foreign_count < PRUNE_FOREIGN_SHOWN ? r->foreign_count : PRUNE_FOREIGN_SHOWN;

	for (size_t i = 0; i < shown; i++)
		(void)buf_addf(&keys, NULL, "%s%s", i > 0 ? ", " : "", r->foreign[i]);
	if (r->foreign_count > shown)
		(void)buf_adds(&keys, " …", NULL);
	if (r->foreign_count > 0)
		log_warning("%s: %zu %s none of d1keep's, and %s left alone: %s", name, r->foreign_count,
		    plural((int64_t)r->foreign_count, "object is", "objects are"),
		    plural((int64_t)r->foreign_count, "is", "are"), buf_str(&keys));
}

int pruning_warn(const char *name, const struct prune_report *report)
{
	for (size_t i = 0; i < report->problem_count; i++)
		log_error("%s: %s", name, report->problems[i]);
	if (report->not_gone > 0)
		log_info("hint: %zu %s not gone; the next prune tries again",
		    report->not_gone, plural((int64_t)report->not_gone, "object is", "objects are"));
	if (report->blocked != NULL)
		log_warning("%s: %s", name, report->blocked);
	warn_of_foreign(name, report);
	return report->not_gone > 0 ? EXIT_FAILED : EXIT_DONE;
}

static char *join_reasons(const struct retention_fate *fate)
{
	AUTO_BUF text = BUF_INIT(4096);

	for (size_t i = 0; i < fate->reason_count; i++)
		(void)buf_addf(&text, NULL, "%s%s", i > 0 ? ", " : "", fate->reasons[i]);
	return printable(mem_strdup(buf_str(&text)));
}

static const char *verdict_word(const struct prune_snapshot *s)
{
	static const char *const words[] = {
		[RETENTION_UNVERIFIED] = "no", [RETENTION_GOOD] = "good", [RETENTION_BAD] = "damaged",
	};

	return words[s->verdict];
}

static const char *fate_word(const struct prune_snapshot *s, bool dry_run)
{
	if (s->removed)
		return dry_run ? "remove" : "removed";
	if (!s->fate.kept)
		return "not yet";   /* the run ended before its turn came */
	return dry_run ? "keep" : "kept";
}

static char *name_of(const char *database, const char *id)
{
	char stamp[STAMP_ISO_SIZE];
	int64_t at = 0;

	(void)stamp_parse(id, &at);
	return mem_printf("%s@%s", database, stamp_iso(at, stamp));
}

void pruning_print(const char *name, const struct prune_report *report, bool dry_run)
{
	static const char *const headings[] = {
		"SNAPSHOT", "LABEL", ">AGE", ">SIZE", "VERIFIED", "FATE", "WHY",
	};
	struct columns *c = columns_new(headings, sizeof(headings) / sizeof(headings[0]));
	AUTO_STR summary = pruning_summary(report, dry_run);

	for (size_t i = report->snapshot_count; i > 0; i--) {
		const struct prune_snapshot *s = &report->snapshots[i - 1];
		AUTO_STR snapshot = name_of(name, s->id);
		AUTO_STR why = join_reasons(&s->fate);
		char text[FORMAT_SIZE];
		int64_t at = 0;

		(void)stamp_parse(s->id, &at);
		columns_add(c, snapshot);
		columns_add(c, s->label != NULL ? s->label : "-");
		columns_add(c, format_age(clock_now(&clock_system) - at, text));
		columns_add(c, s->readable ? format_bytes(s->stored_bytes, text) : "?");
		columns_add(c, verdict_word(s));
		columns_add(c, fate_word(s, dry_run));
		columns_add(c, why);
	}
	if (report->snapshot_count > 0)
		columns_print(c);
	columns_free(c);
	(void)printf("%s: %s\n", name, summary);
}

/* ---- for programs ---- */

static struct json_object *strings_json(char *const *strings, size_t count)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		(void)json_object_array_add(a, json_object_new_string(strings[i]));
	return a;
}

static struct json_object *snapshot_fate_json(const char *name, const struct prune_snapshot *s)
{
	struct json_object *o = json_object_new_object();
	AUTO_STR snapshot = name_of(name, s->id);

	json_set_str(o, "snapshot", snapshot);
	json_set_str(o, "id", s->id);
	json_set_str(o, "label", s->label);
	json_set_str(o, "verified", verdict_word(s));
	json_set_bool(o, "readable", s->readable);
	json_set_int(o, "stored_bytes", s->stored_bytes);
	json_set_bool(o, "removed", s->removed);
	json_set(o, "reasons", strings_json(s->fate.reasons, s->fate.reason_count));
	return o;
}

struct json_object *pruning_json(const char *name, const struct prune_report *r, bool dry_run)
{
	struct json_object *o = json_object_new_object();
	struct json_object *snapshots = json_object_new_array();
	size_t shown = r->foreign_count < PRUNE_FOREIGN_SHOWN ? r->foreign_count : PRUNE_FOREIGN_SHOWN;

	for (size_t i = r->snapshot_count; i > 0; i--)
		(void)json_object_array_add(snapshots, snapshot_fate_json(name, &r->snapshots[i - 1]));
	json_set_str(o, "database", name);
	json_set_bool(o, "dry_run", dry_run);
	json_set_int(o, "removed", (int64_t)r->removed);
	json_set_int(o, "kept", (int64_t)r->kept);
	json_set_int(o, "removed_objects", (int64_t)r->removed_objects);
	json_set_int(o, "freed_bytes", r->freed_bytes);
	json_set_int(o, "garbage", (int64_t)r->garbage);
	json_set_int(o, "garbage_bytes", r->garbage_bytes);
	json_set_int(o, "young", (int64_t)r->young);
	json_set_int(o, "kept_by_policy", (int64_t)r->kept_by_policy);
	json_set_int(o, "not_gone", (int64_t)r->not_gone);
	json_set(o, "problems", strings_json(r->problems, r->problem_count));
	json_set_str(o, "blocked", r->blocked);
	json_set_int(o, "foreign_count", (int64_t)r->foreign_count);
	json_set(o, "foreign", strings_json(r->foreign, shown));
	json_set(o, "snapshots", snapshots);
	return o;
}

#include "control/run_json.h"

#include "base/json.h"
#include "base/stamp.h"

static void set_moment(struct json_object *o, const char *key, int64_t at)
{
	char stamp[STAMP_ISO_SIZE];

	json_set_str(o, key, at != 0 ? stamp_iso(at, stamp) : NULL);
}

static void set_text(struct json_object *o, const char *key, const char *text)
{
	json_set_str(o, key, text != NULL && text[0] != '\0' ? text : NULL);
}

struct json_object *run_json_active(const struct host_run *run)
{
	struct json_object *o = json_object_new_object();

	json_set_int(o, "run", run->id);
	json_set_str(o, "database", run->database);
	json_set_str(o, "state", run->running ? "running" : "waiting");
	json_set_str(o, "cause", run->cause);
	set_text(o, "label", run->label);
	set_moment(o, "slot_at", run->slot_at);
	set_moment(o, "asked_at", run->asked_at);
	set_moment(o, "started_at", run->started_at);
	json_set_int(o, "rows", run->rows);
	json_set_int(o, "sql_bytes", run->bytes);
	return o;
}

static const char *verified_word(enum state_verdict verified)
{
	return verified == STATE_VERIFIED_GOOD ? "good" :
	    verified == STATE_VERIFIED_BAD ? "damaged" : "no";
}

static void set_figures(struct json_object *o, const struct state_run *run)
{
	json_set_int(o, "rows", run->rows);
	json_set_int(o, "sql_bytes", run->sql_bytes);
	json_set_int(o, "stored_bytes", run->stored_bytes);
	json_set_int(o, "new_bytes", run->new_bytes);
	json_set_int(o, "freed_bytes", run->freed_bytes);
	json_set_int(o, "requests", run->requests);
	json_set_int(o, "retries", run->retries);
	json_set_int(o, "rows_read", run->rows_read);
	json_set_int(o, "took_ms", run->took_ms);
}

struct json_object *run_json_ended(const char *database, const struct state_run *run)
{
	struct json_object *o = json_object_new_object();

	json_set_int(o, "run", run->id);
	json_set_str(o, "database", database);
	json_set_str(o, "state", run->finished_at != 0 ? "ended" : "running");
	json_set_str(o, "outcome", run->finished_at != 0 ? run_outcome_word(run_outcome(run)) : NULL);
	json_set_str(o, "cause", state_cause_word(run->cause));
	json_set_int(o, "attempt", run->attempt);
	set_text(o, "label", run->label);
	set_moment(o, "slot_at", run->slot_at);
	set_moment(o, "started_at", run->started_at);
	set_moment(o, "finished_at", run->finished_at);
	json_set_int(o, "exit_code", run->exit_code);
	set_text(o, "snapshot_id", run->snapshot);
	json_set_bool(o, "taken", run->taken);
	json_set_str(o, "verified", verified_word(run->verified));
	set_text(o, "code", run->code);
	set_text(o, "message", run->message);
	set_figures(o, run);
	return o;
}

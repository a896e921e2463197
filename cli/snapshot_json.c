#include "cli/snapshot_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "cli/session.h"

static const char *verdict_name(const struct verdict *verdict)
{
	if (verdict == NULL || verdict->verified_at == 0)
		return "no";
	return verdict->good ? "good" : "damaged";
}

const char *verdict_words(const struct verdict *verdict)
{
	const char *name = verdict_name(verdict);

	return strcmp(name, "good") == 0 && strcmp(verdict->how, "replay") == 0 ? "rebuilt" : name;
}

char *pin_words(const struct pin *pin, int64_t now, char ret[FORMAT_SIZE])
{
	char stamp[STAMP_ISO_SIZE];

	if (pin == NULL || pin->until == 0 || pin->until < now)
		(void)snprintf(ret, FORMAT_SIZE, "-");
	else if (pin->until == PINNED_FOR_EVER)
		(void)snprintf(ret, FORMAT_SIZE, "yes");
	else
		(void)snprintf(ret, FORMAT_SIZE, "until %.24s", stamp_iso(pin->until, stamp));
	return ret;
}

static void set_stamp(struct json_object *o, const char *key, int64_t at)
{
	char text[STAMP_ISO_SIZE];

	json_set_str(o, key, at > 0 ? stamp_iso(at, text) : NULL);
}

/* A pin that has run out is none. */
static void set_pin(struct json_object *o, const struct pin *pin)
{
	bool pinned = pin != NULL && pin->until != 0 && pin->until >= clock_now(&clock_system);

	json_set_bool(o, "pinned", pinned);
	set_stamp(o, "pin_ends_at", pinned && pin->until != PINNED_FOR_EVER ? pin->until : 0);
}

static struct json_object *objects_json(const struct manifest *m)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < m->object_count; i++) {
		const struct manifest_object *object = &m->objects[i];
		struct json_object *o = json_object_new_object();

		json_set_str(o, "kind", manifest_kind_name(object->kind));
		json_set_str(o, "table", object->table);
		json_set_str(o, "key", object->key);
		json_set_int(o, "rows", object->rows);
		json_set_int(o, "sql_bytes", object->sql_bytes);
		json_set_int(o, "stored_bytes", object->stored_bytes);
		json_set_str(o, "stored_sha256", object->stored_sha256);
		(void)json_object_array_add(a, o);
	}
	return a;
}

struct json_object *snapshot_json(const struct snapshot *s, const struct verdict *verdict,
    const struct pin *pin, bool full)
{
	const struct manifest *m = &s->manifest;
	struct json_object *o = json_object_new_object();
	AUTO_STR name = snapshot_name(m);
	AUTO_STR database = mem_printf("%s/%s", m->environment, m->database);

	json_set_str(o, "snapshot", name);
	json_set_str(o, "id", m->id);
	json_set_str(o, "label", m->label);
	json_set_str(o, "environment", m->environment);
	json_set_str(o, "database", database);
	json_set_str(o, "database_id", m->database_id);
	json_set_str(o, "source", m->source);
	json_set_str(o, "tool", m->tool);
	set_stamp(o, "started_at", m->started_at);
	set_stamp(o, "finished_at", m->finished_at);
	set_stamp(o, "slot_at", m->slot_at);
	json_set_int(o, "table_count", (int64_t)m->table_count);
	json_set_int(o, "rows", manifest_rows(m));
	json_set_int(o, "sql_bytes", manifest_sql_bytes(m));
	json_set_int(o, "stored_bytes", manifest_stored_bytes(m));
	json_set_int(o, "new_bytes", m->new_bytes);
	json_set_str(o, "consistency", m->consistency);
	json_set_str(o, "bookmark_before", m->bookmark_before);
	json_set_str(o, "bookmark_after", m->bookmark_after);
	json_set_str(o, "schema_version", m->schema_version);
	json_set_int(o, "requests", m->requests);
	json_set_int(o, "rows_read", m->rows_read);
	json_set_str(o, "signature", signature_name(s->signature));
	json_set_str(o, "verified", verdict_name(verdict));
	json_set_str(o, "verified_how", verdict != NULL && verdict->verified_at != 0 ? verdict->how : NULL);
	set_stamp(o, "verified_at", verdict != NULL ? verdict->verified_at : 0);
	set_pin(o, pin);
	json_set_str(o, "manifest_sha256", s->manifest_sha256);
	json_set_int(o, "exception_count", (int64_t)m->exception_count);
	if (full) {
		json_set(o, "tables", manifest_tables_json(m));
		json_set(o, "exceptions", manifest_exceptions_json(m));
		json_set(o, "objects", objects_json(m));
	}
	return o;
}

void print_json(struct json_object *o)
{
	(void)printf("%s\n", json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

#include "daemon/event.h"

#include <string.h>

#include "base/json.h"

void event_copy_text(char *ret, size_t size, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len >= size) {
		len = size - 1;
		/* Back to the first byte of the character that is cut. */
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	if (len > 0)
		memcpy(ret, text, len);
	ret[len] = '\0';
}

/* A count; what is none, or none that can be, is `other`. */
static int64_t get_count(struct json_object *o, const char *key, int64_t other)
{
	int64_t n = json_get_int(o, key, other);

	return n >= 0 ? n : other;
}

static void add_progress(struct event_sum *sum, struct json_object *o)
{
	sum->rows = get_count(o, "rows", sum->rows);
	sum->sql_bytes = get_count(o, "bytes", sum->sql_bytes);
}

static void add_snapshot(struct event_sum *sum, struct json_object *o)
{
	event_copy_text(sum->snapshot, sizeof(sum->snapshot), json_get_str(o, "snapshot"));
}

static void add_taken(struct event_sum *sum, struct json_object *o)
{
	sum->taken = true;
	add_snapshot(sum, o);
}

static void add_done(struct event_sum *sum, struct json_object *o)
{
	sum->done = true;
	sum->rows = get_count(o, "rows", sum->rows);
	sum->sql_bytes = get_count(o, "sql_bytes", sum->sql_bytes);
	sum->stored_bytes = get_count(o, "stored_bytes", 0);
	sum->new_bytes = get_count(o, "new_bytes", 0);
	sum->requests = get_count(o, "requests", 0);
	sum->retries = get_count(o, "retries", 0);
	sum->rows_read = get_count(o, "rows_read", 0);
	sum->took_ms = get_count(o, "ms", 0);
	add_snapshot(sum, o);
}

/* Only a plain true is good. */
static void add_verified(struct event_sum *sum, struct json_object *o)
{
	struct json_object *problems = json_get(o, "problems", json_type_array), *first;

	sum->verified = json_get_bool(o, "good", false) ? STATE_VERIFIED_GOOD : STATE_VERIFIED_BAD;
	if (sum->verified == STATE_VERIFIED_GOOD || sum->message[0] != '\0' || problems == NULL)
		return;
	first = json_object_array_get_idx(problems, 0);
	if (json_object_is_type(first, json_type_string))
		event_copy_text(sum->message, sizeof(sum->message), json_object_get_string(first));
}

static void add_pruned(struct event_sum *sum, struct json_object *o)
{
	sum->freed_bytes = get_count(o, "freed_bytes", 0);
	event_copy_text(sum->blocked, sizeof(sum->blocked), json_get_str(o, "blocked"));
}

static void add_error(struct event_sum *sum, struct json_object *o)
{
	event_copy_text(sum->code, sizeof(sum->code), json_get_str(o, "code"));
	event_copy_text(sum->message, sizeof(sum->message), json_get_str(o, "message"));
	event_copy_text(sum->hint, sizeof(sum->hint), json_get_str(o, "hint"));
}

int event_add(struct event_sum *sum, const char *line, size_t len, struct err *err)
{
	static const struct {
		const char *name;
		void (*add)(struct event_sum *sum, struct json_object *o);
	} kinds[] = {
		{ "progress", add_progress },
		{ "taken", add_taken },
		{ "done", add_done },
		{ "verified", add_verified },
		{ "pruned", add_pruned },
		{ "error", add_error },
	};
	AUTO_JSON o = json_read(line, len, err);
	const char *name;

	if (o == NULL || json_need_str(o, "event", &name, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) == 0)
			kinds[i].add(sum, o);
	}
	return 0;
}

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

static void add_progress(struct event_sum *sum, struct json_object *o)
{
	sum->rows = json_get_int(o, "rows", sum->rows);
	sum->sql_bytes = json_get_int(o, "bytes", sum->sql_bytes);
}

static void add_done(struct event_sum *sum, struct json_object *o)
{
	sum->done = true;
	sum->rows = json_get_int(o, "rows", sum->rows);
	sum->sql_bytes = json_get_int(o, "sql_bytes", sum->sql_bytes);
	sum->stored_bytes = json_get_int(o, "stored_bytes", 0);
	sum->new_bytes = json_get_int(o, "new_bytes", 0);
	event_copy_text(sum->snapshot, sizeof(sum->snapshot), json_get_str(o, "snapshot"));
}

static void add_error(struct event_sum *sum, struct json_object *o)
{
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
		{ "done", add_done },
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

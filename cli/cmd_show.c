/* d1keep show: one snapshot, table by table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/stamp.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/session.h"
#include "cli/snapshot_json.h"

static const struct option_def options[] = {
	{ OPT_JSON, "json", NULL, "everything, as one JSON document" },
	{ 0, NULL, NULL, NULL },
};

static void line(const char *name, const char *value)
{
	AUTO_STR shown = mem_strdup(value);

	if (shown != NULL)
		(void)printf("%-15s %s\n", name, printable(shown));
}

static void print_heading(const struct snapshot *s, const struct verdict *v,
    const struct pin *pin)
{
	const struct manifest *m = &s->manifest;
	AUTO_STR name = snapshot_name(m);
	AUTO_STR source = mem_printf("%s%s%s", m->source, m->database_id != NULL ? " " : "",
	    m->database_id != NULL ? m->database_id : "");
	char stamp[STAMP_ISO_SIZE], a[FORMAT_SIZE], b[FORMAT_SIZE], c[FORMAT_SIZE];
	AUTO_STR size = mem_printf("%s of SQL, %s stored, %s of it new",
	    format_bytes(manifest_sql_bytes(m), a), format_bytes(manifest_stored_bytes(m), b),
	    format_bytes(m->new_bytes, c));
	AUTO_STR read = mem_printf("%s (%s, %lld %s)", m->consistency,
	    format_duration_ms((m->finished_at - m->started_at) * 1000, a),
	    (long long)m->attempts, plural(m->attempts, "reading", "readings"));

	line("snapshot", name);
	line("label", m->label);
	line("pinned", pin->until != 0 ? pin_words(pin, clock_now(&clock_system), a) : NULL);
	line("source", source);
	line("started", stamp_iso(m->started_at, stamp));
	line("consistency", read);
	line("bookmark", m->bookmark_before);
	line("schema version", m->schema_version);
	line("size", size);
	line("previous", m->previous_id);
	line("signature", signature_name(s->signature));
	line("verified", verdict_words(v));
	line("written by", m->tool);
}

static void print_tables(const struct manifest *m)
{
	static const char *const headings[] = { "TABLE", ">ROWS", ">SQL", ">STORED", ">CHUNKS" };
	struct columns *c = columns_new(headings, 5);
	char text[FORMAT_SIZE];

	for (size_t i = 0; i < m->table_count; i++) {
		int64_t sql = 0, stored = 0, chunks = 0;

		for (size_t j = 0; j < m->object_count; j++) {
			const struct manifest_object *o = &m->objects[j];

			if (o->table == NULL || strcmp(o->table, m->tables[i].name) != 0)
				continue;
			sql += o->sql_bytes;
			stored += o->stored_bytes;
			chunks++;
		}
		columns_add(c, m->tables[i].name);
		columns_add(c, format_count(m->tables[i].rows, text));
		columns_add(c, format_bytes(sql, text));
		columns_add(c, format_bytes(stored, text));
		columns_add(c, format_count(chunks, text));
	}
	(void)printf("\n");
	columns_print(c);
	columns_free(c);
	for (size_t i = 0; i < m->exception_count; i++) {
		AUTO_STR shown = mem_printf("\"%s\": %s", m->exceptions[i].object,
		    m->exceptions[i].reason);

		(void)printf("%s%s\n", i == 0 ? "\nnot kept:\n" : "", printable(shown));
	}
}

static int show(const struct session *session, const char *text, bool json)
{
	struct verdict verdict = { 0 };
	struct pin pin = { 0 };
	struct open_snapshot open;
	struct err err = ERR_INIT;

	if (open_snapshot(session, text, &open, &err) != 0)
		return fail(&err);
	if (store_get_verdict(&open.open.store, open.snapshot.manifest.id, &verdict, &err) != 0)
		err_clear(&err);
	if (store_get_pin(&open.open.store, open.snapshot.manifest.id, &pin, &err) != 0 &&
	    err.code != ERR_CORRUPT)
		pin = (struct pin){ 0 };
	if (json) {
		AUTO_JSON document = snapshot_json(&open.snapshot, &verdict, &pin, true);

		print_json(document);
	} else {
		print_heading(&open.snapshot, &verdict, &pin);
		print_tables(&open.snapshot.manifest);
	}
	verdict_release(&verdict);
	close_snapshot(&open);
	return EXIT_DONE;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct session session;
	char **rest;
	bool json;
	int rest_count, status;

	if (!args_only_json(command, argc, argv, &json, &rest, &rest_count))
		return EXIT_USAGE;
	if (rest_count != 1)
		return usage_snapshot(command, rest_count);
	status = session_open(&session, cli);
	if (status != EXIT_DONE)
		return status;
	status = show(&session, rest[0], json);
	session_close(&session);
	return finish_output(status);
}

const struct command command_show = {
	.name = "show",
	.arguments = "SNAPSHOT",
	.summary = "Show one snapshot, table by table.",
	.details =
	    "SNAPSHOT is ENV/DB@WHICH, where WHICH is latest, a label, or a moment as list\n"
	    "shows it (2026-11-22T02:17:00Z). Without @WHICH it is the latest.",
	.options = options,
	.run = run,
};

/* What was found in a database and is not in the file of its export. */
#include "backup/losses.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct loss_count *counts_of(const struct losses *losses, const char *table)
{
	static const struct loss_count none = { .count = { 0 } };

	for (size_t i = 0; i < losses->table_count; i++) {
		if (strcmp(losses->tables[i].table, table) == 0)
			return &losses->tables[i];
	}
	return &none;
}

static void report(struct manifest *m, const char *table, int64_t n, const char *one,
    const char *many)
{
	AUTO_STR reason = NULL;

	if (n <= 0)
		return;
	reason = n == 1 ? mem_printf("1 %s", one) : mem_printf("%lld %s", (long long)n, many);
	manifest_add_exception(m, table, reason);
}

static void report_table(const struct loss_count *live, const struct loss_count *file,
    struct manifest *m)
{
	const int64_t *l = live->count, *f = file->count;
	const char *t = live->table;

	report(m, t, l[LOSS_BIG_INTEGER], "integer beyond 2^53 is rounded",
	    "integers beyond 2^53 are rounded");
	report(m, t, l[LOSS_WHOLE_REAL], "whole number stored as REAL becomes an integer",
	    "whole numbers stored as REAL become integers");
	report(m, t, l[LOSS_BACKSLASH], "text with line ends and with a backslash before n or r has only line ends left",
	    "texts with line ends and with a backslash before n or r have only line ends left");
	report(m, t, l[LOSS_INFINITY] - f[LOSS_INFINITY], "infinity is lost", "infinities are lost");
	report(m, t, l[LOSS_NUL] - f[LOSS_NUL], "text with a NUL is cut", "texts with a NUL are cut");
	report(m, t, f[LOSS_REPLACED] - l[LOSS_REPLACED], "text that is not valid UTF-8 has U+FFFD instead",
	    "texts that are not valid UTF-8 have U+FFFD instead");
	if (live->rowids)
		manifest_add_exception(m, t, "its rowids are numbered anew: the rows are exported without them");
	if (live->unknown != NULL) {
		AUTO_STR reason = mem_printf("it could not be looked through for what the export loses: %s",
		    live->unknown);

		manifest_add_exception(m, t, reason);
	}
}

static bool has_table(const struct schema *s, const struct table *t)
{
	for (size_t i = 0; i < s->table_count; i++) {
		if (strcmp(s->tables[i].name, t->name) == 0 && strcmp(s->tables[i].sql, t->sql) == 0)
			return true;
	}
	return false;
}

static bool has_object(const struct schema *s, const struct schema_object *o)
{
	for (size_t i = 0; i < s->object_count; i++) {
		if (s->objects[i].kind == o->kind && strcmp(s->objects[i].name, o->name) == 0 &&
		    strcmp(s->objects[i].sql, o->sql) == 0)
			return true;
	}
	return false;
}

void losses_report(const struct losses *live, const struct losses *file, struct manifest *m)
{
	static const char missing[] = "it is not in Cloudflare's export as it was in the database before";

	for (size_t i = 0; i < live->schema.table_count; i++) {
		if (!has_table(&file->schema, &live->schema.tables[i]))
			manifest_add_exception(m, live->schema.tables[i].name, missing);
	}
	for (size_t i = 0; i < live->schema.object_count; i++) {
		if (!has_object(&file->schema, &live->schema.objects[i]))
			manifest_add_exception(m, live->schema.objects[i].name, missing);
	}
	for (size_t i = 0; i < live->table_count; i++)
		report_table(&live->tables[i], counts_of(file, live->tables[i].table), m);
}

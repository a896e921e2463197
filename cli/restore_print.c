#include "cli/restore_print.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/format.h"
#include "cli/session.h"

/* Requests of a restore into a D1, about: those of an import, the reading before it
 * and the reading back in pages of a few MiB. */
#define REQUESTS_AN_IMPORT 5
#define REQUESTS_BEFORE 4
#define PAGE_BYTES (INT64_C(4) << 20)

static char *count_or(int64_t n, const char *otherwise, char ret[FORMAT_SIZE])
{
	if (n >= 0)
		return format_count(n, ret);
	(void)snprintf(ret, FORMAT_SIZE, "%s", otherwise);
	return ret;
}

static void print_tables(const struct plan *plan)
{
	static const char *const headings[] = { "TABLE", ">ROWS NOW", ">ROWS THEN" };
	struct columns *c = columns_new(headings, 3);

	for (size_t i = 0; i < plan->table_count; i++) {
		const struct plan_table *t = &plan->tables[i];
		char before[FORMAT_SIZE], after[FORMAT_SIZE];

		columns_add(c, t->name);
		columns_add(c, count_or(t->before, "-", before));
		columns_add(c, count_or(t->after, "dropped", after));
	}
	columns_print(c);
	columns_free(c);
}

static int64_t about_requests(const struct restore_result *result)
{
	return REQUESTS_BEFORE + REQUESTS_AN_IMPORT * (int64_t)result->parts +
	    result->plan.sql_bytes / PAGE_BYTES + (int64_t)result->plan.table_count;
}

static void print_cost(const struct restore_result *result, bool is_d1)
{
	const struct plan *p = &result->plan;
	char rows[FORMAT_SIZE], size[FORMAT_SIZE], written[FORMAT_SIZE], requests[FORMAT_SIZE];

	(void)printf("%zu %s would be dropped, %zu made, %s %s inserted (%s of SQL)\n", p->drop_count,
	    plural((int64_t)p->drop_count, "object", "objects"), p->create_count,
	    format_count(p->rows, rows), plural(p->rows, "row", "rows"),
	    format_bytes(p->sql_bytes, size));
	if (is_d1)
		(void)printf("about %s requests and %s rows written, as D1 counts them\n",
		    format_count(about_requests(result), requests), format_count(p->rows_written, written));
	if (result->parts > 1)
		(void)printf("in %zu imports, each a transaction of its own: the first %zu leave it unusable for a while\n",
		    result->parts, result->parts - 1);
}

static void print_not_chosen(const struct plan *plan)
{
	for (size_t i = 0; i < plan->not_chosen_count; i++)
		log_warning("table \"%s\" is referred to, and was not asked for", plan->not_chosen[i]);
}

static void print_notes(const struct manifest *m, const struct restore_result *result)
{
	if (result->left_out > 0)
		log_warning("user_version or application_id of the file were left out: a D1 has none");
	if (result->ignored_checks)
		log_warning("rows break a CHECK of their own table: they were there, and came back");
	if (result->planned)
		print_not_chosen(&result->plan);
	if (result->planned && result->plan.rebuild_count > 0)
		log_info("%zu full-text %s of what is replaced: rebuilt as well", result->plan.rebuild_count,
		    plural((int64_t)result->plan.rebuild_count, "index", "indexes"));
	if (m->consistency != NULL && strcmp(m->consistency, "best-effort") == 0)
		log_warning("this snapshot may mix two moments: the database was written to while it was read");
	for (size_t i = 0; i < m->exception_count; i++)
		log_warning("not in this snapshot: \"%s\": %s", m->exceptions[i].object,
		    m->exceptions[i].reason);
}

void restore_print_plan(const struct manifest *m, const char *to,
    const struct restore_result *result)
{
	AUTO_STR name = snapshot_name(m);

	if (result->planned) {
		print_tables(&result->plan);
		print_cost(result, to[0] == 'd');
	}
	(void)fflush(stdout);
	print_notes(m, result);
	log_info("dry run: %s is whole and could be restored to %s%s; nothing was touched", name, to,
	    to[0] == 'd' ? ", if the token may write" : "");
}

/* ---- what was done ---- */

static void print_check(const struct restore_result *result, bool some)
{
	const struct check_result *c = &result->check;

	if (!result->checked)
		return;
	log_info("checked: %zu %s, %s the manifest says", c->tables,
	    plural((int64_t)c->tables, "table", "tables"),
	    c->content ? "every row is what" : "as many rows as");
	for (size_t i = 0; i < c->violation_count; i++)
		log_warning("table \"%s\": %lld %s to rows that are not there%s",
		    c->violations[i].table, (long long)c->violations[i].rows,
		    plural(c->violations[i].rows, "row refers", "rows refer"),
		    some ? "" : " (it was so in the snapshot)");
	if (c->why_not != NULL)
		log_warning("the foreign keys cannot be checked: %s", c->why_not);
	else if (!c->violations_known)
		log_info("checked: foreign keys hold: D1 forbids foreign_key_check, and took no row without looking");
	else if (c->violation_count == 0)
		log_info("checked: no foreign key is broken");
}

void restore_print_done(const struct manifest *m, const char *to,
    const struct restore_result *result, bool some, int64_t ms)
{
	AUTO_STR name = snapshot_name(m);
	char count[FORMAT_SIZE], took[FORMAT_SIZE];
	size_t tables = m->table_count;
	int64_t rows = manifest_rows(m);

	if (some && result->planned)
		rows = result->plan.rows;
	if (some && result->checked)
		tables = result->check.tables;
	log_info("restored %s to %s: %zu %s, %s %s, %s%s", name, to, tables,
	    plural((int64_t)tables, "table", "tables"), format_count(rows, count),
	    plural(rows, "row", "rows"), format_duration_ms(ms, took),
	    result->parts > 1 ? ", in several imports" : "");
	if (result->rows_written >= 0)
		log_info("D1 counted %s rows written", format_count(result->rows_written, count));
	print_check(result, some);
	print_notes(m, result);
}

/* ---- for programs ---- */

static void set_count(struct json_object *o, const char *key, int64_t n)
{
	json_set(o, key, n >= 0 ? json_object_new_int64(n) : NULL);
}

static struct json_object *tables_json(const struct plan *plan)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < plan->table_count; i++) {
		const struct plan_table *t = &plan->tables[i];
		struct json_object *o = json_object_new_object();

		json_set_str(o, "name", t->name);
		set_count(o, "rows_before", t->before);
		set_count(o, "rows_after", t->after);
		(void)json_object_array_add(array, o);
	}
	return array;
}

static void set_plan(struct json_object *o, const struct restore_result *result, bool is_d1)
{
	const struct plan *p = &result->plan;
	struct json_object *others = json_object_new_array();

	json_set(o, "tables", tables_json(p));
	json_set_int(o, "dropped", (int64_t)p->drop_count);
	json_set_int(o, "made", (int64_t)p->create_count);
	json_set_int(o, "rows", p->rows);
	json_set_int(o, "sql_bytes", p->sql_bytes);
	for (size_t i = 0; i < p->not_chosen_count; i++)
		(void)json_object_array_add(others, json_object_new_string(p->not_chosen[i]));
	json_set(o, "referred_to_and_not_chosen", others);
	if (!is_d1)
		return;
	json_set_int(o, "imports", (int64_t)result->parts);
	json_set_int(o, "requests_expected", about_requests(result));
	json_set_int(o, "rows_written_expected", p->rows_written);
}

/* What only a restore that was done has. */
static void set_done(struct json_object *o, const struct restore_result *result, bool is_d1,
    int64_t ms)
{
	const char *checked = result->check.content ? "content" : "count";

	json_set_str(o, "checked", result->checked ? checked : NULL);
	json_set_int(o, "took_ms", ms);
	if (!is_d1)
		return;
	json_set_str(o, "bookmark_before", result->bookmark_before);
	set_count(o, "rows_written", result->rows_written);
}

struct json_object *restore_json(const struct manifest *m, const char *to, bool dry_run,
    const struct restore_result *result, int64_t ms)
{
	struct json_object *o = json_object_new_object();
	AUTO_STR name = snapshot_name(m);
	bool is_d1 = to[0] == 'd';

	print_notes(m, result);
	json_set_str(o, "snapshot", name);
	json_set_str(o, "target", to);
	json_set_bool(o, "dry_run", dry_run);
	json_set_int(o, "exception_count", (int64_t)m->exception_count);
	if (result->planned)
		set_plan(o, result, is_d1);
	if (!dry_run)
		set_done(o, result, is_d1, ms);
	return o;
}

#include "restore/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

/* p has two rows and c three; the manifest tells. */
#define TABLES "CREATE TABLE p(id INTEGER PRIMARY KEY, t); CREATE TABLE \"C\"(id INTEGER PRIMARY KEY, r REFERENCES p(id));"

struct scene {
	struct manifest manifest;
	struct check_options options;
	struct check_result result;
};

static void expect_rows(struct manifest *m, const char *name, const char *tuples, int64_t rows)
{
	struct manifest_table *t = manifest_add_table(m);

	t->name = mem_strdup(name);
	t->rows = rows;
	sha256_hex(tuples, strlen(tuples), t->sql_sha256);
}

/* Of so many bytes, the manifest says, that several threads are worth it. */
static void expect_much(struct manifest *m, const char *name)
{
	struct manifest_object *o = manifest_add_object(m);

	o->key = mem_strdup("data/x/y.gz");
	o->kind = MANIFEST_ROWS;
	o->table = mem_strdup(name);
	o->sql_bytes = 64 << 20;
}

static void scene_open(struct scene *s, const char *sql, bool threads)
{
	const char *path = file_with(sql);
	struct err err = ERR_INIT;

	*s = (struct scene){ .options = { .content = true } };
	expect_rows(&s->manifest, "p", "(1,'a')\n(2,X'00FF')\n", 2);
	expect_rows(&s->manifest, "C", "(-5,1)\n(1,NULL)\n(9007199254740993,2)\n", 3);
	if (threads) {
		expect_much(&s->manifest, "p");
		expect_much(&s->manifest, "C");
		s->options.path = path;
		s->options.workers = 3;
	}
	s->options.manifest = &s->manifest;
	s->options.db = db_sqlite_open(path, "sqlite", &err);
	ck_assert_msg(s->options.db != NULL, "%s", err.msg);
}

static void check(struct scene *s)
{
	struct err err = ERR_INIT;

	ck_assert_msg(check_database(&s->options, &s->result, &err) == 0, "%s", err.msg);
}

static void scene_close(struct scene *s)
{
	check_result_release(&s->result);
	db_free(s->options.db);
	manifest_release(&s->manifest);
}

#define GOOD TABLES "INSERT INTO p VALUES(1,'a'),(2,x'00ff'); INSERT INTO \"C\" VALUES(1,NULL),(9007199254740993,2),(-5,1);"

START_TEST(what_it_should_be)
{
	struct scene s;
	struct err err = ERR_INIT;

	scene_open(&s, GOOD "CREATE TABLE more(a)", _i == 2);
	s.options.content = _i != 1;
	check(&s);
	ck_assert_uint_eq(s.result.tables, 2);
	ck_assert_uint_eq(s.result.difference_count, 0);
	ck_assert(s.result.violations_known);
	ck_assert_uint_eq(s.result.violation_count, 0);
	ck_assert_int_eq(check_verdict(&s.result, &err), 0);
	scene_close(&s);
}
END_TEST

static const struct { const char *sql, *said; bool counts_tell; } wrong[] = {
	{ GOOD "UPDATE p SET t='b' WHERE id=1", "table \"p\" has all its rows, but not all of them are what they were", false },
	{ GOOD "UPDATE p SET t=CAST(t AS TEXT) WHERE id=2", "table \"p\" has all its rows", false },
	{ GOOD "UPDATE \"C\" SET id=9007199254740992 WHERE id>5", "table \"C\" has all its rows", false },
	{ GOOD "DELETE FROM p WHERE id=2", "table \"p\" has 1 row instead of 2", true },
	{ GOOD "INSERT INTO \"C\" VALUES(3,1)", "table \"C\" has 4 rows instead of 3", true },
	{ "CREATE TABLE p(id INTEGER PRIMARY KEY, t); INSERT INTO p VALUES(1,'a'),(2,x'00ff')", "table \"C\" is not there", true },
	{ "CREATE TABLE x(a)", "2 of 2 tables differ: table \"p\" is not there", true },
};

START_TEST(what_it_should_not_be)
{
	struct scene s;
	struct err err = ERR_INIT;

	scene_open(&s, wrong[_i / 2].sql, _i % 2 == 1);
	check(&s);
	ck_assert_int_eq(check_verdict(&s.result, &err), -1);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_msg(strstr(err.msg, wrong[_i / 2].said) != NULL, "%s", err.msg);
	check_result_release(&s.result);
	s.options.content = false;
	check(&s);
	ck_assert_int_eq(check_verdict(&s.result, NULL), wrong[_i / 2].counts_tell ? -1 : 0);
	scene_close(&s);
}
END_TEST

START_TEST(only_what_was_chosen)
{
	static const char *const names[] = { "c" };
	const struct selection selection = { names, 1 };
	struct scene s;

	scene_open(&s, GOOD "DELETE FROM p WHERE id=2", false);
	s.options.selection = &selection;
	check(&s);
	ck_assert_uint_eq(s.result.tables, 1);
	ck_assert_uint_eq(s.result.difference_count, 0);
	/* One row refers to the one that is gone. */
	ck_assert_uint_eq(s.result.violation_count, 1);
	ck_assert_str_eq(s.result.violations[0].table, "C");
	ck_assert_int_eq(s.result.violations[0].rows, 1);
	scene_close(&s);
}
END_TEST

UNIT_CASE(check)
{
	tcase_add_loop_test(tc, what_it_should_be, 0, 3);
	tcase_add_loop_test(tc, what_it_should_not_be, 0, 2 * sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, only_what_was_chosen);
}

#include "restore/readback.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

struct scene {
	struct schema schema;
	struct readback_options options;
	struct buf seen;
	int64_t rows;
};

static int see(void *ctx, struct span tuples, int64_t rows, struct err *err)
{
	struct scene *s = ctx;

	s->rows += rows;
	return buf_add(&s->seen, tuples.text, tuples.len, err);
}

static int see_row(void *ctx, struct span tuple, struct err *err)
{
	return see(ctx, tuple, 1, err) != 0 || see(ctx, (struct span){ "\n", 1 }, 0, err) != 0 ? -1 : 0;
}

/* The file's one table, which is said to make so many bytes of SQL. */
static void scene_open(struct scene *s, const char *sql, int64_t sql_bytes)
{
	const char *path = file_with(sql);
	struct err err = ERR_INIT;

	*s = (struct scene){ .seen = BUF_INIT(64u << 20) };
	s->options = (struct readback_options){
		.db = db_sqlite_open(path, "sqlite", &err), .path = path, .workers = 3,
		.sql_bytes = sql_bytes, .visit = see, .ctx = s,
	};
	ck_assert_msg(s->options.db != NULL, "%s", err.msg);
	ck_assert_msg(schema_read(s->options.db, &s->schema, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(s->schema.table_count, 1);
	s->options.table = &s->schema.tables[0];
}

static void scene_close(struct scene *s)
{
	schema_release(&s->schema);
	db_free(s->options.db);
	buf_release(&s->seen);
}

#define SERIES(n) "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" #n ") "
#define EXTREMES "(-9223372036854775808),(-9223372036854775807),(-5),(0),(7),(9223372036854775806),(9223372036854775807)"

static const struct { const char *sql; int64_t sql_bytes; } tables[] = {
	{ "CREATE TABLE t(a)", 4 << 20 },
	{ "CREATE TABLE t(a); INSERT INTO t VALUES('one row')", 4 << 20 },
	{ "CREATE TABLE t(a); " SERIES(20000) "INSERT INTO t SELECT hex(randomblob(20)) FROM n", 4 << 20 },
	/* Many more ranges than rows, and one range for all of them. */
	{ "CREATE TABLE t(a INTEGER PRIMARY KEY, b); " SERIES(500) "INSERT INTO t SELECT i*1000,i FROM n", INT64_C(1) << 40 },
	{ "CREATE TABLE t(\"a b\" INTEGER PRIMARY KEY); INSERT INTO t VALUES" EXTREMES, 4 << 20 },
	{ "CREATE TABLE t(rowid,b); INSERT INTO t(_rowid_,rowid,b) VALUES(-3,9,'x'),(5,8,'it''s'),(6,7,NULL)", 8 << 20 },
	/* Rows that lie in one range of all that there are: too much for a piece. */
	{ "CREATE TABLE t(a INTEGER PRIMARY KEY, b); " SERIES(40) "INSERT INTO t SELECT i,randomblob(50000) FROM n;"
	    " INSERT INTO t VALUES(1000000,'last')", 4 << 20 },
};

START_TEST(what_one_thread_reads_several_read)
{
	AUTO_STR all = NULL;
	struct scene s;
	struct err err = ERR_INIT;
	int64_t rows;

	scene_open(&s, tables[_i].sql, tables[_i].sql_bytes);
	ck_assert(readback_is_worth(&s.options));
	ck_assert_int_eq(reader_table(&(struct reader){ .db = s.options.db, .visit = see_row, .ctx = &s },
	    s.options.table, &err), 0);
	all = mem_strdup(buf_str(&s.seen));
	rows = s.rows;
	s.rows = 0;
	buf_reset(&s.seen);
	ck_assert_msg(readback_table(&s.options, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(s.rows, rows);
	ck_assert_uint_eq(s.seen.len, strlen(all));
	ck_assert_mem_eq(buf_str(&s.seen), all, s.seen.len);
	scene_close(&s);
}
END_TEST

START_TEST(not_what_one_thread_reads_sooner_or_must)
{
	struct scene s;

	scene_open(&s, "CREATE TABLE t(a)", (4 << 20) - 1);
	ck_assert(!readback_is_worth(&s.options));
	s.options.sql_bytes++;
	ck_assert(readback_is_worth(&s.options));
	s.options.workers = 1;
	ck_assert(!readback_is_worth(&s.options));
	s.options.workers = 2;
	s.options.path = NULL;
	ck_assert(!readback_is_worth(&s.options));
	scene_close(&s);
	scene_open(&s, "CREATE TABLE t(a PRIMARY KEY) WITHOUT ROWID", 8 << 20);
	ck_assert(!readback_is_worth(&s.options));
	scene_close(&s);
}
END_TEST

static int refuse(void *ctx, struct span tuples, int64_t rows, struct err *err)
{
	(void)ctx, (void)tuples, (void)rows;
	return err_set(err, ERR_FAILED, "enough");
}

START_TEST(an_error_ends_it)
{
	struct scene s;
	struct err err = ERR_INIT;

	scene_open(&s, tables[2].sql, tables[2].sql_bytes);
	s.options.visit = refuse;
	ck_assert_int_eq(readback_table(&s.options, &err), -1);
	ck_assert_str_eq(err.msg, "enough");
	s.options.visit = see;
	s.options.path = "/nowhere/at/all";
	ck_assert_int_eq(readback_table(&s.options, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	scene_close(&s);
}
END_TEST

UNIT_CASE(readback)
{
	tcase_add_loop_test(tc, what_one_thread_reads_several_read, 0, sizeof(tables) / sizeof(tables[0]));
	tcase_add_test(tc, not_what_one_thread_reads_sooner_or_must);
	tcase_add_test(tc, an_error_ends_it);
}

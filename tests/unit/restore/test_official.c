#include "restore/official.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/unit.h"

#define HEAD "PRAGMA defer_foreign_keys=TRUE;\n"

/* ---- where statements end ---- */

/* The text is taken apart at the bars, however few bytes at a time it comes. */
static void assert_apart(const char *barred)
{
	AUTO_BUF text = BUF_INIT(10000);
	size_t ends[20], count = 0, start, from, known;

	for (const char *p = barred; *p != '\0'; p++) {
		if (*p == '|')
			ends[count++] = text.len;
		else
			ck_assert_int_eq(buf_add(&text, p, 1, NULL), 0);
	}
	ends[count++] = text.len;
	for (size_t step = 1; step <= text.len; step++) {
		start = from = known = 0;
		for (size_t i = 0; i < count; i++) {
			size_t len = 0;

			while (len == 0) {
				len = official_statement(text.data + start, known - start, known == text.len, &from);
				if (len == 0 && known == text.len)
					break;
				if (len == 0)
					known = known + step < text.len ? known + step : text.len;
			}
			ck_assert_msg(start + len == ends[i], "step %zu: statement %zu of %s ends at %zu",
			    step, i, barred, start + len);
			start += len;
		}
	}
}

START_TEST(statements_are_taken_apart)
{
	assert_apart(HEAD "|CREATE TABLE t(a);\n|INSERT INTO \"t\" (\"a\") VALUES('x;\ny');\n|CREATE INDEX i ON t(a);");
	assert_apart("CREATE TABLE t(a -- one; \n, b /* ;\n */);\n|CREATE TABLE u(a);\n");
	assert_apart("CREATE TRIGGER g AFTER INSERT ON t BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n|CREATE VIEW v AS SELECT ';\n';\n");
	assert_apart("INSERT INTO \"a;\nb\" (\"a'\") VALUES('it''s);\n',X'00',2);\n|DELETE FROM sqlite_sequence;\n");
}
END_TEST

START_TEST(a_statement_may_end_in_a_comment)
{
	assert_apart("CREATE VIEW v AS SELECT 1 -- all; of it;\n|CREATE VIEW w AS SELECT 2 /* open;\n|CREATE INDEX i ON t(a) --;\n");
}
END_TEST

START_TEST(what_does_not_end_is_none)
{
	size_t from = 0;

	ck_assert_uint_eq(official_statement("INSERT INTO \"t\" (\"a\") VALUES('x);", 32, true, &from), 0);
	from = 0;
	ck_assert_uint_eq(official_statement("CREATE TABLE t(a)", 17, true, &from), 0);
	from = 0;
	ck_assert_uint_eq(official_statement("", 0, true, &from), 0);
}
END_TEST

/* ---- what is mended ---- */

static void assert_mended(const char *statement, size_t len, const char *expected)
{
	AUTO_BUF mended = BUF_INIT(10000);

	ck_assert_int_eq(official_mend(&mended, statement, len, NULL), 0);
	ck_assert_str_eq(buf_str(&mended), expected);
}
#define MEND(statement, expected) assert_mended(statement, sizeof(statement) - 1, expected)

START_TEST(values_are_mended)
{
	MEND("INSERT INTO \"Infinity\" (\"1.5\") VALUES(Infinity,-Infinity,9e999);\n",
	    "INSERT INTO \"Infinity\" (\"1.5\") VALUES(9.0e+999,-9.0e+999,9.0e+999);\n");
	MEND("INSERT INTO \"t\" (\"a\") VALUES('a\0b''c',NULL,'1e5 Infinity');\n",
	    "INSERT INTO \"t\" (\"a\") VALUES(CAST(X'6100622763' AS TEXT),NULL,'1e5 Infinity');\n");
	MEND("INSERT INTO \"t\" (\"a\") VALUES(replace('a\0\\nb','\\n',char(10)));\n",
	    "INSERT INTO \"t\" (\"a\") VALUES(replace(CAST(X'61005C6E62' AS TEXT),'\\n',char(10)));\n");
	MEND("INSERT INTO \"t\" (\"a\") VALUES(0.1,-2.5e-7,1e+21,12,-9223372036854775807,X'1e5f');\n",
	    "INSERT INTO \"t\" (\"a\") VALUES(0.1,-2.5e-07,1.0e+21,12,-9223372036854775807,X'1e5f');\n");
	MEND("INSERT INTO \"t\" (\"a\") VALUES(100000000000000000000,ERROR,1x5);\n",
	    "INSERT INTO \"t\" (\"a\") VALUES(1.0e+20,ERROR,1x5);\n");
}
END_TEST

START_TEST(comments_are_ended)
{
	MEND("CREATE VIEW v AS SELECT 1 -- x;\n", "CREATE VIEW v AS SELECT 1 -- x\n;\n");
	MEND("CREATE VIEW v AS SELECT 1 /* x;", "CREATE VIEW v AS SELECT 1 /* x*/;\n");
	MEND("CREATE TABLE t(a);\n", "CREATE TABLE t(a);\n");
}
END_TEST

/* ---- a whole file ---- */

struct scene {
	struct fixture f;
	char *from, *to;
};

static void scene_open(struct scene *s)
{
	fixture_open(&s->f);
	s->from = fixture_path(&s->f, "export.sql");
	s->to = fixture_path(&s->f, "export.sqlite");
}

static void scene_close(struct scene *s)
{
	mem_free_str(&s->from);
	mem_free_str(&s->to);
	fixture_close(&s->f);
}

static int load_bytes(struct scene *s, const char *sql, size_t len, bool has_sequence,
    struct err *err)
{
	ck_assert_int_eq(file_write(s->from, sql, len, 0600, false, NULL), 0);
	return official_load(s->from, s->to, has_sequence, err);
}

static void assert_query(struct scene *s, const char *sql, const char *expected)
{
	AUTO_STR text = fixture_query(s->to, sql);

	ck_assert_str_eq(text, expected);
}

START_TEST(an_export_becomes_a_file)
{
	static const char sql[] = HEAD
	    "CREATE TABLE child(p REFERENCES parent(id));\nINSERT INTO \"child\" (\"p\") VALUES(1);\n"
	    "CREATE TABLE parent(id INTEGER PRIMARY KEY AUTOINCREMENT, t);\n"
	    "INSERT INTO \"parent\" (\"id\",\"t\") VALUES(1,'a\0b');\n"
	    "INSERT INTO \"parent\" (\"id\",\"t\") VALUES(2,-Infinity);\n"
	    "DELETE FROM sqlite_sequence;\nINSERT INTO \"sqlite_sequence\" (\"name\",\"seq\") VALUES('parent',9);\n"
	    "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN\n  DELETE FROM child;\nEND;\n"
	    "CREATE VIEW v AS SELECT 1 AS a -- it;\nCREATE VIEW w AS SELECT a FROM v;\n";
	struct err err = ERR_INIT;
	struct scene s;
	struct stat st;

	scene_open(&s);
	ck_assert_msg(load_bytes(&s, sql, sizeof(sql) - 1, true, &err) == 0, "%s", err.msg);
	assert_query(&s, "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*' ORDER BY name)",
	    "child,g,parent,v,w");
	assert_query(&s, "SELECT group_concat(hex(CAST(t AS BLOB))) FROM parent WHERE id = 1", "610062");
	assert_query(&s, "SELECT t < -1e308 FROM parent WHERE id = 2", "1");
	assert_query(&s, "SELECT seq FROM sqlite_sequence", "9");
	assert_query(&s, "SELECT sql FROM sqlite_schema WHERE name = 'v'", "CREATE VIEW v AS SELECT 1 AS a -- it");
	ck_assert_int_eq(stat(s.to, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	scene_close(&s);
}
END_TEST

/* S4: the table outlives the last AUTOINCREMENT. */
START_TEST(a_sequence_without_a_table_for_it)
{
	static const char sql[] = HEAD "CREATE TABLE t(a);\nDELETE FROM sqlite_sequence;\n";
	struct err err = ERR_INIT;
	struct scene s;

	scene_open(&s);
	ck_assert_msg(load_bytes(&s, sql, sizeof(sql) - 1, true, &err) == 0, "%s", err.msg);
	assert_query(&s, "SELECT count(*) FROM sqlite_sequence", "0");
	scene_close(&s);
}
END_TEST

static const struct {
	const char *sql;
	const char *why;
} bad[] = {
	{ HEAD "CREATE TABLE t(a);\nINSERT INTO \"t\" (\"a\") VALUES(ERROR);\n", "ERROR" },
	{ HEAD "CREATE TABLE t(a);\nERROR near \"default\": syntax error", "cut off" },
	{ HEAD "CREATE TABLE t(a);\nINSERT INTO \"t\" (\"a\") VAL", "cut off" },
	{ HEAD "ATTACH '/etc/passwd' AS x;\n", "not authorized" },
	{ HEAD "CREATE TABLE t(a);\nINSERT INTO \"t\" (\"a\") VALUES(load_extension('x'));\n", "not authorized" },
	{ HEAD "COMMIT;\n", "not authorized" },
};

START_TEST(a_bad_export_is_refused)
{
	struct err err = ERR_INIT;
	struct scene s;

	scene_open(&s);
	ck_assert_int_eq(load_bytes(&s, bad[_i].sql, strlen(bad[_i].sql), false, &err), -1);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_msg(strstr(err.msg, bad[_i].why) != NULL, "%s", err.msg);
	scene_close(&s);
}
END_TEST

UNIT_CASE(official)
{
	tcase_add_test(tc, statements_are_taken_apart);
	tcase_add_test(tc, a_statement_may_end_in_a_comment);
	tcase_add_test(tc, what_does_not_end_is_none);
	tcase_add_test(tc, values_are_mended);
	tcase_add_test(tc, comments_are_ended);
	tcase_add_test(tc, an_export_becomes_a_file);
	tcase_add_test(tc, a_sequence_without_a_table_for_it);
	tcase_add_loop_test(tc, a_bad_export_is_refused, 0, (int)(sizeof(bad) / sizeof(bad[0])));
}

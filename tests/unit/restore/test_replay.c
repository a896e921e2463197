#include "restore/replay.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/unit.h"

/* A replay into "<folder>/new", and its path. */
struct scene {
	struct fixture f;
	char *path;
	struct replay *replay;
};

static void scene_open(struct scene *s)
{
	struct err err = ERR_INIT;

	fixture_open(&s->f);
	s->path = fixture_path(&s->f, "new");
	s->replay = replay_open(&(struct replay_options){ .path = s->path }, &err);
	ck_assert_msg(s->replay != NULL, "%s", err.msg);
}

static void scene_close(struct scene *s)
{
	replay_free(s->replay);
	mem_free_str(&s->path);
	fixture_close(&s->f);
}

static int apply_bytes(struct scene *s, const char *sql, size_t len, struct err *err)
{
	AUTO_BUF text = BUF_INIT(1u << 20);

	ck_assert_int_eq(buf_add(&text, sql, len, NULL), 0);
	return replay_apply(s->replay, &text, err);
}

static void apply(struct scene *s, const char *sql)
{
	struct err err = ERR_INIT;

	ck_assert_msg(apply_bytes(s, sql, strlen(sql), &err) == 0, "%s", err.msg);
}

static void commit(struct scene *s)
{
	struct err err = ERR_INIT;

	ck_assert_msg(replay_commit(s->replay, &s->f.snapshot.manifest, &err) == 0, "%s", err.msg);
	replay_free(s->replay);
	s->replay = NULL;
}

static void assert_query(struct scene *s, const char *sql, const char *expected)
{
	AUTO_STR text = fixture_query(s->path, sql);

	ck_assert_str_eq(text, expected);
}

/* ---- what a dump does ---- */

START_TEST(a_dump_becomes_a_database)
{
	struct scene s;

	scene_open(&s);
	apply(&s, "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t(id INTEGER PRIMARY KEY, v);\n"
	    "CREATE TABLE c(t REFERENCES t);\nCREATE TABLE w(k PRIMARY KEY) WITHOUT ROWID;\n");
	/* A child before its parent: the dump is ordered by table. */
	apply(&s, "INSERT INTO c VALUES(2);\nINSERT INTO t VALUES(1,'a;b'),(2,X'00');\n");
	apply(&s, "UPDATE t SET v=CAST(v||X'01' AS BLOB) WHERE id=2;\n");
	apply(&s, "CREATE TABLE _d1keep_sequence(a INTEGER PRIMARY KEY AUTOINCREMENT);\nDROP TABLE _d1keep_sequence;\n"
	    "DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence(name,seq) VALUES('t',9);\n");
	apply(&s, "CREATE UNIQUE INDEX i ON t(v) WHERE v IS NOT NULL;\nCREATE VIEW x AS SELECT upper(v) FROM t;\n"
	    "CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT raise(ABORT,'no'); END;\n");
	fixture_expect(&s.f, "t", 2);
	fixture_expect(&s.f, "c", 1);
	fixture_expect(&s.f, "w", 0);
	commit(&s);
	assert_query(&s, "SELECT group_concat(quote(v)) FROM t", "'a;b',X'0001'");
	assert_query(&s, "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)",
	    "c,g,i,sqlite_sequence,t,w,x");
	assert_query(&s, "SELECT seq FROM sqlite_sequence", "9");
	assert_query(&s, "PRAGMA integrity_check", "ok");
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

/* Making one, FTS5 asks for PRAGMA data_version and an rtree for page_size. */
START_TEST(virtual_tables_are_made)
{
	struct scene s;

	scene_open(&s);
	apply(&s, "CREATE VIRTUAL TABLE f USING fts5(t, prefix=2);\nCREATE VIRTUAL TABLE r USING rtree(id, a, b, +c);\n"
	    "CREATE VIRTUAL TABLE i USING rtree_i32(id, a, b);\nCREATE VIRTUAL TABLE v USING fts5vocab(f, row);\n");
	apply(&s, "INSERT INTO f(rowid,t) VALUES(-3,'one two');\nINSERT INTO r(id,a,b,c) VALUES(7,0.5,1.5,'x');\n");
	fixture_expect(&s.f, "f", 1);
	fixture_expect(&s.f, "r", 1);
	commit(&s);
	assert_query(&s, "SELECT rowid FROM f WHERE f MATCH 'tw*'", "-3");
	assert_query(&s, "SELECT id||c FROM r WHERE a<1", "7x");
	scene_close(&s);
}
END_TEST

START_TEST(what_stands_between_statements_does_not_matter)
{
	struct scene s;

	scene_open(&s);
	apply(&s, "");
	apply(&s, "\n\n  \t");
	apply(&s, "-- a comment\nCREATE TABLE t(a) -- another\n;;;\n/* one more */");
	apply(&s, "INSERT INTO t VALUES(1)");
	fixture_expect(&s.f, "t", 1);
	commit(&s);
	scene_close(&s);
}
END_TEST

START_TEST(the_file_is_for_its_owner_alone)
{
	struct scene s;
	struct stat st;

	(void)umask(0);
	scene_open(&s);
	ck_assert_int_eq(stat(s.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	scene_close(&s);
}
END_TEST

START_TEST(what_is_there_is_not_opened)
{
	static const char text[] = "somebody's own";
	AUTO_BUF kept = BUF_INIT(100);
	AUTO_STR path = NULL;
	struct fixture f;
	struct err err = ERR_INIT;

	fixture_open(&f);
	path = fixture_path(&f, "there");
	fixture_write(path, _i == 0 ? text : "", _i == 0 ? strlen(text) : 0);
	ck_assert_ptr_null(replay_open(&(struct replay_options){ .path = path }, &err));
	ck_assert_int_eq(err.code, ERR_EXISTS);
	fixture_read(path, &kept);
	ck_assert_str_eq(buf_str(&kept), _i == 0 ? text : "");
	fixture_close(&f);
}
END_TEST

START_TEST(a_missing_folder_is_not_found)
{
	AUTO_STR path = NULL;
	struct fixture f;
	struct err err = ERR_INIT;

	fixture_open(&f);
	path = fixture_path(&f, "none/new");
	ck_assert_ptr_null(replay_open(&(struct replay_options){ .path = path }, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	replay_free(NULL);
	fixture_close(&f);
}
END_TEST

/* ---- what no dump does ---- */

static const char *const hostile[] = {
	"ATTACH DATABASE 'attached' AS x", "ATTACH ':memory:' AS x", "DETACH main",
	"VACUUM", "VACUUM INTO 'vacuumed'",
	"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a",
	"PRAGMA writable_schema=ON", "PRAGMA journal_mode=WAL", "PRAGMA journal_mode", "PRAGMA page_size=512",
	"PRAGMA foreign_keys=ON", "PRAGMA temp_store_directory='/'", "PRAGMA main.page_size=512",
	"PRAGMA trusted_schema=ON", "PRAGMA wal_checkpoint", "PRAGMA integrity_check",
	"SELECT * FROM pragma_database_list", "SELECT * FROM pragma_table_info('t')",
	"SELECT load_extension('evil')", "SELECT LOAD_EXTENSION('evil','entry')",
	"INSERT INTO t VALUES(load_extension('evil'))",
	"CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('evil'); END; INSERT INTO t VALUES(1)",
	"CREATE TABLE d(a DEFAULT (load_extension('evil'))); INSERT INTO d DEFAULT VALUES",
	"SELECT readfile('/etc/passwd')", "SELECT writefile('written','x')", "SELECT edit('x')",
	"SELECT fts3_tokenizer('simple')",
	"CREATE VIRTUAL TABLE v USING fts4(a)", "CREATE VIRTUAL TABLE v USING csv(filename=x)", "ANALYZE", "ANALYZE t",
	"CREATE VIRTUAL TABLE temp.v USING fts5(a)", "CREATE VIRTUAL TABLE v USING dbstat",
	"CREATE TEMP TABLE x(a)", "CREATE TABLE temp.x(a)", "CREATE TEMP VIEW x AS SELECT 1",
	"CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
	"UPDATE sqlite_schema SET sql='x'", "DELETE FROM sqlite_master", "INSERT INTO sqlite_schema VALUES(1,2,3,4,5)",
	"DROP TABLE sqlite_schema", "UPDATE sqlite_dbpage SET data=X'00' WHERE pgno=1",
	"ANALYZE", "ALTER TABLE t RENAME TO u", "ALTER TABLE t ADD COLUMN z",
	"DROP INDEX i", "DROP VIEW x", "DROP TRIGGER g",
	"INSERT INTO none VALUES(1)", "SELECT", "INSERT INTO t VALUES(1", "nonsense",
	"INSERT INTO t VALUES('never ends", "\xff", ".read /etc/passwd", "INSERT INTO t VALUES(?); SELECT nope",
};

START_TEST(hostile_sql_is_corrupt)
{
	struct scene s;
	struct err err = ERR_INIT;

	scene_open(&s);
	ck_assert_int_eq(chdir(s.f.folder), 0);
	apply(&s, "CREATE TABLE t(a); CREATE INDEX i ON t(a); CREATE VIEW x AS SELECT 1;\n"
	    "INSERT INTO t VALUES(0);");
	ck_assert_msg(apply_bytes(&s, hostile[_i], strlen(hostile[_i]), &err) != 0, "%s", hostile[_i]);
	ck_assert_msg(err.code == ERR_CORRUPT, "%s: %d: %s", hostile[_i], err.code, err.msg);
	ck_assert_str_ne(err.msg, "");
	replay_free(s.replay);
	s.replay = NULL;
	/* Its own file, and nothing that the SQL made. */
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

START_TEST(a_dump_that_computes_without_end_is_corrupt)
{
	static const char endless[] = "INSERT INTO t SELECT count(*) FROM "
	    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0)";
	struct scene s;
	struct err err = ERR_INIT;

	scene_open(&s);
	replay_free(s.replay);
	(void)unlink(s.path);
	s.replay = replay_open(&(struct replay_options){ .path = s.path, .max_bytes = 200000 }, &err);
	ck_assert_msg(s.replay != NULL, "%s", err.msg);
	apply(&s, "CREATE TABLE t(a);");
	ck_assert_int_ne(apply_bytes(&s, endless, strlen(endless), &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	scene_close(&s);
}
END_TEST

static void count_statements(void *ctx, struct sqlite3 *sqlite, const char *sql, size_t len)
{
	(void)sqlite;
	ck_assert_uint_gt(len, 0);
	ck_assert_int_eq(sql[len - 1], ';');
	(*(int *)ctx)++;
}

/* -1 statements: the replay fails. */
static void replays_with(bool pass_over, const char *sql, int statements)
{
	struct fixture f;
	AUTO_STR path = NULL;
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct replay *replay;
	int count = 0;

	fixture_open(&f);
	path = fixture_path(&f, "new");
	replay = replay_open(&(struct replay_options){
		.path = path, .ran = count_statements, .ctx = &count, .pass_over = pass_over,
	}, NULL);
	ck_assert_ptr_nonnull(replay);
	ck_assert_int_eq(buf_adds(&text, sql, NULL), 0);
	ck_assert_int_eq(replay_apply(replay, &text, NULL), statements < 0 ? -1 : 0);
	if (statements >= 0)
		ck_assert_int_eq(count, statements);
	replay_free(replay);
	fixture_close(&f);
}

START_TEST(what_a_newer_sqlite_knows_is_passed_over_when_told_to)
{
	static const char future[] = "CREATE TABLE t(a);\n"
	    "CREATE VIRTUAL TABLE f USING fts5(a,option_of_the_future=1);\n"
	    "INSERT INTO f(f,\"rank\") VALUES('x;',1);\nINSERT INTO t VALUES(';\n');\n";

	replays_with(true, future, 4);
	replays_with(false, future, -1);
	/* Nothing else is forgiven. */
	replays_with(true, "SELECT load_extension('x');\n", -1);
	replays_with(true, "INSERT INTO never VALUES(1);\n", -1);
	replays_with(true, "CREATE TABLE t(a;\n", -1);
	replays_with(true, "ATTACH 'x' AS y;\n", -1);
}
END_TEST

#define REBUILD "INSERT INTO \"f\"(\"f\") VALUES('rebuild');\n"

/* FTS5 itself says no more than "SQL logic error". */
START_TEST(why_an_index_cannot_be_rebuilt_is_found_out)
{
	static const struct { const char *sql, *message; bool newer; } cases[] = {
		{ "CREATE VIEW v AS SELECT 1 AS id, json_pretty('[]') AS x;\n"
		  "CREATE VIRTUAL TABLE f USING fts5(x,content='v',content_rowid='id');\n" REBUILD,
		  "no such function: json_pretty", true },
		{ "CREATE TABLE t(id INTEGER PRIMARY KEY,other);\n"
		  "CREATE VIRTUAL TABLE f USING fts5(x,content='t',content_rowid='id');\n" REBUILD,
		  "a full-text index cannot be rebuilt from what is there", false },
		{ "CREATE VIRTUAL TABLE f USING fts5(x,content='gone');\n" REBUILD, "no such table: gone", false },
		/* Another command may be one that this FTS5 does not know. */
		{ "CREATE VIRTUAL TABLE f USING fts5(x);\nINSERT INTO \"f\"(\"f\") VALUES('tune');\n",
		  "SQL logic error", true },
	};
	struct scene s;
	struct err err = ERR_INIT;

	if (_i == 0 && sqlite3_libversion_number() >= 3046000)
		return;
	scene_open(&s);
	ck_assert_int_ne(apply_bytes(&s, cases[_i].sql, strlen(cases[_i].sql), &err), 0);
	ck_assert_str_eq(err.msg, cases[_i].message);
	ck_assert_int_eq(err.code, cases[_i].newer ? ERR_FAILED : ERR_CORRUPT);
	ck_assert(cases[_i].newer == (strstr(err.hint, "newer SQLite") != NULL));
	scene_close(&s);
	/* A statement that comes later has a reason of its own. */
	replays_with(true, "CREATE TABLE t(a);\nCREATE VIRTUAL TABLE f USING fts5(x);\n"
	    "INSERT INTO \"f\"(\"f\") VALUES('tune');\nINSERT INTO never VALUES(1);\nCREATE TABLE t(a;\n", -1);
}
END_TEST

START_TEST(a_nul_byte_is_corrupt_wherever_it_is)
{
	static const char *const text[] = { "\0", "CREATE TABLE t(a);\0", "CREATE TABLE t(a);\0CREATE TABLE u(a);" };
	static const size_t len[] = { 1, 19, 37 };
	struct scene s;
	struct err err = ERR_INIT;

	scene_open(&s);
	ck_assert_int_ne(apply_bytes(&s, text[_i], len[_i], &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, "NUL"));
	scene_close(&s);
}
END_TEST

static void on_alarm(int signal)
{
	(void)signal;
	stop_request();
}

START_TEST(sql_that_never_ends_can_be_stopped)
{
	static const char endless[] = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c;";
	struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	struct scene s;
	struct err err = ERR_INIT;

	scene_open(&s);
	(void)signal(SIGALRM, on_alarm);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ck_assert_int_ne(apply_bytes(&s, endless, strlen(endless), &err), 0);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	scene_close(&s);
}
END_TEST

/* ---- counting ---- */

static void assert_commit_corrupt(struct scene *s, const char *named)
{
	struct err err = ERR_INIT;

	ck_assert_int_ne(replay_commit(s->replay, &s->f.snapshot.manifest, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_msg(strstr(err.msg, named) != NULL, "%s", err.msg);
}

START_TEST(a_table_with_other_rows_than_promised_is_corrupt)
{
	static const int64_t promised[] = { 0, 1, 3 };
	struct scene s;

	scene_open(&s);
	apply(&s, "CREATE TABLE \"a \"\"b\"(x); INSERT INTO \"a \"\"b\" VALUES(1),(2);");
	fixture_expect(&s.f, "a \"b", promised[_i]);
	assert_commit_corrupt(&s, "has 2 rows instead of");
	scene_close(&s);
}
END_TEST

START_TEST(a_table_that_is_missing_is_corrupt)
{
	struct scene s;

	scene_open(&s);
	apply(&s, "CREATE TABLE t(x);");
	fixture_expect(&s.f, "t", 0);
	fixture_expect(&s.f, "users", 0);
	assert_commit_corrupt(&s, "\"users\"");
	scene_close(&s);
}
END_TEST

/* A table's name is no SQL. */
START_TEST(a_hostile_table_name_is_only_a_name)
{
	struct scene s;

	scene_open(&s);
	apply(&s, "CREATE TABLE t(x);");
	fixture_expect(&s.f, "t\"; DROP TABLE t; --", 0);
	assert_commit_corrupt(&s, "DROP TABLE t");
	scene_close(&s);
}
END_TEST

UNIT_CASE(replay)
{
	tcase_add_test(tc, a_dump_becomes_a_database);
	tcase_add_test(tc, virtual_tables_are_made);
	tcase_add_test(tc, what_stands_between_statements_does_not_matter);
	tcase_add_test(tc, the_file_is_for_its_owner_alone);
	tcase_add_loop_test(tc, what_is_there_is_not_opened, 0, 2);
	tcase_add_test(tc, a_missing_folder_is_not_found);
	tcase_add_test(tc, a_dump_that_computes_without_end_is_corrupt);
	tcase_add_loop_test(tc, hostile_sql_is_corrupt, 0, (int)(sizeof(hostile) / sizeof(hostile[0])));
	tcase_add_loop_test(tc, a_nul_byte_is_corrupt_wherever_it_is, 0, 3);
	tcase_add_test(tc, what_a_newer_sqlite_knows_is_passed_over_when_told_to);
	tcase_add_loop_test(tc, why_an_index_cannot_be_rebuilt_is_found_out, 0, 4);
	tcase_add_test(tc, sql_that_never_ends_can_be_stopped);
	tcase_add_loop_test(tc, a_table_with_other_rows_than_promised_is_corrupt, 0, 3);
	tcase_add_test(tc, a_table_that_is_missing_is_corrupt);
	tcase_add_test(tc, a_hostile_table_name_is_only_a_name);
}

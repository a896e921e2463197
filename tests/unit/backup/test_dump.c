#include "backup/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/boundary.h"
#include "tables/literal.h"
#include "base/mem.h"
#include "tests/unit/backup/support.h"
#include "tests/unit/unit.h"

/* A dump's chunks, kept as they come. */
static struct chunk *chunks[100];
static size_t chunk_count;
static struct dump dump;

static int keep(void *ctx, struct chunk *chunk, struct err *err)
{
	(void)ctx, (void)err;
	ck_assert_uint_lt(chunk_count, 100);
	chunks[chunk_count++] = chunk;
	return 0;
}

static void setup(void)
{
	dump_init(&dump, keep, NULL);
}

static void teardown(void)
{
	while (chunk_count > 0)
		chunk_free(chunks[--chunk_count]);
	dump_release(&dump);
}

static const struct table *table_t(void)
{
	static const char *values[] = { "id", "c" };
	static size_t key[] = { 0 };
	static const struct table table = {
		.name = (char *)(uintptr_t)"t", .values = values, .value_count = 2,
		.key = key, .key_count = 1,
	};

	return &table;
}

#define HEAD "INSERT INTO \"t\"(\"id\",\"c\") VALUES\n"

static void begin(void)
{
	ck_assert_int_eq(dump_table_begin(&dump, table_t(), NULL), 0);
}

static void row(const char *tuple)
{
	ck_assert_int_eq(dump_row(&dump, (struct span){ tuple, strlen(tuple) }, NULL), 0);
}

/* A row of exactly this many bytes. */
static void row_of(size_t bytes)
{
	char *tuple = mem_calloc(bytes + 1, 1);

	memset(tuple, 'x', bytes);
	memcpy(tuple, "(1,'", 4);
	memcpy(tuple + bytes - 2, "')", 2);
	row(tuple);
	free(tuple);
}

static int64_t end(void)
{
	char hash[SHA256_HEX_SIZE];
	int64_t rows;

	ck_assert_int_eq(dump_table_end(&dump, &rows, hash, NULL), 0);
	return rows;
}

START_TEST(rows_become_inserts_of_many_tuples)
{
	begin();
	row("(1,'a')");
	row("(2,'b')");
	ck_assert_int_eq(end(), 2);
	ck_assert_uint_eq(chunk_count, 1);
	ck_assert_str_eq(chunks[0]->sql.data, HEAD "(1,'a'),\n(2,'b');\n");
	ck_assert_str_eq(chunks[0]->table, "t");
	ck_assert_int_eq(chunks[0]->kind, MANIFEST_ROWS);
	ck_assert_int_eq(chunks[0]->rows, 2);
}
END_TEST

START_TEST(a_table_without_rows_has_no_chunk)
{
	begin();
	ck_assert_int_eq(end(), 0);
	ck_assert_uint_eq(chunk_count, 0);
}
END_TEST

START_TEST(the_hash_is_of_the_tuples_with_a_lf_after_each)
{
	char hash[SHA256_HEX_SIZE], expected[SHA256_HEX_SIZE];
	int64_t rows;

	sha256_hex("(1,'a')\n(2,'b')\n", 16, expected);
	begin();
	row("(1,'a')");
	row("(2,'b')");
	ck_assert_int_eq(dump_table_end(&dump, &rows, hash, NULL), 0);
	ck_assert_str_eq(hash, expected);
}
END_TEST

START_TEST(a_statement_of_exactly_the_limit_is_one)
{
	begin();
	row_of(STATEMENT_MAX_BYTES - strlen(HEAD) - 1);
	(void)end();
	ck_assert_uint_eq(chunks[0]->sql.len, STATEMENT_MAX_BYTES + 1);   /* and LF */
	ck_assert_ptr_null(strstr(chunks[0]->sql.data, "CREATE TABLE"));
}
END_TEST

START_TEST(a_byte_more_takes_several)
{
	begin();
	row_of(STATEMENT_MAX_BYTES - strlen(HEAD));
	(void)end();
	ck_assert_ptr_nonnull(strstr(chunks[0]->sql.data, "CREATE TABLE"));
}
END_TEST

START_TEST(a_row_joins_a_statement_only_while_it_fits)
{
	size_t left = STATEMENT_MAX_BYTES - strlen(HEAD) - strlen("(1,'a'),\n;");

	for (size_t more = 0; more < 2; more++) {
		begin();
		row("(1,'a')");
		row_of(left + more);
		(void)end();
		ck_assert_ptr_eq(strstr(chunks[more]->sql.data, ";\nINSERT") == NULL ?
		    NULL : chunks[more], more == 0 ? NULL : chunks[more]);
	}
}
END_TEST

/* D1 refuses a VALUES of several rows that has more columns than a table may. */
START_TEST(rows_of_more_than_a_hundred_values_have_a_statement_each)
{
	static const char *values[MANY_ROWS_MAX_VALUES + 1];
	static size_t key[] = { 0 };
	struct table table = {
		.name = (char *)(uintptr_t)"t", .values = values, .key = key, .key_count = 1,
	};

	for (size_t i = 0; i <= MANY_ROWS_MAX_VALUES; i++)
		values[i] = "c";
	for (size_t more = 0; more < 2; more++) {
		table.value_count = MANY_ROWS_MAX_VALUES + more;
		ck_assert_int_eq(dump_table_begin(&dump, &table, NULL), 0);
		row("(1)");
		row("(2)");
		ck_assert_int_eq(end(), 2);
		ck_assert_ptr_nonnull(strstr(buf_str(&chunks[more]->sql), more ? "\n(1);\nINSERT INTO" : "\n(1),\n(2);\n"));
	}
}
END_TEST

START_TEST(no_statement_crosses_a_chunk)
{
	sqlite3 *sqlite = sqlite_open(":memory:");

	begin();
	for (int i = 0; i < 100; i++)
		row_of(90000);
	ck_assert_int_eq(end(), 100);
	ck_assert_uint_gt(chunk_count, 2);
	sqlite_run(sqlite, "CREATE TABLE t(id, c)");
	for (size_t i = chunk_count; i-- > 0; )
		run_statements(sqlite, chunks[i]->sql.data, chunks[i]->sql.len);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM t"), 100);
	(void)sqlite3_close(sqlite);
}
END_TEST

/* ---- long rows ---- */

/* One row into a table that `ddl` makes, through SQL, and back. */
static void long_row_comes_back(const char *ddl, const char *insert)
{
	const char *path = file_with(ddl);
	sqlite3 *sqlite = sqlite_open(path);

	sqlite_run(sqlite, insert);
	(void)sqlite3_close(sqlite);
	comes_back(path);
}

START_TEST(values_of_every_length_come_back)
{
	static const int lengths[] = {
		0, 1, 2, 49850, 49900, 49949, 49950, 49951, 50000, 99799, 99800, 99801, 99850, 99900, 99920,
		99930, 99940, 99950, 99960, 99970, 99980, 99999, 100000, 100001, 149850, 1000000, 1999999, 2000000,
	};
	const char *path = file_with("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB)");
	sqlite3 *sqlite = sqlite_open(path);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char sql[300];

		(void)snprintf(sql, sizeof(sql), "INSERT INTO t(a, b) VALUES(printf('%%.*c', %d, 'x'), NULL),"
		    " (NULL, randomblob(%d)), (replace(hex(zeroblob(%d)), '00', ''''), 1)",
		    lengths[i], lengths[i], lengths[i]);
		sqlite_run(sqlite, sql);
	}
	(void)sqlite3_close(sqlite);
	comes_back(path);
}
END_TEST

START_TEST(rows_around_the_limit_come_back)
{
	const char *path = file_with("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)");
	sqlite3 *sqlite = sqlite_open(path);

	for (int bytes = 99940; bytes < 100010; bytes++) {
		char sql[200];

		(void)snprintf(sql, sizeof(sql), "INSERT INTO t(a) VALUES(printf('%%.*c', %d, 'x'))", bytes);
		sqlite_run(sqlite, sql);
	}
	(void)sqlite3_close(sqlite);
	comes_back(path);
}
END_TEST

START_TEST(several_long_values_in_a_row_come_back)
{
	long_row_comes_back("CREATE TABLE t(a, b TEXT, c BLOB, d, e)",
	    "INSERT INTO t VALUES(randomblob(300000), printf('%.*c', 70000, 'a'), randomblob(40000), 1,"
	    " printf('%.*c', 99999, 'b'))");
}
END_TEST

START_TEST(a_hundred_values_that_are_long_together_come_back)
{
	AUTO_BUF ddl = BUF_INIT(10000);
	AUTO_BUF insert = BUF_INIT(10000);

	(void)buf_adds(&ddl, "CREATE TABLE t(c0", NULL);
	(void)buf_adds(&insert, "INSERT INTO t VALUES(randomblob(1900)", NULL);
	for (int i = 1; i < 100; i++) {
		(void)buf_addf(&ddl, NULL, ",a_rather_long_column_name_%d", i);
		(void)buf_addf(&insert, NULL, ",printf('%%.*c', %d, 'x')", i * 30);
	}
	(void)buf_adds(&ddl, ")", NULL);
	(void)buf_adds(&insert, ")", NULL);
	long_row_comes_back(buf_str(&ddl), buf_str(&insert));
}
END_TEST

START_TEST(long_text_keeps_its_class_under_every_type)
{
	static const char *const types[] = {
		"INTEGER", "REAL", "NUMERIC", "TEXT", "BLOB", "", "VARCHAR(10)",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char ddl[100];

		(void)snprintf(ddl, sizeof(ddl), "CREATE TABLE t(id INTEGER PRIMARY KEY, c %s)", types[i]);
		long_row_comes_back(ddl, "INSERT INTO t(c) VALUES(printf('%.*c', 200000, 'x')),"
		    "(printf('%.*c', 150000, '1') || 'x'), ('12 ' || printf('%.*c', 150000, 'x')),"
		    "('0x' || printf('%.*c', 150000, '1')), ('-1.5e' || printf('%.*c', 150000, ' ')),"
		    "(printf('%.*c', 150000, ' ') || 'x'), (printf('%.*c', 150000, '1')), (randomblob(150000)),"
		    "('1' || printf('%.*c', 120000, '0') || 'e5'), ('1e' || printf('%.*c', 120000, '1'))");
	}
}
END_TEST

START_TEST(long_values_of_strict_tables_come_back)
{
	long_row_comes_back("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB, c ANY, d ANY) STRICT",
	    "INSERT INTO t(a, b, c, d) VALUES(printf('%.*c', 200000, '1'), randomblob(200000),"
	    " printf('%.*c', 200000, '1'), randomblob(200000))");
}
END_TEST

START_TEST(long_text_with_nul_and_ill_formed_bytes_comes_back)
{
	long_row_comes_back("CREATE TABLE t(a TEXT, b, c INTEGER)",
	    "INSERT INTO t VALUES(CAST(zeroblob(150000) AS TEXT), CAST(randomblob(150000) AS TEXT),"
	    " CAST('12' || X'00' || randomblob(150000) AS TEXT))");
}
END_TEST

START_TEST(characters_across_a_cut_come_back)
{
	for (int i = 0; i < 4; i++) {
		char sql[300];

		(void)snprintf(sql, sizeof(sql), "INSERT INTO t VALUES(printf('%%.*c', %d, 'x') ||"
		    " replace(hex(zeroblob(60000)), '00', '\xf0\x9f\x98\x80'))", i);
		long_row_comes_back("CREATE TABLE t(a TEXT)", sql);
	}
}
END_TEST

START_TEST(long_rows_without_rowid_come_back)
{
	long_row_comes_back("CREATE TABLE t(k TEXT, l, a TEXT, PRIMARY KEY(k, l)) WITHOUT ROWID",
	    "INSERT INTO t VALUES('it''s', X'00', printf('%.*c', 200000, 'x')),"
	    " (CAST(X'6100' AS TEXT), 1.5, randomblob(200000))");
}
END_TEST

START_TEST(long_keys_come_back)
{
	long_row_comes_back("CREATE TABLE t(k TEXT PRIMARY KEY, l) WITHOUT ROWID",
	    "INSERT INTO t VALUES(printf('%.*c', 60000, 'x'), printf('%.*c', 60000, 'y')),"
	    " (printf('%.*c', 150000, 'x'), 1)");
}
END_TEST

START_TEST(a_check_never_meets_half_a_value)
{
	long_row_comes_back("CREATE TABLE t(id INTEGER PRIMARY KEY,"
	    " c TEXT NOT NULL CHECK(json_valid(c)), d BLOB CHECK(length(d) = 200000))",
	    "INSERT INTO t VALUES(1, json_array(printf('%.*c', 200000, 'x')), randomblob(200000))");
}
END_TEST

START_TEST(a_stored_column_never_meets_half_a_value)
{
	long_row_comes_back("CREATE TABLE t(id INTEGER PRIMARY KEY, c TEXT,"
	    " d AS (json_extract(c, '$[1]')) STORED, e AS (json_extract(c, '$[1]')))",
	    "INSERT INTO t(c) VALUES(json_array(printf('%.*c', 200000, 'x'), 12))");
}
END_TEST

START_TEST(long_unique_values_with_one_beginning_come_back)
{
	long_row_comes_back("CREATE TABLE t(c TEXT UNIQUE)",
	    "INSERT INTO t VALUES('x'), (printf('%.*c', 49900, 'x')), (printf('%.*c', 49950, 'x')),"
	    " (printf('%.*c', 150000, 'x')), (printf('%.*c', 150001, 'x'))");
}
END_TEST

START_TEST(a_long_row_leaves_nothing_behind)
{
	AUTO_BUF tuple = BUF_INIT(1u << 20);
	sqlite3 *sqlite = sqlite_open(":memory:");

	begin();
	(void)buf_adds(&tuple, "(1,X'", NULL);
	for (int i = 0; i < 100000; i++)
		(void)buf_adds(&tuple, "AB", NULL);
	(void)buf_adds(&tuple, "')", NULL);
	row("(0,'before')");
	row(buf_str(&tuple));
	row("(2,'after')");
	(void)end();
	sqlite_run(sqlite, "CREATE TABLE t(id, c)");
	/* A restore that was cut short may have left this. */
	sqlite_run(sqlite, "CREATE TABLE _d1keep_long(id INTEGER PRIMARY KEY, value);"
	    "INSERT INTO _d1keep_long VALUES(1, 'half')");
	run_statements(sqlite, chunks[0]->sql.data, chunks[0]->sql.len);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema"), 1);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT length(c) FROM t WHERE id=1"), 100000);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM t"), 3);
	(void)sqlite3_close(sqlite);
}
END_TEST

START_TEST(long_rows_are_written_within_d1s_limits)
{
	AUTO_BUF tuple = BUF_INIT(8u << 20);
	sqlite3 *sqlite = sqlite_open(":memory:");
	char *bytes = mem_calloc(1000000, 1);

	begin();
	(void)buf_adds(&tuple, "(", NULL);
	(void)literal_add_text(&tuple, bytes, 1000000, NULL);
	(void)buf_adds(&tuple, ",", NULL);
	(void)literal_add_blob(&tuple, bytes, 1000000, NULL);
	(void)buf_adds(&tuple, ")", NULL);
	row(buf_str(&tuple));
	(void)end();
	sqlite_run(sqlite, "CREATE TABLE t(id, c)");
	sqlite_limit_as_d1(sqlite);
	(void)sqlite3_limit(sqlite, SQLITE_LIMIT_SQL_LENGTH, 1u << 30);   /* counted one by one */
	run_statements(sqlite, chunks[0]->sql.data, chunks[0]->sql.len);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT length(CAST(id AS BLOB)) + length(c) FROM t"), 2000000);
	free(bytes);
	(void)sqlite3_close(sqlite);
}
END_TEST

START_TEST(says_when_a_row_is_too_large_to_keep)
{
	struct err err = ERR_INIT;
	size_t bytes = 70u << 20;
	char *tuple = mem_calloc(bytes, 1);

	memset(tuple, '0', bytes);
	memcpy(tuple, "(1,X'", 5);
	memcpy(tuple + bytes - 2, "')", 2);
	begin();
	ck_assert_int_ne(dump_row(&dump, (struct span){ tuple, bytes }, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	free(tuple);
}
END_TEST

START_TEST(says_when_column_names_are_too_long)
{
	static const char *values[] = { NULL, "c" };
	static size_t key[] = { 0 };
	static struct table wide = {
		.name = (char *)(uintptr_t)"t", .values = values, .value_count = 2,
		.key = key, .key_count = 1,
	};
	struct err err = ERR_INIT;
	AUTO_BUF tuple = BUF_INIT(1u << 20);
	char *name = mem_calloc(99901, 1);

	memset(name, 'n', 99900);
	values[0] = name;
	(void)buf_adds(&tuple, "(1,X'", NULL);
	for (int i = 0; i < 1000; i++)
		(void)buf_adds(&tuple, "AB", NULL);
	(void)buf_adds(&tuple, "')", NULL);
	ck_assert_int_eq(dump_table_begin(&dump, &wide, NULL), 0);
	ck_assert_int_ne(dump_row(&dump, (struct span){ tuple.data, tuple.len }, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	free(name);
}
END_TEST

/* ---- schema and post ---- */

START_TEST(definitions_that_end_in_a_comment_come_back)
{
	const char *path = file_with("CREATE TABLE t(a -- one\n, b /* two */) -- three\n");
	sqlite3 *sqlite = sqlite_open(path);

	sqlite_run(sqlite, "CREATE VIEW v AS SELECT 1 -- four");
	sqlite_run(sqlite, "CREATE VIEW u AS SELECT '--' /* ; */ -- five;\n;");
	sqlite_run(sqlite, "CREATE INDEX i ON t(a) -- six\n;");
	sqlite_run(sqlite, "CREATE INDEX j ON t(b);");
	sqlite_run(sqlite, "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; -- seven\n END -- eight");
	sqlite_run(sqlite, "CREATE TABLE w(a PRIMARY KEY) WITHOUT ROWID -- nine\n;");
	(void)sqlite3_close(sqlite);
	comes_back(path);
}
END_TEST

START_TEST(a_comment_that_nothing_closes_swallows_nothing)
{
	const char *path = file_with("CREATE TABLE t(a)"), *back;
	sqlite3 *sqlite = sqlite_open(path);
	struct manifest m;
	struct world w;

	sqlite_run(sqlite, "CREATE VIEW v AS SELECT 1 /* never closed");
	sqlite_run(sqlite, "CREATE INDEX i ON t(a) -- not ended");
	sqlite_run(sqlite, "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END");
	(void)sqlite3_close(sqlite);
	world_init(&w);
	taken_file(&w, path, &m);
	back = replayed(&w, &m);
	sqlite = sqlite_open(back);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema"), 4);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT * FROM v"), 1);
	(void)sqlite3_close(sqlite);
	manifest_release(&m);
	world_release(&w);
}
END_TEST

START_TEST(definitions_of_every_kind_come_back)
{
	comes_back(file_with(
	    "CREATE TABLE a(id INTEGER PRIMARY KEY, x TEXT DEFAULT 'a;b''c', y DEFAULT (1 + 2), z DEFAULT X'00',"
	    " n NOT NULL DEFAULT '\n', UNIQUE(x, y), CHECK(y <> ';'));"
	    "CREATE TABLE b(id UNIQUE REFERENCES c(id) ON DELETE CASCADE, c REFERENCES b(id));"
	    "CREATE TABLE c(id INTEGER PRIMARY KEY REFERENCES a(id));"
	    "INSERT INTO a(id) VALUES(1);INSERT INTO c VALUES(1);INSERT INTO b VALUES(1, NULL);"
	    "CREATE UNIQUE INDEX i1 ON a(lower(x), y DESC) WHERE y IS NOT NULL;"
	    "CREATE INDEX \"i 2\" ON a(x COLLATE NOCASE);"
	    "CREATE VIEW v2 AS SELECT * FROM v1;CREATE VIEW v1(\"select\", q) AS SELECT id, x FROM a;"
	    "CREATE TRIGGER g1 INSTEAD OF INSERT ON v1 BEGIN INSERT INTO a(x) VALUES(';'); SELECT CASE WHEN 1 THEN 2 END; END;"
	    "CREATE TRIGGER a AFTER UPDATE OF x ON a WHEN new.x IS NOT ';' BEGIN DELETE FROM b; /* ; */ END;"
	    "CREATE TABLE d AS SELECT * FROM a;"
	    "ALTER TABLE d ADD COLUMN extra TEXT DEFAULT 5;ALTER TABLE d RENAME TO \"e;\"\"f\";"
	    "CREATE TABLE s(a INT, b ANY) STRICT;INSERT INTO s VALUES(1, '1'), (2, 1), (3, 1.0)"));
}
END_TEST

START_TEST(sequences_come_back)
{
	comes_back(file_with("CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, x);"
	    "CREATE TABLE \"it's\"(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "CREATE TABLE empty(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "INSERT INTO a(x) VALUES(1), (2), (3);DELETE FROM a WHERE id > 1;"
	    "INSERT INTO \"it's\" VALUES(9223372036854775807);"
	    "INSERT INTO empty VALUES(12);DELETE FROM empty"));
}
END_TEST

START_TEST(a_sequence_table_without_sequences_comes_back)
{
	comes_back(file_with("CREATE TABLE t(a);CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "INSERT INTO a VALUES(5);DROP TABLE a"));
}
END_TEST

START_TEST(odd_rows_of_the_sequence_table_come_back)
{
	comes_back(file_with("CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "INSERT INTO sqlite_sequence VALUES('gone', 7), ('it''s', 'x'), ('a', NULL), ('b', X'00'), ('c', 1.5)"));
}
END_TEST

START_TEST(a_database_without_tables_comes_back)
{
	comes_back(file_with("CREATE TABLE t(a);DROP TABLE t"));
	comes_back(file_with("CREATE VIEW v AS SELECT 1"));
}
END_TEST

START_TEST(foreign_keys_to_later_tables_and_cycles_come_back)
{
	comes_back(file_with("CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b(id));"
	    "CREATE TABLE b(id INTEGER PRIMARY KEY, a REFERENCES a(id) ON DELETE CASCADE, me REFERENCES b(id));"
	    "INSERT INTO a VALUES(1, 2), (2, NULL);INSERT INTO b VALUES(2, 1, 3), (3, 2, 2)"));
}
END_TEST

START_TEST(a_foreign_key_to_a_separate_unique_index_comes_back)
{
	comes_back(file_with("CREATE TABLE c(r REFERENCES p(x));CREATE TABLE p(x, y);"
	    "CREATE INDEX py ON p(y);CREATE UNIQUE INDEX px ON p(x);"
	    "INSERT INTO p VALUES(1, 2);INSERT INTO c VALUES(1)"));
}
END_TEST

START_TEST(a_large_schema_takes_several_chunks)
{
	struct schema s = { .tables = mem_calloc(200, sizeof(struct table)), .table_count = 200 };
	char *sql = mem_calloc(90001, 1);

	memset(sql, ' ', 90000);
	memcpy(sql, "SELECT 1", 8);
	for (size_t i = 0; i < s.table_count; i++)
		s.tables[i].sql = sql;
	ck_assert_int_eq(dump_schema(&dump, &s, NULL), 0);
	ck_assert_uint_eq(chunk_count, 5);
	ck_assert_int_eq(strncmp(chunks[0]->sql.data, "PRAGMA defer_foreign_keys=TRUE;\nSELECT 1", 40), 0);
	for (size_t i = 0; i < chunk_count; i++) {
		ck_assert_uint_eq(chunks[i]->index, i);
		ck_assert_int_eq(chunks[i]->kind, MANIFEST_SCHEMA);
		ck_assert_uint_lt(chunks[i]->sql.len, BOUNDARY_MAX_BYTES + 100000);
	}
	free(sql);
	free(s.tables);
}
END_TEST

UNIT_CASE(dump)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rows_become_inserts_of_many_tuples);
	tcase_add_test(tc, a_table_without_rows_has_no_chunk);
	tcase_add_test(tc, the_hash_is_of_the_tuples_with_a_lf_after_each);
	tcase_add_test(tc, a_statement_of_exactly_the_limit_is_one);
	tcase_add_test(tc, a_byte_more_takes_several);
	tcase_add_test(tc, a_row_joins_a_statement_only_while_it_fits);
	tcase_add_test(tc, rows_of_more_than_a_hundred_values_have_a_statement_each);
	tcase_add_test(tc, no_statement_crosses_a_chunk);
	tcase_add_test(tc, values_of_every_length_come_back);
	tcase_add_test(tc, rows_around_the_limit_come_back);
	tcase_add_test(tc, several_long_values_in_a_row_come_back);
	tcase_add_test(tc, a_hundred_values_that_are_long_together_come_back);
	tcase_add_test(tc, long_text_keeps_its_class_under_every_type);
	tcase_add_test(tc, long_values_of_strict_tables_come_back);
	tcase_add_test(tc, long_text_with_nul_and_ill_formed_bytes_comes_back);
	tcase_add_test(tc, characters_across_a_cut_come_back);
	tcase_add_test(tc, long_rows_without_rowid_come_back);
	tcase_add_test(tc, long_keys_come_back);
	tcase_add_test(tc, a_check_never_meets_half_a_value);
	tcase_add_test(tc, a_stored_column_never_meets_half_a_value);
	tcase_add_test(tc, long_unique_values_with_one_beginning_come_back);
	tcase_add_test(tc, a_long_row_leaves_nothing_behind);
	tcase_add_test(tc, long_rows_are_written_within_d1s_limits);
	tcase_add_test(tc, says_when_a_row_is_too_large_to_keep);
	tcase_add_test(tc, says_when_column_names_are_too_long);
	tcase_add_test(tc, definitions_that_end_in_a_comment_come_back);
	tcase_add_test(tc, a_comment_that_nothing_closes_swallows_nothing);
	tcase_add_test(tc, definitions_of_every_kind_come_back);
	tcase_add_test(tc, sequences_come_back);
	tcase_add_test(tc, a_sequence_table_without_sequences_comes_back);
	tcase_add_test(tc, odd_rows_of_the_sequence_table_come_back);
	tcase_add_test(tc, a_database_without_tables_comes_back);
	tcase_add_test(tc, foreign_keys_to_later_tables_and_cycles_come_back);
	tcase_add_test(tc, a_foreign_key_to_a_separate_unique_index_comes_back);
	tcase_add_test(tc, a_large_schema_takes_several_chunks);
}

/*
 * Whatever is in a database comes back, whichever way it was read, by plain SQLite.
 * The seed is D1KEEP_SEED, or always the same; it is said when a test fails.
 * (Thousands of databases, by our own restore: tests/unit/roundtrip.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/backup/support.h"
#include "tests/unit/random/random_database.h"
#include "tests/unit/unit.h"

#define DATABASES 100

static uint64_t seed(void)
{
	const char *text = getenv("D1KEEP_SEED");

	return text != NULL ? strtoull(text, NULL, 10) : 20261122;
}

/* One that a D1 could be; `ret_exceptions`: what of it cannot be kept, or NULL. */
static const char *make_database(struct chance *c, size_t *ret_exceptions)
{
	const char *path = new_path("random.sqlite");
	sqlite3 *sqlite = sqlite_open(path);
	struct random_facts facts;

	random_database(sqlite, c, &(struct random_options){ .d1 = true }, &facts);
	(void)sqlite3_close(sqlite);
	if (ret_exceptions != NULL)
		*ret_exceptions = facts.exceptions;
	return path;
}

static void same_chunks(const struct manifest *a, const struct manifest *b, const char *what)
{
	ck_assert_msg(a->object_count == b->object_count, "%s: %zu chunks and %zu", what,
	    a->object_count, b->object_count);
	for (size_t i = 0; i < a->object_count; i++)
		ck_assert_msg(strcmp(a->objects[i].sql_sha256, b->objects[i].sql_sha256) == 0,
		    "%s: chunk %zu differs", what, i);
	for (size_t i = 0; i < a->table_count; i++)
		ck_assert_msg(strcmp(a->tables[i].sql_sha256, b->tables[i].sql_sha256) == 0,
		    "%s: table %zu differs", what, i);
}

/* As a D1 with answers of at most `answer_max` bytes, of a told size or not. */
static void same_through_d1(const char *path, const struct manifest *expected,
    size_t answer_max, int64_t size, const char *what)
{
	struct fake_d1 *d1 = fake_d1_open(path);
	struct manifest m;
	struct world w;

	world_init(&w);
	d1->answer_max_bytes = answer_max;
	d1->size_bytes = size;
	taken(&w, &d1->db, &m);
	same_chunks(expected, &m, what);
	manifest_release(&m);
	world_release(&w);
	db_free(&d1->db);
}

START_TEST(random_databases_come_back)
{
	for (int i = _i; i < DATABASES; i += 4) {
		struct chance c = { seed() + (uint64_t)i * 1000003 };
		size_t exceptions;
		const char *path = make_database(&c, &exceptions);
		struct manifest m;
		struct world w;
		char what[80];

		(void)snprintf(what, sizeof(what), "D1KEEP_SEED=%llu, database %d", (unsigned long long)seed(), i);
		world_init(&w);
		taken_file(&w, path, &m);
		ck_assert_msg(m.exception_count == exceptions, "%s", what);
		same_databases(path, replayed(&w, &m), what);
		manifest_release(&m);
		world_release(&w);
		(void)unlink(path);
	}
}
END_TEST

START_TEST(every_way_of_reading_makes_the_same_chunks)
{
	for (int i = 0; i < 40; i++) {
		struct chance c = { seed() + (uint64_t)i * 7919 };
		const char *path = make_database(&c, NULL);
		struct manifest m;
		struct world w;
		char what[80];

		(void)snprintf(what, sizeof(what), "D1KEEP_SEED=%llu, database %d", (unsigned long long)seed(), i);
		world_init(&w);
		taken_file(&w, path, &m);
		same_through_d1(path, &m, 0, 100000, what);
		same_through_d1(path, &m, 0, 0, what);
		same_through_d1(path, &m, 300000, 0, what);
		manifest_release(&m);
		world_release(&w);
	}
}
END_TEST

START_TEST(an_unchanged_database_stores_nothing_new)
{
	for (int i = 0; i < 20; i++) {
		struct chance c = { seed() + (uint64_t)i };
		const char *path = make_database(&c, NULL);
		struct manifest first, second;
		struct world w;

		world_init(&w);
		taken_file(&w, path, &first);
		taken_file(&w, path, &second);
		ck_assert_int_eq(first.new_bytes, manifest_stored_bytes(&first));
		ck_assert_int_eq(second.new_bytes, 0);
		ck_assert_str_eq(second.previous_id, first.id);
		same_chunks(&first, &second, "again");
		same_databases(path, replayed(&w, &second), "again");
		manifest_release(&first);
		manifest_release(&second);
		world_release(&w);
	}
}
END_TEST

START_TEST(a_changed_database_comes_back_changed)
{
	for (int i = 0; i < 20; i++) {
		struct chance c = { seed() + (uint64_t)i };
		const char *path = make_database(&c, NULL);
		struct manifest m;
		struct world w;

		world_init(&w);
		for (int times = 0; times < 3; times++) {
			sqlite3 *sqlite = sqlite_open(path);

			random_changes(sqlite, &c);
			(void)sqlite3_close(sqlite);
			taken_file(&w, path, &m);
			same_databases(path, replayed(&w, &m), "changed");
			manifest_release(&m);
		}
		world_release(&w);
	}
}
END_TEST

START_TEST(a_small_change_stores_little)
{
	const char *path = file_with("CREATE TABLE t(id INTEGER PRIMARY KEY, a);CREATE TABLE u(a);"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<40000)"
	    " INSERT INTO t SELECT i, printf('%0200d', i * 2654435761 % 1000000007) FROM n;INSERT INTO u VALUES(1)");
	sqlite3 *sqlite = sqlite_open(path);
	struct manifest first, second;
	struct world w;

	world_init(&w);
	taken_file(&w, path, &first);
	ck_assert_uint_gt(first.object_count, 6);
	sqlite_run(sqlite, "UPDATE t SET a = 'other' WHERE id = 20000");
	taken_file(&w, path, &second);
	ck_assert_int_gt(second.new_bytes, 0);
	ck_assert_int_lt(second.new_bytes, first.new_bytes / 3);
	same_databases(path, replayed(&w, &second), "changed");
	manifest_release(&first);
	manifest_release(&second);
	world_release(&w);
	(void)sqlite3_close(sqlite);
}
END_TEST

START_TEST(values_of_every_class_under_every_type_come_back)
{
	static const char *const types[] = {
		"INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "", "VARCHAR(9)", "DATETIME", "FLOAT", "BOOLEAN", "ANY",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char ddl[1500];

		(void)snprintf(ddl, sizeof(ddl), "CREATE TABLE t(id INTEGER PRIMARY KEY, a %s);INSERT INTO t(a) VALUES"
		    "(NULL), (0), (1), (-1), (9007199254740991), (9007199254740992), (9007199254740993), (-9007199254740993),"
		    " (9223372036854775807), (-9223372036854775808), (1.0), (0.1), (-0.0), (9e999), (-9e999), (1e-320),"
		    " (5e-324), (1.7976931348623157e308), (0.30000000000000004), (123456789012345680000.0), (1e22), (1e15),"
		    " (''), ('0'), ('1.0'), ('01'), (' 1'), ('1e3'), ('0x10'), ('abc'), ('2023-08-25 14:09:20'),"
		    " ('9223372036854775808'), ('Infinity'), ('NaN'), (CAST(X'3100' AS TEXT)), (CAST(X'31FF' AS TEXT)),"
		    " ('a\nb\\nc\\012(\\n0)\r\n\r'), ('\xef\xbb\xbf\xe2\x80\xa8\xd7\x90\xf0\x9f\x98\x80'),"
		    " (X''), (X'00'), (X'31'), (X'3505397C')", types[i]);
		comes_back(file_with(ddl));
	}
}
END_TEST

START_TEST(all_byte_values_come_back)
{
	const char *path = file_with("CREATE TABLE t(a, b)");
	sqlite3 *sqlite = sqlite_open(path);
	char sql[200];

	for (int i = 0; i < 256; i++) {
		(void)snprintf(sql, sizeof(sql), "INSERT INTO t VALUES(X'%02X', CAST(X'61%02X62' AS TEXT))", i, i);
		sqlite_run(sqlite, sql);
	}
	(void)sqlite3_close(sqlite);
	comes_back(path);
}
END_TEST

START_TEST(rowids_with_gaps_come_back)
{
	comes_back(file_with("CREATE TABLE t(a);INSERT INTO t(rowid, a) VALUES(-9223372036854775808, 1), (-5, 2), (0, 3),"
	    " (7, 4), (9223372036854775807, 5);CREATE TABLE u(rowid TEXT, b);"
	    "INSERT INTO u(_rowid_, rowid, b) VALUES(12, 'x', 1), (3, 'y', 2);"
	    "CREATE TABLE v(id INTEGER PRIMARY KEY DESC, a);INSERT INTO v(rowid, id) VALUES(5, 1), (1, 5), (3, NULL)"));
}
END_TEST

UNIT_CASE(round_trip)
{
	tcase_add_loop_test(tc, random_databases_come_back, 0, 4);
	tcase_add_test(tc, every_way_of_reading_makes_the_same_chunks);
	tcase_add_test(tc, an_unchanged_database_stores_nothing_new);
	tcase_add_test(tc, a_changed_database_comes_back_changed);
	tcase_add_test(tc, a_small_change_stores_little);
	tcase_add_test(tc, values_of_every_class_under_every_type_come_back);
	tcase_add_test(tc, all_byte_values_come_back);
	tcase_add_test(tc, rowids_with_gaps_come_back);
}

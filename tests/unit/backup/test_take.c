#include "backup/take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "storage/names.h"
#include "storage/sign.h"
#include "tests/unit/backup/support.h"
#include "tests/unit/unit.h"

static struct world w;
static struct manifest first, m;
static struct err err;
static const char *path;

#define TWO_TABLES "CREATE TABLE a(id INTEGER PRIMARY KEY, x);INSERT INTO a VALUES(1, 'a');" \
	"CREATE TABLE b(id INTEGER PRIMARY KEY, x);INSERT INTO b VALUES(1, 'b'), (2, 'c')"

static void setup(void)
{
	world_init(&w);
	first = m = (struct manifest){ 0 };
	err = (struct err)ERR_INIT;
	path = file_with(TWO_TABLES);
}

static void teardown(void)
{
	manifest_release(&first);
	manifest_release(&m);
	world_release(&w);
}

static int try_take(void)
{
	struct db *db = db_sqlite_open(path, "sqlite", NULL);
	int rc;

	ck_assert_ptr_nonnull(db);
	rc = take(&w, db, &m, &err);
	db_free(db);
	return rc;
}

static size_t listed(void)
{
	struct store_ids ids;
	size_t n;

	ck_assert_int_eq(store_list(&w.store, &ids, NULL), 0);
	n = ids.count;
	store_ids_release(&ids);
	return n;
}

/* The path of an object in the bucket. */
static const char *in_bucket(const char *key)
{
	return kept(mem_printf("%s/production/auth/%s", w.root, key));
}

/* The chunk of a table's rows. */
static const struct manifest_object *chunk_of(const struct manifest *manifest, const char *table)
{
	for (size_t i = 0; i < manifest->object_count; i++) {
		const struct manifest_object *o = &manifest->objects[i];

		if (o->table != NULL && strcmp(o->table, table) == 0)
			return o;
	}
	ck_abort_msg("no chunk of \"%s\"", table);
	return NULL;
}

static const char *chunk_path(const struct manifest *manifest, const char *table)
{
	return in_bucket(chunk_of(manifest, table)->key);
}

static void comes_back_whole(void)
{
	same_databases(path, replayed(&w, &m), "the database");
}

/* ---- what is published ---- */

START_TEST(the_manifest_says_what_was_taken)
{
	w.label = "before-0004";
	taken_file(&w, path, &m);
	ck_assert_str_eq(m.environment, "production");
	ck_assert_str_eq(m.database, "auth");
	ck_assert_str_eq(m.label, "before-0004");
	ck_assert_str_eq(m.source, "sqlite");
	ck_assert_str_eq(m.consistency, "transaction");
	ck_assert_str_eq(m.id, "20261122T015800Z");
	ck_assert_int_eq(m.attempts, 1);
	ck_assert_ptr_null(m.previous_id);
	ck_assert_uint_eq(m.table_count, 2);
	ck_assert_str_eq(m.tables[1].name, "b");
	ck_assert_int_eq(m.tables[1].rows, 2);
	ck_assert_int_eq(manifest_rows(&m), 3);
	ck_assert_int_gt(m.rows_read, 2);
	ck_assert_uint_eq(m.object_count, 3);
	ck_assert_int_eq(m.objects[0].kind, MANIFEST_SCHEMA);
	ck_assert_str_eq(m.objects[1].table, "a");
	ck_assert_int_eq(m.objects[2].rows, 2);
}
END_TEST

START_TEST(the_manifest_that_is_loaded_is_the_one_returned)
{
	struct snapshot snapshot;

	taken_file(&w, path, &m);
	ck_assert_int_eq(store_find(&w.store, "latest", &snapshot, NULL), 0);
	ck_assert_str_eq(snapshot.manifest.id, m.id);
	ck_assert_uint_eq(snapshot.manifest.object_count, m.object_count);
	for (size_t i = 0; i < m.object_count; i++)
		ck_assert_str_eq(snapshot.manifest.objects[i].stored_sha256, m.objects[i].stored_sha256);
	snapshot_release(&snapshot);
}
END_TEST

START_TEST(chunks_are_what_the_manifest_says)
{
	taken_file(&w, path, &m);
	for (size_t i = 0; i < m.object_count; i++) {
		AUTO_BUF packed = BUF_INIT(1u << 20);
		char hash[SHA256_HEX_SIZE];

		ck_assert_int_eq(store_get(&w.store, m.objects[i].key, &packed, NULL), 0);
		ck_assert_int_eq((int64_t)packed.len, m.objects[i].stored_bytes);
		sha256_hex(packed.data, packed.len, hash);
		ck_assert_str_eq(hash, m.objects[i].stored_sha256);
	}
}
END_TEST

START_TEST(exceptions_land_in_the_manifest)
{
	struct snapshot snapshot;

	path = file_with(TWO_TABLES ";CREATE VIRTUAL TABLE f USING fts5(x, content='');INSERT INTO f VALUES('words')");
	taken_file(&w, path, &m);
	ck_assert_uint_eq(m.exception_count, 1);
	ck_assert_str_eq(m.exceptions[0].object, "f");
	ck_assert_int_eq(store_find(&w.store, "latest", &snapshot, NULL), 0);
	ck_assert_uint_eq(snapshot.manifest.exception_count, 1);
	snapshot_release(&snapshot);
	ck_assert_uint_eq(m.table_count, 2);
	(void)replayed(&w, &m);
}
END_TEST

START_TEST(a_snapshot_names_the_one_before)
{
	taken_file(&w, path, &first);
	taken_file(&w, path, &m);
	ck_assert_str_eq(m.previous_id, first.id);
	ck_assert_uint_eq(strlen(m.previous_sha256), 64);
	ck_assert_uint_eq(listed(), 2);
}
END_TEST

START_TEST(tables_of_any_name_have_chunks_of_their_own)
{
	path = file_with("CREATE TABLE \"\"(a);CREATE TABLE \"../x\"(a);CREATE TABLE \"_schema\"(a);CREATE TABLE \"\xc3\x84\"(a);"
	    "CREATE TABLE \"a/b\"(a);INSERT INTO \"\" VALUES(1);INSERT INTO \"../x\" VALUES(1);INSERT INTO \"_schema\" VALUES(1);"
	    "INSERT INTO \"\xc3\x84\" VALUES(1);INSERT INTO \"a/b\" VALUES(1)");
	taken_file(&w, path, &m);
	for (size_t i = 0; i < m.object_count; i++)
		ck_assert(names_is_chunk(m.objects[i].key));
	comes_back_whole();
}
END_TEST

/* ---- labels ---- */

static int calls_made;

static void count_call(struct fake_d1 *d1, int call, const char *const *sql, size_t count)
{
	(void)d1, (void)sql, (void)count;
	calls_made = call;
}

START_TEST(a_label_used_twice_is_refused_before_reading)
{
	struct fake_d1 *d1 = fake_d1_open(path);

	d1->before = count_call;
	w.label = "release";
	taken(&w, &d1->db, &first);
	calls_made = 0;
	ck_assert_int_ne(take(&w, &d1->db, &m, &err), 0);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_eq(calls_made, 0);
	ck_assert_uint_eq(listed(), 1);
	db_free(&d1->db);
}
END_TEST

START_TEST(a_label_that_is_none_is_refused)
{
	w.label = "latest";
	ck_assert_int_ne(try_take(), 0);
	ck_assert_int_eq(err.code, ERR_USAGE);
}
END_TEST

/* ---- what is shared ---- */

START_TEST(only_the_chunks_of_changed_tables_are_stored)
{
	sqlite3 *sqlite = sqlite_open(path);

	taken_file(&w, path, &first);
	sqlite_run(sqlite, "UPDATE b SET x = 'd' WHERE id = 2");
	(void)sqlite3_close(sqlite);
	taken_file(&w, path, &m);
	ck_assert_str_eq(chunk_of(&m, "a")->key, chunk_of(&first, "a")->key);
	ck_assert_str_ne(chunk_of(&m, "b")->key, chunk_of(&first, "b")->key);
	ck_assert_int_eq(m.new_bytes, chunk_of(&m, "b")->stored_bytes);
	comes_back_whole();
}
END_TEST

START_TEST(a_missing_chunk_is_stored_anew)
{
	taken_file(&w, path, &first);
	ck_assert_int_eq(unlink(chunk_path(&first, "a")), 0);
	taken_file(&w, path, &m);
	ck_assert_int_eq(m.new_bytes, chunk_of(&m, "a")->stored_bytes);
	comes_back_whole();
}
END_TEST

START_TEST(a_chunk_of_another_size_is_stored_anew)
{
	taken_file(&w, path, &first);
	ck_assert_int_eq(truncate(chunk_path(&first, "a"), 10), 0);
	taken_file(&w, path, &m);
	ck_assert_int_eq(m.new_bytes, chunk_of(&m, "a")->stored_bytes);
	comes_back_whole();
}
END_TEST

/* As a verification leaves it. */
static void say_damaged(const struct manifest *manifest, const char *table)
{
	ck_assert_int_eq(store_mark_damaged(&w.store, chunk_of(manifest, table)->key,
	    w.now_ms / 1000 + 10, NULL), 0);
}

/* Of the same size, so that only a verification sees it. */
static void damage(const struct manifest *manifest, const char *table)
{
	FILE *f = fopen(chunk_path(manifest, table), "r+");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, 20, SEEK_SET), 0);
	ck_assert_int_eq(fputs("####", f) < 0, 0);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(a_chunk_found_damaged_is_stored_anew)
{
	taken_file(&w, path, &first);
	damage(&first, "a");
	say_damaged(&first, "a");
	taken_file(&w, path, &m);
	ck_assert_int_eq(m.new_bytes, chunk_of(&m, "a")->stored_bytes);
	comes_back_whole();
}
END_TEST

START_TEST(a_chunk_found_damaged_in_an_older_snapshot_is_stored_anew)
{
	taken_file(&w, path, &first);
	taken_file(&w, path, &m);
	manifest_release(&m);
	damage(&first, "a");
	say_damaged(&first, "a");
	taken_file(&w, path, &m);
	ck_assert_int_eq(m.new_bytes, chunk_of(&m, "a")->stored_bytes);
	comes_back_whole();
}
END_TEST

START_TEST(a_healed_chunk_is_not_stored_again)
{
	taken_file(&w, path, &first);
	damage(&first, "a");
	say_damaged(&first, "a");
	taken_file(&w, path, &m);
	manifest_release(&m);
	taken_file(&w, path, &m);
	ck_assert_int_eq(m.new_bytes, 0);
	comes_back_whole();
}
END_TEST

START_TEST(a_mark_goes_with_the_damage)
{
	AUTO_STR mark = NULL;
	AUTO_BUF text = BUF_INIT(100);

	taken_file(&w, path, &first);
	mark = names_damaged(chunk_of(&first, "a")->key);
	say_damaged(&first, "a");
	ck_assert_int_eq(store_get(&w.store, mark, &text, &err), 0);
	taken_file(&w, path, &m);
	ck_assert_int_ne(store_get(&w.store, mark, &text, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
}
END_TEST

/* ---- a table that grows ---- */

#define ROWS_SQL(first, last) "WITH RECURSIVE n(i) AS (SELECT " #first " UNION ALL SELECT i + 1 FROM n WHERE i < " #last ")" \
	"INSERT INTO t SELECT i, printf('%095d', i) FROM n"

static void run_sql(const char *sql)
{
	sqlite3 *sqlite = sqlite_open(path);

	sqlite_run(sqlite, sql);
	(void)sqlite3_close(sqlite);
}

/* One chunk, of 700 KB, which does not end by content. */
static void table_of_one_chunk(void)
{
	path = file_with("CREATE TABLE t(id INTEGER PRIMARY KEY, x);" ROWS_SQL(1, 7000));
	taken_file(&w, path, &first);
	ck_assert_int_eq(chunk_of(&first, "t")->rows, 7000);
	ck_assert_uint_ne(chunk_of(&first, "t")->end_crc32, 0);
}

START_TEST(of_a_table_that_grew_the_new_rows_are_stored)
{
	table_of_one_chunk();
	run_sql(ROWS_SQL(7001, 7500));
	taken_file(&w, path, &m);
	ck_assert_str_eq(chunk_of(&m, "t")->key, chunk_of(&first, "t")->key);
	ck_assert_int_eq((chunk_of(&m, "t") + 1)->rows, 500);
	ck_assert_int_eq(m.new_bytes, (chunk_of(&m, "t") + 1)->stored_bytes);
	comes_back_whole();
}
END_TEST

START_TEST(of_a_table_that_lost_its_last_row_the_chunk_is_another)
{
	table_of_one_chunk();
	run_sql("DELETE FROM t WHERE id = 7000;" ROWS_SQL(7001, 7500));
	taken_file(&w, path, &m);
	ck_assert_int_eq(chunk_of(&m, "t")->rows, 7499);
	comes_back_whole();
}
END_TEST

/* So that it mends the older snapshot too. */
START_TEST(a_damaged_chunk_of_a_table_that_grew_is_stored_under_its_name)
{
	table_of_one_chunk();
	damage(&first, "t");
	say_damaged(&first, "t");
	run_sql(ROWS_SQL(7001, 7500));
	taken_file(&w, path, &m);
	ck_assert_str_eq(chunk_of(&m, "t")->key, chunk_of(&first, "t")->key);
	ck_assert_int_eq(m.new_bytes, chunk_of(&m, "t")->stored_bytes + (chunk_of(&m, "t") + 1)->stored_bytes);
	comes_back_whole();
}
END_TEST

START_TEST(a_snapshot_that_is_not_trusted_ends_no_chunk)
{
	struct verifier *verifier = verifier_new();
	char key[SIGN_PUBLIC_TEXT_SIZE];

	table_of_one_chunk();
	(void)snprintf(key, sizeof(key), "ed25519:%064d", 9);
	ck_assert_int_eq(verifier_add(verifier, key, NULL), 0);
	w.store.verifier = verifier;
	run_sql(ROWS_SQL(7001, 7500));
	taken_file(&w, path, &m);
	ck_assert_int_eq(chunk_of(&m, "t")->rows, 7500);
	verifier_free(verifier);
}
END_TEST

/* ---- a previous snapshot that is of no use ---- */

static void stands_on_its_own(void)
{
	taken_file(&w, path, &m);
	ck_assert_ptr_null(m.previous_id);
	ck_assert_int_eq(m.new_bytes, manifest_stored_bytes(&m));
	comes_back_whole();
}

START_TEST(a_damaged_previous_manifest_is_not_built_upon)
{
	AUTO_STR key = NULL;

	taken_file(&w, path, &first);
	key = names_manifest(first.id);
	ck_assert_int_eq(truncate(in_bucket(key), 100), 0);
	stands_on_its_own();
}
END_TEST

START_TEST(a_previous_manifest_of_another_database_is_not_built_upon)
{
	struct store other;
	AUTO_BUF text = BUF_INIT(1u << 20);
	AUTO_STR key = NULL;

	taken_file(&w, path, &first);
	key = names_manifest(first.id);
	ck_assert_int_eq(store_get(&w.store, key, &text, NULL), 0);
	store_init(&other, w.bucket, NULL, "production", "billing", NULL, NULL);
	ck_assert_int_eq(store_put(&other, key, text.data, text.len, false, NULL), 0);
	store_release(&w.store);
	w.store = other;
	stands_on_its_own();
}
END_TEST

START_TEST(an_unsigned_previous_snapshot_is_not_built_upon_where_keys_are_trusted)
{
	struct verifier *verifier = verifier_new();
	char key[SIGN_PUBLIC_TEXT_SIZE];

	taken_file(&w, path, &first);
	(void)snprintf(key, sizeof(key), "ed25519:%064d", 9);
	ck_assert_int_eq(verifier_add(verifier, key, NULL), 0);
	w.store.verifier = verifier;
	stands_on_its_own();
	verifier_free(verifier);
}
END_TEST

/* ---- failures ---- */

/* A file where a folder has to be. */
static void block(const char *folder)
{
	ck_assert_int_eq(dir_make(in_bucket("."), 0700, NULL), 0);
	ck_assert_int_eq(file_write(in_bucket(folder), "", 0, 0600, false, NULL), 0);
}

START_TEST(a_chunk_that_cannot_be_stored_publishes_nothing)
{
	block("data");
	ck_assert_int_ne(try_take(), 0);
	ck_assert_uint_eq(listed(), 0);
	ck_assert_ptr_null(m.id);
}
END_TEST

START_TEST(a_manifest_that_cannot_be_stored_publishes_nothing)
{
	block("snapshots");
	ck_assert_int_ne(try_take(), 0);
	ck_assert_uint_eq(listed(), 0);
	ck_assert_ptr_null(m.id);
}
END_TEST

START_TEST(what_a_failed_backup_left_does_no_harm)
{
	block("snapshots");
	ck_assert_int_ne(try_take(), 0);
	ck_assert_int_eq(unlink(in_bucket("snapshots")), 0);
	taken_file(&w, path, &m);
	comes_back_whole();
}
END_TEST

START_TEST(a_row_that_cannot_be_written_publishes_nothing)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);

	(void)buf_addf(&sql, NULL, "CREATE TABLE t(id INTEGER PRIMARY KEY, \"%099900d\");"
	    "INSERT INTO t VALUES(1, zeroblob(1000))", 1);
	path = file_with(buf_str(&sql));
	ck_assert_int_ne(try_take(), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"t\""));
	ck_assert_uint_eq(listed(), 0);
}
END_TEST

START_TEST(a_value_of_ten_mebibytes_comes_back)
{
	path = file_with("CREATE TABLE t(a);INSERT INTO t VALUES(1), (zeroblob(10485760)), (2)");
	taken_file(&w, path, &m);
	comes_back_whole();
}
END_TEST

START_TEST(a_file_of_an_export_says_so)
{
	struct manifest lost = { 0 };
	struct take_export export = {
		.started_at = 1795000000, .bookmark = "00-b", .readings = 3,
		.cost = { .requests = 17, .rows_read = 99 }, .lost = &lost,
	};
	struct take_options options = {
		.store = &w.store, .environment = "production", .database = "auth", .export = &export,
		.attempts = 3, .workers = 1, .clock = &w.clock,
	};

	manifest_add_exception(&lost, "a", "1 integer beyond 2^53 is rounded");
	options.db = db_sqlite_open(path, "d1", NULL);
	ck_assert_ptr_nonnull(options.db);
	ck_assert_msg(take_snapshot(&options, &m, &err) == 0, "%s", err.msg);
	db_free(options.db);
	manifest_release(&lost);
	ck_assert_str_eq(m.source, "d1");
	ck_assert_str_eq(m.consistency, "export");
	ck_assert_str_eq(m.bookmark_before, "00-b");
	ck_assert_str_eq(m.bookmark_after, "00-b");
	ck_assert_int_eq(m.started_at, 1795000000);
	ck_assert_str_eq(m.id, "20261118T110640Z");
	ck_assert_int_eq(m.attempts, 3);
	ck_assert_int_eq(m.requests, 17);
	ck_assert_int_eq(m.rows_read, 99);
	ck_assert_uint_eq(m.exception_count, 1);
	comes_back_whole();
}
END_TEST

UNIT_CASE(take)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_file_of_an_export_says_so);
	tcase_add_test(tc, the_manifest_says_what_was_taken);
	tcase_add_test(tc, the_manifest_that_is_loaded_is_the_one_returned);
	tcase_add_test(tc, chunks_are_what_the_manifest_says);
	tcase_add_test(tc, exceptions_land_in_the_manifest);
	tcase_add_test(tc, a_snapshot_names_the_one_before);
	tcase_add_test(tc, tables_of_any_name_have_chunks_of_their_own);
	tcase_add_test(tc, a_label_used_twice_is_refused_before_reading);
	tcase_add_test(tc, a_label_that_is_none_is_refused);
	tcase_add_test(tc, only_the_chunks_of_changed_tables_are_stored);
	tcase_add_test(tc, a_missing_chunk_is_stored_anew);
	tcase_add_test(tc, a_chunk_of_another_size_is_stored_anew);
	tcase_add_test(tc, a_chunk_found_damaged_is_stored_anew);
	tcase_add_test(tc, a_chunk_found_damaged_in_an_older_snapshot_is_stored_anew);
	tcase_add_test(tc, a_healed_chunk_is_not_stored_again);
	tcase_add_test(tc, a_mark_goes_with_the_damage);
	tcase_add_test(tc, of_a_table_that_grew_the_new_rows_are_stored);
	tcase_add_test(tc, of_a_table_that_lost_its_last_row_the_chunk_is_another);
	tcase_add_test(tc, a_damaged_chunk_of_a_table_that_grew_is_stored_under_its_name);
	tcase_add_test(tc, a_snapshot_that_is_not_trusted_ends_no_chunk);
	tcase_add_test(tc, a_damaged_previous_manifest_is_not_built_upon);
	tcase_add_test(tc, a_previous_manifest_of_another_database_is_not_built_upon);
	tcase_add_test(tc, an_unsigned_previous_snapshot_is_not_built_upon_where_keys_are_trusted);
	tcase_add_test(tc, a_chunk_that_cannot_be_stored_publishes_nothing);
	tcase_add_test(tc, a_manifest_that_cannot_be_stored_publishes_nothing);
	tcase_add_test(tc, what_a_failed_backup_left_does_no_harm);
	tcase_add_test(tc, a_row_that_cannot_be_written_publishes_nothing);
	tcase_add_test(tc, a_value_of_ten_mebibytes_comes_back);
}

#include "restore/fetch.h"

#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "storage/pack.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/unit.h"

static struct fetch *fetch_all(struct fixture *f, unsigned workers)
{
	return fetch_new(&(struct fetch_options){
		.store = &f->store, .manifest = &f->snapshot.manifest, .workers = workers,
	});
}

/* The trouble of chunk `which`; the others have none. */
static struct err trouble_of(struct fixture *f, size_t which)
{
	struct fetch *fetch = fetch_all(f, 2);
	struct err found = ERR_INIT, err = ERR_INIT;
	struct fetched *chunk;
	size_t i = 0;
	int rc;

	while ((rc = fetch_next(fetch, &chunk, &err)) == 1) {
		ck_assert_ptr_eq(chunk->object, &f->snapshot.manifest.objects[i]);
		if (i == which)
			found = chunk->err;
		else
			ck_assert_msg(chunk->err.code == ERR_NONE, "%s", chunk->err.msg);
		fetched_free(chunk);
		i++;
	}
	ck_assert_msg(rc == 0, "%s", err.msg);
	ck_assert_uint_eq(i, f->snapshot.manifest.object_count);
	fetch_free(fetch);
	return found;
}

static void assert_corrupt(struct fixture *f, size_t which, const char *why)
{
	struct err err = trouble_of(f, which);

	ck_assert_msg(err.code == ERR_CORRUPT, "%d: %s", err.code, err.msg);
	ck_assert_msg(strstr(err.msg, why) != NULL, "%s", err.msg);
	ck_assert_ptr_nonnull(strstr(err.msg, f->snapshot.manifest.objects[which].key));
}

/* Checked in any case; how many bytes of it are handed out. */
static void assert_kept(struct fixture *f, enum fetch_keep keep, int64_t sql, int64_t packed)
{
	struct fetch *fetch = fetch_new(&(struct fetch_options){
		.store = &f->store, .manifest = &f->snapshot.manifest, .workers = 1, .keep = keep,
	});
	struct fetched *chunk;

	ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 1);
	ck_assert_msg(chunk->err.code == ERR_NONE, "%s", chunk->err.msg);
	ck_assert_int_eq((int64_t)chunk->sql.len, sql);
	ck_assert_int_eq((int64_t)chunk->packed.len, packed);
	fetched_free(chunk);
	fetch_free(fetch);
}

START_TEST(only_what_is_wanted_stays)
{
	struct fixture f;
	const struct manifest_object *o;

	fixture_open(&f);
	fixture_add(&f, MANIFEST_ROWS, "t", "INSERT INTO t VALUES(1);\n", 1);
	o = &f.snapshot.manifest.objects[0];
	assert_kept(&f, FETCH_SQL, o->sql_bytes, 0);
	assert_kept(&f, FETCH_PACKED, 0, o->stored_bytes);
	assert_kept(&f, FETCH_NOTHING, 0, 0);
	fixture_close(&f);
}
END_TEST

START_TEST(chunks_come_in_dump_order)
{
	enum { COUNT = 100 };
	struct fixture f;
	struct fetch *fetch;
	struct fetched *chunk = NULL;

	fixture_open(&f);
	for (int i = 0; i < COUNT; i++) {
		AUTO_STR sql = mem_printf("INSERT INTO t VALUES(%d);\n", i);

		fixture_add(&f, MANIFEST_ROWS, "t", sql, 1);
	}
	fetch = fetch_all(&f, (unsigned)_i);
	for (int i = 0; i < COUNT; i++) {
		AUTO_STR sql = mem_printf("INSERT INTO t VALUES(%d);\n", i);

		ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 1);
		ck_assert_int_eq(chunk->err.code, ERR_NONE);
		ck_assert_str_eq(buf_str(&chunk->sql), sql);
		ck_assert_uint_eq(chunk->packed.len, 0);
		fetched_free(chunk);
	}
	ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 0);
	ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 0);
	fetch_free(fetch);
	fixture_close(&f);
}
END_TEST

START_TEST(a_snapshot_without_chunks_is_at_its_end)
{
	struct fixture f;
	struct fetch *fetch;
	struct fetched *chunk;

	fixture_open(&f);
	fetch = fetch_all(&f, 2);
	ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 0);
	fetch_free(fetch);
	fixture_close(&f);
}
END_TEST

static bool is_of(void *ctx, const struct manifest_object *object)
{
	return object->table != NULL && strcmp(object->table, ctx) == 0;
}

START_TEST(only_the_wanted_chunks_come)
{
	char table[] = "users", none[] = "none";
	struct fixture f;
	struct fetch_options options = { .workers = 2, .wanted = is_of };
	struct fetch *fetch;
	struct fetched *chunk;

	fixture_open(&f);
	fixture_fill(&f);
	options.store = &f.store;
	options.manifest = &f.snapshot.manifest;
	options.wanted_ctx = table;
	fetch = fetch_new(&options);
	for (int i = 1; i <= 2; i++) {
		ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 1);
		ck_assert_ptr_eq(chunk->object, &f.snapshot.manifest.objects[i]);
		fetched_free(chunk);
	}
	ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 0);
	fetch_free(fetch);
	options.wanted_ctx = none;
	fetch = fetch_new(&options);
	ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 0);
	fetch_free(fetch);
	fixture_close(&f);
}
END_TEST

START_TEST(it_may_be_left_at_any_chunk)
{
	struct fixture f;
	struct fetch *fetch;
	struct fetched *chunk;

	fixture_open(&f);
	fixture_fill(&f);
	fetch = fetch_all(&f, 3);
	for (int i = 0; i < _i; i++) {
		ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 1);
		fetched_free(chunk);
	}
	fetch_free(fetch);
	fetch_free(NULL);
	fetched_free(NULL);
	fixture_close(&f);
}
END_TEST

/* ---- damage: of the second chunk, always ---- */

START_TEST(a_missing_chunk_is_not_found_and_the_others_come)
{
	struct fixture f;
	struct err err;
	AUTO_STR path = NULL;

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 1);
	ck_assert_int_eq(unlink(path), 0);
	err = trouble_of(&f, 1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, "missing"));
	ck_assert_ptr_nonnull(strstr(err.msg, f.snapshot.manifest.objects[1].key));
	fixture_close(&f);
}
END_TEST

START_TEST(a_chunk_with_a_changed_bit_is_corrupt)
{
	AUTO_BUF bytes = BUF_INIT(10000);
	AUTO_STR path = NULL;
	struct fixture f;

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 1);
	fixture_read(path, &bytes);
	for (size_t i = 0; i < bytes.len; i += 7) {
		bytes.data[i] ^= 1;
		fixture_write(path, bytes.data, bytes.len);
		assert_corrupt(&f, 1, "SHA-256 of its stored bytes differs");
		bytes.data[i] ^= 1;
	}
	fixture_close(&f);
}
END_TEST

START_TEST(a_chunk_of_another_size_is_corrupt)
{
	AUTO_BUF bytes = BUF_INIT(10000);
	AUTO_STR path = NULL;
	struct fixture f;

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 1);
	fixture_read(path, &bytes);
	fixture_write(path, bytes.data, bytes.len - 1);
	assert_corrupt(&f, 1, "bytes instead of");
	fixture_write(path, "", 0);
	assert_corrupt(&f, 1, "0 stored bytes instead of");
	ck_assert_int_eq(buf_adds(&bytes, "x", NULL), 0);
	fixture_write(path, bytes.data, bytes.len);
	assert_corrupt(&f, 1, "bytes instead of");
	fixture_close(&f);
}
END_TEST

/* As a later backup does whose previous snapshot did not name it, once libdeflate
 * was upgraded, or on the other host of a pair. */
START_TEST(a_chunk_that_another_libdeflate_packed_is_good)
{
	static const int levels[] = { 0, 1, 12 };
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(levels[_i]);
	AUTO_BUF sql = BUF_INIT(100000);
	AUTO_STR path = NULL;
	char packed[100000];
	struct fixture f;
	size_t len;

	fixture_open(&f);
	for (int i = 0; i < 500; i++)
		ck_assert_int_eq(buf_addf(&sql, NULL, "INSERT INTO t VALUES(%d);\n", i * i), 0);
	fixture_add(&f, MANIFEST_ROWS, "t", buf_str(&sql), 500);
	len = libdeflate_gzip_compress(c, sql.data, sql.len, packed, sizeof(packed));
	libdeflate_free_compressor(c);
	ck_assert_uint_gt(len, 0);
	ck_assert_int_ne((int64_t)len, f.snapshot.manifest.objects[0].stored_bytes);
	path = fixture_chunk_path(&f, 0);
	fixture_write(path, packed, len);
	assert_kept(&f, FETCH_SQL, (int64_t)sql.len, 0);
	assert_kept(&f, FETCH_PACKED, 0, (int64_t)len);
	packed[len / 2] ^= 1;
	fixture_write(path, packed, len);
	assert_corrupt(&f, 0, "bytes instead of");
	fixture_close(&f);
}
END_TEST

START_TEST(a_chunk_in_the_place_of_another_is_corrupt)
{
	AUTO_BUF bytes = BUF_INIT(10000);
	AUTO_STR from = NULL;
	AUTO_STR to = NULL;
	struct fixture f;

	fixture_open(&f);
	fixture_add(&f, MANIFEST_ROWS, "t", "INSERT INTO t VALUES(1);\n", 1);
	fixture_add(&f, MANIFEST_ROWS, "t", "INSERT INTO t VALUES(2);\n", 1);
	ck_assert_int_eq(f.snapshot.manifest.objects[0].stored_bytes, f.snapshot.manifest.objects[1].stored_bytes);
	from = fixture_chunk_path(&f, 0);
	to = fixture_chunk_path(&f, 1);
	fixture_read(from, &bytes);
	fixture_write(to, bytes.data, bytes.len);
	assert_corrupt(&f, 1, "differs");
	fixture_close(&f);
}
END_TEST

/* The manifest has the hash of the stored bytes, but not of what is in them. */
START_TEST(a_chunk_that_holds_another_text_is_corrupt)
{
	struct fixture f;
	struct manifest_object *o;

	fixture_open(&f);
	fixture_fill(&f);
	o = &f.snapshot.manifest.objects[1];
	o->sql_sha256[0] = o->sql_sha256[0] == '0' ? '1' : '0';
	assert_corrupt(&f, 1, "SHA-256 of its SQL bytes differs");
	o->sql_bytes--;
	assert_corrupt(&f, 1, "not a whole gzip member");
	o->sql_bytes += 2;
	assert_corrupt(&f, 1, "not a whole gzip member");
	fixture_close(&f);
}
END_TEST

START_TEST(a_chunk_that_cannot_be_read_is_not_called_damaged)
{
	AUTO_STR path = NULL;
	struct fixture f;
	struct err err;

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(path, path), 0);   /* a link to itself */
	err = trouble_of(&f, 1);
	ck_assert_int_eq(err.code, ERR_FAILED);
	fixture_close(&f);
}
END_TEST

START_TEST(to_a_restore_a_missing_chunk_is_damage)
{
	AUTO_STR path = NULL;
	struct fixture f;
	struct fetch *fetch;
	struct fetched *chunk = NULL;
	struct err err = ERR_INIT;

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 0);
	ck_assert_int_eq(unlink(path), 0);
	fetch = fetch_all(&f, 2);
	ck_assert_int_eq(fetch_next_good(fetch, &chunk, &err), -1);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.hint, "d1keep verify"));
	ck_assert_ptr_null(chunk);
	fetch_free(fetch);
	fixture_close(&f);
}
END_TEST

START_TEST(a_stop_request_ends_it)
{
	struct fixture f;
	struct fetch *fetch;
	struct fetched *chunk;
	struct err err = ERR_INIT;

	fixture_open(&f);
	fixture_fill(&f);
	fetch = fetch_all(&f, 1);
	ck_assert_int_eq(fetch_next(fetch, &chunk, NULL), 1);
	fetched_free(chunk);
	stop_request();
	ck_assert_int_eq(fetch_next(fetch, &chunk, &err), -1);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	fetch_free(fetch);
	fixture_close(&f);
}
END_TEST

UNIT_CASE(fetch)
{
	tcase_add_loop_test(tc, chunks_come_in_dump_order, 1, 9);
	tcase_add_test(tc, only_what_is_wanted_stays);
	tcase_add_test(tc, a_snapshot_without_chunks_is_at_its_end);
	tcase_add_test(tc, only_the_wanted_chunks_come);
	tcase_add_loop_test(tc, it_may_be_left_at_any_chunk, 0, FIXTURE_CHUNKS + 1);
	tcase_add_test(tc, a_missing_chunk_is_not_found_and_the_others_come);
	tcase_add_test(tc, a_chunk_with_a_changed_bit_is_corrupt);
	tcase_add_test(tc, a_chunk_of_another_size_is_corrupt);
	tcase_add_loop_test(tc, a_chunk_that_another_libdeflate_packed_is_good, 0, 3);
	tcase_add_test(tc, a_chunk_in_the_place_of_another_is_corrupt);
	tcase_add_test(tc, a_chunk_that_holds_another_text_is_corrupt);
	tcase_add_test(tc, a_chunk_that_cannot_be_read_is_not_called_damaged);
	tcase_add_test(tc, to_a_restore_a_missing_chunk_is_damage);
	tcase_add_test(tc, a_stop_request_ends_it);
}

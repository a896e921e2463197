#include "restore/verify.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "storage/names.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/unit.h"

static int64_t moment(void *ctx)
{
	(void)ctx;
	return INT64_C(1795313820999);
}

static const struct clock test_clock = { .now_ms = moment };

struct seen { int damaged; int64_t bytes; char first[1024]; };

static void see_damaged(void *ctx, const struct err *err)
{
	struct seen *seen = ctx;

	if (seen->damaged++ == 0)
		memcpy(seen->first, err->msg, sizeof(seen->first));
}

static void see_progress(void *ctx, int64_t sql_bytes)
{
	struct seen *seen = ctx;

	ck_assert_int_gt(sql_bytes, seen->bytes);
	seen->bytes = sql_bytes;
}

static int verify(struct fixture *f, struct seen *seen, struct verdict *ret, struct err *err)
{
	return verify_snapshot(&(struct verify_options){
		.store = &f->store, .snapshot = &f->snapshot, .workers = 3, .clock = &test_clock,
		.progress = see_progress, .progress_ctx = seen,
		.damaged = see_damaged, .damaged_ctx = seen,
	}, ret, err);
}

static void assert_same_is_kept(struct fixture *f, const struct verdict *v)
{
	struct verdict kept;

	ck_assert_int_eq(store_get_verdict(&f->store, f->snapshot.manifest.id, &kept, NULL), 0);
	ck_assert_int_eq(kept.good, v->good);
	ck_assert_int_eq(kept.verified_at, v->verified_at);
	ck_assert_uint_eq(kept.damaged_count, v->damaged_count);
	for (size_t i = 0; i < kept.damaged_count; i++)
		ck_assert_str_eq(kept.damaged[i], v->damaged[i]);
	verdict_release(&kept);
}

START_TEST(a_whole_snapshot_is_good_and_the_verdict_is_kept)
{
	struct fixture f;
	struct verdict v;
	struct seen seen = { 0 };

	fixture_open(&f);
	fixture_fill(&f);
	ck_assert_int_eq(verify(&f, &seen, &v, NULL), 0);
	ck_assert(v.good);
	ck_assert_uint_eq(v.damaged_count, 0);
	ck_assert_str_eq(v.how, "hashes");
	ck_assert_int_eq(v.verified_at, 1795313820);
	ck_assert_int_eq(seen.damaged, 0);
	ck_assert_int_eq(seen.bytes, manifest_sql_bytes(&f.snapshot.manifest));
	assert_same_is_kept(&f, &v);
	verdict_release(&v);
	fixture_close(&f);
}
END_TEST

static bool is_marked(struct fixture *f, const char *chunk)
{
	AUTO_STR key = names_damaged(chunk);
	AUTO_BUF text = BUF_INIT(100);

	return store_get(&f->store, key, &text, NULL) == 0;
}

START_TEST(every_damaged_chunk_is_named_also_behind_the_first)
{
	AUTO_STR missing = NULL;
	AUTO_STR changed = NULL;
	struct fixture f;
	struct verdict v;
	struct seen seen = { 0 };

	fixture_open(&f);
	fixture_fill(&f);
	missing = fixture_chunk_path(&f, 0);
	changed = fixture_chunk_path(&f, 3);
	ck_assert_int_eq(unlink(missing), 0);
	fixture_write(changed, "x", 1);
	ck_assert_int_eq(verify(&f, &seen, &v, NULL), 0);
	ck_assert(!v.good);
	ck_assert_uint_eq(v.damaged_count, 2);
	ck_assert_str_eq(v.damaged[0], f.snapshot.manifest.objects[0].key);
	ck_assert_str_eq(v.damaged[1], f.snapshot.manifest.objects[3].key);
	ck_assert_int_eq(seen.damaged, 2);
	ck_assert_ptr_nonnull(strstr(seen.first, v.damaged[0]));
	ck_assert(!is_marked(&f, v.damaged[0]));   /* missing: a listing tells */
	ck_assert(is_marked(&f, v.damaged[1]));
	ck_assert_int_eq(seen.bytes, manifest_sql_bytes(&f.snapshot.manifest));
	assert_same_is_kept(&f, &v);
	verdict_release(&v);
	fixture_close(&f);
}
END_TEST

START_TEST(a_healed_snapshot_is_good_again)
{
	AUTO_BUF bytes = BUF_INIT(10000);
	AUTO_STR path = NULL;
	struct fixture f;
	struct verdict v;
	struct seen seen = { 0 };

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 1);
	fixture_read(path, &bytes);
	fixture_write(path, "x", 1);
	ck_assert_int_eq(verify(&f, &seen, &v, NULL), 0);
	ck_assert(!v.good);
	verdict_release(&v);
	fixture_write(path, bytes.data, bytes.len);
	seen.bytes = 0;
	ck_assert_int_eq(verify(&f, &seen, &v, NULL), 0);
	ck_assert(v.good);
	assert_same_is_kept(&f, &v);
	verdict_release(&v);
	fixture_close(&f);
}
END_TEST

static void assert_no_verdict(struct fixture *f)
{
	struct verdict v;
	struct err err = ERR_INIT;

	ck_assert_int_ne(store_get_verdict(&f->store, f->snapshot.manifest.id, &v, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
}

START_TEST(a_bucket_that_cannot_be_read_is_no_verdict)
{
	AUTO_STR path = NULL;
	struct fixture f;
	struct verdict v;
	struct seen seen = { 0 };
	struct err err = ERR_INIT;

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 2);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(path, path), 0);
	ck_assert_int_ne(verify(&f, &seen, &v, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, f.snapshot.manifest.objects[2].key));
	ck_assert_uint_eq(v.damaged_count, 0);
	assert_no_verdict(&f);
	fixture_close(&f);
}
END_TEST

START_TEST(an_interrupted_verification_is_no_verdict)
{
	struct fixture f;
	struct verdict v;
	struct seen seen = { 0 };
	struct err err = ERR_INIT;

	fixture_open(&f);
	fixture_fill(&f);
	stop_request();
	ck_assert_int_ne(verify(&f, &seen, &v, &err), 0);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	stop_clear();
	assert_no_verdict(&f);
	fixture_close(&f);
}
END_TEST

START_TEST(nobody_needs_to_watch)
{
	AUTO_STR path = NULL;
	struct fixture f;
	struct verdict v;

	fixture_open(&f);
	fixture_fill(&f);
	path = fixture_chunk_path(&f, 2);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(verify_snapshot(&(struct verify_options){
		.store = &f.store, .snapshot = &f.snapshot, .workers = 1, .clock = &test_clock,
	}, &v, NULL), 0);
	ck_assert(!v.good);
	verdict_release(&v);
	fixture_close(&f);
}
END_TEST

UNIT_CASE(verify)
{
	tcase_add_test(tc, a_whole_snapshot_is_good_and_the_verdict_is_kept);
	tcase_add_test(tc, every_damaged_chunk_is_named_also_behind_the_first);
	tcase_add_test(tc, a_healed_snapshot_is_good_again);
	tcase_add_test(tc, a_bucket_that_cannot_be_read_is_no_verdict);
	tcase_add_test(tc, an_interrupted_verification_is_no_verdict);
	tcase_add_test(tc, nobody_needs_to_watch);
}

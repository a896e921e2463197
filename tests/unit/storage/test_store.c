#include "storage/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "storage/bucket_dir.h"
#include "storage/names.h"
#include "storage/pack.h"
#include "tests/unit/storage/fixture.h"
#include "tests/unit/unit.h"

static size_t listed(struct store *store)
{
	struct store_ids ids;
	struct err err = ERR_INIT;
	size_t count;

	ck_assert_msg(store_list(store, &ids, &err) == 0, "%s", err.msg);
	count = ids.count;
	store_ids_release(&ids);
	return count;
}

static void assert_loads(struct store *store, const char *id, enum signature signature)
{
	struct snapshot s;
	struct err err = ERR_INIT;

	ck_assert_msg(store_load(store, id, &s, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(s.manifest.id, id);
	ck_assert_int_eq(s.signature, signature);
	snapshot_release(&s);
}

static void assert_corrupt(struct store *store, const char *id, const char *why)
{
	struct snapshot s;
	struct err err = ERR_INIT;

	ck_assert_int_ne(store_load(store, id, &s, &err), 0);
	ck_assert_msg(err.code == ERR_CORRUPT, "%d: %s", err.code, err.msg);
	ck_assert_msg(strstr(err.msg, why) != NULL, "%s", err.msg);
	ck_assert_msg(strstr(err.msg, id) != NULL, "%s", err.msg);
	ck_assert_ptr_null(s.manifest.id);
	ck_assert_ptr_null(s.manifest.objects);
}

/* Copy an object of one folder of the bucket to another. */
static void copy(struct fixture *f, const char *from, const char *to)
{
	AUTO_BUF bytes = BUF_INIT(1u << 20);

	ck_assert_int_eq(bucket_get(f->bucket, from, &bytes, NULL), 0);
	ck_assert_int_eq(bucket_put(f->bucket, to, bytes.data, bytes.len, false, NULL), 0);
}

static bool is_there(struct fixture *f, const char *key)
{
	AUTO_STR path = fixture_path(f, key);

	return access(path, F_OK) == 0;
}

/* ---- a bucket that tells what is done to it, and fails on request ---- */

struct recorder {
	struct bucket bucket;
	struct bucket *real;
	struct buf puts;          /* "key key? …": ? where it was not conditional */
	int fail_at;              /* the number of the put that fails; -1: none */
	int count;
	const char *taken;        /* somebody puts this key first, once */
};

static int recorder_put(struct bucket *b, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err)
{
	struct recorder *r = (struct recorder *)b;

	if (r->count++ == r->fail_at)
		return err_set(err, ERR_AGAIN, "the network went away");
	if (r->taken != NULL && strcmp(key, r->taken) == 0) {
		r->taken = NULL;
		ck_assert_int_eq(bucket_put(r->real, key, "{}", 2, true, NULL), 0);
	}
	ck_assert_int_eq(buf_addf(&r->puts, NULL, "%s%s ", key, if_absent ? "" : "?"), 0);
	return bucket_put(r->real, key, data, len, if_absent, err);
}

static int recorder_get(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	ck_assert_ptr_null(ret_version);
	return bucket_get(((struct recorder *)b)->real, key, ret, err);
}

static int recorder_head(struct bucket *b, const char *key, int64_t *ret_bytes, struct err *err)
{
	return bucket_head(((struct recorder *)b)->real, key, ret_bytes, err);
}

static int recorder_list(struct bucket *b, const char *prefix, bucket_visit *visit, void *ctx,
    struct err *err)
{
	return bucket_list(((struct recorder *)b)->real, prefix, visit, ctx, err);
}

static const struct bucket_ops recorder_ops = {
	.put = recorder_put, .get = recorder_get, .head = recorder_head, .list = recorder_list,
};

static char recorder_name[] = "recorder";

/* Between the store and its bucket. */
static void record(struct recorder *r, struct fixture *f)
{
	*r = (struct recorder){
		.bucket = { &recorder_ops, recorder_name }, .real = f->bucket, .fail_at = -1,
		.puts = BUF_INIT(10000),
	};
	f->store.bucket = &r->bucket;
}

/* ---- publish ---- */

static void assert_id_behind(struct fixture *f, const char *previous_id, const char *expected)
{
	struct manifest m;
	struct err err = ERR_INIT;

	fixture_manifest(&m);
	mem_free_str(&m.previous_id);
	m.previous_id = mem_strdup(previous_id);
	ck_assert_msg(store_publish(&f->store, &m, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(m.id, expected);
	manifest_release(&m);
}

/* Also where the id of an earlier one, which was removed, is free. */
START_TEST(ids_sort_as_snapshots_come)
{
	struct fixture f;

	fixture_open(&f);
	assert_id_behind(&f, "20261122T021700Z", "20261122T021701Z");   /* the same second */
	assert_id_behind(&f, "20261122T021704Z", "20261122T021705Z");
	assert_id_behind(&f, "20261122T021704Z", "20261122T021706Z");
	assert_id_behind(&f, "20261122T022200Z", "20261122T022201Z");   /* a clock set back */
	assert_id_behind(&f, "20261122T022301Z", FIXTURE_ID);           /* a clock that was wrong */
	assert_id_behind(&f, "20370101T000000Z", "20261122T021702Z");
	fixture_close(&f);
}
END_TEST

START_TEST(signature_label_and_manifest_are_written_in_this_order)
{
	struct fixture f;
	struct recorder r;
	char id[20];

	fixture_open(&f);
	record(&r, &f);
	fixture_publish(&f.store, "production", FIXTURE_AT, "before-0004", id);
	ck_assert_str_eq(buf_str(&r.puts),
	    "production/auth/snapshots/" FIXTURE_ID ".json.sig "
	    "production/auth/labels/before-0004? "
	    "production/auth/snapshots/" FIXTURE_ID ".json ");
	buf_release(&r.puts);
	fixture_close(&f);
}
END_TEST

START_TEST(without_signer_and_label_the_manifest_is_all)
{
	struct fixture f;
	struct recorder r;
	char id[20];

	fixture_open(&f);
	record(&r, &f);
	f.store.signer = NULL;
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	ck_assert_str_eq(buf_str(&r.puts), "production/auth/snapshots/" FIXTURE_ID ".json ");
	buf_release(&r.puts);
	fixture_close(&f);
}
END_TEST

START_TEST(a_publication_cut_off_anywhere_lists_nothing_and_can_be_repeated)
{
	struct fixture f;
	struct recorder r;
	struct manifest m;
	struct err err = ERR_INIT;
	struct snapshot s;
	char id[20];

	fixture_open(&f);
	record(&r, &f);
	r.fail_at = _i;
	fixture_manifest(&m);
	m.label = mem_strdup("before-0004");
	ck_assert_int_ne(store_publish(&f.store, &m, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	manifest_release(&m);
	ck_assert_uint_eq(listed(&f.store), 0);
	ck_assert_int_ne(store_find(&f.store, "before-0004", &s, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	fixture_publish(&f.store, "production", FIXTURE_AT, "before-0004", id);
	ck_assert_int_eq(store_find(&f.store, "before-0004", &s, &err), 0);
	ck_assert_str_eq(s.manifest.id, id);
	snapshot_release(&s);
	buf_release(&r.puts);
	fixture_close(&f);
}
END_TEST

START_TEST(the_id_is_the_moment_it_began)
{
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	ck_assert_str_eq(id, FIXTURE_ID);
	assert_loads(&f.store, id, SIGNATURE_GOOD);
	fixture_close(&f);
}
END_TEST

START_TEST(where_the_id_is_taken_the_next_second_is_used)
{
	struct fixture f;
	char id[20];

	fixture_open(&f);
	f.store.signer = _i == 0 ? f.signer : NULL;
	f.store.verifier = _i == 0 ? f.verifier : NULL;
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	ck_assert_str_eq(id, "20261122T021701Z");
	fixture_publish(&f.store, "production", FIXTURE_AT, "third", id);
	ck_assert_str_eq(id, "20261122T021702Z");
	ck_assert_uint_eq(listed(&f.store), 3);
	assert_loads(&f.store, id, _i == 0 ? SIGNATURE_GOOD : SIGNATURE_NONE);
	fixture_close(&f);
}
END_TEST

START_TEST(a_signature_left_by_a_dead_backup_takes_the_id)
{
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json.sig", "x", 1);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	ck_assert_str_eq(id, "20261122T021701Z");
	assert_loads(&f.store, id, SIGNATURE_GOOD);
	fixture_close(&f);
}
END_TEST

START_TEST(an_id_that_is_taken_at_the_last_moment_is_not_overwritten)
{
	AUTO_BUF other = BUF_INIT(100);
	struct fixture f;
	struct recorder r;
	char id[20];

	fixture_open(&f);
	record(&r, &f);
	f.store.signer = NULL;
	r.taken = "production/auth/snapshots/" FIXTURE_ID ".json";
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	ck_assert_str_eq(id, "20261122T021701Z");
	fixture_get(&f, "snapshots/" FIXTURE_ID ".json", &other);
	ck_assert_str_eq(buf_str(&other), "{}");
	buf_release(&r.puts);
	fixture_close(&f);
}
END_TEST

START_TEST(a_day_with_too_many_snapshots_a_second_ends)
{
	struct fixture f;
	struct manifest m;
	struct err err = ERR_INIT;
	char id[20];

	fixture_open(&f);
	for (int i = 0; i < 30; i++)
		fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_manifest(&m);
	ck_assert_int_ne(store_publish(&f.store, &m, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "no free id"));
	ck_assert_uint_eq(listed(&f.store), 30);
	manifest_release(&m);
	fixture_close(&f);
}
END_TEST

/* ---- labels ---- */

START_TEST(a_label_is_borne_once)
{
	struct fixture f;
	struct manifest m;
	struct snapshot s;
	struct err err = ERR_INIT;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, "release", id);
	ck_assert_int_ne(store_check_label(&f.store, "release", &err), 0);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.msg, FIXTURE_ID));
	fixture_manifest(&m);
	m.started_at += 60;
	m.label = mem_strdup("release");
	ck_assert_int_ne(store_publish(&f.store, &m, &err), 0);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	manifest_release(&m);
	ck_assert_uint_eq(listed(&f.store), 1);
	ck_assert_int_eq(store_find(&f.store, "release", &s, &err), 0);
	ck_assert_str_eq(s.manifest.id, FIXTURE_ID);
	snapshot_release(&s);
	fixture_close(&f);
}
END_TEST

START_TEST(a_label_nobody_bears_is_free)
{
	struct fixture f;
	struct err err = ERR_INIT;

	fixture_open(&f);
	ck_assert_int_eq(store_check_label(&f.store, "release", &err), 0);
	ck_assert_int_eq(err.code, ERR_NONE);
	fixture_put(&f, "labels/release", FIXTURE_ID, 16);
	ck_assert_int_eq(store_check_label(&f.store, "release", &err), 0);
	ck_assert_int_eq(err.code, ERR_NONE);
	fixture_close(&f);
}
END_TEST

START_TEST(a_label_that_means_something_else_is_refused)
{
	static const char *const bad[] = { "latest", "20261122T021700Z", "a/b", "" };
	struct fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;
		struct manifest m;

		ck_assert_int_ne(store_check_label(&f.store, bad[i], &err), 0);
		ck_assert_int_eq(err.code, ERR_USAGE);
		fixture_manifest(&m);
		m.label = mem_strdup(bad[i]);
		ck_assert_int_ne(store_publish(&f.store, &m, &err), 0);
		ck_assert_int_eq(err.code, ERR_USAGE);
		manifest_release(&m);
	}
	ck_assert_uint_eq(listed(&f.store), 0);
	fixture_close(&f);
}
END_TEST

START_TEST(a_label_that_holds_no_id_is_corrupt)
{
	static const struct { const char *bytes; size_t len; } texts[] = {
		{ "", 0 }, { "latest", 6 }, { FIXTURE_ID "\n", 17 }, { "../../../../etc", 15 },
		{ "20260229T000000Z", 16 },
		/* Longer than an id's array, behind an id and a NUL. */
		{ FIXTURE_ID "\0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 62 },
	};
	struct fixture f;
	struct err err = ERR_INIT;
	char id[20];

	fixture_open(&f);
	fixture_put(&f, "labels/release", texts[_i].bytes, texts[_i].len);
	ck_assert_int_ne(store_resolve(&f.store, "release", id, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_int_ne(store_check_label(&f.store, "release", &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	fixture_close(&f);
}
END_TEST

/* Whoever can write to the bucket could bring back an old state as "release". */
START_TEST(a_label_moved_to_another_snapshot_is_found_out)
{
	struct fixture f;
	struct snapshot s;
	struct err err = ERR_INIT;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_publish(&f.store, "production", FIXTURE_AT + 60, "release", id);
	fixture_put(&f, "labels/release", FIXTURE_ID, 16);
	ck_assert_int_ne(store_find(&f.store, "release", &s, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"release\""));
	ck_assert_ptr_null(s.manifest.id);
	fixture_close(&f);
}
END_TEST

/* ---- find ---- */

START_TEST(latest_is_the_newest_moment)
{
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT + 86400, NULL, id);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	ck_assert_int_eq(store_resolve(&f.store, "latest", id, NULL), 0);
	ck_assert_str_eq(id, "20261123T021700Z");
	ck_assert_int_eq(store_resolve(&f.store, NULL, id, NULL), 0);
	ck_assert_str_eq(id, "20261123T021700Z");
	fixture_close(&f);
}
END_TEST

START_TEST(latest_is_none_of_next_year)
{
	int64_t now = clock_now(&clock_system);
	char far[20], id[20], latest[20];
	struct fixture f;

	fixture_open(&f);
	fixture_publish(&f.store, "production", now + 400 * 86400, NULL, far);
	ck_assert_int_eq(store_resolve(&f.store, "latest", latest, NULL), 0);
	ck_assert_str_eq(latest, far);   /* there is no other */
	fixture_publish(&f.store, "production", now - 86400, NULL, id);
	fixture_publish(&f.store, "production", now + 60, NULL, id);
	ck_assert_int_eq(store_resolve(&f.store, "latest", latest, NULL), 0);
	ck_assert_str_eq(latest, id);
	fixture_close(&f);
}
END_TEST

START_TEST(a_snapshot_is_found_by_either_spelling_of_its_moment_and_by_its_label)
{
	static const char *const names[] = { "2026-11-22T02:17:00Z", FIXTURE_ID, "release", "latest", NULL };
	struct fixture f;
	struct snapshot s;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, "release", id);
	ck_assert_int_eq(store_find(&f.store, names[_i], &s, NULL), 0);
	ck_assert_str_eq(s.manifest.id, FIXTURE_ID);
	snapshot_release(&s);
	fixture_close(&f);
}
END_TEST

START_TEST(what_is_not_there_is_not_found_with_a_hint)
{
	static const char *const names[] = {
		"latest", "2026-11-22T02:17:01Z", "20261122T021701Z", "release", "../x", "", "a b",
		"2026-02-29T00:00:00Z", NULL,
	};
	struct fixture f;
	struct snapshot s;
	struct err err = ERR_INIT;

	fixture_open(&f);
	ck_assert_int_ne(store_find(&f.store, names[_i], &s, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, "production/auth"));
	ck_assert_ptr_nonnull(strstr(err.hint, names[_i] == NULL || strcmp(names[_i], "latest") == 0 ?
	    "d1keep backup" : "d1keep list"));
	fixture_close(&f);
}
END_TEST

START_TEST(snapshots_are_listed_oldest_first_and_nothing_else_is)
{
	struct fixture f;
	struct store_ids ids;
	char id[20];

	fixture_open(&f);
	ck_assert_uint_eq(listed(&f.store), 0);
	fixture_publish(&f.store, "production", FIXTURE_AT + 60, NULL, id);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_put(&f, "snapshots/20261122T021900Z.json.sig", "x", 1);
	fixture_put(&f, "snapshots/20261122T022000Z.verified.json", "{}", 2);
	fixture_put(&f, "snapshots/20261322T022000Z.json", "{}", 2);
	fixture_put(&f, "snapshots/old/20261122T022000Z.json", "{}", 2);
	fixture_put(&f, "snapshots/notes", "x", 1);
	fixture_put(&f, "data/20261122T022000Z.json", "x", 1);
	ck_assert_int_eq(store_list(&f.store, &ids, NULL), 0);
	ck_assert_uint_eq(ids.count, 2);
	ck_assert_str_eq(ids.items[0].id, FIXTURE_ID);
	ck_assert_str_eq(ids.items[1].id, "20261122T021800Z");
	ck_assert(!ids.items[0].has_verdict && !ids.items[1].has_verdict);
	store_ids_release(&ids);
	fixture_close(&f);
}
END_TEST

START_TEST(databases_and_prefixes_do_not_see_each_other)
{
	struct fixture f;
	struct store other, prefixed;
	char id[20];

	fixture_open(&f);
	other = fixture_store(&f, "", "production", "auth2");
	prefixed = fixture_store(&f, "backups", "production", "auth");
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_publish(&prefixed, "production", FIXTURE_AT + 60, NULL, id);
	ck_assert_uint_eq(listed(&f.store), 1);
	ck_assert_uint_eq(listed(&other), 0);
	ck_assert_uint_eq(listed(&prefixed), 1);
	assert_loads(&prefixed, id, SIGNATURE_GOOD);
	store_release(&other);
	store_release(&prefixed);
	fixture_close(&f);
}
END_TEST

/* ---- load ---- */

START_TEST(a_snapshot_has_the_hash_of_its_manifest)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct fixture f;
	struct snapshot s;
	char id[20], hash[SHA256_HEX_SIZE];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_get(&f, "snapshots/" FIXTURE_ID ".json", &text);
	sha256_hex(text.data, text.len, hash);
	ck_assert_int_eq(store_load(&f.store, id, &s, NULL), 0);
	ck_assert_str_eq(s.manifest_sha256, hash);
	snapshot_release(&s);
	fixture_close(&f);
}
END_TEST

/* Of the first snapshot, in the place of the packed one. */
static void put_unpacked(struct fixture *f, struct buf *text)
{
	AUTO_BUF stored = BUF_INIT(1u << 20);

	fixture_get(f, "snapshots/" FIXTURE_ID ".json", &stored);
	ck_assert_int_eq(pack_gunzip_member(stored.data, stored.len, text, NULL), 0);
	fixture_put(f, "snapshots/" FIXTURE_ID ".json", text->data, text->len);
}

static void sign(struct fixture *f, const struct buf *stored)
{
	unsigned char sig[SIGN_BYTES];

	ck_assert_int_eq(signer_sign(f->signer, stored->data, stored->len, sig, NULL), 0);
	fixture_put(f, "snapshots/" FIXTURE_ID ".json.sig", sig, sizeof(sig));
}

START_TEST(a_manifest_is_stored_as_one_gzip_member)
{
	AUTO_BUF stored = BUF_INIT(1u << 20);
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_get(&f, "snapshots/" FIXTURE_ID ".json", &stored);
	ck_assert(pack_is_ours(stored.data, stored.len));
	fixture_close(&f);
}
END_TEST

/* As d1keep wrote them before 2026-11-28. */
START_TEST(a_manifest_that_is_not_packed_is_read_too)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct fixture f;
	struct snapshot s;
	char id[20], hash[SHA256_HEX_SIZE];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	put_unpacked(&f, &text);
	ck_assert_int_eq(text.data[0], '{');
	assert_corrupt(&f.store, id, "signature");
	sign(&f, &text);
	assert_loads(&f.store, id, SIGNATURE_GOOD);
	ck_assert_int_eq(store_load(&f.store, id, &s, NULL), 0);
	sha256_hex(text.data, text.len, hash);
	ck_assert_str_eq(s.manifest_sha256, hash);
	snapshot_release(&s);
	fixture_close(&f);
}
END_TEST

START_TEST(a_manifest_that_holds_too_much_is_refused)
{
	AUTO_STR spaces = mem_calloc(MANIFEST_MAX_BYTES + 1, 1);
	AUTO_BUF stored = BUF_INIT(MANIFEST_MAX_BYTES + (1u << 20));
	struct fixture f;

	fixture_open(&f);
	f.store.verifier = NULL;
	ck_assert_int_eq(pack_gzip(NULL, spaces, MANIFEST_MAX_BYTES + 1, &stored, NULL), 0);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json", stored.data, stored.len);
	assert_corrupt(&f.store, FIXTURE_ID, "not a whole gzip member of at most");
	/* Far less than that is too much for so few bytes. */
	buf_reset(&stored);
	ck_assert_int_eq(pack_gzip(NULL, spaces, (1u << 20) + 1, &stored, NULL), 0);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json", stored.data, stored.len);
	assert_corrupt(&f.store, FIXTURE_ID, "at most 1048576 bytes");
	fixture_close(&f);
}
END_TEST

/* It says the signature is bad, and not what is wrong with the rest. */
START_TEST(what_is_not_to_be_trusted_is_not_unpacked)
{
	static const char broken[] = "\x1f\x8b no gzip";
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json", broken, sizeof(broken));
	assert_corrupt(&f.store, id, "signature");
	f.store.verifier = NULL;
	assert_corrupt(&f.store, id, "gzip");
	fixture_close(&f);
}
END_TEST

START_TEST(any_changed_byte_of_a_signed_manifest_is_found)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_get(&f, "snapshots/" FIXTURE_ID ".json", &text);
	for (size_t i = 0; i < text.len; i += 7) {
		text.data[i] ^= 1;
		fixture_put(&f, "snapshots/" FIXTURE_ID ".json", text.data, text.len);
		assert_corrupt(&f.store, id, "signature");
		text.data[i] ^= 1;
	}
	/* White space that JSON would not mind. */
	ck_assert_int_eq(buf_adds(&text, "\n", NULL), 0);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json", text.data, text.len);
	assert_corrupt(&f.store, id, "signature");
	fixture_close(&f);
}
END_TEST

START_TEST(a_manifest_signed_by_another_key_is_refused)
{
	AUTO_BUF public = BUF_INIT(4096);
	struct fixture f;
	struct secret pem = { 0 };
	struct signer *stranger;
	char id[20];

	fixture_open(&f);
	ck_assert_int_eq(signer_generate(&pem, &public, NULL), 0);
	stranger = signer_new(&pem, NULL);
	f.store.signer = stranger;
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	assert_corrupt(&f.store, id, "signature");
	signer_free(stranger);
	secret_release(&pem);
	fixture_close(&f);
}
END_TEST

START_TEST(a_damaged_signature_is_refused)
{
	static const size_t lengths[] = { 0, 1, 63, 65, 4096, 5000 };
	AUTO_BUF sig = BUF_INIT(5000);
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_get(&f, "snapshots/" FIXTURE_ID ".json.sig", &sig);
	ck_assert_uint_eq(sig.len, SIGN_BYTES);
	while (sig.len < 5000)
		ck_assert_int_eq(buf_add(&sig, "", 1, NULL), 0);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json.sig", sig.data, lengths[_i]);
	assert_corrupt(&f.store, id, "signature");
	fixture_close(&f);
}
END_TEST

START_TEST(where_keys_are_trusted_an_unsigned_manifest_is_refused)
{
	struct fixture f;
	char id[20];

	fixture_open(&f);
	f.store.signer = NULL;
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	assert_corrupt(&f.store, id, "not signed");
	f.store.verifier = NULL;
	assert_loads(&f.store, id, SIGNATURE_NONE);
	fixture_close(&f);
}
END_TEST

START_TEST(where_no_key_is_trusted_a_signature_is_not_checked)
{
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	f.store.verifier = NULL;
	assert_loads(&f.store, id, SIGNATURE_UNCHECKED);
	fixture_close(&f);
}
END_TEST

START_TEST(a_damaged_manifest_is_corrupt_without_a_signature_too)
{
	struct fixture f;

	fixture_open(&f);
	f.store.verifier = NULL;
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json", "{\"format\":1", 11);
	assert_corrupt(&f.store, FIXTURE_ID, "JSON");
	fixture_put(&f, "snapshots/" FIXTURE_ID ".json", "", 0);
	assert_corrupt(&f.store, FIXTURE_ID, "JSON");
	fixture_close(&f);
}
END_TEST

/* Well signed, but of another database: the folder tells. */
static const struct { const char *prefix, *environment, *database; } elsewhere[] = {
	{ "", "production", "billing" }, { "", "staging", "auth" }, { "", "preproduction", "auth" },
	{ "", "duction", "auth" }, { "x", "production", "auth2" }, { "", "production", "xauth" },
};

START_TEST(a_manifest_copied_from_another_database_is_refused)
{
	AUTO_STR json = mem_printf("%s%s%s/%s/snapshots/" FIXTURE_ID ".json", elsewhere[_i].prefix,
	    *elsewhere[_i].prefix != '\0' ? "/" : "", elsewhere[_i].environment, elsewhere[_i].database);
	AUTO_STR sig = mem_printf("%s.sig", json);
	struct fixture f;
	struct store other;
	char id[20];

	fixture_open(&f);
	other = fixture_store(&f, elsewhere[_i].prefix, elsewhere[_i].environment, elsewhere[_i].database);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	copy(&f, "production/auth/snapshots/" FIXTURE_ID ".json", json);
	copy(&f, "production/auth/snapshots/" FIXTURE_ID ".json.sig", sig);
	assert_corrupt(&other, id, "production/auth");
	store_release(&other);
	fixture_close(&f);
}
END_TEST

START_TEST(a_manifest_under_another_id_is_refused)
{
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	copy(&f, "production/auth/snapshots/" FIXTURE_ID ".json",
	    "production/auth/snapshots/20261231T000000Z.json");
	copy(&f, "production/auth/snapshots/" FIXTURE_ID ".json.sig",
	    "production/auth/snapshots/20261231T000000Z.json.sig");
	assert_corrupt(&f.store, "20261231T000000Z", FIXTURE_ID);
	fixture_close(&f);
}
END_TEST

START_TEST(an_id_that_leads_out_of_the_folder_is_never_opened)
{
	struct fixture f;
	struct snapshot s;
	struct err err = ERR_INIT;

	fixture_open(&f);
	ck_assert_int_ne(store_load(&f.store, "../../x", &s, &err), 0);
	ck_assert_int_eq(err.code, ERR_USAGE);
	fixture_close(&f);
}
END_TEST

/* ---- verdicts ---- */

START_TEST(a_verdict_comes_back)
{
	struct fixture f;
	struct verdict v = { .verified_at = FIXTURE_AT + 60, .how = "hashes", .good = _i == 0 }, again;
	struct store_ids ids;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_publish(&f.store, "production", FIXTURE_AT + 60, NULL, id);
	if (!v.good) {
		verdict_add_damaged(&v, "data/a/x.sql.gz");
		verdict_add_damaged(&v, "data/b/y.sql.gz");
	}
	ck_assert_int_eq(store_put_verdict(&f.store, FIXTURE_ID, &v, NULL), 0);
	ck_assert_int_eq(store_get_verdict(&f.store, FIXTURE_ID, &again, NULL), 0);
	ck_assert_int_eq(again.verified_at, v.verified_at);
	ck_assert_str_eq(again.how, "hashes");
	ck_assert_int_eq(again.good, v.good);
	ck_assert_uint_eq(again.damaged_count, v.damaged_count);
	for (size_t i = 0; i < v.damaged_count; i++)
		ck_assert_str_eq(again.damaged[i], v.damaged[i]);
	ck_assert_int_eq(store_list(&f.store, &ids, NULL), 0);
	ck_assert_uint_eq(ids.count, 2);
	ck_assert(ids.items[0].has_verdict && !ids.items[1].has_verdict);
	store_ids_release(&ids);
	verdict_release(&v);
	verdict_release(&again);
	ck_assert_uint_eq(again.damaged_count, 0);
	fixture_close(&f);
}
END_TEST

START_TEST(a_newer_verdict_replaces_the_older)
{
	struct fixture f;
	struct verdict v = { .verified_at = 1, .how = "hashes" };

	fixture_open(&f);
	ck_assert_int_eq(store_put_verdict(&f.store, FIXTURE_ID, &v, NULL), 0);
	v.good = true;
	ck_assert_int_eq(store_put_verdict(&f.store, FIXTURE_ID, &v, NULL), 0);
	ck_assert_int_eq(store_get_verdict(&f.store, FIXTURE_ID, &v, NULL), 0);
	ck_assert(v.good);
	verdict_release(&v);
	fixture_close(&f);
}
END_TEST

START_TEST(what_was_never_verified_has_no_verdict)
{
	struct fixture f;
	struct verdict v;
	struct err err = ERR_INIT;

	fixture_open(&f);
	ck_assert_int_ne(store_get_verdict(&f.store, FIXTURE_ID, &v, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	fixture_close(&f);
}
END_TEST

START_TEST(a_damaged_verdict_is_corrupt_and_does_not_touch_the_snapshot)
{
	static const char *const texts[] = {
		"", "{", "[]", "{}", "{\"verified_at\":1,\"how\":\"hashes\"}",
		"{\"verified_at\":\"2026-02-29T00:00:00Z\",\"how\":\"hashes\"}",
		"{\"verified_at\":\"2026-11-22T02:17:00Z\"}",
	};
	struct fixture f;
	struct verdict v;
	struct err err = ERR_INIT;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".verified.json", texts[_i], strlen(texts[_i]));
	ck_assert_int_ne(store_get_verdict(&f.store, id, &v, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_uint_eq(v.damaged_count, 0);
	assert_loads(&f.store, id, SIGNATURE_GOOD);
	fixture_close(&f);
}
END_TEST

START_TEST(a_verdict_that_does_not_say_good_is_bad)
{
	static const char text[] = "{\"verified_at\":\"2026-11-22T02:17:00Z\","
	    "\"how\":\"a way with a very long name\",\"good\":\"yes\",\"damaged\":[1,\"a\",null]}";
	struct fixture f;
	struct verdict v;

	fixture_open(&f);
	fixture_put(&f, "snapshots/" FIXTURE_ID ".verified.json", text, strlen(text));
	ck_assert_int_eq(store_get_verdict(&f.store, FIXTURE_ID, &v, NULL), 0);
	ck_assert(!v.good);
	ck_assert_uint_eq(v.damaged_count, 1);
	ck_assert_str_eq(v.damaged[0], "a");
	verdict_release(&v);
	fixture_close(&f);
}
END_TEST

/* ---- objects ---- */

struct seen { int count; int64_t bytes; char last[200]; };

static int see(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct seen *seen = ctx;

	(void)age_s, (void)err;
	seen->count++;
	seen->bytes += bytes;
	ck_assert_uint_lt(strlen(key), sizeof(seen->last));
	memcpy(seen->last, key, strlen(key) + 1);
	return 0;
}

START_TEST(chunks_are_listed_by_their_keys_of_the_folder)
{
	struct fixture f;
	struct seen seen = { 0 };

	fixture_open(&f);
	fixture_put(&f, "data/a/x.sql.gz", "123", 3);
	fixture_put(&f, "data/b/y.sql.gz", "12345", 5);
	fixture_put(&f, "labels/data", "1234567", 7);
	ck_assert_int_eq(store_list_chunks(&f.store, see, &seen, NULL), 0);
	ck_assert_int_eq(seen.count, 2);
	ck_assert_int_eq(seen.bytes, 8);
	ck_assert_str_eq(seen.last, "data/b/y.sql.gz");
	fixture_close(&f);
}
END_TEST

START_TEST(objects_lie_in_the_databases_folder)
{
	struct fixture f;

	fixture_open(&f);
	ck_assert_int_eq(store_put(&f.store, "data/a", "1", 1, true, NULL), 0);
	ck_assert(is_there(&f, "data/a"));
	ck_assert_int_ne(store_put(&f.store, "data/a", "2", 1, true, NULL), 0);
	ck_assert_int_eq(store_put(&f.store, "data/a", "2", 1, false, NULL), 0);
	fixture_close(&f);
}
END_TEST

START_TEST(signatures_have_names)
{
	ck_assert_str_eq(signature_name(SIGNATURE_GOOD), "good");
	ck_assert_str_eq(signature_name(SIGNATURE_NONE), "none");
	ck_assert_str_eq(signature_name(SIGNATURE_UNCHECKED), "unchecked");
	ck_assert_str_eq(signature_name(SIGNATURE_BAD), "bad");
}
END_TEST

UNIT_CASE(publish)
{
	tcase_add_test(tc, ids_sort_as_snapshots_come);
	tcase_add_test(tc, signature_label_and_manifest_are_written_in_this_order);
	tcase_add_test(tc, without_signer_and_label_the_manifest_is_all);
	tcase_add_loop_test(tc, a_publication_cut_off_anywhere_lists_nothing_and_can_be_repeated, 0, 3);
	tcase_add_test(tc, the_id_is_the_moment_it_began);
	tcase_add_loop_test(tc, where_the_id_is_taken_the_next_second_is_used, 0, 2);
	tcase_add_test(tc, a_signature_left_by_a_dead_backup_takes_the_id);
	tcase_add_test(tc, an_id_that_is_taken_at_the_last_moment_is_not_overwritten);
	tcase_add_test(tc, a_day_with_too_many_snapshots_a_second_ends);
}

UNIT_CASE(label)
{
	tcase_add_test(tc, a_label_is_borne_once);
	tcase_add_test(tc, a_label_nobody_bears_is_free);
	tcase_add_test(tc, a_label_that_means_something_else_is_refused);
	tcase_add_loop_test(tc, a_label_that_holds_no_id_is_corrupt, 0, 6);
	tcase_add_test(tc, a_label_moved_to_another_snapshot_is_found_out);
}

UNIT_CASE(find)
{
	tcase_add_test(tc, latest_is_the_newest_moment);
	tcase_add_test(tc, latest_is_none_of_next_year);
	tcase_add_loop_test(tc, a_snapshot_is_found_by_either_spelling_of_its_moment_and_by_its_label, 0, 5);
	tcase_add_loop_test(tc, what_is_not_there_is_not_found_with_a_hint, 0, 9);
	tcase_add_test(tc, snapshots_are_listed_oldest_first_and_nothing_else_is);
	tcase_add_test(tc, databases_and_prefixes_do_not_see_each_other);
}

UNIT_CASE(load)
{
	tcase_add_test(tc, a_snapshot_has_the_hash_of_its_manifest);
	tcase_add_test(tc, a_manifest_is_stored_as_one_gzip_member);
	tcase_add_test(tc, a_manifest_that_is_not_packed_is_read_too);
	tcase_add_test(tc, a_manifest_that_holds_too_much_is_refused);
	tcase_add_test(tc, what_is_not_to_be_trusted_is_not_unpacked);
	tcase_add_test(tc, any_changed_byte_of_a_signed_manifest_is_found);
	tcase_add_test(tc, a_manifest_signed_by_another_key_is_refused);
	tcase_add_loop_test(tc, a_damaged_signature_is_refused, 0, 6);
	tcase_add_test(tc, where_keys_are_trusted_an_unsigned_manifest_is_refused);
	tcase_add_test(tc, where_no_key_is_trusted_a_signature_is_not_checked);
	tcase_add_test(tc, a_damaged_manifest_is_corrupt_without_a_signature_too);
	tcase_add_loop_test(tc, a_manifest_copied_from_another_database_is_refused, 0,
	    (int)(sizeof(elsewhere) / sizeof(elsewhere[0])));
	tcase_add_test(tc, a_manifest_under_another_id_is_refused);
	tcase_add_test(tc, an_id_that_leads_out_of_the_folder_is_never_opened);
	tcase_add_test(tc, signatures_have_names);
}

UNIT_CASE(verdict)
{
	tcase_add_loop_test(tc, a_verdict_comes_back, 0, 2);
	tcase_add_test(tc, a_newer_verdict_replaces_the_older);
	tcase_add_test(tc, what_was_never_verified_has_no_verdict);
	tcase_add_loop_test(tc, a_damaged_verdict_is_corrupt_and_does_not_touch_the_snapshot, 0, 7);
	tcase_add_test(tc, a_verdict_that_does_not_say_good_is_bad);
}

UNIT_CASE(store)
{
	tcase_add_test(tc, chunks_are_listed_by_their_keys_of_the_folder);
	tcase_add_test(tc, objects_lie_in_the_databases_folder);
}

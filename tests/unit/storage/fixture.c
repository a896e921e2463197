#include "tests/unit/storage/fixture.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "storage/bucket_dir.h"
#include "storage/names.h"
#include "tests/unit/unit.h"

static struct signer *new_signer(void)
{
	AUTO_BUF public = BUF_INIT(4096);
	struct secret pem = { 0 };
	struct signer *signer;

	ck_assert_int_eq(signer_generate(&pem, &public, NULL), 0);
	signer = signer_new(&pem, NULL);
	ck_assert_ptr_nonnull(signer);
	secret_release(&pem);
	return signer;
}

void fixture_open(struct fixture *f)
{
	AUTO_STR path = NULL;

	f->folder = unit_folder();
	path = mem_printf("%s/bucket", f->folder);
	f->bucket = bucket_dir_new(path, "here", NULL);
	ck_assert_ptr_nonnull(f->bucket);
	f->signer = new_signer();
	f->verifier = verifier_new();
	ck_assert_int_eq(verifier_add(f->verifier, signer_public_text(f->signer), NULL), 0);
	store_init(&f->store, f->bucket, "", "production", "auth", f->signer, f->verifier);
}

void fixture_close(struct fixture *f)
{
	store_release(&f->store);
	verifier_free(f->verifier);
	signer_free(f->signer);
	bucket_free(f->bucket);
}

struct store fixture_store(struct fixture *f, const char *prefix, const char *environment,
    const char *database)
{
	struct store store;

	store_init(&store, f->bucket, prefix, environment, database, f->signer, f->verifier);
	return store;
}

static void add_object(struct manifest *m, enum manifest_kind kind, const char *table, int64_t rows)
{
	struct manifest_object *o = manifest_add_object(m);

	o->kind = kind;
	o->table = mem_strdup(table);
	sha256_hex(manifest_kind_name(kind), 3, o->sql_sha256);
	sha256_hex(manifest_kind_name(kind), 4, o->stored_sha256);
	o->key = names_chunk(table != NULL ? table : "_schema", o->sql_sha256);
	o->rows = rows;
	o->sql_bytes = 1000 + rows;
	o->stored_bytes = 100 + rows;
	o->end_crc32 = kind == MANIFEST_ROWS ? UINT32_MAX : 0;
}

void fixture_manifest(struct manifest *ret)
{
	struct manifest_table *t;

	*ret = (struct manifest){
		.id = mem_strdup(FIXTURE_ID), .environment = mem_strdup("production"),
		.database = mem_strdup("auth"), .database_id = mem_strdup("483da8b0"),
		.source = mem_strdup("d1"), .tool = mem_strdup("d1keep 0.1.0"),
		.started_at = FIXTURE_AT, .finished_at = FIXTURE_AT + 3,
		.slot_at = FIXTURE_AT - 60,
		.consistency = mem_strdup("unchanged"), .bookmark_before = mem_strdup("00-a"),
		.bookmark_after = mem_strdup("00-b"), .attempts = 2,
		.schema_version = mem_strdup("0004_users.sql"),
		.previous_id = mem_strdup("20261121T021700Z"),
		.requests = 7, .rows_read = 1234, .new_bytes = 99,
	};
	sha256_hex("before", 6, ret->previous_sha256);
	add_object(ret, MANIFEST_SCHEMA, NULL, 0);
	add_object(ret, MANIFEST_ROWS, "us\"ers/\xf0\x9f\x98\x80", 12);
	add_object(ret, MANIFEST_POST, NULL, 0);
	t = manifest_add_table(ret);
	t->name = mem_strdup("us\"ers/\xf0\x9f\x98\x80");
	t->rows = 12;
	sha256_hex("rows", 4, t->sql_sha256);
	manifest_add_exception(ret, "search", "a virtual table\nof two lines");
}

void fixture_publish(struct store *store, const char *environment, int64_t at, const char *label,
    char ret_id[20])
{
	struct manifest m;
	struct err err = ERR_INIT;

	fixture_manifest(&m);
	mem_free_str(&m.environment);
	m.environment = mem_strdup(environment);
	m.started_at = at;
	m.label = mem_strdup(label);
	ck_assert_msg(store_publish(store, &m, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(strlen(m.id), 16);
	memcpy(ret_id, m.id, 17);
	manifest_release(&m);
}

char *fixture_path(struct fixture *f, const char *key)
{
	return mem_printf("%s/bucket/production/auth/%s", f->folder, key);
}

void fixture_put(struct fixture *f, const char *key, const void *data, size_t len)
{
	struct err err = ERR_INIT;

	ck_assert_msg(store_put(&f->store, key, data, len, false, &err) == 0, "%s", err.msg);
}

void fixture_get(struct fixture *f, const char *key, struct buf *ret)
{
	struct err err = ERR_INIT;

	ck_assert_msg(store_get(&f->store, key, ret, &err) == 0, "%s", err.msg);
}

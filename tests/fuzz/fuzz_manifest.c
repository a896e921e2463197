/*
 * A manifest out of a bucket (storage/manifest.h): what is accepted can be
 * written, reads again as the same bytes, and points nowhere outside its folder.
 */
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "storage/bucket_key.h"
#include "storage/manifest.h"
#include "storage/names.h"
#include "tests/fuzz/fuzz.h"

static void check_key(const char *key)
{
	REQUIRE(strstr(key, "/.") == NULL);
	REQUIRE(strncmp(key, "data/", 5) == 0);
	REQUIRE(names_is_chunk(key));
	REQUIRE(bucket_key_ok(key));
}

static void check_manifest(const struct manifest *m)
{
	for (size_t i = 0; i < m->object_count; i++) {
		const struct manifest_object *object = &m->objects[i];

		check_key(object->key);
		REQUIRE((object->kind == MANIFEST_ROWS) == (object->table != NULL));
		REQUIRE(object->sql_bytes >= 0 && object->sql_bytes <= CHUNK_MAX_BYTES);
		REQUIRE(object->stored_bytes >= 0 && object->stored_bytes <= CHUNK_MAX_BYTES);
		REQUIRE(hex_is_sha256(object->sql_sha256) && hex_is_sha256(object->stored_sha256));
	}
	for (size_t i = 0; i < m->table_count; i++)
		REQUIRE(m->tables[i].name != NULL && m->tables[i].rows >= 0);
	REQUIRE(names_is_id(m->id) && (m->previous_id == NULL || names_is_id(m->previous_id)));
	REQUIRE(m->label == NULL || names_check_label(m->label, NULL) == 0);
	REQUIRE(m->environment != NULL && m->database != NULL && m->consistency != NULL);
	REQUIRE(manifest_rows(m) >= 0 && manifest_sql_bytes(m) >= 0 && manifest_stored_bytes(m) >= 0);
}

static void check_again(const struct manifest *m)
{
	AUTO_BUF first = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_BUF second = BUF_INIT(FUZZ_MAX_BYTES);
	struct manifest again = { 0 };
	struct err err = ERR_INIT;

	REQUIRE(manifest_write(m, &first, &err) == 0);
	REQUIRE(manifest_read(first.data, first.len, &again, &err) == 0);
	check_manifest(&again);
	REQUIRE(again.object_count == m->object_count && again.table_count == m->table_count);
	REQUIRE(again.exception_count == m->exception_count);
	REQUIRE(again.started_at == m->started_at && again.finished_at == m->finished_at);
	REQUIRE(again.slot_at == m->slot_at);
	for (size_t i = 0; i < m->object_count; i++)
		REQUIRE(again.objects[i].end_crc32 == m->objects[i].end_crc32);
	REQUIRE(manifest_write(&again, &second, &err) == 0);
	REQUIRE(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	manifest_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct manifest empty;
	struct manifest m = { 0 };
	struct err err = ERR_INIT;

	if (manifest_read((const char *)data, size, &m, &err) != 0) {
		REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
		REQUIRE(memcmp(&m, &empty, sizeof(m)) == 0);
		return 0;
	}
	check_manifest(&m);
	check_again(&m);
	manifest_release(&m);
	return 0;
}

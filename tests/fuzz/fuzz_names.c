/*
 * Names in a bucket, and what a person or another program calls them
 * (storage/names.h, base/stamp.h). The input is one string.
 */
#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "storage/bucket_key.h"
#include "storage/names.h"
#include "tests/fuzz/fuzz.h"

/* A table's name comes back out of its segment, unless that was cut. */
static void check_segment(const char *segment, const char *name)
{
	size_t n = 0;

	if (strchr(segment, '+') != NULL || name[0] == '\0')
		return;
	for (const char *p = segment; *p != '\0'; p++, n++) {
		unsigned char c = (unsigned char)*p;

		if (c == '%') {
			REQUIRE(hex_decode(p + 1, 2, &c));
			p += 2;
		}
		REQUIRE(c == (unsigned char)name[n]);
	}
	REQUIRE(name[n] == '\0');
}

static void check_table(const char *name)
{
	AUTO_STR segment = names_segment(name);
	AUTO_STR key = NULL;
	char hash[SHA256_HEX_SIZE];

	sha256_hex(name, strlen(name), hash);
	key = names_chunk(name, hash);
	REQUIRE(strlen(segment) > 0 && strlen(segment) <= 120 && strchr(segment, '/') == NULL);
	REQUIRE(names_is_chunk(key) && bucket_key_ok(key));
	check_segment(segment, name);
}

static void check_label(const char *text)
{
	struct err err = ERR_INIT;

	if (names_check_label(text, &err) == 0) {
		AUTO_STR key = names_label(text);

		REQUIRE(bucket_key_ok(key) && strchr(text, '/') == NULL);
	} else {
		REQUIRE(err.code == ERR_USAGE);
	}
}

static void check_ref(const char *text)
{
	struct names_ref ref = { 0 };
	struct err err = ERR_INIT;
	AUTO_STR again = NULL;

	if (names_parse(text, &ref, &err) != 0) {
		REQUIRE(err.code == ERR_USAGE && ref.environment == NULL);
		return;
	}
	again = mem_printf("%s%s%s%s%s", ref.environment, ref.database != NULL ? "/" : "",
	    ref.database != NULL ? ref.database : "", ref.which != NULL ? "@" : "",
	    ref.which != NULL ? ref.which : "");
	REQUIRE(strcmp(again, text) == 0);
	REQUIRE(strchr(ref.environment, '/') == NULL && strchr(ref.environment, '@') == NULL);
	names_ref_release(&ref);
}

static void check_moment(const char *text)
{
	char iso[STAMP_ISO_SIZE], compact[STAMP_COMPACT_SIZE], id[20];
	int64_t at, again;

	if (stamp_parse(text, &at)) {
		REQUIRE(stamp_parse(stamp_iso(at, iso), &again) && again == at);
		REQUIRE(stamp_parse(stamp_compact(at, compact), &again) && again == at);
		REQUIRE(names_is_id(compact));
		REQUIRE(strcmp(text, iso) == 0 || strcmp(text, compact) == 0);
	}
	if (names_is_id(text)) {
		AUTO_STR manifest = names_manifest(text);

		REQUIRE(bucket_key_ok(manifest));
		REQUIRE(names_id_of_manifest(strchr(manifest, '/') + 1, id) && strcmp(id, text) == 0);
	}
	if (names_id_of_manifest(text, id))
		REQUIRE(names_is_id(id));
}

static void check_key(const char *text)
{
	char id[20];

	if (names_kind_of(text, id) != NAMES_FOREIGN)
		REQUIRE(bucket_key_ok(text));
	if (names_is_chunk(text))
		REQUIRE(bucket_key_ok(text));
	if (bucket_key_ok(text)) {
		REQUIRE(text[0] != '/' && strcmp(text, "..") != 0 && strncmp(text, "../", 3) != 0);
		REQUIRE(strstr(text, "/../") == NULL && strstr(text, "//") == NULL);
		REQUIRE(bucket_prefix_ok(text) || strlen(text) == 1024);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STR text = mem_strndup(size > 0 ? (const char *)data : "", size);

	check_table(text);
	check_label(text);
	check_ref(text);
	check_moment(text);
	check_key(text);
	return 0;
}

#include "storage/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "storage/bucket_key.h"
#include "tests/unit/unit.h"

#define HASH "0123456789abcdef0123456789abcdeffedcba9876543210fedcba9876543210"
#define HEX "0123456789abcdef0123456789abcdef"

/* ---- keys ---- */

START_TEST(everything_has_its_place)
{
	AUTO_STR chunk = names_chunk("users", HASH);
	AUTO_STR manifest = names_manifest("20261122T021700Z");
	AUTO_STR signature = names_signature("20261122T021700Z");
	AUTO_STR verdict = names_verdict("20261122T021700Z");
	AUTO_STR label = names_label("before-0004");

	ck_assert_str_eq(chunk, "data/users/" HEX ".sql.gz");
	ck_assert_str_eq(manifest, "snapshots/20261122T021700Z.json");
	ck_assert_str_eq(signature, "snapshots/20261122T021700Z.json.sig");
	ck_assert_str_eq(verdict, "snapshots/20261122T021700Z.verified.json");
	ck_assert_str_eq(label, "labels/before-0004");
}
END_TEST

START_TEST(a_folder_has_its_prefix_in_front)
{
	AUTO_STR with = names_folder("a/b", "production", "auth");
	AUTO_STR without = names_folder("", "production", "auth");
	AUTO_STR none = names_folder(NULL, "production", "auth");

	ck_assert_str_eq(with, "a/b/production/auth/");
	ck_assert_str_eq(without, "production/auth/");
	ck_assert_str_eq(none, "production/auth/");
}
END_TEST

/* ---- segments ---- */

static const struct { const char *name, *segment; } segments[] = {
	{ "users", "users" },
	{ "Users_2-b.c", "Users_2-b.c" },
	{ "", "%" },
	{ "%", "%25" },
	{ ".", "%2E" },
	{ "..", "%2E." },
	{ "...", "%2E.." },
	{ ".hidden", "%2Ehidden" },
	{ "a/b", "a%2Fb" },
	{ "/", "%2F" },
	{ "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
	{ "a\\b", "a%5Cb" },
	{ "it's", "it%27s" },
	{ "\"quoted\"", "%22quoted%22" },
	{ "a b\tc\n", "a%20b%09c%0A" },
	{ "a+b", "a%2Bb" },
	{ "*?", "%2A%3F" },
	{ "\x01\x7f\xff", "%01%7F%FF" },
	{ "\xf0\x9f\x98\x80", "%F0%9F%98%80" },
	{ "\xc3\xa4", "%C3%A4" },
	{ "%2E", "%252E" },
};

START_TEST(a_table_of_any_name_has_a_segment)
{
	AUTO_STR segment = names_segment(segments[_i].name);

	ck_assert_str_eq(segment, segments[_i].segment);
}
END_TEST

START_TEST(its_chunk_is_a_key_that_buckets_take)
{
	AUTO_STR key = names_chunk(segments[_i].name, HASH);

	ck_assert(bucket_key_ok(key));
	ck_assert(names_is_chunk(key));
}
END_TEST

/* "x…xA" of any length. */
static char *long_name(int len, char last)
{
	char *name = mem_calloc((size_t)len + 1, 1);

	memset(name, 'x', (size_t)len);
	name[len - 1] = last;
	return name;
}

START_TEST(a_segment_of_120_bytes_stays)
{
	AUTO_STR name = long_name(120, 'A');
	AUTO_STR segment = names_segment(name);

	ck_assert_str_eq(segment, name);
}
END_TEST

START_TEST(a_longer_one_is_cut_and_ends_in_the_hash_of_the_whole)
{
	AUTO_STR name = long_name(_i, 'A');
	AUTO_STR segment = names_segment(name);
	AUTO_STR key = names_chunk(name, HASH);
	char hash[SHA256_HEX_SIZE];

	sha256_hex(name, strlen(name), hash);
	ck_assert_uint_eq(strlen(segment), 120);
	ck_assert_int_eq(strncmp(segment, name, 103), 0);
	ck_assert_int_eq(segment[103], '+');
	ck_assert_int_eq(strncmp(segment + 104, hash, 16), 0);
	ck_assert(names_is_chunk(key));
	ck_assert(bucket_key_ok(key));
}
END_TEST

START_TEST(long_names_that_differ_at_the_end_have_other_segments)
{
	AUTO_STR one = long_name(500, 'A');
	AUTO_STR two = long_name(500, 'B');
	AUTO_STR first = names_segment(one);
	AUTO_STR second = names_segment(two);

	ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(five_hundred_bytes_of_emoji_are_cut_too)
{
	AUTO_STR name = mem_calloc(501, 1);
	AUTO_STR segment = NULL;
	AUTO_STR key = NULL;

	for (int i = 0; i < 125; i++)
		memcpy(name + 4 * i, "\xf0\x9f\x98\x80", 4);
	segment = names_segment(name);
	key = names_chunk(name, HASH);
	ck_assert_uint_eq(strlen(segment), 120);
	ck_assert(names_is_chunk(key));
	ck_assert(bucket_key_ok(key));
}
END_TEST

/* ---- keys of hostile manifests ---- */

START_TEST(a_hostile_key_is_no_chunk)
{
	static const char *const hostile[] = {
		"", "data", "data/", "data//", "data/users", "data/users/", "/etc/passwd",
		"data/../../secret/" HEX ".sql.gz", "data/../" HEX ".sql.gz", "data/./" HEX ".sql.gz",
		"data/.users/" HEX ".sql.gz", "data//" HEX ".sql.gz", "/data/users/" HEX ".sql.gz",
		"../data/users/" HEX ".sql.gz", "DATA/users/" HEX ".sql.gz", "data\\users\\" HEX ".sql.gz",
		"data/a/b/" HEX ".sql.gz", "data/a b/" HEX ".sql.gz", "data/a\n/" HEX ".sql.gz",
		"data/\xc3\xa4/" HEX ".sql.gz", "data/a*b/" HEX ".sql.gz", "data/a:b/" HEX ".sql.gz",
		"data/users/" HEX ".sql.g", "data/users/" HEX ".sql.gzz", "data/users/" HEX ".sql",
		"data/users/" HEX, "data/users/" HEX "0.sql.gz", "data/users/0" HEX ".sql.gz",
		"data/users/123.sql.gz", "data/users/.sql.gz", "data/users/" HEX "/.sql.gz",
		"data/users/0123456789ABCDEF0123456789abcdef.sql.gz",
		"data/users/0123456789abcdeg0123456789abcdef.sql.gz",
		"data/users/../" HEX ".sql.gz", "data/users/" HEX ".sql.gz/", "data/users/" HEX ".sql.gz\n",
		"snapshots/20261122T021700Z.json", "labels/x", "lease.json",
	};

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		ck_assert_msg(!names_is_chunk(hostile[i]), "%s", hostile[i]);
	ck_assert(names_is_chunk("data/users/" HEX ".sql.gz"));
}
END_TEST

START_TEST(a_segment_longer_than_any_is_no_chunk)
{
	AUTO_STR name = long_name(121, 'A');
	AUTO_STR key = mem_printf("data/%s/" HEX ".sql.gz", name);
	AUTO_STR shorter = mem_printf("data/%s/" HEX ".sql.gz", name + 1);

	ck_assert(!names_is_chunk(key));
	ck_assert(names_is_chunk(shorter));
}
END_TEST

/* ---- ids ---- */

START_TEST(an_id_is_a_moment_in_compact_form)
{
	static const char *const bad[] = {
		"", "latest", "2026-11-22T02:17:00Z", "20261322T021700Z", "20260229T000000Z",
		"20261122T021700Z ", "20261122T021700", "20261122T021760Z", "../../etc/passwd",
		"20261122t021700Z", "2026112T0021700Z",
	};

	ck_assert(names_is_id("20261122T021700Z"));
	ck_assert(names_is_id("20240229T235959Z"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!names_is_id(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(a_manifests_file_name_tells_its_id)
{
	static const char *const others[] = {
		"", ".json", "20261122T021700Z", "20261122T021700Z.json.sig",
		"20261122T021700Z.verified.json", "20261322T021700Z.json", "sub/22T021700Z.json",
		"20261122T021700Z.jsonx", "20261122T021700ZZjson",
	};
	char id[20] = "";

	ck_assert(names_id_of_manifest("20261122T021700Z.json", id));
	ck_assert_str_eq(id, "20261122T021700Z");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!names_id_of_manifest(others[i], id), "%s", others[i]);
}
END_TEST

/* ---- labels ---- */

START_TEST(a_label_that_buckets_take_is_good)
{
	static const char *const good[] = {
		"a", "0", "before-0004", "v1.2.3", "a_b", "LATEST", "Latest", "latest2", "2026-11-22",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		AUTO_STR key = names_label(good[i]);
		struct err err = ERR_INIT;

		ck_assert_msg(names_check_label(good[i], &err) == 0, "%s: %s", good[i], err.msg);
		ck_assert(bucket_key_ok(key));
	}
}
END_TEST

START_TEST(a_bad_label_is_refused)
{
	static const char *const bad[] = {
		"", ".", "..", ".hidden", "-x", "_x", "a/b", "../x", "a b", "a\n", "a@b", "a%2F", "a+b",
		"\xc3\xa4", "x\xc3\xa4", "a\"b", "latest", "20261122T021700Z",
		"01234567890123456789012345678901234567890123456789012345678901234",
		/* Buckets keep such names for files that are being written. */
		"v1.tmp-abcdef",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_msg(names_check_label(bad[i], &err) != 0, "%s", bad[i]);
		ck_assert_int_eq(err.code, ERR_USAGE);
	}
}
END_TEST

/* ---- what a person types ---- */

static const struct { const char *text, *environment, *database, *which; } refs[] = {
	{ "production", "production", NULL, NULL },
	{ "production/auth", "production", "auth", NULL },
	{ "production/auth@latest", "production", "auth", "latest" },
	{ "production/auth@2026-11-22T02:17:00Z", "production", "auth", "2026-11-22T02:17:00Z" },
	{ "production/auth@before-0004", "production", "auth", "before-0004" },
	{ "p/a@x@y", "p", "a", "x@y" },
	{ "p/a@x/y", "p", "a", "x/y" },
	{ "p/a/b", "p", "a/b", NULL },
};

static void assert_same(const char *text, const char *expected)
{
	if (expected == NULL)
		ck_assert_ptr_null(text);
	else
		ck_assert_str_eq(text, expected);
}

START_TEST(a_reference_has_up_to_three_parts)
{
	struct names_ref ref = { 0 };

	ck_assert_int_eq(names_parse(refs[_i].text, &ref, NULL), 0);
	assert_same(ref.environment, refs[_i].environment);
	assert_same(ref.database, refs[_i].database);
	assert_same(ref.which, refs[_i].which);
	names_ref_release(&ref);
	ck_assert_ptr_null(ref.environment);
}
END_TEST

START_TEST(a_reference_with_an_empty_part_is_refused)
{
	static const char *const bad[] = {
		"", "/", "@", "/auth", "production/", "@latest", "production@latest", "production/@latest",
		"production/auth@", "/auth@latest", "production@", "/@",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct names_ref ref = { 0 };
		struct err err = ERR_INIT;

		ck_assert_msg(names_parse(bad[i], &ref, &err) != 0, "%s", bad[i]);
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_str_ne(err.hint, "");
		ck_assert_ptr_null(ref.environment);
	}
}
END_TEST

/* The parts are the text, whatever it is: nothing is lost and none is empty. */
static void parse_any(const char *text)
{
	struct names_ref ref = { 0 };
	struct err err = ERR_INIT;
	AUTO_STR again = NULL;

	if (names_parse(text, &ref, &err) != 0) {
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_ptr_null(ref.environment);
		return;
	}
	again = mem_printf("%s%s%s%s%s", ref.environment, ref.database != NULL ? "/" : "",
	    ref.database != NULL ? ref.database : "", ref.which != NULL ? "@" : "",
	    ref.which != NULL ? ref.which : "");
	ck_assert_str_eq(again, text);
	ck_assert_str_ne(ref.environment, "");
	ck_assert(ref.database == NULL || *ref.database != '\0');
	ck_assert(ref.which == NULL || (*ref.which != '\0' && ref.database != NULL));
	names_ref_release(&ref);
}

START_TEST(any_text_is_parsed_or_refused)
{
	static const char letters[] = "//@@ab.\x01\xff";
	uint32_t seed = 20261122;

	for (int i = 0; i < 20000; i++) {
		AUTO_STR text = mem_strdup("production/auth@latest");
		size_t len = strlen(text);

		for (int change = 0; change <= i % 7; change++) {
			seed = seed * 1664525 + 1013904223;
			text[(seed >> 8) % len] = letters[(seed >> 20) % sizeof(letters)];
		}
		parse_any(text);
		(void)names_is_chunk(text);
		(void)names_check_label(text, NULL);
	}
}
END_TEST

UNIT_CASE(names)
{
	int segment_count = (int)(sizeof(segments) / sizeof(segments[0]));

	tcase_add_test(tc, everything_has_its_place);
	tcase_add_test(tc, a_folder_has_its_prefix_in_front);
	tcase_add_loop_test(tc, a_table_of_any_name_has_a_segment, 0, segment_count);
	tcase_add_loop_test(tc, its_chunk_is_a_key_that_buckets_take, 0, segment_count);
	tcase_add_test(tc, a_segment_of_120_bytes_stays);
	tcase_add_loop_test(tc, a_longer_one_is_cut_and_ends_in_the_hash_of_the_whole, 121, 124);
	tcase_add_loop_test(tc, a_longer_one_is_cut_and_ends_in_the_hash_of_the_whole, 500, 501);
	tcase_add_test(tc, long_names_that_differ_at_the_end_have_other_segments);
	tcase_add_test(tc, five_hundred_bytes_of_emoji_are_cut_too);
	tcase_add_test(tc, a_hostile_key_is_no_chunk);
	tcase_add_test(tc, a_segment_longer_than_any_is_no_chunk);
	tcase_add_test(tc, an_id_is_a_moment_in_compact_form);
	tcase_add_test(tc, a_manifests_file_name_tells_its_id);
	tcase_add_test(tc, a_label_that_buckets_take_is_good);
	tcase_add_test(tc, a_bad_label_is_refused);
	tcase_add_loop_test(tc, a_reference_has_up_to_three_parts, 0, (int)(sizeof(refs) / sizeof(refs[0])));
	tcase_add_test(tc, a_reference_with_an_empty_part_is_refused);
	tcase_add_test(tc, any_text_is_parsed_or_refused);
}

#include "base/hash_aside.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/unit.h"

enum { MOST = 3 << 20 };

static void fill(unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (unsigned char)(i * 2654435761u >> 13);
}

static void assert_hash(struct hash_aside *aside, const unsigned char *data, size_t len)
{
	unsigned char expected[SHA256_BYTES], got[SHA256_BYTES];

	sha256(data, len, expected);
	hash_aside_end(aside, got);
	ck_assert_mem_eq(got, expected, sizeof(got));
}

/* In pieces from one byte to much more than is handed over at once. */
START_TEST(it_is_the_hash_of_all_pieces)
{
	static const size_t pieces[] = { 97, 1000, 4096, 65536, 262144, 300001, MOST };
	static const size_t lens[] = { MOST, 0, 1, 262143, 262144, 262145, 524288, 1000000 };
	AUTO_STR data = mem_calloc(MOST, 1);
	struct hash_aside *aside = hash_aside_new();

	fill((unsigned char *)data, MOST);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		for (size_t at = 0; at < lens[i]; at += pieces[_i]) {
			size_t left = lens[i] - at;

			hash_aside_add(aside, data + at, left < pieces[_i] ? left : pieces[_i]);
		}
		assert_hash(aside, (unsigned char *)data, lens[i]);
	}
	hash_aside_free(aside);
}
END_TEST

START_TEST(one_that_is_not_wanted_is_freed)
{
	AUTO_STR data = mem_calloc(MOST, 1);
	struct hash_aside *aside = hash_aside_new();

	hash_aside_add(aside, data, MOST);
	hash_aside_free(aside);
	hash_aside_free(NULL);
}
END_TEST

UNIT_CASE(hash_aside)
{
	tcase_add_loop_test(tc, it_is_the_hash_of_all_pieces, 0, 7);
	tcase_add_test(tc, one_that_is_not_wanted_is_freed);
}

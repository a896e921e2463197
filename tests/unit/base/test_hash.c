#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static const char *hex_of(const unsigned char raw[SHA256_BYTES])
{
	static char hex[SHA256_HEX_SIZE];

	hex_encode(raw, SHA256_BYTES, hex);
	return hex;
}

/* RFC 6234, 8.5: `times` repetitions of the text. */
static const struct { const char *text; size_t len; int times; const char *hex; } rfc6234[] = {
	{ "abc", 3, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 1,
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 1, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ "0123456701234567012345670123456701234567012345670123456701234567", 64, 10,
	    "594847328451bdfa85056225462cc1d867d877fb388df0ce35f25ab5562bfbb5" },
	{ "\x19", 1, 1, "68aa2e2ee5dff96e3355e6c7ee373e3d6a4e17f75f9518d843709c0c9bc3e3d4" },
	{ "\xe3\xd7\x25\x70\xdc\xdd\x78\x7c\xe3\x88\x7a\xb2\xcd\x68\x46\x52", 16, 1,
	    "175ee69b02ba9b58e2b0a5fd13819cea573f3940a94f825128cf4209beabb4e8" },
	{ "", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
};

START_TEST(hashes_as_rfc_6234_does)
{
	struct sha256 *h = sha256_new();
	unsigned char raw[SHA256_BYTES];
	char hex[SHA256_HEX_SIZE];

	for (int i = 0; i < rfc6234[_i].times; i++)
		sha256_add(h, rfc6234[_i].text, rfc6234[_i].len);
	sha256_end(h, raw);
	ck_assert_str_eq(hex_of(raw), rfc6234[_i].hex);
	if (rfc6234[_i].times > 1)
		return;
	sha256(rfc6234[_i].text, rfc6234[_i].len, raw);
	ck_assert_str_eq(hex_of(raw), rfc6234[_i].hex);
	sha256_hex(rfc6234[_i].text, rfc6234[_i].len, hex);
	ck_assert_str_eq(hex, rfc6234[_i].hex);
}
END_TEST

START_TEST(nothing_at_no_address_hashes_too)
{
	char hex[SHA256_HEX_SIZE];

	sha256_hex(NULL, 0, hex);
	ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(a_hash_that_is_not_wanted_can_be_dropped)
{
	struct sha256 *h = sha256_new();

	sha256_add(h, "abc", 3);
	sha256_free(h);
	sha256_free(NULL);
}
END_TEST

/* RFC 4231, 4.2 to 4.8 (5 is a truncated one: its first 16 bytes). */
static const struct { const char *key, *data, *hex; } rfc4231[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "dddddddddddddddddddddddddddddddddddddddddddddddddd"
	    "dddddddddddddddddddddddddddddddddddddddddddddddddd",
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ "0102030405060708090a0b0c0d0e0f10111213141516171819",
	    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
	    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
	    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	{ "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "546573742057697468205472756e636174696f6e",
	    "a3b6167473100ee06e0c796c2955552b" },
};

START_TEST(authenticates_as_rfc_4231_does)
{
	unsigned char key[64], data[64], raw[SHA256_BYTES];
	size_t key_len = strlen(rfc4231[_i].key) / 2, len = strlen(rfc4231[_i].data) / 2;

	ck_assert(hex_decode(rfc4231[_i].key, 2 * key_len, key));
	ck_assert(hex_decode(rfc4231[_i].data, 2 * len, data));
	hmac_sha256(key, key_len, data, len, raw);
	ck_assert_int_eq(strncmp(hex_of(raw), rfc4231[_i].hex, strlen(rfc4231[_i].hex)), 0);
}
END_TEST

START_TEST(authenticates_with_a_key_longer_than_a_block)
{
	static const char short_data[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	static const char long_data[] = "This is a test using a larger than block-size key and a "
	    "larger than block-size data. The key needs to be hashed before being used by the "
	    "HMAC algorithm.";
	unsigned char key[131], raw[SHA256_BYTES];

	memset(key, 0xaa, sizeof(key));
	hmac_sha256(key, sizeof(key), short_data, sizeof(short_data) - 1, raw);
	ck_assert_str_eq(hex_of(raw), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_sha256(key, sizeof(key), long_data, sizeof(long_data) - 1, raw);
	ck_assert_str_eq(hex_of(raw), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}
END_TEST

START_TEST(hexadecimal_goes_both_ways)
{
	unsigned char all[256], again[256];
	char hex[513];

	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	hex_encode(all, sizeof(all), hex);
	ck_assert_uint_eq(strlen(hex), 512);
	ck_assert_int_eq(strncmp(hex, "000102", 6), 0);
	ck_assert_str_eq(hex + 506, "fdfeff");
	ck_assert(hex_decode(hex, 512, again));
	ck_assert_mem_eq(all, again, 256);
	hex_encode(NULL, 0, hex);
	ck_assert_str_eq(hex, "");
}
END_TEST

START_TEST(hexadecimal_of_either_case_is_read)
{
	unsigned char raw[6];

	ck_assert(hex_decode("abcdefABCDEF", 12, raw));
	ck_assert_mem_eq(raw, "\xab\xcd\xef\xab\xcd\xef", 6);
	ck_assert(hex_decode("", 0, raw));
}
END_TEST

START_TEST(what_is_not_hexadecimal_is_refused)
{
	static const char *const bad[] = { "a", "abc", "0g", "g0", " 1", "1 ", "0x", "/0", ":0", "@0", "`0", "\xc3\xa4" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned char raw[8];

		ck_assert_msg(!hex_decode(bad[i], strlen(bad[i]), raw), "\"%s\"", bad[i]);
	}
	ck_assert(!hex_decode("a\0", 2, (unsigned char[1]){ 0 }));
}
END_TEST

START_TEST(a_sha256_has_64_lower_case_digits)
{
	char hex[80] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

	ck_assert(hex_is_sha256(hex));
	ck_assert(!hex_is_sha256(""));
	ck_assert(!hex_is_sha256(hex + 1));
	hex[64] = '0';
	ck_assert(!hex_is_sha256(hex));
	hex[64] = '\n';
	ck_assert(!hex_is_sha256(hex));
	hex[64] = '\0';
	hex[5] = 'C';
	ck_assert(!hex_is_sha256(hex));
}
END_TEST

START_TEST(equal_means_every_byte)
{
	ck_assert(bytes_equal("abc", "abc", 3));
	ck_assert(bytes_equal("abc", "abd", 2));
	ck_assert(!bytes_equal("abc", "abd", 3));
	ck_assert(!bytes_equal("a\0b", "a\0c", 3));
	ck_assert(bytes_equal("", "", 0));
}
END_TEST

UNIT_CASE(hash)
{
	tcase_add_loop_test(tc, hashes_as_rfc_6234_does, 0, (int)(sizeof(rfc6234) / sizeof(rfc6234[0])));
	tcase_add_test(tc, nothing_at_no_address_hashes_too);
	tcase_add_test(tc, a_hash_that_is_not_wanted_can_be_dropped);
	tcase_add_loop_test(tc, authenticates_as_rfc_4231_does, 0, (int)(sizeof(rfc4231) / sizeof(rfc4231[0])));
	tcase_add_test(tc, authenticates_with_a_key_longer_than_a_block);
	tcase_add_test(tc, hexadecimal_goes_both_ways);
	tcase_add_test(tc, hexadecimal_of_either_case_is_read);
	tcase_add_test(tc, what_is_not_hexadecimal_is_refused);
	tcase_add_test(tc, a_sha256_has_64_lower_case_digits);
	tcase_add_test(tc, equal_means_every_byte);
}

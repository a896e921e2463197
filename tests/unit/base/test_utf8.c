#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

struct sample { const char *bytes; size_t len; };
#define S(text) { text, sizeof(text) - 1 }

/* The edges of every row of table 3-7 of the Unicode standard. */
static const struct sample good[] = {
	S(""), S("a"), S("\0"), S("\x7f"), S("\xc2\x80"), S("\xdf\xbf"), S("\xe0\xa0\x80"),
	S("\xe0\xbf\xbf"), S("\xe1\x80\x80"), S("\xec\xbf\xbf"), S("\xed\x80\x80"),
	S("\xed\x9f\xbf"), S("\xee\x80\x80"), S("\xef\xbf\xbf"), S("\xf0\x90\x80\x80"),
	S("\xf0\xbf\xbf\xbf"), S("\xf1\x80\x80\x80"), S("\xf3\xbf\xbf\xbf"),
	S("\xf4\x80\x80\x80"), S("\xf4\x8f\xbf\xbf"),
};

static const struct sample bad[] = {
	/* Continuations alone. */
	S("\x80"), S("\xbf"), S("\x80\x80"),
	/* Overlong. */
	S("\xc0\x80"), S("\xc1\xbf"), S("\xe0\x80\x80"), S("\xe0\x9f\xbf"),
	S("\xf0\x80\x80\x80"), S("\xf0\x8f\xbf\xbf"),
	/* Surrogates, alone and as a pair. */
	S("\xed\xa0\x80"), S("\xed\xaf\xbf"), S("\xed\xb0\x80"), S("\xed\xbf\xbf"),
	S("\xed\xa0\xbd\xed\xb8\x80"),
	/* Above U+10FFFF, and bytes that never are UTF-8. */
	S("\xf4\x90\x80\x80"), S("\xf5\x80\x80\x80"), S("\xf7\xbf\xbf\xbf"),
	S("\xf8\x88\x80\x80\x80"), S("\xfc\x84\x80\x80\x80\x80"), S("\xfe"), S("\xff"),
	/* Cut off. */
	S("\xc2"), S("\xe1"), S("\xe1\x80"), S("\xf1"), S("\xf1\x80"), S("\xf1\x80\x80"),
	/* Something else where a continuation should be. */
	S("\xc2\x41"), S("\xc2\xc2"), S("\xe1\x41\x80"), S("\xe1\x80\x41"), S("\xe1\x80\xc0"),
	S("\xf1\x41\x80\x80"), S("\xf1\x80\x41\x80"), S("\xf1\x80\x80\x41"),
	S("\xf1\x80\x80\xff"), S("\xe1\x7f\x80"),
};

/* In memory of its own size, so that a sanitizer sees a read behind the end. */
static bool valid_between(size_t before, struct sample s, size_t after)
{
	size_t len = before + s.len + after;
	char *bytes = malloc(len > 0 ? len : 1);
	bool valid;

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 'a', len);
	memcpy(bytes + before, s.bytes, s.len);
	valid = utf8_valid(bytes, len);
	free(bytes);
	return valid;
}

START_TEST(takes_every_well_formed_sequence_at_any_place)
{
	for (size_t before = 0; before <= 17; before++) {
		for (size_t after = 0; after <= 17; after++)
			ck_assert(valid_between(before, good[_i], after));
	}
}
END_TEST

START_TEST(refuses_every_ill_formed_sequence_at_any_place)
{
	for (size_t before = 0; before <= 17; before++) {
		for (size_t after = 0; after <= 17; after++)
			ck_assert(!valid_between(before, bad[_i], after));
	}
}
END_TEST

START_TEST(a_sequence_ends_where_the_bytes_end)
{
	/* The rest of the character lies in memory, but is not ours. */
	ck_assert(!utf8_valid("\xe2\x82\xac", 2));
	ck_assert(!utf8_valid("1234567\xe2\x82\xac", 9));
	ck_assert(utf8_valid("1234567\xff", 7));
	ck_assert(utf8_valid("12345678\xff", 8));
	ck_assert(!utf8_valid("12345678\xff", 9));
}
END_TEST

/* A decoder written another way, as the second opinion. */
static bool is_scalar_sequence(const unsigned char *p, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n;

	if (p[0] < 0x80)
		return len == 1;
	n = p[0] >= 0xf8 ? 0 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
	if (n == 0 || n != len)
		return false;
	c = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (p[i] & 0x3fu);
	}
	return c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

START_TEST(every_pair_and_every_lead_agrees_with_a_second_decoder)
{
	for (unsigned a = 0x80; a < 0x100; a++) {
		for (unsigned b = 0; b < 0x100; b++) {
			unsigned char p[4] = { (unsigned char)a, (unsigned char)b, 0x80, 0xbf };

			for (size_t len = 2; len <= 4; len++)
				ck_assert_msg(utf8_valid((char *)p, len) == is_scalar_sequence(p, len),
				    "%02x %02x of %zu", a, b, len);
		}
	}
}
END_TEST

START_TEST(finds_the_sign_of_a_replacement)
{
	ck_assert(utf8_has_replacement("\xef\xbf\xbd", 3));
	ck_assert(utf8_has_replacement("a\0b\xef\xbf\xbd", 6));
	ck_assert(!utf8_has_replacement("", 0));
	ck_assert(!utf8_has_replacement("\xef\xbf\xbd", 2));
	ck_assert(!utf8_has_replacement("\xef\xbf\xbc\xef\xbf\xbe", 6));
}
END_TEST

UNIT_CASE(utf8)
{
	tcase_add_loop_test(tc, takes_every_well_formed_sequence_at_any_place, 0,
	    (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tc, refuses_every_ill_formed_sequence_at_any_place, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, a_sequence_ends_where_the_bytes_end);
	tcase_add_test(tc, every_pair_and_every_lead_agrees_with_a_second_decoder);
	tcase_add_test(tc, finds_the_sign_of_a_replacement);
}

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool in(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

/* Length of the well-formed multi-byte sequence at `p`, or 0: the table 3-7
 * of the Unicode standard. */
static size_t sequence_length(const unsigned char *p, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (in(p[0], 0xc2, 0xdf))
		n = 2;
	else if (in(p[0], 0xe0, 0xef))
		n = 3;
	else if (in(p[0], 0xf0, 0xf4))
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (!in(p[1], low, high))
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (!in(p[i], 0x80, 0xbf))
			return 0;
	}
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	const unsigned char *end = p + len;

	while (p < end) {
		uint64_t word;
		size_t n;

		/* Most text is ASCII: eight bytes at a time. */
		if (end - p >= 8) {
			memcpy(&word, p, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0) {
				p += 8;
				continue;
			}
		}
		if (*p < 0x80) {
			p++;
			continue;
		}
		n = sequence_length(p, (size_t)(end - p));
		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

bool utf8_has_replacement(const char *s, size_t len)
{
	const char *end = s + len;

	/* Byte by byte this is much faster than memmem(): few texts have an EF. */
	while ((s = memchr(s, 0xef, (size_t)(end - s))) != NULL) {
		if (end - s >= 3 && memcmp(s, "\xef\xbf\xbd", 3) == 0)
			return true;
		s++;
	}
	return false;
}

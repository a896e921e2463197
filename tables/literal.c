#include "tables/literal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "db/quote.h"

#define CAST_HEAD "CAST("
#define CAST_TAIL " AS TEXT)"
/* No number that means something is longer. */
#define NUMBER_MAX_BYTES 400
#define ORDINARY_LEAST 1e-59
#define ORDINARY_MOST 1e59

static bool starts(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* digits[.digits][e[+-]digits] */
static const char *skip_decimal(const char *p, const char *end)
{
	const char *digits = p;

	p = skip_digits(p, end);
	if (p == digits)
		return NULL;
	if (p < end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, end);
		if (p == digits)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, end);
		if (p == digits)
			return NULL;
	}
	return p;
}

static const char *skip_integer(const char *p, const char *end)
{
	const char *digits;

	if (p < end && *p == '-')
		p++;
	digits = p;
	p = skip_digits(p, end);
	return p > digits ? p : NULL;
}

/* Does it fit 64 bits? Else SQLite would read it as a REAL. */
static bool fits_integer(const char *p, const char *end)
{
	char text[32];
	size_t len = (size_t)(end - p);

	if (len < 19)
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	errno = 0;
	(void)strtoll(text, NULL, 10);
	return errno == 0;
}

/* The first makes the whole a REAL; none is zero. */
static const char *skip_factor(const char *p, const char *end, bool is_first)
{
	const char *start = p;

	if (p == end || *p == '0')
		return NULL;
	p = skip_decimal(p, end);
	if (p == NULL || (is_first && memchr(start, '.', (size_t)(p - start)) == NULL))
		return NULL;
	return p;
}

/* A decimal, or an integer with factors of its own, as quote_real() writes both. */
static const char *skip_number(const char *p, const char *end)
{
	const char *start = p, *factor;

	if (p < end && *p == '-')
		p++;
	if (starts(p, end, "Inf"))
		return p + 3;
	p = skip_decimal(p, end);
	if (p == NULL || skip_integer(start, end) != p)
		return p;
	if (!fits_integer(start, p))
		return NULL;
	for (factor = p; p < end && (*p == '/' || *p == '*'); ) {
		p = *p == *factor ? skip_factor(p + 1, end, p == factor) : NULL;
		if (p == NULL)
			return NULL;
	}
	return p;
}

/* R<integer>p<integer>: that many times two to that power (tables/select.c). */
static const char *skip_binary(const char *p, const char *end)
{
	p = skip_integer(p + 1, end);
	if (p == NULL || p == end || *p != 'p')
		return NULL;
	return skip_integer(p + 1, end);
}

/* A NUL would end the statement it gets into: there it is no literal. */
static const char *skip_quoted(const char *p, const char *end)
{
	const char *start = p;

	for (;;) {
		p = memchr(p + 1, '\'', (size_t)(end - p - 1));
		if (p == NULL)
			return NULL;
		if (p + 1 == end || p[1] != '\'')
			break;
		p++;
	}
	return memchr(start, '\0', (size_t)(p - start)) == NULL ? p + 1 : NULL;
}

static const char *skip_hex(const char *p, const char *end)
{
	const char *digits;

	if (!starts(p, end, "X'"))
		return NULL;
	digits = p += 2;
	while (p < end && ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'F')))
		p++;
	if (p == end || *p != '\'' || (p - digits) % 2 != 0)
		return NULL;
	return p + 1;
}

static const char *skip_cast(const char *p, const char *end)
{
	if (!starts(p, end, CAST_HEAD))
		return NULL;
	p = skip_hex(p + strlen(CAST_HEAD), end);
	return p != NULL && starts(p, end, CAST_TAIL) ? p + strlen(CAST_TAIL) : NULL;
}

size_t literal_length(const char *text, const char *end)
{
	const char *after = NULL;

	if (text >= end)
		return 0;
	switch (*text) {
	case '\'':
		after = skip_quoted(text, end);
		break;
	case 'X':
		after = skip_hex(text, end);
		break;
	case 'C':
		after = skip_cast(text, end);
		break;
	case 'N':
		after = starts(text, end, "NULL") ? text + 4 : NULL;
		break;
	case 'R':
		after = skip_binary(text, end);
		break;
	default:
		after = skip_number(text, end);
		break;
	}
	return after != NULL ? (size_t)(after - text) : 0;
}

static int add_hex(struct buf *ret, const char *bytes, size_t len, struct err *err)
{
	static const char digits[] = "0123456789ABCDEF";
	char *dst = buf_reserve(ret, 2 * len, err);

	if (dst == NULL)
		return -1;
	for (size_t i = 0; i < len; i++) {
		*dst++ = digits[(unsigned char)bytes[i] >> 4];
		*dst++ = digits[(unsigned char)bytes[i] & 15];
	}
	buf_commit(ret, 2 * len);
	return 0;
}

int literal_add_blob(struct buf *ret, const char *bytes, size_t len, struct err *err)
{
	return buf_adds(ret, "X'", err) != 0 || add_hex(ret, bytes, len, err) != 0 ||
	    buf_adds(ret, "'", err) != 0 ? -1 : 0;
}

/* The bytes between `quote`s, with each of them doubled. */
static int add_quoted(struct buf *ret, char quote, const char *bytes, size_t len,
    struct err *err)
{
	const char *end = bytes + len, *next;

	if (buf_add(ret, &quote, 1, err) != 0)
		return -1;
	while ((next = memchr(bytes, quote, (size_t)(end - bytes))) != NULL) {
		if (buf_add(ret, bytes, (size_t)(next - bytes) + 1, err) != 0 ||
		    buf_add(ret, &quote, 1, err) != 0)
			return -1;
		bytes = next + 1;
	}
	return buf_add(ret, bytes, (size_t)(end - bytes), err) != 0 ||
	    buf_add(ret, &quote, 1, err) != 0 ? -1 : 0;
}

static bool has_crlf(const char *bytes, size_t len)
{
	const char *end = bytes + len, *p = bytes;

	while ((p = memchr(p, '\r', (size_t)(end - p))) != NULL) {
		if (++p < end && *p == '\n')
			return true;
	}
	return false;
}

bool literal_may_be_quoted(const char *bytes, size_t len)
{
	return memchr(bytes, '\0', len) == NULL && !has_crlf(bytes, len) &&
	    utf8_valid(bytes, len);
}

int literal_add_text(struct buf *ret, const char *bytes, size_t len, struct err *err)
{
	if (literal_may_be_quoted(bytes, len))
		return add_quoted(ret, '\'', bytes, len, err);
	return buf_adds(ret, CAST_HEAD, err) != 0 ||
	    literal_add_blob(ret, bytes, len, err) != 0 ||
	    buf_adds(ret, CAST_TAIL, err) != 0 ? -1 : 0;
}

int literal_add_name(struct buf *ret, const char *name, struct err *err)
{
	return add_quoted(ret, '"', name, strlen(name), err);
}

static bool unquote(const char *p, const char *end, struct buf *ret)
{
	const char *next;

	while ((next = memchr(p, '\'', (size_t)(end - p))) != NULL) {
		if (buf_add(ret, p, (size_t)(next - p) + 1, NULL) != 0)
			return false;
		p = next + 2;
	}
	return buf_add(ret, p, (size_t)(end - p), NULL) == 0;
}

static bool unhex(const char *p, size_t len, struct buf *ret)
{
	char *dst = buf_reserve(ret, len / 2, NULL);

	if (dst == NULL || !hex_decode(p, len, (unsigned char *)dst))
		return false;
	buf_commit(ret, len / 2);
	return true;
}

bool literal_bytes(const char *literal, size_t len, struct buf *ret, bool *ret_is_text)
{
	size_t head = strlen(CAST_HEAD), tail = strlen(CAST_TAIL);

	*ret_is_text = literal[0] != 'X';
	if (literal[0] == '\'')
		return unquote(literal + 1, literal + len - 1, ret);
	if (literal[0] == 'X')
		return unhex(literal + 2, len - 3, ret);
	if (literal[0] == 'C')
		return unhex(literal + head + 2, len - head - tail - 3, ret);
	return false;
}

bool literal_is_real(const char *literal, size_t len)
{
	switch (literal[0]) {
	case '\'': case 'X': case 'C': case 'N':
		return false;
	case 'R':
		return true;
	default:
		for (size_t i = 0; i < len; i++) {
			if ((literal[i] < '0' || literal[i] > '9') && literal[i] != '-')
				return true;
		}
		return false;
	}
}

static long clamp(long n, long most)
{
	return n > most ? most : n < -most ? -most : n;
}

/* The double a literal of a REAL stands for; `text` is the literal alone. */
static double real_of(const char *text)
{
	bool negative = text[0] == '-';
	char *rest;
	double value;

	if (text[negative] == 'I')
		return negative ? -INFINITY : INFINITY;
	if (text[0] == 'R') {
		long long mantissa = strtoll(text + 1, &rest, 10);

		return ldexp((double)mantissa, (int)clamp(strtol(rest + 1, NULL, 10), 100000));
	}
	value = strtod(text, &rest);
	while (*rest == '/')
		value /= strtod(rest + 1, &rest);
	while (*rest == '*')
		value *= strtod(rest + 1, &rest);
	return value;
}

/* False for what is no number. */
static bool read_real(const char *literal, size_t len, double *ret)
{
	char text[NUMBER_MAX_BYTES];

	if (len >= sizeof(text))
		return false;
	memcpy(text, literal, len);
	text[len] = '\0';
	*ret = real_of(text);
	return !isnan(*ret);
}

/* An engine's decimal may be wrong in its last place: not so at the limits that
 * tables/select.c draws, from well inside of them. */
bool literal_real_is_ordinary(const char *literal, size_t len)
{
	double value;

	return read_real(literal, len, &value) && fabs(value) > ORDINARY_LEAST &&
	    fabs(value) < ORDINARY_MOST;
}

static int add_real(struct buf *ret, const char *literal, size_t len, struct err *err)
{
	char canonical[QUOTE_REAL_SIZE];
	double value;

	if (!read_real(literal, len, &value))
		return err_set(err, ERR_CORRUPT, "a number of %zu characters that is none", len);
	quote_real(value, canonical);
	return buf_adds(ret, canonical, err);
}

int literal_add_canonical(struct buf *ret, const char *literal, size_t len, struct err *err)
{
	AUTO_BUF bytes = BUF_INIT(len);
	bool is_text;

	if (literal_is_real(literal, len))
		return add_real(ret, literal, len, err);
	if (literal[0] != 'C' && (literal[0] != '\'' || literal_may_be_quoted(literal, len)))
		return buf_add(ret, literal, len, err);
	if (!literal_bytes(literal, len, &bytes, &is_text))
		return err_set(err, ERR_CORRUPT, "a text value that cannot be read");
	return literal_add_text(ret, buf_str(&bytes), bytes.len, err);
}

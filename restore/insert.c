#include "restore/insert.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define HEAD "INSERT INTO "
#define INFINITE "9.0e+999"
/* So many digits fit 64 bits without a sign, whatever they are. */
#define INTEGER_MAX_DIGITS 19
/* Another digit might be too much; no REAL has as many. */
#define MANY_DIGITS UINT64_C(1000000000000000000)
#define REAL_MAX_CHARS 40
#define POWER_MAX_CHARS 5
/* Powers of ten that are doubles, and integers that are. */
#define EXACT_POWER 22
#define EXACT_INTEGER (UINT64_C(1) << 53)
/* Outside of these the dump writes no decimals (db/quote.h). */
#define SMALL 1e-60
#define LARGE 1e60

struct cursor {
	const char *at, *end;
	size_t whole;              /* bytes from the statement's beginning to `end` */
	struct insert *insert;
};

/* ---- pieces: each moves behind itself and says whether it was there ---- */

static bool take(struct cursor *c, const char *text, size_t len)
{
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	return true;
}

#define TAKE(cursor, literal) take(cursor, literal, sizeof(literal) - 1)

/* The quote that ends what begins at `p`, passing over doubled ones. */
static const char *find_quote(const char *p, const char *end, char quote, bool *ret_doubled)
{
	while ((p = memchr(p, quote, (size_t)(end - p))) != NULL) {
		if (p + 1 == end || p[1] != quote)
			return p;
		*ret_doubled = true;
		p += 2;
	}
	return NULL;
}

static bool take_name(struct cursor *c)
{
	bool doubled;
	const char *quote;

	if (!TAKE(c, "\""))
		return false;
	quote = find_quote(c->at, c->end, '"', &doubled);
	if (quote == NULL)
		return false;
	c->at = quote + 1;
	return true;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* ---- numbers ---- */

static bool read_integer(const char *digits, const char *end, bool negative, struct db_value *ret)
{
	uint64_t n = 0;

	if (end - digits > INTEGER_MAX_DIGITS)
		return false;
	for (; digits < end; digits++)
		n = 10 * n + (uint64_t)(*digits - '0');
	if (n > (uint64_t)INT64_MAX + negative)
		return false;
	ret->type = DB_INTEGER;
	ret->integer = (int64_t)(negative ? -n : n);
	return true;
}

/* Both numbers are doubles, so that IEEE 754 rounds once, to the nearest. */
static bool read_exactly(uint64_t digits, long power, double *ret)
{
	static const double powers[EXACT_POWER + 1] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	if (digits > EXACT_INTEGER || labs(power) > EXACT_POWER)
		return false;
	*ret = power < 0 ? (double)digits / powers[-power] : (double)digits * powers[power];
	return true;
}

/* e(+|-)digits; false: not as the dump writes it. */
static bool take_power(struct cursor *c, long *ret)
{
	const char *first = c->at, *after;

	*ret = 0;
	if (first == c->end || *first != 'e')
		return true;
	if (first + 1 == c->end || (first[1] != '+' && first[1] != '-'))
		return false;
	after = skip_digits(first + 2, c->end);
	if (after == first + 2 || after - first > POWER_MAX_CHARS)
		return false;
	*ret = strtol(first + 1, NULL, 10);
	c->at = after;
	return true;
}

/* What the dump spells as a decimal, any SQLite reads as the nearest double, as
 * strtod does (db/quote.h). */
static bool read_decimal(const char *text, size_t len, double *ret)
{
	if (len == sizeof(INFINITE) - 1 && memcmp(text, INFINITE, len) == 0) {
		*ret = INFINITY;
		return true;
	}
	*ret = strtod(text, NULL);
	return *ret >= SMALL && *ret <= LARGE;
}

/* digits.digits[e(+|-)digits]: `first` to `point` are digits. */
static bool take_real(struct cursor *c, const char *first, const char *point,
    struct db_value *ret)
{
	const char *after = skip_digits(point + 1, c->end);
	uint64_t digits = 0;
	long power;

	for (const char *p = first; p < after; p++) {
		if (digits >= MANY_DIGITS)
			return false;
		if (p != point)
			digits = 10 * digits + (uint64_t)(*p - '0');
	}
	c->at = after;
	if (after == point + 1 || after - first > REAL_MAX_CHARS || !take_power(c, &power))
		return false;
	ret->type = DB_REAL;
	return read_exactly(digits, power - (long)(after - point - 1), &ret->real) ||
	    read_decimal(first, (size_t)(c->at - first), &ret->real);
}

static bool take_number(struct cursor *c, struct db_value *ret)
{
	bool negative = TAKE(c, "-");
	const char *first = c->at, *after = skip_digits(first, c->end);

	if (after == first)
		return false;
	if (after == c->end || *after != '.') {
		c->at = after;
		return read_integer(first, after, negative, ret);
	}
	if (!take_real(c, first, after, ret))
		return false;
	ret->real = negative ? -ret->real : ret->real;
	return true;
}

/* ---- bytes ---- */

/* What is not in the text as it is comes into `spare`. Spelled out it is shorter
 * than in the text, so that room for as many bytes as the statement may have is
 * enough for all of them, and none moves under the values. */
static char *make_room(struct cursor *c, size_t len)
{
	struct buf *spare = &c->insert->spare;

	if (spare->len == 0)
		(void)buf_reserve(spare, c->whole, NULL);
	assert(spare->len + len < spare->cap);
	return spare->data + spare->len;
}

/* Of each two quotes one. Returns how many bytes are left. */
static size_t copy_undoubled(char *to, const char *p, const char *end)
{
	const char *begun = to, *quote;

	while ((quote = memchr(p, '\'', (size_t)(end - p))) != NULL) {
		to = mempcpy(to, p, (size_t)(quote + 1 - p));
		p = quote + 2;
	}
	to = mempcpy(to, p, (size_t)(end - p));
	return (size_t)(to - begun);
}

static bool take_text(struct cursor *c, struct db_value *ret)
{
	bool doubled = false;
	const char *first = c->at + 1, *quote = find_quote(first, c->end, '\'', &doubled);
	char *to;

	if (quote == NULL)
		return false;
	ret->type = DB_TEXT;
	ret->bytes = first;
	ret->len = (size_t)(quote - first);
	c->at = quote + 1;
	if (!doubled)
		return true;
	ret->bytes = to = make_room(c, ret->len);
	ret->len = copy_undoubled(to, first, quote);
	buf_commit(&c->insert->spare, ret->len);
	return true;
}

/* X'…', upper case. */
static bool take_hex(struct cursor *c, struct db_value *ret)
{
	const char *first, *p;
	char *to;

	if (!TAKE(c, "X'"))
		return false;
	for (first = p = c->at; p < c->end && ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'F')); )
		p++;
	if (p == c->end || *p != '\'' || (p - first) % 2 != 0)
		return false;
	ret->len = (size_t)(p - first) / 2;
	ret->bytes = to = make_room(c, ret->len);
	if (!hex_decode(first, (size_t)(p - first), (unsigned char *)to))
		return false;
	buf_commit(&c->insert->spare, ret->len);
	c->at = p + 1;
	return true;
}

static bool take_value(struct cursor *c, struct db_value *ret)
{
	if (c->at == c->end)
		return false;
	switch (*c->at) {
	case '\'':
		return take_text(c, ret);
	case 'N':
		ret->type = DB_NULL;
		return TAKE(c, "NULL");
	case 'X':
		ret->type = DB_BLOB;
		return take_hex(c, ret);
	case 'C':
		ret->type = DB_TEXT;
		return TAKE(c, "CAST(") && take_hex(c, ret) && TAKE(c, " AS TEXT)");
	default:
		return take_number(c, ret);
	}
}

/* ---- the statement ---- */

static void make_room_for_row(struct insert *insert)
{
	while (insert->cap - insert->count < insert->columns)
		insert->values = mem_grow(insert->values, insert->cap, &insert->cap,
		    sizeof(*insert->values));
}

static bool take_row(struct cursor *c)
{
	struct insert *insert = c->insert;

	if (!TAKE(c, "("))
		return false;
	make_room_for_row(insert);
	for (size_t i = 0; i < insert->columns; i++) {
		if ((i > 0 && !TAKE(c, ",")) || !take_value(c, &insert->values[insert->count++]))
			return false;
	}
	return TAKE(c, ")");
}

static bool take_head(struct cursor *c)
{
	struct insert *insert = c->insert;

	insert->head = c->at;
	if (!TAKE(c, HEAD))
		return false;
	insert->name = c->at + 1;
	if (!take_name(c))
		return false;
	insert->name_len = (size_t)(c->at - 1 - insert->name);
	if (!TAKE(c, "("))
		return false;
	insert->columns = 0;
	do {
		if (!take_name(c))
			return false;
		insert->columns++;
	} while (TAKE(c, ","));
	if (!TAKE(c, ") VALUES\n"))
		return false;
	insert->head_len = (size_t)(c->at - insert->head);
	return true;
}

size_t insert_read(struct insert *insert, const char *text, const char *end)
{
	struct cursor c = {
		.at = text, .end = end, .whole = (size_t)(end - text), .insert = insert,
	};

	insert->count = 0;
	insert->spare.max = SIZE_MAX / 4;
	buf_reset(&insert->spare);
	if (!take_head(&c))
		return 0;
	do {
		if (!take_row(&c))
			return 0;
	} while (TAKE(&c, ",\n"));
	return TAKE(&c, ";\n") ? (size_t)(c.at - text) : 0;
}

void insert_release(struct insert *insert)
{
	free(insert->values);
	buf_release(&insert->spare);
	*insert = (struct insert){ .head = NULL };
}

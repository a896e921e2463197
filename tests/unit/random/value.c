#include "tests/unit/random/value.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/quote.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define PIECE_MAX 64

void value_release(struct value *value)
{
	free(value->bytes);
	*value = (struct value){ .kind = VALUE_NULL };
}

void value_integer(struct value *ret, sqlite3_int64 integer)
{
	*ret = (struct value){ .kind = VALUE_INTEGER, .integer = integer };
}

static sqlite3_int64 random_integer(struct chance *c)
{
	static const int64_t special[] = {
		0, 1, -1, 127, 128, 255, 256, 32767, 32768, 65536, INT32_MAX, INT64_MAX, INT64_MIN, INT64_MAX - 1,
		INT64_MIN + 1,
	};
	int64_t ladder = INT64_C(1) << (52 + chance_below(c, 11));
	size_t shift = chance_below(c, 63);

	switch (chance_below(c, 4)) {
	case 0:
		return special[chance_below(c, COUNT(special))];
	case 1:
		ladder += (int64_t)chance_below(c, 5) - 2;
		return chance_below(c, 2) ? ladder : -ladder;
	case 2:
		return (int64_t)chance_below(c, 20) - 4;
	default:
		return (int64_t)chance_next(c) >> shift;
	}
}

static double random_real(struct chance *c)
{
	static const double special[] = {
		0.0, -0.0, 1.0, -1.0, 0.1, 0.3, 1e15, 1e16, 1e22, 1e23, 1e300, -1e-300, 5e-324, 2.2250738585072014e-308,
		1.7976931348623157e308, 9007199254740993.0, 9223372036854775807.0, -9223372036854775808.0, 123456.789,
		0.30000000000000004, 3.141592653589793, 1e-320, 100.0,
	};
	uint64_t bits = chance_next(c);
	double value;

	switch (chance_below(c, 5)) {
	case 0:
		return chance_below(c, 2) ? (double)INFINITY : -(double)INFINITY;
	case 1:
		memcpy(&value, &bits, sizeof(value));
		return isnan(value) ? 0.5 : value;
	case 2:
		return (double)random_integer(c);
	case 3:
		return ldexp((double)(bits >> 11), -(int)chance_below(c, 80));
	default:
		return special[chance_below(c, COUNT(special))];
	}
}

static size_t add_text_piece(char *to, struct chance *c, bool odd, bool nul)
{
	static const char *const plain[] = {
		"a", "Z", "alpha ", "beta ", "gamma ", "''", "'", "\n", "\r\n", "\r", "\n\r", "\\n", "\\r", "\\", "\"", ";", "--",
		"/*", "*/", "),\n(", ");\n", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbf\xbd",
		"\xef\xbb\xbf", "\xef\xbf\xbf", "\xd7\x90", "12", "0x1", "1e5", "-0", "9223372036854775808", " ", "\t", "NULL",
		"X'00'", "CAST(X'00' AS TEXT)", "%s", "%", "\x01", "\x7f", "BEGIN", "COMMIT;", "{\"a\":[1]}",
	};
	/* Not UTF-8; the third and fourth are lone surrogates, the fifth is a pair. */
	static const char *const ill[] = {
		"\xff", "\xc3", "\xed\xa0\x80", "\xed\xb0\x80", "\xed\xa0\xbd\xed\xb8\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xfe\xff",
		"\x80", "\xf0\x9f\x98",
	};
	const char *text;

	if (nul && chance_below(c, 5) == 0) {
		*to = '\0';
		return 1;
	}
	text = odd && chance_below(c, 4) == 0 ? ill[chance_below(c, COUNT(ill))] :
	    plain[chance_below(c, COUNT(plain))];
	memcpy(to, text, strlen(text));
	return strlen(text);
}

static char *random_bytes(struct chance *c, enum value_kind kind, size_t bytes, size_t *ret_len)
{
	bool odd = chance_below(c, 6) == 0, nul = chance_below(c, 8) == 0;
	char *text = mem_calloc(bytes + 32, 1);
	size_t len = 0;

	while (len < bytes) {
		if (kind == VALUE_TEXT)
			len += add_text_piece(text + len, c, odd, nul);
		else
			text[len++] = (char)chance_next(c);
	}
	*ret_len = len;
	return text;
}

/* Long ones repeat themselves, so that they cost little. */
static void make_bytes(struct value *ret, struct chance *c, enum value_kind kind, size_t bytes)
{
	*ret = (struct value){ .kind = kind, .count = 1 };
	ret->bytes = random_bytes(c, kind, bytes <= 300 ? bytes : 2 + chance_below(c, PIECE_MAX),
	    &ret->piece);
	if (bytes > 300)
		ret->count = bytes / ret->piece;
}

void value_long(struct value *ret, struct chance *c, enum value_kind kind, size_t bytes)
{
	*ret = (struct value){ .kind = kind, .piece = 4, .count = bytes / 4 };
	ret->bytes = mem_strdup(kind == VALUE_BLOB ? "\xff\x01\x02\x03" :
	    chance_below(c, 2) ? "\xf0\x9f\x98\x80" : "it's");
}

static size_t random_length(struct chance *c, size_t ceiling)
{
	size_t which = chance_below(c, 400), length;

	if (which < 1)
		length = chance_below(c, 300000);
	else if (which < 5)
		length = 20000 + chance_below(c, 80000);
	else if (which < 15)
		length = chance_below(c, 6000);
	else if (which < 45)
		length = 0;
	else
		length = chance_below(c, 24);
	return length < ceiling ? length : ceiling;
}

void value_of_kind(struct value *ret, struct chance *c, enum value_kind kind, size_t ceiling)
{
	*ret = (struct value){ .kind = kind };
	switch (kind) {
	case VALUE_NULL:
		break;
	case VALUE_INTEGER:
		ret->integer = random_integer(c);
		break;
	case VALUE_REAL:
		ret->real = random_real(c);
		break;
	case VALUE_TEXT:
	case VALUE_BLOB:
		make_bytes(ret, c, kind, random_length(c, ceiling));
		break;
	}
}

void value_random(struct value *ret, struct chance *c, size_t ceiling)
{
	static const enum value_kind kinds[] = {
		VALUE_NULL, VALUE_INTEGER, VALUE_INTEGER, VALUE_REAL, VALUE_REAL, VALUE_TEXT, VALUE_TEXT, VALUE_TEXT, VALUE_BLOB,
	};

	value_of_kind(ret, c, kinds[chance_below(c, COUNT(kinds))], ceiling);
}

void value_of_type(struct value *ret, struct chance *c, const char *type, size_t ceiling)
{
	enum value_kind kind;

	if (strncmp(type, "INT", 3) == 0)
		kind = VALUE_INTEGER;
	else if (strcmp(type, "REAL") == 0)
		kind = chance_below(c, 4) == 0 ? VALUE_INTEGER : VALUE_REAL;
	else if (strcmp(type, "TEXT") == 0)
		kind = VALUE_TEXT;
	else if (strcmp(type, "BLOB") == 0)
		kind = VALUE_BLOB;
	else
		kind = (enum value_kind)chance_below(c, 5);
	value_of_kind(ret, c, chance_below(c, 8) == 0 ? VALUE_NULL : kind, ceiling);
}

/* ---- handing over ---- */

static char *whole(const struct value *value)
{
	char *bytes = mem_calloc(value->piece * value->count + 1, 1);

	for (size_t i = 0; i < value->count; i++)
		memcpy(bytes + i * value->piece, value->bytes, value->piece);
	return bytes;
}

int value_bind(sqlite3_stmt *stmt, int at, const struct value *value)
{
	char *bytes = NULL;
	int rc;

	switch (value->kind) {
	case VALUE_INTEGER:
		return sqlite3_bind_int64(stmt, at, value->integer);
	case VALUE_REAL:
		return sqlite3_bind_double(stmt, at, value->real);
	case VALUE_TEXT:
		bytes = whole(value);
		return sqlite3_bind_text(stmt, at, bytes, (int)(value->piece * value->count), free);
	case VALUE_BLOB:
		bytes = whole(value);
		rc = sqlite3_bind_blob(stmt, at, bytes, (int)(value->piece * value->count), free);
		return rc;
	case VALUE_NULL:
		break;
	}
	return sqlite3_bind_null(stmt, at);
}

static void add_hex(sqlite3_str *ret, const struct value *value)
{
	sqlite3_str_appendall(ret, "X'");
	for (size_t i = 0; i < value->piece; i++)
		sqlite3_str_appendf(ret, "%02X", (unsigned char)value->bytes[i]);
	sqlite3_str_appendall(ret, "'");
}

static void add_bytes(sqlite3_str *ret, const struct value *value)
{
	sqlite3_str_appendall(ret, "CAST(");
	if (value->count > 1)
		sqlite3_str_appendf(ret, "replace(hex(zeroblob(%d)),'00',CAST(", (int)value->count);
	add_hex(ret, value);
	if (value->count > 1)
		sqlite3_str_appendall(ret, " AS TEXT))");
	sqlite3_str_appendf(ret, " AS %s)", value->kind == VALUE_TEXT ? "TEXT" : "BLOB");
}

void value_add_sql(sqlite3_str *ret, const struct value *value)
{
	char real[QUOTE_REAL_SIZE];

	switch (value->kind) {
	case VALUE_NULL:
		sqlite3_str_appendall(ret, "NULL");
		break;
	case VALUE_INTEGER:
		sqlite3_str_appendf(ret, "%lld", value->integer);
		break;
	case VALUE_REAL:
		quote_real(value->real, real);
		sqlite3_str_appendall(ret, real);
		break;
	case VALUE_TEXT:
	case VALUE_BLOB:
		add_bytes(ret, value);
	}
}

#include "tables/values.h"

#include <stdint.h>
#include <string.h>

#include "db/quote.h"
#include "tables/literal.h"
#include "base/word.h"

#define INTEGER_MAX_CHARS 20
/* A row with no more than this in texts and blobs is written into room for the
 * worst of it. */
#define SHORT_ROW_BYTES 65536

/* ---- into room that is there already: where the literal ends ---- */

/* Nothing in these eight bytes but, perhaps, quotes that a quoted text would have to
 * look at: no NUL, no CR, and nothing beyond ASCII. */
static bool is_plain(uint64_t word)
{
	return (word_any_beyond_ascii(word) | word_any_below(word, 1) | word_any_is(word, '\r')) == 0;
}

static char *double_quotes(char *dst, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		*dst++ = bytes[i];
		if (bytes[i] == '\'')
			*dst++ = '\'';
	}
	return dst;
}

/* All of a text that is plain, quotes doubled; NULL when it is not. */
static char *put_plain(char *dst, const char *bytes, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		word = word_load(bytes);
		if (!is_plain(word))
			return NULL;
		if (word_any_is(word, '\'') != 0) {
			dst = double_quotes(dst, bytes, sizeof(word));
			continue;
		}
		memcpy(dst, &word, sizeof(word));
		dst += sizeof(word);
	}
	word = WORD_ONES;
	memcpy(&word, bytes, len);
	return is_plain(word) ? double_quotes(dst, bytes, len) : NULL;
}

/* NULL when it cannot stand between quotes. */
static char *put_text(char *dst, const char *bytes, size_t len)
{
	char *end = put_plain(dst + 1, bytes, len);

	if (end == NULL && literal_may_be_quoted(bytes, len))
		end = double_quotes(dst + 1, bytes, len);
	if (end == NULL)
		return NULL;
	*dst = *end = '\'';
	return end + 1;
}

static char *put_blob(char *dst, const char *bytes, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	*dst++ = 'X';
	*dst++ = '\'';
	for (size_t i = 0; i < len; i++) {
		*dst++ = digits[(unsigned char)bytes[i] >> 4];
		*dst++ = digits[(unsigned char)bytes[i] & 15];
	}
	*dst++ = '\'';
	return dst;
}

static char *put_integer(char *dst, int64_t value)
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[INTEGER_MAX_CHARS], *p = digits + sizeof(digits);
	size_t len;

	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (value < 0)
		*--p = '-';
	len = (size_t)(digits + sizeof(digits) - p);
	memcpy(dst, p, len);
	return dst + len;
}

static char *put_value(char *dst, const struct db_value *value)
{
	switch (value->type) {
	case DB_NULL:
		memcpy(dst, "NULL", 4);
		return dst + 4;
	case DB_INTEGER:
		return put_integer(dst, value->integer);
	case DB_REAL:
		quote_real(value->real, dst);
		return dst + strlen(dst);
	case DB_TEXT:
		return put_text(dst, value->bytes, value->len);
	default:
		return put_blob(dst, value->bytes, value->len);
	}
}

/* The most that put_value() writes, and a comma. */
static size_t room_for(const struct db_value *value)
{
	switch (value->type) {
	case DB_REAL:
		return QUOTE_REAL_SIZE + 1;
	case DB_TEXT:
	case DB_BLOB:
		return 2 * value->len + 4;
	default:
		return INTEGER_MAX_CHARS + 1;
	}
}

/* 1; or 0 with nothing added: a long row, or one with a text that is no plain one. */
static int add_short_row(struct buf *ret, const struct db_value *values, size_t count,
    struct err *err)
{
	size_t room = 1, bytes = 0;
	char *dst, *p;

	for (size_t i = 0; i < count; i++) {
		bytes += values[i].type >= DB_TEXT ? values[i].len : 0;
		room += room_for(&values[i]);
	}
	if (bytes > SHORT_ROW_BYTES)
		return 0;
	dst = buf_reserve(ret, room, err);
	if (dst == NULL)
		return -1;
	p = dst;
	for (size_t i = 0; i < count && p != NULL; i++) {
		*p++ = i == 0 ? '(' : ',';
		p = put_value(p, &values[i]);
	}
	if (p == NULL)
		return 0;
	*p++ = ')';
	buf_commit(ret, (size_t)(p - dst));
	return 1;
}

/* ---- any row ---- */

static int add_value(struct buf *ret, const struct db_value *value, struct err *err)
{
	char text[QUOTE_REAL_SIZE];

	if (value->type == DB_TEXT)
		return literal_add_text(ret, value->bytes, value->len, err);
	if (value->type == DB_BLOB)
		return literal_add_blob(ret, value->bytes, value->len, err);
	return buf_add(ret, text, (size_t)(put_value(text, value) - text), err);
}

int values_add_tuple(struct buf *ret, const struct db_value *values, size_t count,
    struct err *err)
{
	int rc = add_short_row(ret, values, count, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	for (size_t i = 0; i < count; i++) {
		if (buf_add(ret, i == 0 ? "(" : ",", 1, err) != 0 ||
		    add_value(ret, &values[i], err) != 0)
			return -1;
	}
	return buf_add(ret, ")", 1, err);
}

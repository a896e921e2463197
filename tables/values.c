#include "tables/values.h"

#include <stdint.h>
#include <string.h>

#include "db/quote.h"
#include "tables/literal.h"
#include "base/word.h"

#define INTEGER_MAX_CHARS 20

/* Nothing in these eight bytes that a quoted text would have to look at: no quote,
 * NUL, CR, and nothing beyond ASCII. */
static bool is_plain(uint64_t word)
{
	return (word_any_beyond_ascii(word) | word_any_below(word, 1) | word_any_is(word, '\'') |
	    word_any_is(word, '\r')) == 0;
}

/* Copy text that is plain, which most is; false, with nothing said of what was
 * written to `dst`, at the first byte that is not. */
static bool copy_plain(char *dst, const char *bytes, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		word = word_load(bytes);
		if (!is_plain(word))
			return false;
		memcpy(dst, &word, sizeof(word));
		bytes += sizeof(word);
		dst += sizeof(word);
	}
	word = WORD_ONES;
	memcpy(&word, bytes, len);
	if (!is_plain(word))
		return false;
	memcpy(dst, bytes, len);
	return true;
}

/* ---- values of a few bytes, into room that is there already ---- */

static char *put_text(char *dst, const char *bytes, size_t len)
{
	if (!copy_plain(dst + 1, bytes, len))
		return NULL;
	dst[0] = dst[len + 1] = '\'';
	return dst + len + 2;
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

/* Where the literal ends, or NULL for one that takes more than this. */
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
		return NULL;
	}
}

/* ---- any value ---- */

static size_t room_for(const struct db_value *value)
{
	switch (value->type) {
	case DB_REAL:
		return QUOTE_REAL_SIZE;
	case DB_TEXT:
		return value->len + 2;
	default:
		return INTEGER_MAX_CHARS;
	}
}

static int add_value(struct buf *ret, const struct db_value *value, struct err *err)
{
	char *dst = buf_reserve(ret, room_for(value), err), *end;

	if (dst == NULL)
		return -1;
	end = put_value(dst, value);
	if (end != NULL) {
		buf_commit(ret, (size_t)(end - dst));
		return 0;
	}
	return value->type == DB_TEXT ?
	    literal_add_text(ret, value->bytes, value->len, err) :
	    literal_add_blob(ret, value->bytes, value->len, err);
}

int values_add_tuple(struct buf *ret, const struct db_value *values, size_t count,
    struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (buf_add(ret, i == 0 ? "(" : ",", 1, err) != 0 ||
		    add_value(ret, &values[i], err) != 0)
			return -1;
	}
	return buf_add(ret, ")", 1, err);
}

/* The values of rows whose place is known already: nothing here can fail. */
#include "net/d1_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/word.h"

static unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static unsigned four_digits(const char *p)
{
	unsigned code = 0;

	for (int i = 0; i < 4; i++)
		code = code << 4 | hex_digit(p[i]);
	return code;
}

static char *put_utf8(char *dst, unsigned code)
{
	if (code < 0x80) {
		*dst++ = (char)code;
	} else if (code < 0x800) {
		*dst++ = (char)(0xc0 | code >> 6);
		*dst++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*dst++ = (char)(0xe0 | code >> 12);
		*dst++ = (char)(0x80 | (code >> 6 & 0x3f));
		*dst++ = (char)(0x80 | (code & 0x3f));
	} else {
		*dst++ = (char)(0xf0 | code >> 18);
		*dst++ = (char)(0x80 | (code >> 12 & 0x3f));
		*dst++ = (char)(0x80 | (code >> 6 & 0x3f));
		*dst++ = (char)(0x80 | (code & 0x3f));
	}
	return dst;
}

/* \uXXXX, or two of them that make one character; half a pair is U+FFFD. */
static char *put_unicode(char *dst, const char **p)
{
	unsigned code = four_digits(*p + 2), low;

	*p += 6;
	if (code < 0xd800 || code > 0xdfff)
		return put_utf8(dst, code);
	if (code < 0xdc00 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		low = four_digits(*p + 2);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*p += 6;
			return put_utf8(dst, 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00)));
		}
	}
	return put_utf8(dst, 0xfffd);
}

static char *put_escape(char *dst, const char **p)
{
	char c = (*p)[1];

	switch (c) {
	case 'u':
		return put_unicode(dst, p);
	case 'b': c = '\b'; break;
	case 'f': c = '\f'; break;
	case 'n': c = '\n'; break;
	case 'r': c = '\r'; break;
	case 't': c = '\t'; break;
	default: break;
	}
	*dst = c;
	*p += 2;
	return dst + 1;
}

/* The next quote or backslash of a string that is known to end. Eight bytes at a
 * time never leave the text: behind a row's string come at least "]]}}]} and a NUL. */
static char *next_special(char *p)
{
	for (;; p += sizeof(uint64_t)) {
		uint64_t word = word_load(p);

		if ((word_any_is(word, '"') | word_any_is(word, '\\')) != 0)
			break;
	}
	while (*p != '"' && *p != '\\')
		p++;
	return p;
}

/* From behind the opening quote to behind the closing one. What follows an escape
 * moves down, for that takes more bytes than it means. */
static char *decode_string(char *text, size_t *ret_len)
{
	char *from = next_special(text), *to = from;

	while (*from != '"') {
		const char *escape = from;
		char *next;
		size_t len;

		to = put_escape(to, &escape);
		from += escape - from;
		next = next_special(from);
		len = (size_t)(next - from);
		memmove(to, from, len);
		to += len;
		from = next;
	}
	*to = '\0';
	*ret_len = (size_t)(to - text);
	return from + 1;
}

static char *over_blanks(char *p)
{
	return p + strspn(p, " \n\t\r");
}

/* The cell at `p`; returns where the ',' or ']' behind it stands, or the NUL of a
 * number in its place: how many cells and rows there are is known. */
static char *decode_cell(char *p, struct d1_cell *ret)
{
	char *end;

	if (*p == '"') {
		ret->text = p + 1;
		return over_blanks(decode_string(p + 1, &ret->len));
	}
	*ret = (struct d1_cell){ NULL, 0 };
	end = p + strcspn(p, ", \n\t\r]");
	if (*p != 'n')
		*ret = (struct d1_cell){ p, (size_t)(end - p) };
	p = over_blanks(end);
	*end = '\0';
	return p;
}

/* From '[' to behind ']'. */
static char *decode_row(char *p, struct d1_cell *cells, size_t columns)
{
	for (size_t i = 0; i < columns; i++)
		p = decode_cell(over_blanks(p + 1), &cells[i]);
	return p + 1;
}

void d1_rows_decode(struct d1_cut *cut, char *text)
{
	for (size_t i = 0; i < cut->count; i++) {
		struct d1_rows *rows = &cut->sets[i];
		char *p = text + rows->begins;

		rows->cells = mem_calloc(rows->count * rows->columns, sizeof(*rows->cells));
		for (size_t row = 0; row < rows->count; row++) {
			p = over_blanks(p + 1);   /* behind the array's '[', or a ',' */
			p = over_blanks(decode_row(p, &rows->cells[row * rows->columns], rows->columns));
		}
	}
}

void d1_cut_release(struct d1_cut *cut)
{
	for (size_t i = 0; i < cut->count; i++)
		free(cut->sets[i].cells);
	free(cut->sets);
	*cut = (struct d1_cut){ .sets = NULL };
}

#include "net/d1_rows.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "base/word.h"

/* Nobody's answer nests deeper where it is plainly of the shape. */
#define MAX_DEPTH 16

/* Where in the document a value stands. */
enum place { ELSEWHERE, DOCUMENT, RESULT, STATEMENT, RESULTS, ROWS };

struct walk {
	const char *text, *at, *end;
	const char *kept;        /* up to here it is in the rest, or was cut out */
	struct d1_cut *cut;
	struct buf *rest;
};

static void skip_blanks(struct walk *w)
{
	while (w->at < w->end && (*w->at == ' ' || *w->at == '\n' || *w->at == '\t' || *w->at == '\r'))
		w->at++;
}

static bool take(struct walk *w, char c)
{
	skip_blanks(w);
	if (w->at == w->end || *w->at != c)
		return false;
	w->at++;
	return true;
}

/* To the next quote, backslash or control character, or the end. */
static const char *skip_ordinary(const char *p, const char *end)
{
	for (; (size_t)(end - p) >= sizeof(uint64_t); p += sizeof(uint64_t)) {
		uint64_t word = word_load(p);

		if ((word_any_below(word, 0x20) | word_any_is(word, '"') | word_any_is(word, '\\')) != 0)
			break;
	}
	while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes of the escape at `p`, 0 when it is none. */
static size_t escape_length(const char *p, const char *end)
{
	if (end - p < 2)
		return 0;
	switch (p[1]) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
		return 2;
	case 'u':
		break;
	default:
		return 0;
	}
	if (end - p < 6)
		return 0;
	for (int i = 2; i < 6; i++) {
		if (!is_hex(p[i]))
			return 0;
	}
	return 6;
}

static bool skip_string(struct walk *w)
{
	if (!take(w, '"'))
		return false;
	for (;;) {
		size_t escape;

		w->at = skip_ordinary(w->at, w->end);
		if (w->at == w->end)
			return false;
		if (*w->at == '"')
			break;
		escape = *w->at == '\\' ? escape_length(w->at, w->end) : 0;
		if (escape == 0)
			return false;
		w->at += escape;
	}
	w->at++;
	return true;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* -?digits[.digits][e[+-]digits], no 0 before other digits */
static bool skip_number(struct walk *w)
{
	const char *p = w->at, *digits;

	if (p < w->end && *p == '-')
		p++;
	digits = p;
	p = skip_digits(p, w->end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return false;
	if (p < w->end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, w->end);
		if (p == digits)
			return false;
	}
	if (p < w->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < w->end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, w->end);
		if (p == digits)
			return false;
	}
	w->at = p;
	return true;
}

static bool skip_word(struct walk *w, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(w->end - w->at) < n || memcmp(w->at, word, n) != 0)
		return false;
	w->at += n;
	return true;
}

/* What may stand in a row: a blob, which comes as an array, was not asked for. */
static bool skip_cell(struct walk *w)
{
	skip_blanks(w);
	if (w->at == w->end)
		return false;
	switch (*w->at) {
	case '"':
		return skip_string(w);
	case 'n':
		return skip_word(w, "null");
	default:
		return skip_number(w);
	}
}

static bool skip_row(struct walk *w, size_t *ret_columns)
{
	*ret_columns = 0;
	if (!take(w, '['))
		return false;
	do {
		if (!skip_cell(w))
			return false;
		(*ret_columns)++;
	} while (take(w, ','));
	return take(w, ']');
}

/* From '[' to behind ']'; rows of no columns, or of different ones, are odd. */
static bool skip_rows(struct walk *w, struct d1_rows *ret)
{
	*ret = (struct d1_rows){ .begins = (size_t)(w->at - w->text) };
	if (!take(w, '['))
		return false;
	if (take(w, ']'))
		return true;
	do {
		size_t columns;

		if (!skip_row(w, &columns) || (ret->count > 0 && columns != ret->columns))
			return false;
		ret->columns = columns;
		ret->count++;
	} while (take(w, ','));
	return take(w, ']');
}

/* An array stays, empty, where the rows were. */
static bool cut_rows(struct walk *w)
{
	struct d1_cut *cut = w->cut;

	skip_blanks(w);
	if (buf_add(w->rest, w->kept, (size_t)(w->at - w->kept), NULL) != 0 ||
	    buf_adds(w->rest, "[]", NULL) != 0)
		return false;
	cut->sets = mem_grow(cut->sets, cut->count, &cut->cap, sizeof(*cut->sets));
	if (!skip_rows(w, &cut->sets[cut->count]))
		return false;
	cut->count++;
	w->kept = w->at;
	return true;
}

static enum place member_place(enum place place, const char *name, size_t len)
{
	static const struct { enum place in; const char *name; enum place is; } known[] = {
		{ DOCUMENT, "result", RESULT }, { STATEMENT, "results", RESULTS }, { RESULTS, "rows", ROWS },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].in == place && strlen(known[i].name) == len &&
		    memcmp(known[i].name, name, len) == 0)
			return known[i].is;
	}
	return ELSEWHERE;
}

static bool skip_value(struct walk *w, enum place place, int depth);

static bool skip_object(struct walk *w, enum place place, int depth)
{
	w->at++;
	if (take(w, '}'))
		return true;
	do {
		const char *name;
		size_t len;

		skip_blanks(w);
		name = w->at + 1;
		if (!skip_string(w))
			return false;
		len = (size_t)(w->at - name) - 1;
		if (!take(w, ':') || !skip_value(w, member_place(place, name, len), depth))
			return false;
	} while (take(w, ','));
	return take(w, '}');
}

static bool skip_array(struct walk *w, enum place place, int depth)
{
	w->at++;
	if (take(w, ']'))
		return true;
	do {
		if (!skip_value(w, place == RESULT ? STATEMENT : ELSEWHERE, depth))
			return false;
	} while (take(w, ','));
	return take(w, ']');
}

static bool skip_value(struct walk *w, enum place place, int depth)
{
	if (place == ROWS)
		return cut_rows(w);
	skip_blanks(w);
	if (w->at == w->end || depth == MAX_DEPTH)
		return false;
	switch (*w->at) {
	case '{':
		return skip_object(w, place, depth + 1);
	case '[':
		return skip_array(w, place, depth + 1);
	case 't':
		return skip_word(w, "true");
	case 'f':
		return skip_word(w, "false");
	default:
		return skip_cell(w);
	}
}

bool d1_rows_find(struct d1_cut *cut, const char *text, size_t len, struct buf *ret_rest)
{
	struct walk w = { .text = text, .at = text, .end = text + len, .kept = text,
		.cut = cut, .rest = ret_rest };

	*cut = (struct d1_cut){ .sets = NULL };
	if (utf8_valid(text, len) && skip_value(&w, DOCUMENT, 0)) {
		skip_blanks(&w);
		if (w.at == w.end && cut->count > 0 &&
		    buf_add(ret_rest, w.kept, (size_t)(w.end - w.kept), NULL) == 0)
			return true;
	}
	d1_cut_release(cut);
	return false;
}

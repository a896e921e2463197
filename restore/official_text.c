/* The statements of an official export, as text. */
#include "restore/official.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/quote.h"
#include "tables/ddl.h"
#include "tables/literal.h"

/* A ";", a line end, and the longest of begins_statement(). */
#define LOOK_AHEAD 40

static bool begins_with(const char *text, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/* ---- where a statement ends ---- */

/* Behind what is quoted from `p` on; `end` when it does not end. */
static const char *skip_quoted(const char *p, const char *end)
{
	char quote = *p++;

	for (; p < end; p++) {
		if (*p != quote)
			continue;
		if (p + 1 == end || p[1] != quote)
			return p + 1;
		p++;
	}
	return end;
}

/* Does nothing that is quoted run past `len`? The last byte is no quote. */
static bool quotes_are_closed(const char *text, size_t len)
{
	const char *p = text, *end = text + len;

	while (p < end) {
		const char *next = p + 1;

		if (*p == '\'' || *p == '"') {
			next = skip_quoted(p, end);
			if (next == end)
				return false;
		}
		p = next;
	}
	return true;
}

/* What the exporter begins a statement with. */
static bool begins_statement(const char *text, size_t len)
{
	static const char *const words[] = {
		"CREATE ", "INSERT INTO \"", "DELETE FROM sqlite_sequence;", "ANALYZE sqlite_schema;",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (begins_with(text, len, words[i]))
			return true;
	}
	return len == 0;
}

/* Is `text` whole up to its ";"? What is behind it tells whether the ";" stands in
 * a comment that the statement ends in. */
static bool is_whole(const char *text, size_t len, const char *rest, size_t rest_len)
{
	AUTO_STR copy = NULL;

	/* A row of values has no comments, and may have NULs. */
	if (begins_with(text, len, "INSERT INTO "))
		return text[len - 2] == ')' && quotes_are_closed(text, len);
	copy = mem_strndup(text, len);
	if (sqlite3_complete(copy))
		return true;
	copy[len - 1] = '\0';
	return ddl_comment_end(copy)[0] != '\0' && begins_statement(rest, rest_len);
}

size_t official_statement(const char *text, size_t len, bool last, size_t *from)
{
	for (size_t i = *from; i < len; i++) {
		bool ends_line = i + 1 < len ? text[i + 1] == '\n' : last;
		size_t behind = i + 1 < len ? i + 2 : len;

		if (text[i] != ';')
			continue;
		/* How the next one begins has to be there to be seen. */
		if (len - i < LOOK_AHEAD && !last) {
			*from = i;
			return 0;
		}
		if (ends_line && is_whole(text, i + 1, text + behind, len - behind)) {
			*from = 0;
			return behind;
		}
	}
	*from = len;
	return 0;
}

/* ---- what is mended ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

/* 'text': its bytes spelled by us where a NUL is among them. */
static int mend_text(struct buf *ret, const char *text, size_t len, struct err *err)
{
	AUTO_BUF bytes = BUF_INIT(64u << 20);

	if (memchr(text, '\0', len) == NULL)
		return buf_add(ret, text, len, err);
	for (size_t i = 1; i + 1 < len; i++) {
		if (text[i] == '\'')
			i++;
		if (buf_add(&bytes, text + i, 1, err) != 0)
			return -1;
	}
	return literal_add_text(ret, bytes.data, bytes.len, err);
}

static int add_real(struct buf *ret, const char *word, struct err *err)
{
	char real[QUOTE_REAL_SIZE];

	quote_real(strtod(word, NULL), real);
	return buf_adds(ret, real, err);
}

/* A number, a name or a keyword; "1e+21" is one word. */
static int mend_word(struct buf *ret, const char *word, size_t len, struct err *err)
{
	AUTO_STR copy = NULL;

	if (len == 8 && memcmp(word, "Infinity", 8) == 0)
		return buf_adds(ret, "9.0e+999", err);
	if (word[0] < '0' || word[0] > '9' || len > 400)
		return buf_add(ret, word, len, err);
	copy = mem_strndup(word, len);
	errno = 0;
	if (strspn(copy, "0123456789") == len && (strtoll(copy, NULL, 10), errno == 0))
		return buf_add(ret, word, len, err);
	return strspn(copy, "0123456789.e+-") == len ? add_real(ret, copy, err) :
	    buf_add(ret, word, len, err);
}

static size_t word_length(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && (is_word(*p) || ((*p == '+' || *p == '-') && p > start && p[-1] == 'e' &&
	    start[0] >= '0' && start[0] <= '9')))
		p++;
	return (size_t)(p - start);
}

static int mend_insert(struct buf *ret, const char *p, const char *end, struct err *err)
{
	while (p < end) {
		size_t len = 1;
		int rc;

		if (*p == '\'' || *p == '"') {
			len = (size_t)(skip_quoted(p, end) - p);
			rc = *p == '\'' ? mend_text(ret, p, len, err) : buf_add(ret, p, len, err);
		} else if (is_word(*p)) {
			len = word_length(p, end);
			rc = mend_word(ret, p, len, err);
		} else {
			rc = buf_add(ret, p, 1, err);
		}
		if (rc != 0)
			return -1;
		p += len;
	}
	return 0;
}

int official_mend(struct buf *ret, const char *statement, size_t len, struct err *err)
{
	AUTO_STR copy = NULL;

	if (begins_with(statement, len, "INSERT INTO "))
		return mend_insert(ret, statement, statement + len, err);
	while (len > 0 && (statement[len - 1] == '\n' || statement[len - 1] == ';'))
		len--;
	copy = mem_strndup(statement, len);
	return buf_addf(ret, err, "%s%s;\n", copy, ddl_comment_end(copy));
}

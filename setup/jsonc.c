#include "setup/jsonc.h"

#include <stdbool.h>
#include <string.h>

/* The index after the string that begins at `i`. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++) {
		if (text[i] == '\\')
			i++;
	}
	return i < len ? i + 1 : len;
}

static bool begins(const char *text, size_t len, size_t i, const char *two)
{
	return i + 1 < len && text[i] == two[0] && text[i + 1] == two[1];
}

/* Blank out the comment that begins at `i`; the index after it. */
static size_t blank_comment(char *text, size_t len, size_t i)
{
	bool block = text[i + 1] == '*';
	size_t end = i + 2;

	while (end < len && !(block ? begins(text, len, end, "*/") : text[end] == '\n'))
		end++;
	if (block)
		end = end + 2 < len ? end + 2 : len;
	for (; i < end; i++) {
		if (text[i] != '\n' && text[i] != '\r')
			text[i] = ' ';
	}
	return end;
}

static void blank_comments(char *text, size_t len)
{
	for (size_t i = 0; i < len; ) {
		if (text[i] == '"')
			i = skip_string(text, len, i);
		else if (begins(text, len, i, "//") || begins(text, len, i, "/*"))
			i = blank_comment(text, len, i);
		else
			i++;
	}
}

static void blank_commas(char *text, size_t len)
{
	for (size_t i = 0; i < len; ) {
		size_t next = i + 1;

		if (text[i] == '"') {
			i = skip_string(text, len, i);
			continue;
		}
		while (next < len && strchr(" \t\r\n", text[next]) != NULL && text[next] != '\0')
			next++;
		if (text[i] == ',' && next < len && (text[next] == ']' || text[next] == '}'))
			text[i] = ' ';
		i++;
	}
}

void jsonc_strip(char *text, size_t len)
{
	/* A byte order mark, which editors of Windows write. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		memset(text, ' ', 3);
	blank_comments(text, len);
	blank_commas(text, len);
}

#include "base/log_json.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

#define WORDS_MAX 8
#define TAIL 3                  /* "}\n after the message */

struct out {
	char *at;
	size_t room;
};

static void put(struct out *out, const char *bytes, size_t len)
{
	if (len > out->room)
		return;
	memcpy(out->at, bytes, len);
	out->at += len;
	out->room -= len;
}

static void puts_to(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

/* The character at `p`: its bytes, or 0 where there is none. */
static size_t character(const char *p, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++) {
		if (utf8_valid(p, n))
			return n;
	}
	return 0;
}

/* A string's inside, as far as it fits before what must still follow. */
static void put_escaped(struct out *out, const char *text, size_t len, size_t reserve)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		bool special = text[i] == '"' || text[i] == '\\';

		n = character(text + i, len - i);
		if (out->room < reserve + n + 2)
			return;
		if (special)
			put(out, "\\", 1);
		if (n == 0 || (unsigned char)text[i] < 0x20)
			put(out, "?", 1);
		else
			put(out, text + i, n);
		n = n > 0 ? n : 1;
	}
}

static size_t digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

/* One word of the head: "job=3". */
struct word {
	const char *name, *value;
	size_t name_len, value_len;
};

/* The word at `p`, which a space or ": " must end; where it ends, or NULL. */
static const char *read_word(const char *p, struct word *ret)
{
	ret->name = p;
	ret->name_len = strspn(p, "abcdefghijklmnopqrstuvwxyz_");
	if (ret->name_len == 0 || p[ret->name_len] != '=')
		return NULL;
	ret->value = p + ret->name_len + 1;
	ret->value_len = strcspn(ret->value, " ");
	p = ret->value + ret->value_len;
	if (*p == ' ' && ret->value_len > 0 && p[-1] == ':')
		ret->value_len--;
	return *p == ' ' && ret->value_len > 0 && ret->value_len <= 300 ? p : NULL;
}

/* The words up to the colon; where the message begins. No colon: no words. */
static const char *read_head(const char *text, struct word words[WORDS_MAX], size_t *ret_count)
{
	const char *p = text;

	for (size_t i = 0; i < WORDS_MAX; i++) {
		p = read_word(p, &words[i]);
		if (p == NULL)
			break;
		if (p[-1] == ':') {
			*ret_count = i + 1;
			return p + 1;
		}
		p++;
	}
	*ret_count = 0;
	return text;
}

static void put_word(struct out *out, const struct word *word)
{
	/* No leading zero, and what every reader holds exactly. */
	bool number = word->value_len <= 15 && digits(word->value, word->value_len) == word->value_len &&
	    (word->value[0] != '0' || word->value_len == 1);

	puts_to(out, ",\"");
	put(out, word->name, word->name_len);
	puts_to(out, number ? "\":" : "\":\"");
	put_escaped(out, word->value, word->value_len, 64);
	puts_to(out, number ? "" : "\"");
}

size_t log_json(char *ret, size_t size, const char *time, const char *level, const char *text)
{
	struct out out = { ret, size };
	struct word words[WORDS_MAX];
	size_t count;
	const char *message = read_head(text, words, &count);

	puts_to(&out, "{\"time\":\"");
	puts_to(&out, time);
	puts_to(&out, "\",\"level\":\"");
	puts_to(&out, level);
	puts_to(&out, "\"");
	for (size_t i = 0; i < count && out.room > 800; i++)
		put_word(&out, &words[i]);
	puts_to(&out, ",\"message\":\"");
	put_escaped(&out, message, strlen(message), TAIL);
	puts_to(&out, "\"}\n");
	return (size_t)(out.at - ret);
}

#include "net/xml.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void xml_init(struct xml *xml, const char *text, size_t len)
{
	*xml = (struct xml){ .at = text, .end = text + len };
}

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_CORRUPT, "not the XML of an S3 server: %s", what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct xml *xml)
{
	while (xml->at < xml->end && is_blank(*xml->at))
		xml->at++;
}

static bool looking_at(const struct xml *xml, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(xml->end - xml->at) >= n && memcmp(xml->at, s, n) == 0;
}

/* Past the next `s`, which must come. */
static int skip_past(struct xml *xml, const char *s, struct err *err)
{
	const char *found = memmem(xml->at, (size_t)(xml->end - xml->at), s, strlen(s));

	if (found == NULL)
		return bad(err, "it ends too early");
	xml->at = found + strlen(s);
	return 0;
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '-' || c == '.' || c == ':';
}

static int read_name(struct xml *xml, struct err *err)
{
	size_t n = 0;

	while (xml->at < xml->end && is_name_char(*xml->at)) {
		if (n + 1 == XML_MAX_NAME)
			return bad(err, "a name is too long");
		xml->name[n++] = *xml->at++;
	}
	xml->name[n] = '\0';
	return n > 0 ? 0 : bad(err, "a name is missing");
}

/* Attributes mean nothing here; they are passed over, quotes respected. */
static int skip_attributes(struct xml *xml, struct err *err)
{
	while (xml->at < xml->end && *xml->at != '>' && *xml->at != '/') {
		char c = *xml->at++;

		if (c == '<')
			return bad(err, "a \"<\" inside a tag");
		if (c == '"' && skip_past(xml, "\"", err) != 0)
			return -1;
		if (c == '\'' && skip_past(xml, "'", err) != 0)
			return -1;
	}
	return xml->at < xml->end ? 0 : bad(err, "it ends inside a tag");
}

static int start_tag(struct xml *xml, enum xml_event *ret, struct err *err)
{
	if (xml->depth == XML_MAX_DEPTH)
		return bad(err, "it is nested too deep");
	if (xml->depth == 0 && xml->seen_root)
		return bad(err, "it has two roots");
	if (read_name(xml, err) != 0 || skip_attributes(xml, err) != 0)
		return -1;
	if (looking_at(xml, "/>"))
		xml->empty = 1, xml->at += 2;
	else if (*xml->at == '>')
		xml->at++;
	else
		return bad(err, "a \"/\" inside a tag");
	memcpy(xml->names[xml->depth++], xml->name, sizeof(xml->name));
	xml->seen_root = 1;
	*ret = XML_START;
	return 0;
}

static int stop_tag(struct xml *xml, enum xml_event *ret, struct err *err)
{
	if (read_name(xml, err) != 0)
		return -1;
	skip_blanks(xml);
	if (!looking_at(xml, ">"))
		return bad(err, "a closing tag does not end");
	xml->at++;
	if (xml->depth == 0 || strcmp(xml->names[xml->depth - 1], xml->name) != 0)
		return bad(err, "a closing tag without its opening one");
	xml->depth--;
	*ret = XML_STOP;
	return 0;
}

static size_t put_utf8(uint32_t c, char ret[4])
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret[0] = (char)(0xc0 | c >> 6);
		ret[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		ret[0] = (char)(0xe0 | c >> 12);
		ret[1] = (char)(0x80 | (c >> 6 & 63));
		ret[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	ret[0] = (char)(0xf0 | c >> 18);
	ret[1] = (char)(0x80 | (c >> 12 & 63));
	ret[2] = (char)(0x80 | (c >> 6 & 63));
	ret[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* "#65" or "#x41": 0 when it is no character XML allows. */
static uint32_t numbered_character(const char *name)
{
	bool hex = name[1] == 'x';
	const char *digits = name + (hex ? 2 : 1);
	size_t n = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
	unsigned long c;

	if (n == 0 || n > 7 || digits[n] != '\0')
		return 0;
	c = strtoul(digits, NULL, hex ? 16 : 10);
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c == 0xfffe || c == 0xffff)
		return 0;
	if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
		return 0;
	return (uint32_t)c;
}

static uint32_t entity_character(const char *name)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0)
			return (uint32_t)known[i].c;
	}
	return name[0] == '#' ? numbered_character(name) : 0;
}

static int add_entity(struct xml *xml, struct buf *text, struct err *err)
{
	size_t left = (size_t)(xml->end - xml->at);
	const char *semicolon = memchr(xml->at, ';', left < 12 ? left : 12);
	char name[12], utf8[4];
	size_t len;
	uint32_t c;

	if (semicolon == NULL)
		return bad(err, "a \"&\" that begins no entity");
	len = (size_t)(semicolon - xml->at) - 1;
	memcpy(name, xml->at + 1, len);
	name[len] = '\0';
	c = entity_character(name);
	if (c == 0)
		return bad(err, "an entity it may not have");
	xml->at = semicolon + 1;
	return buf_add(text, utf8, put_utf8(c, utf8), err);
}

static int read_text(struct xml *xml, struct buf *text, struct err *err)
{
	while (xml->at < xml->end && *xml->at != '<') {
		const char *from = xml->at;

		while (xml->at < xml->end && *xml->at != '<' && *xml->at != '&') {
			if (*xml->at == '\0')
				return bad(err, "a NUL byte");
			xml->at++;
		}
		if (buf_add(text, from, (size_t)(xml->at - from), err) != 0)
			return -1;
		if (xml->at < xml->end && *xml->at == '&' && add_entity(xml, text, err) != 0)
			return -1;
	}
	return utf8_valid(text->data, text->len) ? 0 : bad(err, "it is not UTF-8");
}

static int markup(struct xml *xml, enum xml_event *ret, struct err *err)
{
	xml->at++;
	if (looking_at(xml, "/")) {
		xml->at++;
		return stop_tag(xml, ret, err);
	}
	if (looking_at(xml, "!") || looking_at(xml, "?"))
		return bad(err, "a declaration it may not have");
	return start_tag(xml, ret, err);
}

/* Before the root: a byte order mark, the XML declaration, blanks. */
static int skip_prologue(struct xml *xml, struct err *err)
{
	if (looking_at(xml, "\xef\xbb\xbf"))
		xml->at += 3;
	if (looking_at(xml, "<?xml ") && skip_past(xml, "?>", err) != 0)
		return -1;
	return 0;
}

int xml_next(struct xml *xml, enum xml_event *ret, struct buf *text, struct err *err)
{
	buf_reset(text);
	if (xml->empty) {
		xml->empty = 0;
		xml->depth--;
		*ret = XML_STOP;
		return 0;
	}
	if (xml->depth == 0) {
		if (!xml->seen_root && skip_prologue(xml, err) != 0)
			return -1;
		skip_blanks(xml);
	}
	if (xml->at == xml->end) {
		*ret = XML_END;
		return xml->depth == 0 && xml->seen_root ? 0 : bad(err, "it ends too early");
	}
	if (*xml->at == '<')
		return markup(xml, ret, err);
	if (xml->depth == 0)
		return bad(err, "text outside the root");
	*ret = XML_TEXT;
	return read_text(xml, text, err);
}

#include "net/s3_xml.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "net/xml.h"

#define MAX_TEXT 8192   /* of one element: a key of 1,024 bytes, thrice encoded */

static bool percent_decode(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++, to++) {
		unsigned char c;

		*to = *s;
		if (*s != '%')
			continue;
		if (s[1] == '\0' || s[2] == '\0' || !hex_decode(s + 1, 2, &c) || c == 0)
			return false;
		*to = (char)c;
		s += 2;
	}
	*to = '\0';
	return true;
}

/* What is known of the page while it is read. */
struct page_reader {
	struct s3_page *page;
	bool encoded;
	bool has_key, has_size;   /* of the Contents being read */
	struct s3_entry entry;
};

static bool inside(const struct xml *xml, const char *a, const char *b)
{
	size_t depth = b != NULL ? 3 : 2;

	return xml->depth == depth && strcmp(xml->names[1], a) == 0 &&
	    (b == NULL || strcmp(xml->names[2], b) == 0);
}

static int read_size(const char *text, int64_t *ret, struct err *err)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 18 || text[n] != '\0')
		return err_set(err, ERR_CORRUPT, "a listing with a size that is no number");
	*ret = strtoll(text, NULL, 10);
	return 0;
}

/* "2026-11-22T02:17:00.000Z", with or without the fraction. What is spelled otherwise
 * is as good as not told. */
static int64_t read_moment(const char *text)
{
	const char *rest = text + strspn(text, "0123456789-:T");
	AUTO_STR whole = mem_printf("%.*sZ", (int)(rest - text), text);
	int64_t at;

	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	return strcmp(rest, "Z") == 0 && stamp_parse(whole, &at) ? at : 0;
}

static void set_str(char **field, const char *value)
{
	free(*field);
	*field = mem_strdup(value);
}

static int take_text(struct page_reader *r, const struct xml *xml, const char *text,
    struct err *err)
{
	if (inside(xml, "Contents", "Key")) {
		set_str(&r->entry.key, text);
		r->has_key = true;
	} else if (inside(xml, "Contents", "Size")) {
		r->has_size = true;
		return read_size(text, &r->entry.bytes, err);
	} else if (inside(xml, "Contents", "LastModified")) {
		r->entry.modified_at = read_moment(text);
	} else if (inside(xml, "IsTruncated", NULL)) {
		r->page->truncated = strcmp(text, "true") == 0;
	} else if (inside(xml, "NextContinuationToken", NULL)) {
		set_str(&r->page->next_token, text);
	} else if (inside(xml, "EncodingType", NULL)) {
		r->encoded = strcmp(text, "url") == 0;
	}
	return 0;
}

static int end_entry(struct page_reader *r, struct err *err)
{
	struct s3_page *page = r->page;

	if (!r->has_key || !r->has_size)
		return err_set(err, ERR_CORRUPT, "a listing with an object that has no %s",
		    r->has_key ? "size" : "key");
	page->entries = mem_grow(page->entries, page->count, &page->cap, sizeof(*page->entries));
	page->entries[page->count++] = r->entry;
	r->entry = (struct s3_entry){ 0 };
	r->has_key = r->has_size = false;
	return 0;
}

static int read_event(struct page_reader *r, const struct xml *xml, enum xml_event event,
    const struct buf *text, struct err *err)
{
	if (event == XML_START && xml->depth == 1 && strcmp(xml->name, "ListBucketResult") != 0)
		return err_set(err, ERR_CORRUPT, "not a listing but <%s>", xml->name);
	if (event == XML_TEXT)
		return take_text(r, xml, buf_str(text), err);
	if (event == XML_STOP && xml->depth == 1 && strcmp(xml->name, "Contents") == 0)
		return end_entry(r, err);
	return 0;
}

static int decode_page(struct s3_page *page, struct err *err)
{
	bool ok = true;

	for (size_t i = 0; i < page->count; i++)
		ok = percent_decode(page->entries[i].key) && ok;
	return ok ? 0 : err_set(err, ERR_CORRUPT, "a listing with a key that is not percent-encoded");
}

static int read_page(struct page_reader *r, struct xml *xml, struct buf *text, struct err *err)
{
	enum xml_event event;

	do {
		if (xml_next(xml, &event, text, err) != 0 ||
		    read_event(r, xml, event, text, err) != 0)
			return -1;
	} while (event != XML_END);
	if (r->page->truncated && r->page->next_token == NULL)
		return err_set(err, ERR_CORRUPT, "a truncated listing without its token");
	return r->encoded ? decode_page(r->page, err) : 0;
}

int s3_page_read(struct s3_page *ret, const char *text, size_t len, struct err *err)
{
	struct page_reader r = { .page = ret };
	struct xml xml;
	AUTO_BUF element = BUF_INIT(MAX_TEXT);
	int rc;

	*ret = (struct s3_page){ 0 };
	xml_init(&xml, text, len);
	rc = read_page(&r, &xml, &element, err);
	free(r.entry.key);
	if (rc != 0)
		s3_page_release(ret);
	return rc;
}

void s3_page_release(struct s3_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->entries[i].key);
	free(page->entries);
	free(page->next_token);
	*page = (struct s3_page){ 0 };
}

static void copy_printable(char *ret, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 1 < size; text++)
		ret[n++] = *text >= 0x20 && *text < 0x7f ? *text : ' ';
	ret[n] = '\0';
}

void s3_error_read(const char *text, size_t len, char ret_code[S3_CODE_SIZE],
    char ret_message[S3_MESSAGE_SIZE])
{
	enum xml_event event = XML_START;
	struct xml xml;
	AUTO_BUF element = BUF_INIT(len);

	ret_code[0] = ret_message[0] = '\0';
	xml_init(&xml, text, len);
	while (event != XML_END && xml_next(&xml, &event, &element, NULL) == 0) {
		if (event != XML_TEXT || strcmp(xml.names[0], "Error") != 0)
			continue;
		if (inside(&xml, "Code", NULL))
			copy_printable(ret_code, S3_CODE_SIZE, buf_str(&element));
		else if (inside(&xml, "Message", NULL))
			copy_printable(ret_message, S3_MESSAGE_SIZE, buf_str(&element));
	}
}

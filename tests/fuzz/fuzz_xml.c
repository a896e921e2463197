/*
 * What an S3 server sends (net/xml.h, net/s3_xml.h): events that nest, text that
 * is text, and pages that can be relied on.
 */
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "net/s3_xml.h"
#include "net/xml.h"
#include "tests/fuzz/fuzz.h"

static void check_events(const char *text, size_t len)
{
	AUTO_BUF element = BUF_INIT(1024);
	struct err err = ERR_INIT;
	enum xml_event event = XML_START;
	struct xml xml;
	size_t open = 0;

	xml_init(&xml, text, len);
	while (event != XML_END) {
		if (xml_next(&xml, &event, &element, &err) != 0) {
			REQUIRE(err.code == ERR_CORRUPT || err.code == ERR_TOO_BIG);
			return;
		}
		if (event == XML_START)
			REQUIRE(++open <= XML_MAX_DEPTH && xml.name[0] != '\0');
		if (event == XML_STOP)
			REQUIRE(open-- > 0);
		if (event == XML_TEXT)
			REQUIRE(open > 0 && element.len > 0 && utf8_valid(element.data, element.len) &&
			    memchr(element.data, '\0', element.len) == NULL);
	}
	REQUIRE(open == 0 && xml.at == xml.end);
}

static void check_page(const char *text, size_t len)
{
	static const struct s3_page empty;
	struct err err = ERR_INIT;
	struct s3_page page;

	if (s3_page_read(&page, text, len, &err) != 0) {
		REQUIRE(err.code == ERR_CORRUPT || err.code == ERR_TOO_BIG);
		REQUIRE(memcmp(&page, &empty, sizeof(page)) == 0);
		return;
	}
	for (size_t i = 0; i < page.count; i++)
		REQUIRE(page.entries[i].key != NULL && page.entries[i].key[0] != '\0' &&
		    page.entries[i].bytes >= 0);
	REQUIRE(!page.truncated || page.next_token != NULL);
	s3_page_release(&page);
}

static void check_line(const char *text, size_t size)
{
	REQUIRE(strnlen(text, size) < size);
	for (; *text != '\0'; text++)
		REQUIRE(*text >= 0x20 && *text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size > 0 ? (const char *)data : "";
	char code[S3_CODE_SIZE], message[S3_MESSAGE_SIZE];

	check_events(text, size);
	check_page(text, size);
	s3_error_read(text, size, code, message);
	check_line(code, sizeof(code));
	check_line(message, sizeof(message));
	return 0;
}

#include "net/s3_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/xml.h"
#include "tests/unit/unit.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define LIST "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define END "</ListBucketResult>"
#define OBJECT(key, size) "<Contents><Key>" key "</Key><LastModified>2026-11-22T02:17:00.000Z</LastModified>" \
	"<ETag>&quot;abc&quot;</ETag><Size>" size "</Size></Contents>"

static int read_page(struct s3_page *ret, const char *text, struct err *err)
{
	/* From the heap, without a NUL: a sanitizer sees who reads too far. */
	size_t len = strlen(text);
	char *copy = malloc(len + (len == 0));
	int rc;

	memcpy(copy, text, len);
	rc = s3_page_read(ret, copy, len, err);
	free(copy);
	return rc;
}

START_TEST(reads_a_page)
{
	static const char text[] = HEAD LIST
	    "<Name>b</Name><Prefix>a/</Prefix><MaxKeys>1000</MaxKeys><KeyCount>2</KeyCount>\n"
	    "<IsTruncated>true</IsTruncated>" OBJECT("a/x&amp;&lt;&gt;&quot;&apos;&#65;&#x42;", "12")
	    "<Contents><Size>9007199254740993</Size><Owner><ID>1</ID></Owner><Key>a/+%2B</Key></Contents>"
	    "<CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes><Delimiter/>"
	    "<NextContinuationToken>t==</NextContinuationToken>" END "\n";
	struct s3_page page;

	ck_assert_int_eq(read_page(&page, text, NULL), 0);
	ck_assert_uint_eq(page.count, 2);
	ck_assert_str_eq(page.entries[0].key, "a/x&<>\"'AB");
	ck_assert_int_eq(page.entries[0].bytes, 12);
	ck_assert_str_eq(page.entries[1].key, "a/+%2B");   /* not said to be encoded */
	ck_assert_int_eq(page.entries[1].bytes, 9007199254740993);
	ck_assert(page.truncated);
	ck_assert_str_eq(page.next_token, "t==");
	s3_page_release(&page);
}
END_TEST

START_TEST(decodes_keys_where_told)
{
	static const char text[] = LIST "<EncodingType>url</EncodingType>"
	    OBJECT("a%2Fb%20c+%2B%c3%bc", "0") "<CommonPrefixes><Prefix>a%2F</Prefix></CommonPrefixes>"
	    "<IsTruncated>false</IsTruncated>" END;
	struct s3_page page;

	ck_assert_int_eq(read_page(&page, text, NULL), 0);
	ck_assert_str_eq(page.entries[0].key, "a/b c++\xc3\xbc");
	ck_assert(!page.truncated);
	ck_assert_ptr_null(page.next_token);
	s3_page_release(&page);
	ck_assert_int_eq(read_page(&page, "\xef\xbb\xbf<ListBucketResult/>", NULL), 0);
	ck_assert_uint_eq(page.count, 0);
	s3_page_release(&page);
}
END_TEST

START_TEST(refuses_hostile_pages)
{
	static const char *const cases[] = {
		"", " ", "<", "<a", "<a>", "</a>", "<a></b>", "<a/><b/>", "text", "<a/>text",
		"{\"success\":true}", "<html><body>hi</body></html>", "<Error><Code>x</Code></Error>",
		"<!DOCTYPE x [<!ENTITY a \"b\">]>" LIST END,
		LIST "<!-- x -->" END, LIST "<![CDATA[x]]>" END, LIST "<?php ?>" END,
		LIST OBJECT("&nbsp;", "1") END, LIST OBJECT("&#0;", "1") END,
		LIST OBJECT("&#xD800;", "1") END, LIST OBJECT("&#x110000;", "1") END,
		LIST OBJECT("&#99999999999999999999;", "1") END, LIST OBJECT("&#;", "1") END,
		LIST OBJECT("&#x;", "1") END, LIST OBJECT("&;", "1") END, LIST OBJECT("&amp", "1") END,
		LIST OBJECT("&#1;", "1") END, LIST OBJECT("&#-5;", "1") END, LIST OBJECT("&# 5;", "1") END,
		LIST OBJECT("\xff\xfe", "1") END, LIST OBJECT("a", "-1") END, LIST OBJECT("a", "1e3") END,
		LIST OBJECT("a", "9999999999999999999") END, LIST OBJECT("a", "") END,
		LIST OBJECT("", "1") END, LIST "<Contents><Key>a</Key></Contents>" END,
		LIST "<Contents><Size>1</Size></Contents>" END, LIST "<Contents/>" END,
		LIST "<IsTruncated>true</IsTruncated>" END,
		LIST "<EncodingType>url</EncodingType>" OBJECT("a%", "1") END,
		LIST "<EncodingType>url</EncodingType>" OBJECT("a%2", "1") END,
		LIST "<EncodingType>url</EncodingType>" OBJECT("a%zz", "1") END,
		LIST "<EncodingType>url</EncodingType>" OBJECT("a%00b", "1") END,
		LIST "<a b=\"</a>" END, LIST "<a <b/>" END, LIST "<a/b/>" END, LIST "<>" END,
		LIST "<a><b><c><d><e><f><g><h><i>" END,
		LIST "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>" END,
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct s3_page page;

		ck_assert_msg(read_page(&page, cases[i], &err) != 0, "accepted: %s", cases[i]);
		ck_assert_msg(err.code == ERR_CORRUPT, "%s: %s", cases[i], err.msg);
		ck_assert_ptr_null(page.entries);
	}
}
END_TEST

START_TEST(bounds_a_text)
{
	static char text[30000];
	struct err err = ERR_INIT;
	struct s3_page page;
	int n = snprintf(text, sizeof(text), LIST "<Contents><Key>");

	memset(text + n, 'k', 20000);
	(void)snprintf(text + n + 20000, 200, "</Key><Size>1</Size></Contents>" END);
	ck_assert_int_ne(read_page(&page, text, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
}
END_TEST

START_TEST(survives_every_cut_and_every_flip)
{
	static const char whole[] = HEAD LIST "<IsTruncated>true</IsTruncated>" OBJECT("a&amp;b", "12")
	    "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"
	    "<NextContinuationToken>t</NextContinuationToken>" END;
	char text[sizeof(whole)];

	for (size_t i = 0; i < strlen(whole); i++) {
		struct s3_page page;
		char code[S3_CODE_SIZE], message[S3_MESSAGE_SIZE];

		memcpy(text, whole, sizeof(whole));
		text[i] = '\0';
		ck_assert_int_ne(read_page(&page, text, NULL), 0);
		for (int c = 1; c < 256; c += 3) {
			memcpy(text, whole, sizeof(whole));
			text[i] = (char)c;
			if (read_page(&page, text, NULL) == 0)
				s3_page_release(&page);
			s3_error_read(text, strlen(text), code, message);
		}
	}
}
END_TEST

START_TEST(reads_refusals)
{
	static const struct {
		const char *text, *code, *message;
	} cases[] = {
		{ HEAD "<Error><Code>NoSuchKey</Code><Message>The key &quot;x&quot;\nis\xc3\xbc gone</Message></Error>",
		    "NoSuchKey", "The key \"x\" is   gone" },
		{ "<Error><RequestId>1</RequestId><Code>A</Code></Error>", "A", "" },
		{ "<Error><Nested><Code>A</Code></Nested></Error>", "", "" },
		{ "<html><Code>A</Code></html>", "", "" },
		{ "{}", "", "" }, { "", "", "" },
		{ "<Error><Code>Half</Code><Mess", "Half", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char code[S3_CODE_SIZE], message[S3_MESSAGE_SIZE];

		s3_error_read(cases[i].text, strlen(cases[i].text), code, message);
		ck_assert_str_eq(code, cases[i].code);
		ck_assert_str_eq(message, cases[i].message);
	}
}
END_TEST

START_TEST(tells_events_in_order)
{
	static const char text[] = "<a x='>' y=\">\"><b/>t<c>u</c></a>";
	static const struct {
		enum xml_event event;
		const char *what;
	} expected[] = {
		{ XML_START, "a" }, { XML_START, "b" }, { XML_STOP, "b" }, { XML_TEXT, "t" },
		{ XML_START, "c" }, { XML_TEXT, "u" }, { XML_STOP, "c" }, { XML_STOP, "a" },
		{ XML_END, "a" },
	};
	struct xml xml;
	AUTO_BUF b;

	buf_init(&b, 10);
	xml_init(&xml, text, strlen(text));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		enum xml_event event;

		ck_assert_int_eq(xml_next(&xml, &event, &b, NULL), 0);
		ck_assert_int_eq(event, expected[i].event);
		ck_assert_str_eq(event == XML_TEXT ? buf_str(&b) : xml.name, expected[i].what);
	}
}
END_TEST

UNIT_CASE(s3_xml)
{
	tcase_add_test(tc, reads_a_page);
	tcase_add_test(tc, decodes_keys_where_told);
	tcase_add_test(tc, refuses_hostile_pages);
	tcase_add_test(tc, bounds_a_text);
	tcase_add_test(tc, survives_every_cut_and_every_flip);
	tcase_add_test(tc, reads_refusals);
	tcase_add_test(tc, tells_events_in_order);
}

/*
 * The two documents of S3 that d1keep reads: a page of ListObjectsV2, and the
 * answer that says why not. Pure; the text is hostile.
 */
#ifndef D1KEEP_NET_S3_XML_H
#define D1KEEP_NET_S3_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct s3_entry {
	char *key;
	int64_t bytes;
	int64_t modified_at;     /* Unix seconds; 0: not told */
};

/* One page. Keys are decoded where the page says <EncodingType>url; '+' stays what it
 * is. */
struct s3_page {
	struct s3_entry *entries;
	size_t count, cap;
	bool truncated;
	char *next_token;        /* or NULL */
};

/* ERR_CORRUPT unless it is a whole ListBucketResult, whose every key has a
 * size, and which has a token when it is truncated. */
int s3_page_read(struct s3_page *ret, const char *xml, size_t len, struct err *err);
void s3_page_release(struct s3_page *page);

#define S3_CODE_SIZE 64
#define S3_MESSAGE_SIZE 201

/* <Error><Code>…</Code><Message>…</Message>: both as printable ASCII, cut to
 * their sizes; both empty when this is no such document. */
void s3_error_read(const char *xml, size_t len, char ret_code[S3_CODE_SIZE],
    char ret_message[S3_MESSAGE_SIZE]);

#endif

/*
 * AWS Signature Version 4 for S3, header form, pure: no clock, no I/O.
 * Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * and CLOUDFLARE.md 8.2 (service "s3", region "auto" on R2; the path is signed
 * as it is sent; query names and values RFC 3986-encoded, sorted, "name=" for
 * an empty value).
 */
#ifndef D1KEEP_NET_SIGV4_H
#define D1KEEP_NET_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

struct sigv4_param {
	const char *name;   /* not yet encoded */
	const char *value;
};

struct sigv4_header {
	const char *name;   /* lower case */
	const char *value;
};

struct sigv4_request {
	const char *method;
	const char *path;             /* encoded, as sent: "/bucket/a%20b" */
	const struct sigv4_param *params;
	size_t param_count;
	/* Signed headers besides host, x-amz-date, x-amz-content-sha256 and
	 * x-amz-security-token, in any order. */
	const struct sigv4_header *headers;
	size_t header_count;
	const char *host;             /* as in the Host header, with a port if any */
	const char *payload_sha256;   /* 64 hex digits */
	const char *region;
	const char *service;
	const struct secret *access_key_id;
	const struct secret *secret_access_key;
	const struct secret *session_token;  /* or NULL / unset */
	int64_t at;                   /* Unix seconds */
};

struct sigv4_result {
	char date[20];                /* for x-amz-date: 20261122T021700Z */
	char *authorization;          /* the whole header value; free it */
};

int sigv4_sign(const struct sigv4_request *request, struct sigv4_result *ret, struct err *err);

/* Append `s` percent-encoded as RFC 3986 (unreserved kept); '/' is kept with
 * `keep_slash`. */
int sigv4_encode(struct buf *ret, const char *s, int keep_slash, struct err *err);

/* Append the canonical (sorted, encoded) query string, which is also the one
 * to send. */
int sigv4_query(struct buf *ret, const struct sigv4_param *params, size_t count,
    struct err *err);

#endif

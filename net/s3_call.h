/*
 * One signed request to a bucket, for net/s3.c and net/s3_list.c alone.
 */
#ifndef D1KEEP_NET_S3_CALL_H
#define D1KEEP_NET_S3_CALL_H

#include <stdatomic.h>

#include "net/s3.h"
#include "net/s3_error.h"
#include "net/sigv4.h"
#include "net/url.h"

struct s3 {
	struct http *http;         /* not owned */
	const struct clock *clock; /* not owned */
	struct url url;
	char *bucket;
	char *region;
	struct secret access_key_id;
	struct secret secret_access_key;
	struct secret session_token;
	int (*may_send)(void *ctx, struct err *err);   /* s3_guard; or NULL */
	void *may_send_ctx;
	atomic_int_least64_t writes, reads, deletes;   /* struct s3_operations */
};

struct s3_call {
	const char *method;
	const char *key;           /* NULL: the bucket itself */
	const struct sigv4_param *params;
	size_t param_count;
	const void *body;          /* or NULL */
	size_t body_len;
	const char *content_type;  /* or NULL */
	bool if_absent;
	const char *if_match;      /* or NULL: an ETag as it was sent */
	bool guarded;              /* by s3_guard */
	enum http_stop stop;
	const struct http_pace *pace;   /* or NULL */
	size_t max_answer_bytes;
};

/* 0 with an answer of status 2xx; else the err of net/s3.h, and `ret` holds no
 * body but keeps status and tries. */
int s3_do(struct s3 *s3, const struct s3_call *call, struct http_response *ret,
    struct err *err);

#endif

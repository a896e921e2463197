/*
 * What an S3 server's refusal means to a person. Pure.
 */
#ifndef D1KEEP_NET_S3_ERROR_H
#define D1KEEP_NET_S3_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/http.h"

/* Where the request went, for the messages. */
struct s3_place {
	const char *origin;        /* "https://host" */
	const char *bucket;
	const char *key;           /* or NULL: the request was for the bucket */
	const char *access_key_id; /* an identifier, not a secret */
	int64_t now;               /* this machine's clock, Unix seconds */
};

/* Fills `err` for an answer whose status is not 2xx, as net/s3.h says.
 * Returns -1. */
int s3_error(const struct s3_place *place, const struct http_response *response,
    struct err *err);

/* A 4xx that S3 servers give to a request that was fine but got lost halfway,
 * or that met another one: worth a second try. */
bool s3_error_is_transient(const struct http_response *response);

#endif

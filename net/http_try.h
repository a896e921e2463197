/*
 * One try of a request on one libcurl easy handle; net/http.c decides what
 * comes of it.
 */
#ifndef D1KEEP_NET_HTTP_TRY_H
#define D1KEEP_NET_HTTP_TRY_H

#include <curl/curl.h>
#include <stdbool.h>

#include "net/http.h"

enum try_result {
	TRY_ANSWERED,     /* a whole answer, whatever its status */
	TRY_LOST,         /* no connection, or it broke: may work next time */
	TRY_TOO_BIG,
	TRY_INTERRUPTED,
	TRY_IMPOSSIBLE,   /* TLS refused, no URL: it never will */
	TRY_FILE,         /* the file behind a source or a sink fails */
};

struct try_outcome {
	enum try_result result;
	bool sent;        /* the request may have reached the server */
	char what[256];   /* the failure in words, or "HTTP 503"; holds no secret */
};

/* Resets `easy`, then uses it; `ret` is overwritten and holds an answer only
 * when the result is TRY_ANSWERED. */
void http_try(CURL *easy, const struct http_options *options,
    const struct http_request *request, struct http_response *ret,
    struct try_outcome *ret_outcome);

/* What libcurl's failure means, and words for it. `ret` knows already whether
 * the request was sent. libcurl's own `tls_message` is used for TLS alone, where
 * it says which check failed and holds nothing secret. */
void http_failure(CURL *easy, CURLcode code, const struct http_options *options,
    const char *tls_message, struct try_outcome *ret);

#endif

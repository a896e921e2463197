/*
 * Bodies that go from a file and into a file: libcurl's callbacks for net/http_try.c.
 */
#ifndef D1KEEP_NET_HTTP_FILE_H
#define D1KEEP_NET_HTTP_FILE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/http.h"
#include "net/http_try.h"

/* The files of one try. */
struct http_file_io {
	const struct http_source *source;   /* or NULL */
	struct http_sink *sink;             /* or NULL */
	int64_t sent;                       /* how much of the source */
	int sys;                            /* errno of what failed, or 0 */
	bool writing;                       /* it was the sink that failed */
	bool shrunk;                        /* the source ended before its time */
	bool too_big;                       /* for the sink */
};

/* Empty the sink; false when it cannot be. */
bool http_file_begin(struct http_file_io *io);
/* Append to the sink; false when it fails or is full. */
bool http_file_write(struct http_file_io *io, const char *data, size_t len);

/* CURLOPT_READFUNCTION and CURLOPT_SEEKFUNCTION; `io` is a struct http_file_io. */
size_t http_file_read(char *data, size_t size, size_t count, void *io);
int http_file_seek(void *io, curl_off_t offset, int origin);

/* What failed, in words. */
void http_file_failure(const struct http_file_io *io, struct try_outcome *ret);

#endif

/*
 * HTTP over libcurl, and the one place where requests are retried.
 *
 * A `struct http` may be used by several threads at once: it keeps a pool of
 * easy handles (so connections are reused) behind a lock. TLS certificates are
 * always verified. No redirect is followed, and no proxy credential, header or
 * query of a URL ever appears in an error.
 *
 * Retried, with exponential back-off and full jitter, at most `retries` times:
 * connection failures and cut answers, 408, 429, 500, 502, 503, 504, 52x. A
 * Retry-After (seconds or an HTTP date) is waited for instead; one of more than
 * 300 s ends the matter. A 429 with a Retry-After also blocks the budget: all
 * processes of this host wait.
 * A request marked not `repeatable` is retried only where it cannot have been
 * carried out (never sent; 429; 503; what its judge calls HTTP_NOT_DONE).
 *
 * What is too long for memory goes from a file and into a file (struct
 * http_source, struct http_sink).
 */
#ifndef D1KEEP_NET_HTTP_H
#define D1KEEP_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

struct http;
struct budget;

struct http_options {
	const char *ca_file;         /* a private authority (PEM), or NULL: the system's */
	const struct clock *clock;   /* must outlive the struct http, as the budget */
	struct budget *budget;       /* spent before every request, or NULL; not owned */
	unsigned retries;            /* after the first try */
	unsigned connect_timeout_ms;
	unsigned stall_timeout_ms;   /* an answer that stands still this long is lost */
};

struct http *http_new(const struct http_options *options);
void http_free(struct http *http);

#define HTTP_MAX_HEADERS 16

/* Answers with an error status are kept up to this length whatever
 * max_answer_bytes says, and cut there. */
#define HTTP_ERROR_BYTES 65536

struct http_response {
	int status;
	struct buf body;
	char etag[96];               /* as sent, with its quotes; or empty */
	char content_type[96];
	int64_t content_length;      /* -1 when not told */
	int64_t date;                /* the server's clock, Unix seconds; 0: not told */
	int64_t last_modified;       /* by that clock; 0: not told */
	int64_t retry_after_ms;      /* -1 when not told */
	unsigned tries;              /* 1 when the first went through */
};

enum http_verdict {
	HTTP_BY_STATUS,              /* as the list above says */
	HTTP_FINAL,                  /* an answer to hand over */
	HTTP_AGAIN,                  /* transient */
	HTTP_NOT_DONE,               /* transient, and nothing was carried out */
};

/* A body of `bytes` bytes: the beginning of a file. Every try reads it anew, by
 * position. */
struct http_source {
	int fd;
	int64_t bytes;
};

/* The file that takes the body of an answer with status 2xx, and nothing else.
 * It is emptied before each try. */
struct http_sink {
	int fd;
	int64_t max_bytes;           /* ERR_TOO_BIG beyond */
	int64_t bytes;               /* set: what has been written */
};

/* For a request that is to be tried otherwise than the client's others. */
struct http_pace {
	unsigned retries;            /* after the first try */
	int64_t max_delay_ms;        /* the longest back-off; Retry-After is obeyed all the same */
	unsigned stall_timeout_ms;
};

/* When a stop is requested (base/stop.h), a request ends… */
enum http_stop {
	HTTP_STOPS,                  /* at once */
	HTTP_STOPS_BETWEEN_TRIES,    /* when what has been sent is answered */
	HTTP_STOPS_NEVER,            /* as if none were */
};

struct http_request {
	const char *method;          /* "GET", "PUT", … */
	const char *url;
	/* "Name: value" lines, NULL-terminated; may hold secrets. */
	const char *headers[HTTP_MAX_HEADERS + 1];
	const void *body;            /* or NULL */
	size_t body_len;
	const struct http_source *source;   /* the body instead, or NULL */
	struct http_sink *sink;      /* or NULL */
	bool repeatable;             /* carrying it out twice does no harm */
	/* Every sending is a try that is counted: libcurl by itself sends a request
	 * again when a connection it kept turns out to be dead. */
	bool counted;
	bool compressed;             /* ask for a compressed answer; it arrives unpacked */
	size_t max_answer_bytes;     /* ERR_TOO_BIG beyond */
	bool unbudgeted;             /* not to the API: spends nothing, and blocks nobody */
	enum http_stop stop;
	unsigned timeout_ms;         /* for one try, all in all; 0: as long as it moves */
	const char *shown;           /* what errors call the server, where even its name is
	                              * nobody's business; NULL: its origin */
	const struct http_pace *pace;   /* NULL: the client's own */
	/* Called before each try when not NULL: fills in headers that depend on
	 * the time (a signature). It may set `headers` of its argument; strings
	 * stay the caller's. */
	int (*sign)(void *ctx, struct http_request *request, struct err *err);
	void *sign_ctx;
	/* When not NULL, looks at every answer that arrived whole (D1 puts
	 * overload into a 400, and a query that is too big into a 500). A request
	 * with a judge also gets its last answer when the tries are used up, so
	 * that the caller can say what was in it. */
	enum http_verdict (*judge)(void *ctx, const struct http_response *response);
	void *judge_ctx;
	/* Set by http_do: the last try was sent, and no answer to it arrived. */
	bool in_doubt;
};

void http_response_release(struct http_response *response);

/* Carry out a request. 0 whenever an HTTP answer that is not to be retried
 * arrived, whatever its status. Else ERR_AGAIN (retries used up; the message
 * names each distinct failure and how often it came), ERR_TOO_BIG,
 * ERR_INTERRUPTED, or ERR_FAILED (TLS, a URL that is none, a file that cannot be
 * read or written). On success the
 * caller releases `ret`; on failure it is empty. Not-repeatable requests that
 * may have been carried out end with ERR_AGAIN and a message that says so. */
int http_do(struct http *http, struct http_request *request,
    struct http_response *ret, struct err *err);

/* How many tries since http_new came after the first of their request. */
uint64_t http_retries(struct http *http);

/* How many seconds the server's clock is ahead of this machine's, by the newest
 * answer that told its time; false when none has. */
bool http_clock_skew(struct http *http, int64_t *ret_seconds);

#endif

/*
 * When to try again: the rules of net/http.c, pure.
 */
#ifndef D1KEEP_NET_RETRY_H
#define D1KEEP_NET_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RETRY_FIRST_MS 500
#define RETRY_MAX_MS 30000
#define RETRY_AFTER_MAX_MS 300000   /* what a server may ask us to wait */

/* Exponential back-off with full jitter: how long to wait after try number
 * `tries` (from 1) failed; `random` is any 32 bits. Between 0 and
 * min(RETRY_MAX_MS, RETRY_FIRST_MS * 2^(tries-1)). */
int64_t retry_delay_ms(unsigned tries, uint32_t random);

/* A Retry-After header: seconds, or an HTTP date seen from `now` (Unix
 * seconds; the server's own clock where it is known). -1 when it is neither;
 * never more than a day. */
int64_t retry_after_ms(const char *value, int64_t now);

/* 408, 429, 500, 502, 503, 504 and Cloudflare's 52x. */
bool retry_status(int status);

/* Each distinct failure and how often it came. */
#define RETRY_LOG_KINDS 6
struct retry_log {
	struct {
		char what[120];
		unsigned count;
	} kinds[RETRY_LOG_KINDS];
	size_t count;
};

void retry_log_add(struct retry_log *log, const char *what);

/* "HTTP 503 (3 times), connection refused" */
void retry_log_format(const struct retry_log *log, char *ret, size_t size);

#endif

/*
 * Targets that are reached by HTTP. Their addresses are secrets more often than
 * not, so no error names one, nor its host.
 *
 * No redirect is followed: what is told goes to the address that was configured
 * or nowhere. A few tries, each at most ten seconds.
 */
#ifndef D1KEEP_NOTIFY_WEBHOOK_H
#define D1KEEP_NOTIFY_WEBHOOK_H

#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "notify/notice.h"

struct webhook {
	const char *url;
	const struct secret *key;    /* signs the body, or NULL */
	const char *ca_file;         /* certificates instead of the system's, or NULL */
	const struct clock *clock;
};

/* POST the notice, with the headers
 *   X-D1keep-Event      its event
 *   X-D1keep-Delivery   its id, the same whenever it is sent again
 *   X-D1keep-Timestamp  Unix seconds of this try
 *   X-D1keep-Signature  with a key: "sha256=" and the hexadecimal HMAC-SHA256 of
 *                       the timestamp, a full stop, and the body
 * 0 when the answer was 2xx. */
int webhook_post(const struct webhook *hook, const struct notice *notice, struct err *err);

/* GET the address: a heartbeat. */
int webhook_ping(const struct webhook *hook, struct err *err);

#endif

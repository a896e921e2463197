/*
 * Cloudflare's D1 REST API (CLOUDFLARE.md 1): one client per account.
 * Paths: {base}/accounts/{account}/d1/database/{id}/raw and so on; the base is
 * https://api.cloudflare.com/client/v4 unless configured, with or without a
 * path of its own.
 */
#ifndef D1KEEP_NET_D1_API_H
#define D1KEEP_NET_D1_API_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "net/d1_rows.h"
#include "net/http.h"

#define D1_API_BASE "https://api.cloudflare.com/client/v4"

struct d1_api;

/* `http` is not owned and must outlive the client; strings and the token are
 * copied. `base` NULL: D1_API_BASE. A base that is no URL, or a token that
 * cannot be one, is ERR_USAGE in every call. Thread-safe. */
struct d1_api *d1_api_new(struct http *http, const char *base, const char *account_id,
    const struct secret *token);
void d1_api_free(struct d1_api *api);

/* An answer to d1_api_raw. Zeroed it is empty. */
struct d1_raw {
	/* The document's `result`, one element per statement:
	 * {"results":{"columns":[…],"rows":[[…]]},"success":true,"meta":{…}} (checked:
	 * an array of exactly so many elements, each with rows being an array of
	 * arrays of as many values as there are columns). */
	struct json_object *result;
	/* Each statement's rows, which are then none in `result`; or no sets. */
	struct d1_cut cut;
	struct buf text;         /* what the cells point to */
};
void d1_raw_release(struct d1_raw *raw);

/*
 * Run `count` statements as one transaction: POST …/{id}/raw with a `batch`
 * body. On success the caller releases `ret`; on failure it is empty. Reads only (requests are
 * repeated when they fail in transit).
 *
 * Errors callers act on: ERR_NOT_FOUND (7404: no such database), ERR_DENIED
 * (10000: token refused), ERR_TOO_BIG ("string or blob too big", memory or CPU
 * reset, statement too long, the answer past `max_answer_bytes`: ask for
 * less), ERR_AGAIN (overload, a running export, something that is no JSON).
 * Anything else the engine says is ERR_FAILED with its text.
 */
int d1_api_raw(struct d1_api *api, const char *database_id, const char *const *sql,
    size_t count, size_t max_answer_bytes, struct d1_raw *ret, struct err *err);

/* GET …/{id}/time_travel/bookmark: the current one. `ret` gets a string of its
 * own (free it): a word of letters, digits and "-_.:" that a shell takes as it is. */
int d1_api_bookmark(struct d1_api *api, const char *database_id, char **ret, struct err *err);

/* GET …/{id}: the database's own name (free it) and size, -1 when it is not
 * told. Any of the outputs may be NULL. */
int d1_api_database(struct d1_api *api, const char *database_id, char **ret_name,
    int64_t *ret_bytes, struct err *err);

/* ---- calls that change something: never repeated when they may have been carried
 * out ---- */

/* POST …/d1/database: create a database. `location` (wnam, enam, weur, eeur,
 * apac, oc) and `jurisdiction` (eu, fedramp, us) may be NULL. `ret_id`: a string
 * of its own. ERR_EXISTS when the name is taken (7502), ERR_REFUSED when the
 * account has no more room (7406). */
int d1_api_create(struct d1_api *api, const char *name, const char *location,
    const char *jurisdiction, char **ret_id, struct err *err);

/* POST …/{id}/time_travel/restore: the whole database becomes what it was at
 * `bookmark`. `ret_previous` gets the bookmark that undoes this (free it; a word as
 * above), or NULL when the service names none. ERR_USAGE when it does not know the
 * bookmark. */
int d1_api_restore(struct d1_api *api, const char *database_id, const char *bookmark,
    char **ret_previous, struct err *err);

/* Requests this client tried to send, retries included. */
uint64_t d1_api_requests(const struct d1_api *api);

#endif

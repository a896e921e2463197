#include "net/s3.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "net/s3_call.h"

#define DELETE_TRIES 3
#define DELETE_PAUSE_MS 200

static void copy_secret(struct secret *to, const struct secret *from)
{
	if (from != NULL && from->bytes != NULL)
		secret_set(to, from->bytes, from->len);
}

/* What goes into a header line is one word. */
static int check_credential(const struct secret *s, const char *what, struct err *err)
{
	for (size_t i = 0; i < s->len; i++) {
		if (s->bytes[i] <= 0x20 || s->bytes[i] >= 0x7f)
			return err_set(err, ERR_USAGE, "the %s holds a blank or another character that none has", what);
	}
	return 0;
}

struct s3 *s3_new(struct http *http, const struct s3_options *options, struct err *err)
{
	struct s3 *s3 = mem_calloc(1, sizeof(*s3));

	s3->http = http;
	s3->clock = options->clock;
	s3->bucket = mem_strdup(options->bucket);
	s3->region = mem_strdup(options->region);
	copy_secret(&s3->access_key_id, options->access_key_id);
	copy_secret(&s3->secret_access_key, options->secret_access_key);
	copy_secret(&s3->session_token, options->session_token);
	if (s3->access_key_id.bytes == NULL || s3->secret_access_key.bytes == NULL) {
		(void)err_set(err, ERR_USAGE, "an S3 bucket needs an access key id and a secret access key");
		goto fail;
	}
	if (check_credential(&s3->access_key_id, "access key id", err) != 0 ||
	    check_credential(&s3->secret_access_key, "secret access key", err) != 0 ||
	    check_credential(&s3->session_token, "session token", err) != 0)
		goto fail;
	if (url_parse(&s3->url, options->endpoint, err) != 0) {
		(void)err_wrap(err, "endpoint");
		goto fail;
	}
	return s3;
fail:
	s3_free(s3);
	return NULL;
}

void s3_guard(struct s3 *s3, int (*may_send)(void *ctx, struct err *err), void *ctx)
{
	s3->may_send = may_send;
	s3->may_send_ctx = ctx;
}

struct s3_operations s3_operations(const struct s3 *s3)
{
	return (struct s3_operations){
		.writes = atomic_load(&s3->writes), .reads = atomic_load(&s3->reads),
		.deletes = atomic_load(&s3->deletes),
	};
}

void s3_free(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	url_release(&s3->url);
	free(s3->bucket);
	free(s3->region);
	secret_release(&s3->access_key_id);
	secret_release(&s3->secret_access_key);
	secret_release(&s3->session_token);
	free(s3);
}

enum held { HELD_OURS, HELD_OTHER, HELD_BEFORE, HELD_NOTHING, HELD_UNKNOWN };

/* What does the key hold, compared with the bytes and the ETag of the call? */
static enum held look_at(struct s3 *s3, const struct s3_call *call, char ret_etag[S3_ETAG_SIZE])
{
	struct err why = ERR_INIT;
	struct s3_version version = { .age_ms = -1 };
	AUTO_BUF there = BUF_INIT(call->body_len);
	int rc = s3_get(s3, call->key, &there, &version, &why);

	if (rc == 0 && there.len == call->body_len &&
	    (there.len == 0 || memcmp(there.data, call->body, there.len) == 0)) {
		memcpy(ret_etag, version.etag, S3_ETAG_SIZE);
		return HELD_OURS;
	}
	if (rc != 0 && why.code != ERR_TOO_BIG)
		return why.code == ERR_NOT_FOUND ? HELD_NOTHING : HELD_UNKNOWN;
	/* Too long for us to be ours; but maybe what was to be replaced. */
	return call->if_match != NULL && (rc != 0 || strcmp(version.etag, call->if_match) == 0) ?
	    HELD_BEFORE : HELD_OTHER;
}

static int other_version(const char *key, struct err *err)
{
	return err_set(err, ERR_EXISTS, "\"%s\" was changed by somebody else", key);
}

/*
 * A conditional PUT whose first answer was lost finds its own object there.
 * And a server that refuses early may close the connection while the body is
 * still being sent, so that "exists" never arrives: then what is there says
 * how it went, too.
 */
static int settle(struct s3 *s3, const struct s3_call *call, char ret_etag[S3_ETAG_SIZE],
    struct err *err)
{
	switch (look_at(s3, call, ret_etag)) {
	case HELD_OURS:
		return 0;
	case HELD_OTHER:
		return call->if_match != NULL ? other_version(call->key, err) :
		    err_set(err, ERR_EXISTS, "\"%s\" exists already", call->key);
	default:
		return -1;   /* the error stays what it was */
	}
}

static int cannot_condition(const struct s3 *s3, const struct s3_call *call, struct err *err)
{
	(void)err_set(err, ERR_USAGE, "%s cannot store an object only %s", s3->url.origin,
	    call->if_match != NULL ? "in place of a certain other (If-Match)" :
	    "where none is (If-None-Match)");
	return err_hint(err, "d1keep needs that to keep two runs apart: use R2, or another S3 server that has conditional writes");
}

/* A PUT with a condition, or without. */
static int put(struct s3 *s3, const struct s3_call *call, char ret_etag[S3_ETAG_SIZE],
    struct err *err)
{
	bool conditional = call->if_absent || call->if_match != NULL;
	struct err local = ERR_INIT;
	struct http_response response;
	int rc = s3_do(s3, call, &response, &local);

	if (rc != 0 && conditional && response.status == 501)
		(void)cannot_condition(s3, call, &local);
	if (rc != 0 && call->if_match != NULL &&
	    (local.code == ERR_EXISTS || local.code == ERR_NOT_FOUND))
		(void)other_version(call->key, &local);
	if (rc == 0)
		memcpy(ret_etag, response.etag, S3_ETAG_SIZE);
	else if (conditional && (local.code == ERR_AGAIN ||
	    (local.code == ERR_EXISTS && response.tries > 1)))
		rc = settle(s3, call, ret_etag, &local);
	http_response_release(&response);
	if (rc != 0 && err != NULL)
		*err = local;
	return rc;
}

int s3_put(struct s3 *s3, const char *key, const void *data, size_t len,
    const char *content_type, bool if_absent, struct err *err)
{
	char ignored[S3_ETAG_SIZE];

	return put(s3, &(struct s3_call){
		.method = "PUT", .key = key, .body = data != NULL ? data : "", .body_len = len,
		.content_type = content_type, .if_absent = if_absent, .guarded = if_absent,
		.max_answer_bytes = HTTP_ERROR_BYTES,
	}, ignored, err);
}

int s3_replace(struct s3 *s3, const char *key, const void *data, size_t len,
    const char *content_type, char etag[S3_ETAG_SIZE], struct err *err)
{
	/* R2 takes one write a second of a key, and answers 429 to a second one. */
	static const struct http_pace pace = {
		.retries = 5, .max_delay_ms = 3000, .stall_timeout_ms = 10000,
	};
	bool absent = etag[0] == '\0';
	char fresh[S3_ETAG_SIZE];

	if (put(s3, &(struct s3_call){
		.method = "PUT", .key = key, .body = data != NULL ? data : "", .body_len = len,
		.content_type = content_type, .if_absent = absent, .if_match = absent ? NULL : etag,
		.stop = HTTP_STOPS_NEVER, .pace = &pace, .max_answer_bytes = HTTP_ERROR_BYTES,
	}, fresh, err) != 0)
		return -1;
	memcpy(etag, fresh, S3_ETAG_SIZE);
	return 0;
}

static void tell_version(const struct http_response *response, struct s3_version *ret)
{
	int64_t seconds = response->date - response->last_modified;

	memcpy(ret->etag, response->etag, S3_ETAG_SIZE);
	ret->age_ms = -1;
	/* Of two moments cut to whole seconds: it may be one second less. */
	if (response->date > 0 && response->last_modified > 0 && seconds >= 0)
		ret->age_ms = seconds > 0 ? (seconds - 1) * 1000 : 0;
}

int s3_get(struct s3 *s3, const char *key, struct buf *ret, struct s3_version *ret_version,
    struct err *err)
{
	struct s3_call call = {
		.method = "GET", .key = key, .max_answer_bytes = ret->max - ret->len,
	};
	struct http_response response;
	int rc = s3_do(s3, &call, &response, err);

	if (rc == 0)
		rc = buf_add(ret, buf_str(&response.body), response.body.len, err);
	if (rc == 0 && ret_version != NULL)
		tell_version(&response, ret_version);
	if (rc != 0 && err != NULL && err->code == ERR_TOO_BIG)
		(void)err_set(err, ERR_TOO_BIG, "\"%s\" is larger than %zu bytes", key,
		    call.max_answer_bytes);
	http_response_release(&response);
	return rc;
}

int s3_head(struct s3 *s3, const char *key, int64_t *ret_bytes, struct err *err)
{
	struct s3_call call = {
		.method = "HEAD", .key = key, .max_answer_bytes = HTTP_ERROR_BYTES,
	};
	struct http_response response;
	int64_t length;

	if (s3_do(s3, &call, &response, err) != 0)
		return -1;
	length = response.content_length;
	http_response_release(&response);
	if (length < 0)
		return err_set(err, ERR_FAILED, "%s does not tell the size of \"%s\"",
		    s3->url.origin, key);
	*ret_bytes = length;
	return 0;
}

static int send_delete(struct s3 *s3, const char *key, struct err *err)
{
	struct s3_call call = {
		.method = "DELETE", .key = key, .guarded = true,
		.max_answer_bytes = HTTP_ERROR_BYTES,
	};
	struct err local = ERR_INIT;
	struct http_response response;
	int rc = s3_do(s3, &call, &response, &local);

	http_response_release(&response);
	if (rc != 0 && local.code == ERR_NOT_FOUND)
		return 0;
	if (rc != 0 && err != NULL)
		*err = local;
	return rc;
}

static int delete_and_look(struct s3 *s3, const char *key, bool *ret_gone, struct err *err)
{
	struct err seen = ERR_INIT;
	int64_t bytes;

	if (send_delete(s3, key, err) != 0)
		return -1;
	*ret_gone = s3_head(s3, key, &bytes, &seen) != 0;
	if (!*ret_gone || seen.code == ERR_NOT_FOUND)
		return 0;
	if (err != NULL)
		*err = seen;
	return err_wrap(err, "whether \"%s\" is gone cannot be seen", key);
}

/* No request failed here, so http.c repeats none. */
int s3_delete(struct s3 *s3, const char *key, struct err *err)
{
	bool gone;

	for (int64_t tries = 1; tries <= DELETE_TRIES; tries++) {
		if (tries > 1)
			clock_sleep_ms(s3->clock, DELETE_PAUSE_MS * (tries - 1));
		if (stop_check(err) != 0 || delete_and_look(s3, key, &gone, err) != 0)
			return -1;
		if (gone)
			return 0;
	}
	return err_set(err, ERR_EXISTS, "%s said %d times that \"%s\" was deleted, but it is still there",
	    s3->url.origin, DELETE_TRIES, key);
}

#include "net/s3_error.h"

#include <stdlib.h>
#include <string.h>

#include "net/retry.h"
#include "net/s3_xml.h"

/* An answer, taken apart. */
struct refusal {
	const struct s3_place *place;
	int status;
	int64_t date;
	unsigned tries;
	char code[S3_CODE_SIZE];
	char message[S3_MESSAGE_SIZE];
};

static int wrong_secret(const struct refusal *r, struct err *err)
{
	(void)err_set(err, ERR_DENIED, "%s: the secret access key is wrong", r->place->origin);
	return err_hint(err, "for R2 it is the SHA-256 in hex of the API token's value; it was shown once, when the token was made");
}

static int unknown_key_id(const struct refusal *r, struct err *err)
{
	(void)err_set(err, ERR_DENIED, "%s: the access key id %.64s is not known",
	    r->place->origin, r->place->access_key_id);
	return err_hint(err, "list the R2 tokens of the account under R2 > Manage API tokens: the access key id is the token's id");
}

static int clock_is_off(const struct refusal *r, struct err *err)
{
	long long minutes = r->date > 0 ? (long long)(r->place->now - r->date) / 60 : 0;

	if (minutes == 0)
		(void)err_set(err, ERR_DENIED, "%s: this machine's clock is off", r->place->origin);
	else
		(void)err_set(err, ERR_DENIED, "%s: this machine's clock is off by %lld minutes (%s)",
		    r->place->origin, llabs(minutes), minutes > 0 ? "fast" : "slow");
	return err_hint(err, "set it: timedatectl set-ntp true");
}

static int no_bucket(const struct refusal *r, struct err *err)
{
	(void)err_set(err, ERR_USAGE, "%s has no bucket \"%s\"", r->place->origin, r->place->bucket);
	return err_hint(err, "make it with: wrangler r2 bucket create %s", r->place->bucket);
}

static int locked(const struct refusal *r, struct err *err)
{
	(void)err_set(err, ERR_REFUSED, "\"%s\" is kept by a lock rule of the bucket \"%s\"",
	    r->place->key != NULL ? r->place->key : "", r->place->bucket);
	return err_hint(err, "list the rules with: wrangler r2 bucket lock list %s", r->place->bucket);
}

static int no_permission(const struct refusal *r, struct err *err)
{
	(void)err_set(err, ERR_DENIED, "%s: the access key may not do this in the bucket \"%s\" (%s)",
	    r->place->origin, r->place->bucket, r->code);
	return err_hint(err, "the R2 token needs \"Object Read & Write\" on this bucket");
}

static int no_r2(const struct refusal *r, struct err *err)
{
	(void)err_set(err, ERR_DENIED, "%s: R2 is not enabled for this account", r->place->origin);
	return err_hint(err, "enable it in the Cloudflare dashboard, under R2");
}

static const struct {
	const char *code;
	int (*say)(const struct refusal *r, struct err *err);
} known[] = {
	{ "SignatureDoesNotMatch", wrong_secret },
	{ "Unauthorized", unknown_key_id },
	{ "InvalidAccessKeyId", unknown_key_id },
	{ "RequestTimeTooSkewed", clock_is_off },
	{ "NoSuchBucket", no_bucket },
	{ "ObjectLockedByBucketPolicy", locked },
	{ "AccessDenied", no_permission },
	{ "NotEntitled", no_r2 },
};

/* Servers whose codes are not known, and HEAD, which has none, leave the
 * status to go by. */
static enum err_code code_of_status(int status)
{
	if (status == 404)
		return ERR_NOT_FOUND;
	if (status == 401 || status == 403)
		return ERR_DENIED;
	if (status == 412)
		return ERR_EXISTS;
	if (status == 501)
		return ERR_USAGE;
	return retry_status(status) || status == 409 ? ERR_AGAIN : ERR_FAILED;
}

static int by_status(const struct refusal *r, struct err *err)
{
	const struct s3_place *p = r->place;
	enum err_code code = code_of_status(r->status);

	if (code == ERR_NOT_FOUND && p->key != NULL)
		return err_set(err, code, "\"%s\" is not there", p->key);
	if (code == ERR_EXISTS && p->key != NULL)
		return err_set(err, code, "\"%s\" exists already", p->key);
	if (r->code[0] == '\0')
		(void)err_set(err, code, "%s answered HTTP %d", p->origin, r->status);
	else
		(void)err_set(err, code, "%s answered HTTP %d, %s: %s", p->origin, r->status,
		    r->code, r->message);
	if (code == ERR_AGAIN && r->tries > 1)
		(void)err_wrap(err, "%u tries", r->tries);
	if (r->status >= 300 && r->status < 400)
		(void)err_hint(err, "is the endpoint right?");
	return -1;
}

int s3_error(const struct s3_place *place, const struct http_response *response,
    struct err *err)
{
	struct refusal r = {
		.place = place, .status = response->status,
		.date = response->date, .tries = response->tries,
	};

	s3_error_read(buf_str(&response->body), response->body.len, r.code, r.message);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].code, r.code) == 0)
			return known[i].say(&r, err);
	}
	return by_status(&r, err);
}

bool s3_error_is_transient(const struct http_response *response)
{
	static const char *const codes[] = {
		"RequestTimeout", "IncompleteBody", "ClientDisconnect", "OperationAborted",
		"ConditionalRequestConflict", "SlowDown",
	};
	char code[S3_CODE_SIZE], message[S3_MESSAGE_SIZE];

	if (response->status < 400 || response->status >= 500)
		return false;
	s3_error_read(buf_str(&response->body), response->body.len, code, message);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i], code) == 0)
			return true;
	}
	return false;
}

#include "control/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/mem.h"
#include "base/secret.h"

#define CREDENTIALS_MAX 16384

static int load_token(struct auth_token *ret, const char *place, struct err *err)
{
	struct secret secret = { 0 };

	if (place == NULL)
		return 0;
	if (secret_load(&secret, place, err) != 0)
		return -1;
	sha256(secret.bytes, secret.len, ret->sha256);
	ret->set = true;
	secret_release(&secret);
	return 0;
}

int auth_load(struct auth *ret, const char *token, const char *read_token, struct err *err)
{
	struct auth auth = { .all.set = false };

	if (load_token(&auth.all, token, err) != 0)
		return err_wrap(err, "control_token");
	if (load_token(&auth.read, read_token, err) != 0)
		return err_wrap(err, "control_read_token");
	*ret = auth;
	return 0;
}

void auth_release(struct auth *auth)
{
	OPENSSL_cleanse(auth, sizeof(*auth));
}

/* Hashes are of one length, so the time says nothing of the token's. */
static bool is_token(const struct auth_token *token, const unsigned char sha[SHA256_BYTES])
{
	return bytes_equal(token->sha256, sha, SHA256_BYTES) && token->set;
}

static enum right right_of(const struct auth *auth, const char *token, size_t len)
{
	unsigned char sha[SHA256_BYTES];
	bool all, read;

	sha256(token, len, sha);
	all = is_token(&auth->all, sha);
	read = is_token(&auth->read, sha);
	return all ? RIGHT_ALL : read ? RIGHT_READ : RIGHT_NONE;
}

/* The rest behind "Bearer " or "Basic "; the scheme's case does not matter. */
static const char *after_scheme(const char *text, const char *scheme)
{
	size_t len = strlen(scheme);

	if (text == NULL || strncasecmp(text, scheme, len) != 0 || text[len] != ' ')
		return NULL;
	return text + len + strspn(text + len, " ");
}

/* base64("user:token"): the token is what comes after the first colon. */
static enum right right_of_basic(const struct auth *auth, const char *text)
{
	size_t len = strlen(text), padding = 0;
	enum right right = RIGHT_NONE;
	unsigned char *plain, *colon;
	int n;

	if (len == 0 || len % 4 != 0 || len > CREDENTIALS_MAX)
		return RIGHT_NONE;
	while (padding < 2 && text[len - 1 - padding] == '=')
		padding++;
	plain = mem_calloc(len / 4 * 3 + 1, 1);
	n = EVP_DecodeBlock(plain, (const unsigned char *)text, (int)len);
	colon = n > (int)padding ? memchr(plain, ':', (size_t)n - padding) : NULL;
	if (colon != NULL)
		right = right_of(auth, (const char *)colon + 1,
		    (size_t)(plain + n - (int)padding - (colon + 1)));
	OPENSSL_cleanse(plain, len / 4 * 3);
	free(plain);
	return right;
}

/* "https://name:port" and "name:port": the same site? A proxy may have taken
 * TLS off, so the scheme says nothing. */
static bool origin_is_host(const char *origin, const char *host)
{
	const char *authority = strstr(origin, "://");

	return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

/* "none": typed, or a bookmark. Programs send neither header. */
static bool from_other_site(const struct auth_request *request)
{
	const char *site = request->sec_fetch_site;
	bool own = site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;

	if (request->page && !request->post)
		return false;
	if (!own)
		return true;
	return request->post && request->origin != NULL &&
	    !origin_is_host(request->origin, request->host);
}

static enum auth_verdict check_right(enum right has, enum right right)
{
	if (has == RIGHT_NONE)
		return AUTH_WHO;
	return has >= right ? AUTH_YES : AUTH_NOT_YOU;
}

enum auth_verdict auth_check(const struct auth *auth, const struct auth_request *request,
    enum right right, bool *ret_wrong)
{
	const char *bearer = after_scheme(request->authorization, "Bearer");
	const char *basic = after_scheme(request->authorization, "Basic");
	bool by_token = !request->on_socket && (auth->all.set || auth->read.set);
	enum right has = RIGHT_NONE;

	if (ret_wrong != NULL)
		*ret_wrong = false;
	if (right == RIGHT_NONE)
		return AUTH_YES;
	if (by_token) {
		if (bearer != NULL)
			has = right_of(auth, bearer, strlen(bearer));
		else if (basic != NULL)
			has = right_of_basic(auth, basic);
		if (ret_wrong != NULL)
			*ret_wrong = request->authorization != NULL && has == RIGHT_NONE;
		if (check_right(has, right) != AUTH_YES)
			return check_right(has, right);
		if (bearer != NULL)
			return AUTH_YES;
	} else if (!request->on_socket &&
	    (request->host == NULL || !address_host_is_loopback(request->host))) {
		return AUTH_HOST;
	}
	return from_other_site(request) ? AUTH_CROSS_SITE : AUTH_YES;
}

#include "net/d1_file.h"

#include <string.h>
#include <strings.h>

#include "net/d1_call.h"
#include "net/url.h"

#define MAX_SIGNED_URL 8192
#define MAX_ORIGIN 300

static bool has_url_characters(const char *url)
{
	for (const char *p = url; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return false;
	}
	return true;
}

/* "user:password@" would become an Authorization header. libcurl takes "https:///"
 * for "https://". */
static bool has_plain_host(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;

	if (host == NULL)
		return false;
	host += 3;
	len = strcspn(host, "/?#\\");
	return len > 0 && memchr(host, '@', len) == NULL;
}

int d1_file_check_url(const char *url, bool plain, struct err *err)
{
	char origin[MAX_ORIGIN];

	if (strlen(url) > MAX_SIGNED_URL || !has_url_characters(url) || !has_plain_host(url))
		return err_set(err, ERR_FAILED, "the D1 API answered with a URL that is none");
	url_origin(url, origin, sizeof(origin));
	if (strcmp(origin, "?") == 0)
		return err_set(err, ERR_FAILED, "the D1 API answered with a URL that is not http or https");
	if (!plain && strncasecmp(origin, "https:", 6) != 0)
		return err_set(err, ERR_FAILED, "the D1 API answered with a URL that is not https: %s", origin);
	return 0;
}

static bool is_good(const struct http_response *response)
{
	return response->status >= 200 && response->status < 300;
}

static bool is_expired(const struct http_response *response)
{
	return response->status == 403 || response->status == 404;
}

/* The body of such an answer may quote the signature: it is not shown. */
static int refused(const char *url, const struct http_response *response, const char *what,
    struct err *err)
{
	char origin[MAX_ORIGIN];

	url_origin(url, origin, sizeof(origin));
	(void)err_set(err, is_expired(response) ? ERR_AGAIN : ERR_FAILED,
	    "%s: %s answered HTTP %d", what, origin, response->status);
	return is_expired(response) ? err_hint(err, "the signed URL may have expired: start again") : -1;
}

static int send_to(const struct d1_api *api, struct http_request *request,
    struct http_response *ret, struct err *err)
{
	*ret = (struct http_response){ 0 };
	if (d1_file_check_url(request->url, d1_api_is_plain(api), err) != 0)
		return -1;
	request->repeatable = true;
	request->unbudgeted = true;
	return http_do(d1_api_http(api), request, ret, err);
}

/* Is the ETag, which stands in quotes, the hash? */
static int check_etag(const struct http_response *response, const char *md5, struct err *err)
{
	const char *etag = response->etag;
	size_t len = strlen(etag);

	if (len >= 2 && etag[0] == '"' && etag[len - 1] == '"') {
		etag++;
		len -= 2;
	}
	if (len == strlen(md5) && strncasecmp(etag, md5, len) == 0)
		return 0;
	if (len == 0)
		return err_set(err, ERR_CORRUPT, "the upload was answered without a hash of what arrived");
	return err_set(err, ERR_CORRUPT, "what arrived of the upload is not what was sent: its hash differs");
}

int d1_file_put(const struct d1_api *api, const char *url, const struct http_source *file,
    const char *md5, struct err *err)
{
	struct http_request request = { .method = "PUT", .url = url, .source = file };
	struct http_response response;
	int rc = send_to(api, &request, &response, err);

	if (rc == 0 && !is_good(&response))
		rc = refused(url, &response, "the upload was refused", err);
	else if (rc == 0)
		rc = check_etag(&response, md5, err);
	http_response_release(&response);
	return rc;
}

int d1_file_get(const struct d1_api *api, const char *url, struct http_sink *file,
    bool *ret_expired, struct err *err)
{
	struct http_request request = { .method = "GET", .url = url, .sink = file };
	struct http_response response;
	int rc = send_to(api, &request, &response, err);

	*ret_expired = rc == 0 && is_expired(&response);
	if (rc == 0 && !is_good(&response))
		rc = refused(url, &response, "the export cannot be fetched", err);
	http_response_release(&response);
	return rc;
}

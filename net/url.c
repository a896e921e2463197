#include "net/url.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_default_port(const char *scheme, const char *port)
{
	return strcmp(port, strcmp(scheme, "https") == 0 ? "443" : "80") == 0;
}

static char *part(CURLU *u, CURLUPart what)
{
	char *text = NULL;
	char *copy;

	if (curl_url_get(u, what, &text, 0) != CURLUE_OK)
		return NULL;
	copy = mem_strdup(text);
	curl_free(text);
	return copy;
}

/* curl has decoded "%80" in it, and refused most of what no host has. */
static bool is_host(const char *host)
{
	for (const char *p = host; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return false;
	}
	return *host != '\0';
}

/* Host and origin; NULL host when this is not http(s). */
static void read_host(CURLU *u, char **ret_origin, char **ret_host)
{
	AUTO_STR scheme = part(u, CURLUPART_SCHEME);
	AUTO_STR host = part(u, CURLUPART_HOST);
	AUTO_STR port = part(u, CURLUPART_PORT);

	*ret_origin = *ret_host = NULL;
	if (scheme == NULL || host == NULL || !is_host(host) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return;
	*ret_host = port == NULL || is_default_port(scheme, port) ?
	    mem_strdup(host) : mem_printf("%s:%s", host, port);
	*ret_origin = mem_printf("%s://%s", scheme, *ret_host);
}

static bool has(CURLU *u, CURLUPart what)
{
	AUTO_STR text = part(u, what);

	return text != NULL;
}

/* curl decodes "%" in a host once more each time it reads it, and drops the zone of
 * an IPv6 address: the host that is signed would not be the one that is called. */
static bool has_coded_host(const char *text)
{
	const char *host = text + strcspn(text, ":");

	host += strspn(host, ":/");
	return memchr(host, '%', strcspn(host, "/")) != NULL;
}

/* Why these cannot be an endpoint, or NULL. What a person typed is not quoted
 * when it holds a password. */
static const char *complaint(CURLU *u, const char *text)
{
	if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
		return "holds a user name or a password";
	if (has(u, CURLUPART_QUERY) || has(u, CURLUPART_FRAGMENT))
		return "has a \"?\" or \"#\" part";
	if (has_coded_host(text))
		return "has a \"%\" in its host";
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return "holds a character that no URL has";
	}
	return NULL;
}

static char *path_without_last_slash(CURLU *u)
{
	char *path = part(u, CURLUPART_PATH);
	size_t len;

	if (path == NULL)
		return mem_strdup("");
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		path[--len] = '\0';
	return path;
}

int url_parse(struct url *ret, const char *text, struct err *err)
{
	CURLU *u = curl_url();
	const char *why;
	int rc = -1;

	*ret = (struct url){ 0 };
	if (u == NULL || curl_url_set(u, CURLUPART_URL, text, CURLU_PATH_AS_IS) != CURLUE_OK) {
		(void)err_set(err, ERR_USAGE, "not a URL");
		goto out;
	}
	if ((why = complaint(u, text)) != NULL) {
		(void)err_set(err, ERR_USAGE, "the URL %s", why);
		goto out;
	}
	read_host(u, &ret->origin, &ret->host);
	if (ret->host == NULL) {
		(void)err_set(err, ERR_USAGE, "\"%.200s\" is not an http or https URL", text);
		goto out;
	}
	ret->path = path_without_last_slash(u);
	rc = 0;
out:
	if (rc != 0)
		(void)err_hint(err, "write it as https://host or https://host/path");
	curl_url_cleanup(u);
	return rc;
}

void url_release(struct url *url)
{
	free(url->origin);
	free(url->host);
	free(url->path);
	*url = (struct url){ 0 };
}

void url_origin(const char *text, char *ret, size_t size)
{
	CURLU *u = curl_url();
	AUTO_STR origin = NULL;
	AUTO_STR host = NULL;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, text, CURLU_PATH_AS_IS) == CURLUE_OK)
		read_host(u, &origin, &host);
	(void)snprintf(ret, size, "%s", origin != NULL ? origin : "?");
	curl_url_cleanup(u);
}

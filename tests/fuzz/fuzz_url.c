/*
 * URLs (net/url.h): an endpoint that is accepted comes back as itself from its
 * parts, and what is shown of any URL holds no password.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "net/url.h"
#include "tests/fuzz/fuzz.h"

static void check_origin(const char *origin)
{
	const char *host = strstr(origin, "://");

	REQUIRE(strncmp(origin, "http://", 7) == 0 || strncmp(origin, "https://", 8) == 0);
	REQUIRE(host[3] != '\0');
	for (const char *p = origin; *p != '\0'; p++)
		REQUIRE((unsigned char)*p > 0x20 && *p != 0x7f);
	REQUIRE(strpbrk(host + 3, "/?#@\\\"") == NULL);
}

static void check_again(const struct url *url)
{
	AUTO_STR text = mem_printf("%s%s", url->origin, url->path);
	struct url again;

	REQUIRE(url_parse(&again, text, NULL) == 0);
	REQUIRE(strcmp(again.origin, url->origin) == 0 && strcmp(again.host, url->host) == 0 &&
	    strcmp(again.path, url->path) == 0);
	url_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STR text = mem_strndup(size > 0 ? (const char *)data : "", size);
	struct err err = ERR_INIT;
	char origin[256];
	struct url url;

	url_origin(text, origin, sizeof(origin));
	if (strcmp(origin, "?") != 0 && strlen(origin) < sizeof(origin) - 1)
		check_origin(origin);
	if (url_parse(&url, text, &err) != 0) {
		REQUIRE(err.code == ERR_USAGE && url.origin == NULL && url.path == NULL);
		return 0;
	}
	check_origin(url.origin);
	REQUIRE(strcmp(strstr(url.origin, "://") + 3, url.host) == 0);
	REQUIRE(url.path[0] == '\0' ||
	    (url.path[0] == '/' && url.path[strlen(url.path) - 1] != '/'));
	check_again(&url);
	url_release(&url);
	return 0;
}

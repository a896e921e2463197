#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define EXAMPLE "such as \"127.0.0.1:8417\" or \"[::1]:8417\""

static bool parse_port(const char *text, in_port_t *ret)
{
	size_t len = strlen(text);
	long port;

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	port = strtol(text, NULL, 10);
	*ret = htons((in_port_t)port);
	return port <= 65535;
}

static bool parse_v4(const char *host, const char *port, struct address *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ret->storage;

	in->sin_family = AF_INET;
	ret->len = sizeof(*in);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1 && parse_port(port, &in->sin_port);
}

static bool parse_v6(const char *host, const char *port, struct address *ret)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->storage;

	in6->sin6_family = AF_INET6;
	ret->len = sizeof(*in6);
	return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 && parse_port(port, &in6->sin6_port);
}

int address_parse(const char *text, struct address *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
	AUTO_STR host = v6 ? mem_strndup(text + 1, len - 2) : mem_strndup(text, len);

	*ret = (struct address){ .len = 0 };
	if (colon != NULL && (v6 ? parse_v6(host, colon + 1, ret) : parse_v4(host, colon + 1, ret)))
		return 0;
	(void)err_set(err, ERR_USAGE, "\"%s\" is not a numeric address and a port", text);
	return err_hint(err, EXAMPLE);
}

static bool is_loopback_v4(struct in_addr address)
{
	return ntohl(address.s_addr) >> 24 == 127;
}

static bool is_loopback_v6(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LOOPBACK(address) ||
	    (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

bool address_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return is_loopback_v4(((const struct sockaddr_in *)(const void *)address)->sin_addr);
	return address->sa_family == AF_INET6 &&
	    is_loopback_v6(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* "host", "host:1", "[v6]" or "[v6]:1": where the host ends; 0 when it is none of these. */
static size_t host_length(const char *text)
{
	size_t len = strcspn(text, text[0] == '[' ? "]" : ":");
	const char *rest = text + len;
	in_port_t port;

	if (text[0] == '[' && *rest == ']')
		rest++, len++;
	else if (text[0] == '[')
		return 0;
	if (*rest == '\0')
		return len;
	return *rest == ':' && parse_port(rest + 1, &port) ? len : 0;
}

bool address_host_is_loopback(const char *text)
{
	size_t len = host_length(text);
	AUTO_STR host = mem_strndup(text, len);
	struct in6_addr v6;
	struct in_addr v4;

	if (len > 2 && host[0] == '[') {
		host[len - 1] = '\0';
		return inet_pton(AF_INET6, host + 1, &v6) == 1 && is_loopback_v6(&v6);
	}
	if (strcasecmp(host, "localhost") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && is_loopback_v4(v4);
}

char *address_text(const struct sockaddr *address, char ret[ADDRESS_TEXT_SIZE])
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

	ret[0] = '\0';
	if (address->sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &in->sin_addr, ret, ADDRESS_TEXT_SIZE);
	else if (address->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, ret, ADDRESS_TEXT_SIZE);
	return ret;
}

/*
 * "127.0.0.1:8417", "[::1]:8417": a TCP address, numbers only. A name would
 * have to be looked up, and may mean another machine tomorrow.
 */
#ifndef D1KEEP_BASE_ADDRESS_H
#define D1KEEP_BASE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

struct address {
	struct sockaddr_storage storage;
	socklen_t len;
};

/* ERR_USAGE says what is wrong. Port 0 lets the kernel choose. */
int address_parse(const char *text, struct address *ret, struct err *err);

/* 127.0.0.0/8 and ::1, also in its IPv4-mapped form. */
bool address_is_loopback(const struct sockaddr *address);

/* Is a Host header one of this machine's own names: "localhost", a loopback
 * address, with a port or without? A page of another site that had its name
 * point here (DNS rebinding) would send its own. */
bool address_host_is_loopback(const char *host);

/* Without the port; "" for a Unix socket's. */
#define ADDRESS_TEXT_SIZE 64
char *address_text(const struct sockaddr *address, char ret[ADDRESS_TEXT_SIZE]);

#endif
